//! Sockets that take nothing: they delay nobody, lose nothing, and are closed in the end.

use std::time::Duration;

use bytes::Bytes;
use futures_util::SinkExt as _;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::harness::{Person, Room, TestServer, soon};

/// Far more than a socket's buffers take, and more events than the ring keeps.
const MESSAGES: usize = 500;
const FROZEN: usize = 8;

/// 24 KB as JSON.
fn large(place: usize) -> String {
    format!("{place:04}{}", "\u{1}".repeat(3996))
}

/// A socket that was let in and reads nothing more for now.
async fn frozen(person: &Person, conversation: i64) -> Room {
    let path = person.room_path(conversation);
    let mut room = Room::narrow(person.address, &path, 16 * 1024).await;
    assert_eq!(room.frame().await["type"], "connection");
    room
}

/// A sign of life of a socket that reads nothing, unless it is closed by now.
async fn pong(room: &mut Room) {
    let _ = room.socket.send(Message::Pong(Bytes::new())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_reads_late_gets_every_event_once_and_in_order() {
    let server = TestServer::provisioning_with(|config| config.limits.is_enforced = false).await;
    let anna = server.person("anna").await;
    let conversation = anna.group("Late", &[]).await;
    let mut late = Vec::new();
    for _ in 0..FROZEN {
        late.push(frozen(&anna, conversation).await);
    }
    let mut prompt = anna.enter(conversation).await;
    for place in 0..MESSAGES {
        anna.say(conversation, &large(place)).await;
        assert_eq!(prompt.message().await["seq"], json!(place + 1), "the others wait for nobody");
    }
    // Two read on while more is sent, the others afterwards.
    let reads_on: Vec<_> = late.drain(..2).map(|room| tokio::spawn(reads(room, MESSAGES + 50))).collect();
    for place in MESSAGES..MESSAGES + 50 {
        anna.say(conversation, &large(place)).await;
        assert_eq!(prompt.message().await["seq"], json!(place + 1));
    }
    for room in reads_on {
        room.await.unwrap();
    }
    for room in late {
        reads(room, MESSAGES + 50).await;
    }
    assert!(server.metric("chinwag_catch_up_log_pages_total").await > 0, "the ring alone was not enough");
}

/// Reads this many messages, each once and in order, and is live afterwards.
async fn reads(mut room: Room, messages: usize) {
    for place in 0..messages {
        let message = room.message().await;
        assert_eq!(message["seq"], json!(place + 1));
        assert_eq!(message["content"], large(place));
    }
    drop(room);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_takes_no_byte_for_too_long_is_closed_with_4008() {
    let server = TestServer::provisioning_with(|config| {
        config.limits.is_enforced = false;
        config.limits.heartbeat = Duration::from_secs(1);
        config.limits.write_stall = Duration::from_millis(500);
    })
    .await;
    let anna = server.person("anna").await;
    let conversation = anna.group("Frozen", &[]).await;
    let mut stuck = Vec::new();
    for _ in 0..FROZEN {
        stuck.push(frozen(&anna, conversation).await);
    }
    let mut prompt = anna.enter(conversation).await;
    let closes = "chinwag_websocket_closes_total{code=\"4008\"}";
    let mut sent = 0;
    while server.metric(closes).await < FROZEN as u64 {
        anna.say(conversation, &large(sent)).await;
        sent += 1;
        for room in &mut stuck {
            pong(room).await;
        }
        assert_eq!(prompt.message().await["seq"], json!(sent));
    }
    prompt.hears_nothing_but_itself().await;
    soon("the last goodbye", async { while server.metric("chinwag_websocket_connections").await > 1 {} })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_socket_is_judged_by_bytes_taken_and_not_by_pongs() {
    // No ping goes out while bytes wait, so no pong can come: silence proves nothing then.
    let server = TestServer::provisioning_with(|config| {
        config.limits.is_enforced = false;
        config.limits.heartbeat = Duration::from_millis(500);
        config.limits.write_stall = Duration::from_secs(3);
    })
    .await;
    let anna = server.person("anna").await;
    let conversation = anna.group("Silent", &[]).await;
    let mut stuck = frozen(&anna, conversation).await;
    for place in 0..MESSAGES {
        anna.say(conversation, &large(place)).await;
        pong(&mut stuck).await;
    }
    let closes = |code| format!("chinwag_websocket_closes_total{{code=\"{code}\"}}");
    server.metric_reaches(&closes(4008), 1).await;
    assert_eq!(server.metric(&closes(4009)).await, 0);
}
