//! A file's life: with a message, in history and replay, until the message is deleted or nobody wants the
//! file.

use std::path::Path;
use std::time::Duration;

use chinwag::protocol::rest::Extras;
use image::ImageFormat;
use serde_json::{Value, json};

use super::{begin_command, bytes_of, fetch, noise, picture, send_chunks, upload};
use crate::harness::{Device, Hand, TestServer, Way, soon};

/// How many files lie in a folder of the data folder.
pub(super) fn count(folder: &Path) -> usize {
    std::fs::read_dir(folder).map_or(0, |entries| {
        entries
            .map(|entry| entry.unwrap().path())
            .map(|path| if path.is_dir() { count(&path) } else { 1 })
            .sum()
    })
}

/// Waits until no more than so many files lie in a folder.
pub(super) async fn falls_to(folder: &Path, left: usize) {
    soon("the sweep", async {
        while count(folder) > left {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn over_every_way_a_message_brings_its_files_and_shows_them_the_same() {
    let server = TestServer::provisioning().await;
    let (alice, bob) = (server.person("alice").await, server.person("bob").await);
    for way in Way::ALL {
        let room = alice.group("Files", &[&bob]).await;
        let mut listener = bob.enter(room).await;
        let file = upload(&alice, "a.png", &picture(600, 400, ImageFormat::Png)).await;
        let mut expected = file.clone();
        expected.as_object_mut().unwrap().remove("sha256");
        let mut hand = Hand::new(&alice, room, way).await;
        hand.does(&json!({"type": "send", "content": "needle in a picture", "attachments": [file["id"]]}))
            .await;
        let live = listener.message().await;
        assert_eq!(live["attachments"], json!([expected]), "{way:?}");
        assert_eq!(bob.history(room, "").await[0]["attachments"], json!([expected]), "{way:?}");
        let events = bob.get(&format!("/conversations/{room}/events")).await.body;
        let logged = events["events"].as_array().unwrap().iter().find(|event| event["type"] == "message");
        assert_eq!(logged.unwrap()["attachments"], json!([expected]), "{way:?}");
        let found = bob.get(&format!("/search?q=needle&conversation_id={room}")).await.body;
        assert_eq!(found["results"][0]["attachments"], json!([expected]), "{way:?}");
        let mut replayed = Hand::from_the_start(&bob, room).await;
        loop {
            let event = replayed.event().await;
            if event["type"] == "message" {
                assert_eq!(event["attachments"], json!([expected]), "{way:?}");
                break;
            }
        }
    }
}

#[tokio::test]
async fn files_alone_are_a_message_and_old_clients_get_an_empty_text() {
    let server = TestServer::provisioning().await;
    let alice = server.person("alice").await;
    for (way, text) in [(Way::Rest, Value::Null), (Way::Room, Value::Null), (Way::User, json!(""))] {
        let room = alice.group("Files", &[]).await;
        let mut listener = alice.enter(room).await;
        let file = upload(&alice, "a.txt", b"words").await;
        let mut hand = Hand::new(&alice, room, way).await;
        let mut command = json!({"type": "send", "attachments": [file["id"]]});
        if !text.is_null() {
            command["content"] = text;
        }
        hand.does(&command).await;
        let message = listener.message().await;
        assert_eq!(
            (&message["content"], &message["attachments"][0]["mime"]),
            (&json!(""), &json!("text/plain"))
        );
        hand.is_refused(&json!({"type": "send", "content": ""}), "invalid_content").await;
    }
}

#[tokio::test]
async fn an_embedding_host_sends_files_through_the_same_door() {
    let server = TestServer::provisioning().await;
    let alice = server.person("alice").await;
    let room = alice.group("Files", &[]).await;
    let file = upload(&alice, "a.txt", b"words").await;
    let actor = chinwag::Actor {
        user_id: chinwag::protocol::UserId(alice.id),
        username: "alice".into(),
        role: chinwag::protocol::rest::UserRole::User,
        session: None,
        expires_at: chinwag::protocol::Timestamp(i64::MAX),
    };
    let attachments = vec![chinwag::protocol::FileId(file["id"].as_i64().unwrap())];
    let send =
        chinwag::protocol::Send { extras: Extras { attachments, ..Extras::default() }, ..Default::default() };
    let sent =
        server.server.chat().send(&actor, chinwag::protocol::ConversationId(room), send).await.unwrap();
    assert_eq!(sent.message.extras.attachments.len(), 1);
}

#[tokio::test]
async fn a_repeat_with_the_same_files_is_the_same_message() {
    let server = TestServer::provisioning().await;
    let alice = server.person("alice").await;
    let room = alice.group("Files", &[]).await;
    let (one, two) = (upload(&alice, "1", b"one").await, upload(&alice, "2", b"two").await);
    let send = |files: Value| json!({"content": "x", "client_id": "c", "attachments": files});
    let first = alice.send(room, &send(json!([one["id"]]))).await;
    assert_eq!(first.body["duplicate"], false);
    let again = alice.send(room, &send(json!([one["id"]]))).await;
    assert_eq!((&again.body["duplicate"], &again.body["id"]), (&json!(true), &first.body["id"]));
    assert_eq!(again.body["attachments"], first.body["attachments"]);
    for other in [json!([two["id"]]), json!([]), json!([one["id"], two["id"]])] {
        assert_eq!(alice.send(room, &send(other.clone())).await.status, 409, "{other}");
    }
}

#[tokio::test]
async fn a_message_has_files_of_its_sender_that_no_message_has() {
    let server = TestServer::provisioning().await;
    let (alice, bob) = (server.person("alice").await, server.person("bob").await);
    let room = alice.group("Files", &[&bob]).await;
    let (mine, his) = (upload(&alice, "1", b"one").await, upload(&bob, "2", b"two").await);
    for way in [Way::Room, Way::User] {
        let mut hand = Hand::new(&alice, room, way).await;
        let send = |files: Value| json!({"type": "send", "content": "x", "attachments": files});
        hand.is_refused(&send(json!([his["id"]])), "not_found").await;
        hand.is_refused(&send(json!([999_999])), "not_found").await;
        hand.is_refused(&send(json!([mine["id"], mine["id"]])), "invalid_frame").await;
        hand.is_refused(&send(json!((1..=11).collect::<Vec<_>>())), "invalid_frame").await;
    }
    // The refused ones took nothing.
    assert_eq!(alice.send(room, &json!({"attachments": [mine["id"]]})).await.status, 201);
    let mut hand = Hand::new(&alice, room, Way::User).await;
    hand.is_refused(&json!({"type": "send", "attachments": [mine["id"]]}), "conflict").await;
    assert_eq!(alice.send(room, &json!({"attachments": [mine["id"]]})).await.status, 422);
}

#[tokio::test]
async fn with_its_message_a_file_is_gone_from_everywhere() {
    let server = TestServer::provisioning().await;
    let (alice, bob) = (server.person("alice").await, server.person("bob").await);
    let room = alice.group("Files", &[&bob]).await;
    let file = upload(&alice, "canary-name.png", &picture(2000, 600, ImageFormat::Png)).await;
    let folder = server.folder_path().join("files");
    assert_eq!(count(&folder), 4, "the picture and three thumbnails");
    let sent = alice.send(room, &json!({"content": "x", "attachments": [file["id"]]})).await;
    let path = format!("/conversations/{room}/messages/{}", sent.body["id"]);
    assert_eq!(alice.delete(&path).await.status, 204);
    for person in [&alice, &bob] {
        assert_eq!(fetch(person, file["url"].as_str().unwrap(), &[]).await.0, 404);
        assert_eq!(fetch(person, file["thumbnail_url"].as_str().unwrap(), &[]).await.0, 404);
        let history = person.history(room, "").await;
        assert_eq!(history[0]["attachments"], json!(null));
    }
    falls_to(&folder, 0).await;
    let everything = alice.get(&format!("/conversations/{room}/events")).await.body.to_string();
    assert!(!everything.contains("canary-name"), "{everything}");
    // The number never names another file.
    let next = upload(&alice, "b", b"another").await;
    assert!(next["id"].as_i64() > file["id"].as_i64());
}

#[tokio::test]
async fn what_was_to_be_removed_is_removed_after_a_restart() {
    let server = TestServer::provisioning().await;
    let alice = server.person("alice").await;
    upload(&alice, "kept", &noise(1000)).await;
    let folder = server.folder_path();
    let stopped = server.stop().await;
    // As a crash leaves it: bytes that never got their row, and a half-written file of the store.
    let orphan = "0123456789abcdefghjkmnpqrstvwxyz";
    std::fs::write(folder.join("files").join(orphan), b"x").unwrap();
    std::fs::write(folder.join("files").join(format!("{orphan}#1")), b"x").unwrap();
    let insert = format!("INSERT INTO loose_blobs (blob, since, is_doomed) VALUES ('{orphan}', 0, FALSE)");
    stopped.execute(&insert).await;
    assert_eq!(count(&folder.join("files")), 3);
    let server = stopped.start().await;
    falls_to(&folder.join("files"), 1).await;
    let alice = server.person("alice").await;
    assert_eq!(bytes_of(&alice, "/files/1").await, noise(1000));
}

#[tokio::test]
async fn what_nobody_sends_and_nobody_finishes_goes_after_its_time() {
    let server =
        TestServer::provisioning_with(|config| config.limits.upload_expiry = Duration::from_millis(200))
            .await;
    let alice = server.person("alice").await;
    let room = alice.group("Files", &[]).await;
    let kept = upload(&alice, "kept", b"kept").await;
    assert_eq!(alice.send(room, &json!({"attachments": [kept["id"]]})).await.status, 201);
    let lost = upload(&alice, "lost", b"lost").await;
    let (mut device, _) = Device::of(&alice, &json!({})).await;
    let bytes = noise(100_000);
    let begun = device.does(begin_command("unfinished", &bytes)).await;
    send_chunks(&mut device, &begun, &bytes, 0, 65_536).await;
    server.metric_reaches("chinwag_swept_files_total", 2).await;
    falls_to(&server.folder_path().join("uploads"), 0).await;
    assert_eq!(fetch(&alice, lost["url"].as_str().unwrap(), &[]).await.0, 404);
    assert_eq!(bytes_of(&alice, kept["url"].as_str().unwrap()).await, b"kept");
    assert_eq!(alice.send(room, &json!({"attachments": [lost["id"]]})).await.status, 422);
}
