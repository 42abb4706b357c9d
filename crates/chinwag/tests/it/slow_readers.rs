//! Sockets that take nothing: they delay nobody, lose nothing, and are closed in the end.

use std::time::Duration;

use bytes::Bytes;
use futures_util::SinkExt as _;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio_tungstenite::tungstenite::Message;

use crate::harness::{Device, Person, Raw, Room, SECRET, TestServer, now, sign, soon};

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

/// A sign of life from a socket that reads nothing, unless it is closed by now.
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
    // The ring alone was not enough.
    server.metric_reaches("chinwag_catch_up_log_pages_total", 1).await;
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
async fn a_link_that_dies_while_it_is_full_is_noticed_by_its_silence() {
    let server = TestServer::provisioning_with(|config| {
        config.limits.is_enforced = false;
        config.limits.heartbeat = Duration::from_secs(1);
        config.limits.write_stall = Duration::from_millis(1500);
    })
    .await;
    let anna = server.person("anna").await;
    let conversation = anna.group("Dead", &[]).await;
    let mut dead = Raw::narrow(server.address, &anna.room_path(conversation)).await;
    assert_eq!(dead.read_frame().await.opcode, 1);
    // It still takes the first ping, and from then on nothing. Only now its buffers fill.
    assert_eq!(dead.read_frame().await.opcode, 9);
    let closes = |code| format!("chinwag_websocket_closes_total{{code=\"{code}\"}}");
    let mut sent = 0;
    while server.metric(&closes(4009)).await + server.metric(&closes(4008)).await == 0 {
        anna.say(conversation, &large(sent)).await;
        sent += 1;
    }
    assert_eq!(server.metric(&closes(4008)).await, 0, "that would be a write stall later");
}

/// Reads on up to a deletion, and then to the answer to a `ping`.
async fn reads_up_to_a_deletion(room: &mut Room) -> Vec<Value> {
    let mut frames = vec![room.frame().await];
    while frames[frames.len() - 1]["type"] != "message_deleted" {
        frames.push(room.frame().await);
    }
    room.send(r#"{"type":"ping","ref":"end"}"#).await;
    while frames[frames.len() - 1]["ref"] != "end" {
        frames.push(room.frame().await);
    }
    frames
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn state_that_a_full_socket_missed_comes_when_it_drains_and_a_deleted_text_does_not() {
    let server = TestServer::provisioning_with(|config| {
        config.limits.is_enforced = false;
        config.limits.heartbeat = Duration::from_secs(8);
    })
    .await;
    let (anna, ben) = (server.person("anna").await, server.person("ben").await);
    let conversation = anna.group("Full", &[&ben]).await;
    let mut short = anna.clone();
    short.token = sign(&json!({"sub": "anna", "exp": now() + 72}), SECRET);
    let (mut prompt, _) = Device::of(&short, &json!({})).await;
    let path = format!("{}&v=1", short.room_path(conversation));
    let mut late = Room::narrow(server.address, &path, 16 * 1024).await;
    assert_eq!(late.frame().await["type"], "connection");
    let (mut his, _) = Device::in_room(&ben, conversation, "").await;
    for place in 0..MESSAGES / 2 {
        his.does(json!({"content": large(place)})).await;
    }
    for status in ["away", "dnd"] {
        his.does(json!({"type": "presence", "status": status})).await;
    }
    let secret = his.does(json!({"content": "a text to be deleted"})).await["message_id"].clone();
    his.does(json!({"type": "edit", "message_id": secret, "content": "deleted all the same"})).await;
    his.does(json!({"type": "delete", "message_id": secret})).await;
    // Both are warned in the same round.
    prompt.next_of("auth_expiring").await;
    let heard = reads_up_to_a_deletion(&mut late).await;
    let of = |kind: &str| heard.iter().filter(|frame| frame["type"] == kind).cloned().collect::<Vec<_>>();
    assert_eq!(of("message").len(), MESSAGES / 2 + 1, "every event came");
    assert_eq!(of("auth_expiring").len(), 1);
    assert_eq!(of("message_deleted").len(), 1);
    let texts: Vec<_> = heard.iter().filter(|frame| frame.to_string().contains("deleted all")).collect();
    assert!(texts.is_empty(), "{texts:?}");
    let texts: Vec<_> = heard.iter().filter(|frame| frame.to_string().contains("to be deleted")).collect();
    assert!(texts.is_empty(), "{texts:?}");
    assert_eq!(of("presence").last().unwrap()["status"], "dnd");
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_nobody_takes_is_not_kept_for_ever() {
    let server = TestServer::provisioning_with(|config| {
        config.limits.is_enforced = false;
        config.limits.write_stall = Duration::from_millis(500);
    })
    .await;
    let anna = server.person("anna").await;
    let conversation = anna.group("Pages", &[]).await;
    for place in 0..300 {
        anna.say(conversation, &large(place)).await;
    }
    let mut frozen = Raw::narrow_tcp(server.address).await;
    let request = format!(
        "GET /conversations/{conversation}/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n",
        anna.token
    );
    frozen.write(request.as_bytes()).await;
    // It reads nothing, so it notices the end only when a write fails.
    soon("the end of the connection", async {
        while frozen.stream.write_all(b"GET").await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}
