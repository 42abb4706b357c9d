//! The documentation's example, as it was compiled: chat inside another axum application.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::architecture::sources;
use crate::harness::{Room, TestServer, now, open, reply, sign};

/// A running example; dropping it ends it.
struct Example {
    child: Child,
    address: std::net::SocketAddr,
    _folder: tempfile::TempDir,
}

impl Example {
    fn start() -> Self {
        // target/debug/deps/it-… → target/debug/examples/embed_in_axum: cargo test builds both.
        let tests = std::env::current_exe().unwrap();
        let path = tests.parent().unwrap().parent().unwrap().join("examples/embed_in_axum");
        assert!(is_fresh(&path), "{} is old: run `cargo build --examples` first", path.display());
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(path)
            .env("LISTEN", "127.0.0.1:0")
            .env("DATA_DIR", folder.path().join("chat"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("http://").unwrap().parse().unwrap();
        Self { child, address, _folder: folder }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    async fn enter(&self, token: &str, conversation: &Value) -> Room {
        let path = format!("/chat/conversations/{conversation}/ws?token={token}");
        let mut room = open(self.address, &path).await;
        assert_eq!(room.frame().await["type"], "connection");
        room
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `cargo test --test it` does not build examples, and a stale one would test nothing.
fn is_fresh(path: &Path) -> bool {
    let built = |path: &Path| path.metadata().and_then(|file| file.modified()).ok();
    let sources = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    let newest = sources.iter().filter_map(|file| built(file)).max();
    built(path) >= newest
}

fn token(name: &str) -> String {
    let secret = b"the secret that your application signs its tokens with";
    sign(&json!({"sub": name, "aud": "chat", "exp": now() + 600}), secret)
}

#[tokio::test]
async fn two_users_of_a_host_chat_under_its_path() {
    let example = Example::start();
    let http = reqwest::Client::new();
    let get =
        async |path: &str, name: &str| reply(http.get(example.url(path)).bearer_auth(token(name))).await;
    assert_eq!(get("/", "anna").await.body, "your application");
    assert_eq!(get("/ready", "anna").await.body, "chat is ready");
    assert_eq!(get("/chat/users/me", "anna").await.body["username"], "anna");
    let ben = get("/chat/users/me/", "ben").await.body["id"].as_i64().unwrap();

    let new = json!({"participant_id": ben});
    let made =
        reply(http.post(example.url("/chat/conversations/")).bearer_auth(token("anna")).json(&new)).await;
    assert_eq!(made.status, 201, "{:?}", made.body);
    let conversation = &made.body["id"];
    let mut anna = example.enter(&token("anna"), conversation).await;
    let mut ben = example.enter(&token("ben"), conversation).await;
    assert_eq!(anna.frame().await["type"], "user_joined");
    for round in 0..30 {
        let (speaker, listener) = if round % 2 == 0 { (&mut anna, &mut ben) } else { (&mut ben, &mut anna) };
        speaker.say(&format!("{round}{}", "\u{1}".repeat(3900))).await;
        assert_eq!(speaker.message().await["seq"], round + 1);
        assert_eq!(listener.message().await["seq"], round + 1);
    }
    ben.leave().await;
    assert_eq!(anna.frame().await["type"], "user_left");

    let path = format!("/chat/conversations/{conversation}/messages?limit=20");
    let page = get(&path, "anna").await;
    assert_eq!(page.body.as_array().unwrap().len(), 20);
    let link = page.header("link").split_once('>').unwrap().0.strip_prefix('<').unwrap().to_owned();
    let older = get(&link, "anna").await;
    assert_eq!((older.status, older.body.as_array().map(Vec::len)), (200, Some(10)), "{link}");
    assert_eq!(get("/chat/nothing", "anna").await.status, 404);

    // The pages find their files below the host's path.
    for page in ["/chat", "/chat/c/1", "/chat/static/chat.html"] {
        let page = get(page, "anna").await.body;
        let path = page.as_str().unwrap().split('"').find(|part| part.contains("/assets/")).unwrap();
        assert!(path.starts_with("/chat/assets/"), "{path}");
        assert_eq!(get(path, "anna").await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn a_host_finds_its_users_by_their_names_and_makes_those_who_are_missing() {
    let server = TestServer::provisioning().await;
    let chat = server.server.chat();
    assert!(chat.user_by_name("anna").await.unwrap().is_none());
    let made = chat.ensure_user("anna").await.unwrap();
    assert_eq!(chat.ensure_user("anna").await.unwrap().id, made.id);
    assert_eq!(chat.user_by_name("anna").await.unwrap().unwrap().id, made.id);
    let with_a_token = server.person("anna").await;
    assert_eq!(with_a_token.get("/users/me").await.body["id"], made.id.0);
    assert!(chat.ensure_user("").await.is_err() && chat.ensure_user("line\nbreak").await.is_err());
    assert!(chat.user_by_name("a name with spaces").await.unwrap().is_none());
}

#[tokio::test]
async fn a_host_leaves_the_metrics_out() {
    let server = TestServer::start(chinwag::Config { metrics: false, ..chinwag::Config::default() }).await;
    for path in ["/metrics", "/metrics/"] {
        assert_eq!(server.get(path).await.status, 404);
    }
    assert!(server.get("/openapi.json").await.body["paths"].get("/metrics").is_none());
    assert_eq!(server.get("/healthz").await.status, 200);
}
