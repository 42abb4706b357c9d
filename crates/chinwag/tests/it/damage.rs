//! A damaged data folder is refused at the start, with a reason, and never served. Damage that only shows
//! later is an error where it is met, and only there.

use std::path::Path;

use chinwag::{OpenError, Server, StartError};
use serde_json::json;

use crate::harness::{Stopped, TestServer, captured_logs};

/// A folder with a conversation in it.
async fn folder() -> Stopped {
    let server = TestServer::provisioning_with(|config| config.limits.is_enforced = false).await;
    let anna = server.person("anna").await;
    let id = anna.group("Kept", &[]).await;
    for place in 0..50 {
        anna.say(id, &format!("{place} {}", "x".repeat(2000))).await;
    }
    let stopped = server.stop().await;
    let database = rusqlite::Connection::open(stopped.folder_path().join("chinwag.db")).unwrap();
    database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    stopped
}

/// Tries to start on it; returns why not.
async fn refusal(folder: &Path) -> String {
    let config = chinwag::Config { data_dir: folder.to_owned(), ..chinwag::Config::default() };
    loop {
        match Server::builder(config.clone()).build().await {
            Err(StartError::Open(OpenError::InUse(_))) => tokio::task::yield_now().await,
            Err(StartError::Open(OpenError::Database { reason, .. })) => return reason,
            Err(error) => panic!("another refusal: {error}"),
            Ok(_) => panic!("it was opened"),
        }
    }
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_not_opened() {
    let stopped = folder().await;
    let database = rusqlite::Connection::open(stopped.folder_path().join("chinwag.db")).unwrap();
    database
        .execute(
            "INSERT INTO refinery_schema_history (version, name, applied_on, checksum) \
             SELECT 999, 'from_the_future', applied_on, '1' FROM refinery_schema_history WHERE version = 1",
            [],
        )
        .unwrap();
    let reason = refusal(&stopped.folder_path()).await;
    assert!(reason.contains("from_the_future") || reason.contains("999"), "{reason}");
}

#[tokio::test]
async fn a_database_that_was_cut_off_or_overwritten_is_not_opened() {
    let stopped = folder().await;
    let path = stopped.folder_path().join("chinwag.db");
    let whole = std::fs::read(&path).unwrap();
    for (what, bytes) in
        [("cut off", whole[..whole.len() / 2].to_vec()), ("not a database", vec![b'x'; 4096])]
    {
        std::fs::write(&path, bytes).unwrap();
        let reason = refusal(&stopped.folder_path()).await;
        assert!(reason.contains("malformed") || reason.contains("not a database"), "{what}: {reason}");
    }
}

/// Changes the database behind the server's back, whatever its schema allows.
fn damage(folder: &Path, change: &str) {
    let database = rusqlite::Connection::open(folder.join("chinwag.db")).unwrap();
    database.pragma_update(None, "ignore_check_constraints", true).unwrap();
    assert_eq!(database.execute(change, []), Ok(1), "{change}");
}

#[tokio::test]
async fn a_word_that_means_nothing_is_an_error_and_no_default() {
    let server = TestServer::provisioning_with(|config| config.limits.is_enforced = false).await;
    let (anna, ben) = (server.person("anna").await, server.person("ben").await);
    let (broken, whole) = (anna.group("Broken", &[&ben]).await, anna.group("Whole", &[&ben]).await);
    let ben_in = |id: i64| format!("conversation_id = {id} AND user_id = {}", ben.id);
    damage(
        &server.folder_path(),
        &format!("UPDATE participants SET role = 'chief' WHERE {}", ben_in(broken)),
    );

    let said = ben.send(broken, &json!({"content": "hello"})).await;
    assert_eq!((said.status, &said.body["detail"]), (500, &json!("internal error")));
    for path in ["", "/messages", "/participants"] {
        assert_eq!(ben.get(&format!("/conversations/{broken}{path}")).await.status, 500, "{path}");
    }
    assert!(captured_logs().contains("participants.role has a value that no release writes"));

    ben.say(whole, "elsewhere nothing is damaged").await;
    anna.say(broken, "nor is it for others").await;
    let mend = format!("UPDATE participants SET role = 'admin' WHERE {}", ben_in(broken));
    damage(&server.folder_path(), &mend);
    ben.say(broken, "and mended it is whole again").await;
}
