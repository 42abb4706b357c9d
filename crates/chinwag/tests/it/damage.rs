//! A data folder that is not what it should be: it is refused at the start, with a reason, and never served.

use std::path::Path;

use chinwag::{OpenError, Server, StartError};

use crate::harness::{Stopped, TestServer};

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

/// Tries to start on it; gives the reason why not.
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
