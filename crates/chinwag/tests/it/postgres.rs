//! What goes wrong with a database at the other end of a wire: nothing is lost, nothing is acknowledged that is not there,
//! and the server goes on by itself. Run by `scripts/with-postgres`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chinwag::{Accounts, Config, Server};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use tokio_postgres::NoTls;

use crate::harness::{Person, SECRET, Stopped, TestServer, reply, soon, try_build};

const TERMINATE: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                         WHERE datname = current_database() AND pid != pg_backend_pid()";

/// Sends until it is acknowledged, as a client does that keeps its `client_id`.
async fn say_surely(person: &Person, id: i64, content: &str) -> serde_json::Value {
    let body = json!({"content": content, "client_id": content});
    soon("an acknowledgement", async {
        loop {
            let reply = person.post(&format!("/conversations/{id}/messages"), &body).await;
            match reply.status {
                200 | 201 => return reply.body,
                503 => tokio::task::yield_now().await,
                status => panic!("{status}: {}", reply.body),
            }
        }
    })
    .await
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
async fn connections_that_are_cut_cost_nothing_but_time() {
    let server = TestServer::provisioning_with(|config| config.limits.is_enforced = false).await;
    let anna = server.person("anna").await;
    let id = anna.group("Cut", &[]).await;
    let mut seqs = Vec::new();
    for number in 0..100 {
        let content = format!("message {number}");
        // Each fifth meets the end of all connections, sooner or later on its way.
        let cut = async {
            if number % 5 == 0 {
                server.execute(TERMINATE).await;
            }
        };
        let (sent, ()) = tokio::join!(say_surely(&anna, id, &content), cut);
        seqs.push(sent["seq"].as_i64().unwrap());
    }
    assert_eq!(seqs, (1..=100).collect::<Vec<i64>>(), "each once, in the order of their sending");
    let said: Vec<String> = (0..100).map(|number| format!("message {number}")).collect();
    let mut history = Vec::new();
    while history.len() < 100 {
        let before = history
            .first()
            .map_or(String::new(), |first: &serde_json::Value| format!("?before={}", first["seq"]));
        let mut page = anna.history(id, &before).await;
        assert!(!page.is_empty(), "{history:?}");
        page.extend(history);
        history = page;
    }
    let history: Vec<&str> = history.iter().filter_map(|message| message["content"].as_str()).collect();
    assert_eq!(history, said);
}

/// Why a server does not start on the database at this address.
async fn refusal(address: &str) -> String {
    let folder = tempfile::TempDir::new().unwrap();
    let mut config = Config { data_dir: folder.path().to_owned(), ..Config::default() };
    config.store = Some(address.parse().unwrap());
    Server::builder(config).build().await.err().unwrap().to_string()
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
async fn a_database_that_is_not_there_or_not_right_is_told_in_a_sentence() {
    let stopped = TestServer::provisioning().await.stop().await;
    let address = stopped.store_address();
    let (server, _) = address.rsplit_once('/').unwrap();
    assert!(refusal(&format!("{server}/nowhere")).await.contains("database \"nowhere\" does not exist"));
    let nobody = address.replace("//postgres@", "//nobody:secret@");
    let refused = refusal(&nobody).await;
    assert!(refused.contains("role \"nobody\" does not exist") && !refused.contains("secret"), "{refused}");
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = closed.local_addr().unwrap().port();
    drop(closed);
    let refused = refusal(&format!("postgres://postgres@127.0.0.1:{port}/chat")).await;
    assert!(refused.contains("refused"), "{refused}");
    // A later release has been here.
    stopped
        .execute(
            "INSERT INTO refinery_schema_history (version, name, applied_on, checksum) \
             VALUES (900, 'later', '2030-01-01T00:00:00Z', '1')",
        )
        .await;
    let refused = refusal(&address).await;
    assert!(refused.contains("V900__later"), "{refused}");
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
async fn a_certificate_is_checked_and_a_wrong_password_is_not_repeated() {
    let stopped = TestServer::provisioning().await.stop().await;
    let address = stopped.store_address();
    stopped.execute("CREATE ROLE strict LOGIN SUPERUSER PASSWORD 'right%20one'").await;
    let strict = |password: &str, options: &str| {
        format!("{}?{options}", address.replace("//postgres@", &format!("//strict:{password}@")))
    };
    let root = std::env::var("CHINWAG_TEST_STORE_ROOT").unwrap();
    let checked = format!("sslmode=require&sslrootcert={root}");
    let folder = tempfile::TempDir::new().unwrap();
    let mut config = Config { data_dir: folder.path().to_owned(), ..Config::default() };
    config.store = Some(strict("right%2520one", &checked).parse().unwrap());
    drop(try_build(&config).await.unwrap());
    let refused = refusal(&strict("right%2520one", "sslmode=require")).await;
    assert!(refused.contains("invalid peer certificate"), "the system knows no such authority: {refused}");
    let refused = refusal(&strict("another%20one", &checked)).await;
    assert!(refused.contains("password authentication failed"), "{refused}");
    assert!(!refused.contains("another"), "{refused}");
    let refused = refusal(&strict("right%2520one", "sslmode=disable")).await;
    assert!(refused.contains("rejects connection"), "{refused}");
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
async fn a_command_beside_a_server_leaves_the_schema_of_another_version_alone() {
    let open = |stopped: &Stopped| {
        let (folder, store) = (stopped.folder_path(), stopped.store());
        let opened = move || Accounts::open(&folder, store.as_ref()).map(drop);
        async { tokio::task::spawn_blocking(opened).await.unwrap() }
    };
    let stopped = TestServer::provisioning().await.stop().await;
    open(&stopped).await.unwrap();
    stopped
        .execute(
            "INSERT INTO refinery_schema_history (version, name, applied_on, checksum) \
             VALUES (900, 'later', '2030-01-01T00:00:00Z', '1')",
        )
        .await;
    let refused = open(&stopped).await.err().unwrap().to_string();
    assert!(refused.contains("the schema of a newer chinwag: use that version"), "{refused}");
    stopped.execute("UPDATE refinery_schema_history SET version = version - 1000").await;
    let refused = open(&stopped).await.err().unwrap().to_string();
    assert!(refused.contains("the schema of an older chinwag: start `chinwag serve`"), "{refused}");
    let made = stopped.execute("DELETE FROM refinery_schema_history WHERE version > 0").await;
    assert_eq!(made, 0, "nothing was migrated");
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
async fn a_query_that_the_database_cancels_is_answered_as_one_that_may_come_again() {
    let server = TestServer::provisioning().await;
    let anna = server.person("anna").await;
    let id = anna.group("Cancelled", &[]).await;
    let (client, connection) = tokio_postgres::connect(&server.store_address(), NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    client.batch_execute("BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let path = format!("/conversations/{id}/messages");
    let asked = anna.get(&path);
    let cancel = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity \
                  WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let cancelled = async { while client.query(cancel, &[]).await.unwrap().is_empty() {} };
    let (refused, ()) = soon("an end", async { tokio::join!(asked, cancelled) }).await;
    assert_eq!(refused.status, 503, "{:?}", refused.body);
    client.batch_execute("COMMIT").await.unwrap();
    assert_eq!(anna.get(&path).await.status, 200);
    drop(client);
    connection.await.unwrap().unwrap();
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
async fn the_keys_are_in_the_database_so_that_any_folder_will_do() {
    let server = TestServer::demo().await;
    let alice = server.sign_in("alice").await;
    let key = alice.get("/push/key").await.body;
    let mut stopped = server.stop().await;
    assert!(!stopped.folder_path().join("token.key").exists());
    stopped.take_another_folder();
    let server = stopped.start().await;
    let alice = alice.on(&server);
    assert_eq!(alice.get("/users/me").await.status, 200, "its token is good");
    assert_eq!(alice.get("/push/key").await.body, key);

    // As an earlier release leaves it: files, and no rows.
    let mut stopped = server.stop().await;
    stopped.execute("DELETE FROM secrets").await;
    stopped.take_another_folder();
    std::fs::create_dir(stopped.folder_path()).unwrap();
    std::fs::write(stopped.folder_path().join("token.key"), SECRET).unwrap();
    let stopped = stopped.start().await.stop().await;
    let moved = format!(
        "DELETE FROM secrets WHERE name = 'token.key' AND bytes = convert_to('{}', 'UTF8')",
        std::str::from_utf8(SECRET).unwrap()
    );
    assert_eq!(stopped.execute(&moved).await, 1, "the folder's key moved in");
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
async fn those_who_need_a_key_at_once_end_with_one() {
    let server = TestServer::provisioning().await;
    server.person("anna").await;
    let stopped = server.stop().await;
    stopped.execute("DELETE FROM secrets").await;
    let store = stopped.store();
    let signed = (0..6).map(|_| {
        let store = store.clone();
        tokio::task::spawn_blocking(move || {
            let folder = tempfile::TempDir::new().unwrap();
            let accounts = Accounts::open(folder.path(), store.as_ref()).unwrap();
            accounts.token("anna", Duration::from_secs(600)).unwrap()
        })
    });
    let signed = futures_util::future::join_all(signed).await;
    let server = stopped.start().await;
    for token in signed {
        let me = reply(server.http.get(server.url("/users/me")).bearer_auth(token.unwrap())).await;
        assert_eq!(me.status, 200, "{:?}", me.body);
    }
}

/// A way to the database that loses the answer to the next commit, once it is told to, and ends the connection.
struct Lossy {
    port: u16,
    loses_next: Arc<AtomicBool>,
}

impl Lossy {
    async fn before(database: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let loses_next = Arc::<AtomicBool>::default();
        let loses = Arc::clone(&loses_next);
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let server = TcpStream::connect(&database).await.unwrap();
                tokio::spawn(forward(client, server, Arc::clone(&loses)));
            }
        });
        Self { port, loses_next }
    }
}

async fn forward(client: TcpStream, server: TcpStream, loses_next: Arc<AtomicBool>) {
    let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
        (client.into_split(), server.into_split());
    let back = tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let length = from_client.read(&mut bytes).await.unwrap_or_default();
        if length == 0 {
            break;
        }
        let is_commit = bytes[..length].windows(6).any(|part| part == b"COMMIT");
        // Only of what writes: its rows go with the commit.
        let inserts = bytes[..length].windows(4).any(|part| part == b"lost");
        if is_commit && inserts && loses_next.swap(false, Ordering::Relaxed) {
            back.abort();
            let _ = back.await;
            to_server.write_all(&bytes[..length]).await.unwrap();
            return;
        }
        if to_server.write_all(&bytes[..length]).await.is_err() {
            break;
        }
    }
    back.abort();
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
async fn a_commit_whose_answer_is_lost_is_no_refusal() {
    let server = TestServer::provisioning().await;
    let direct = server.store_address();
    let stopped = server.stop().await;
    let host = direct.split_once('@').unwrap().1.split_once('/').unwrap().0.to_owned();
    let lossy = Lossy::before(host.clone()).await;
    let mut stopped = stopped;
    stopped.configure(|config| {
        let through = direct.replace(&host, &format!("127.0.0.1:{}", lossy.port));
        config.store = Some(format!("{through}?sslmode=disable").parse().unwrap());
    });
    let server = stopped.start().await;
    let anna = server.person("anna").await;
    let id = anna.group("Lossy", &[]).await;
    anna.say(id, "before").await;
    lossy.loses_next.store(true, Ordering::Relaxed);
    let sent =
        anna.post(&format!("/conversations/{id}/messages"), &json!({"content": "lost and found"})).await;
    assert!(!lossy.loses_next.load(Ordering::Relaxed), "an answer was lost");
    assert_eq!((sent.status, &sent.body["seq"]), (201, &json!(2)), "{:?}", sent.body);
    assert_eq!(anna.say(id, "after").await["seq"], 3);
    assert_eq!(anna.history(id, "").await.len(), 3);
}

/// How a way to the database is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Open,
    /// Nothing gets through, and nobody is told.
    Silent,
    /// Connections are closed, and new ones at once.
    Shut,
}

/// A way to the database that can be blocked; gives its port.
async fn blockable(database: String, way: watch::Receiver<Way>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (client, _) = listener.accept().await.unwrap();
            let server = TcpStream::connect(&database).await.unwrap();
            let ((from_client, to_client), (from_server, to_server)) =
                (client.into_split(), server.into_split());
            tokio::spawn(pass(from_client, to_server, way.clone()));
            tokio::spawn(pass(from_server, to_client, way.clone()));
        }
    });
    port
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut way: watch::Receiver<Way>) {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let length = tokio::select! {
            length = from.read(&mut bytes) => length.unwrap_or_default(),
            _ = way.wait_for(|way| *way == Way::Shut) => return,
        };
        let is_shut = *way.wait_for(|way| *way != Way::Silent).await.unwrap() == Way::Shut;
        if length == 0 || is_shut || to.write_all(&bytes[..length]).await.is_err() {
            return;
        }
    }
}

// The way must go on while a server that is dropped waits for its writer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
async fn readiness_says_no_while_the_database_is_away_and_yes_again() {
    let server = TestServer::provisioning().await;
    let direct = server.store_address();
    let mut stopped = server.stop().await;
    let host = direct.split_once('@').unwrap().1.split_once('/').unwrap().0.to_owned();
    let (blocks, way) = watch::channel(Way::Open);
    let port = blockable(host.clone(), way).await;
    stopped.configure(|config| {
        let through = direct.replace(&host, &format!("127.0.0.1:{port}"));
        config.store = Some(format!("{through}?sslmode=disable").parse().unwrap());
    });
    let server = stopped.start().await;
    for way in [Way::Silent, Way::Shut] {
        assert_eq!(server.get("/readyz").await.status, 200);
        blocks.send_replace(way);
        assert_eq!(server.get("/readyz").await.status, 503);
        assert_eq!(server.get("/healthz").await.status, 200);
        blocks.send_replace(Way::Open);
        soon("readiness", async { while server.get("/readyz").await.status != 200 {} }).await;
    }
}
