//! Requests that are repeated after the server was killed: each has one result.

use serde_json::{Value, json};

use crate::support::{Sandbox, Server, client, exchange};

const PASSWORD: &str = "correct horse";
/// How often the server is killed.
const KILLS: usize = 3;

/// A client that repeats requests with the same key.
struct Sender {
    token: String,
}

impl Sender {
    fn post(&self, server: &Server, path: &str, key: &str, body: &Value) -> reqwest::RequestBuilder {
        let request = client().post(format!("{}{path}", server.url)).bearer_auth(&self.token);
        request.header("Idempotency-Key", key).json(body)
    }
}

fn kill(server: Server) {
    server.process.signal("KILL");
    drop(server);
}

#[test]
fn a_request_that_is_sent_again_after_a_kill_has_one_result() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.server(&["serve"]);
    for name in ["alice", "bob"] {
        assert_eq!(sandbox.run_with_input(&["user", "add", name, "--password-stdin"], PASSWORD).code, 0);
    }
    let bob = server.sign_in("bob", PASSWORD).1["user"]["id"].clone();
    let signed_in = server.sign_in("alice", PASSWORD).1;
    let alice = Sender { token: signed_in["access_token"].as_str().unwrap().to_owned() };
    let group = json!({"title": "Tea", "participant_ids": [bob]});
    let (status, made) = exchange(alice.post(&server, "/conversations", "group", &group));
    assert_eq!(status, 201, "{made}");
    let messages = format!("/conversations/{}/messages", made["id"]);

    for round in 1..=KILLS {
        let (answered, unanswered) = (format!("answered {round}"), format!("unanswered {round}"));
        let (first, second) = (json!({"content": answered}), json!({"content": unanswered}));
        let (status, said) = exchange(alice.post(&server, &messages, &answered, &first));
        assert_eq!(status, 201, "{said}");
        // Whether this one is stored before the end stays open.
        let request = alice.post(&server, &messages, &unanswered, &second);
        let on_its_way = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async { request.send().await.is_ok() })
        });
        kill(server);
        on_its_way.join().unwrap();

        server = sandbox.server(&["serve"]);
        let (status, again) = exchange(alice.post(&server, &messages, &answered, &first));
        assert!(status < 300, "{again}");
        assert_eq!(again["id"], said["id"]);
        let (status, now) = exchange(alice.post(&server, &messages, &unanswered, &second));
        assert!(status < 300, "{now}");
        let (_, history) = server.get(&messages, Some(&alice.token));
        let texts: Vec<_> = history.as_array().unwrap().iter().map(|message| &message["content"]).collect();
        assert_eq!(texts.len(), 2 * round, "{texts:?}");
        let (_, same) = exchange(alice.post(&server, "/conversations", "group", &group));
        assert_eq!(same["id"], made["id"]);
    }
    let (_, conversations) = server.get("/conversations", Some(&alice.token));
    assert_eq!(conversations.as_array().map(Vec::len), Some(1), "{conversations}");
}

#[test]
fn a_refresh_token_that_is_sent_again_after_a_kill_gets_the_same_successor() {
    let sandbox = Sandbox::new();
    let server = sandbox.server(&["serve"]);
    assert_eq!(sandbox.run_with_input(&["user", "add", "alice", "--password-stdin"], PASSWORD).code, 0);
    let refresh_token = server.sign_in("alice", PASSWORD).1["refresh_token"].clone();
    let body = json!({"refresh_token": refresh_token});
    let (status, first) = server.post("/auth/refresh", &body);
    assert_eq!(status, 200, "{first}");
    kill(server);
    // The retry counts as soon after the first request, however long the next start takes.
    let database = rusqlite::Connection::open(sandbox.path("chinwag-data").join("chinwag.db")).unwrap();
    database
        .execute("UPDATE refresh_tokens SET used_at = unixepoch() * 1000 WHERE used_at IS NOT NULL", [])
        .unwrap();
    drop(database);
    let server = sandbox.server(&["serve"]);
    let (status, again) = server.post("/auth/refresh", &body);
    assert_eq!((status, &again["refresh_token"]), (200, &first["refresh_token"]), "{again}");
    for answer in [&first, &again] {
        let token = answer["access_token"].as_str().unwrap();
        assert_eq!(server.get("/users/me", Some(token)).0, 200);
    }
    let next = json!({"refresh_token": again["refresh_token"]});
    assert_eq!(server.post("/auth/refresh", &next).0, 200, "the session goes on");
}
