//! Bad frames, each with its answer.

use std::time::Duration;

use chinwag::Rate;
use chinwag::protocol::limits::{CHUNK_HEAD_BYTES, MAX_FRAME_BYTES};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::harness::{Frame, Raw, TestServer};

const TEXT: u8 = 0x81;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;

#[tokio::test]
async fn every_bad_frame_gets_its_error_and_the_socket_lives_on() {
    let server = TestServer::provisioning().await;
    let anna = server.person("anna").await;
    let conversation = anna.group("Errors", &[]).await;
    let mut room = anna.enter(conversation).await;
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let frames = [
        ("not json".to_owned(), "invalid_json"),
        (String::new(), "invalid_json"),
        (r#"{"content":"cut"#.to_owned(), "invalid_json"),
        (r#"{"content":"\ud800"}"#.to_owned(), "invalid_json"),
        (format!(r#"{{"content":"a","x":{}}}"#, nested(16)), "invalid_json"),
        (nested(10_000), "invalid_json"),
        ("[]".to_owned(), "invalid_frame"),
        (r#""text""#.to_owned(), "invalid_frame"),
        (r#"{"content":"a","client_id":7}"#.to_owned(), "invalid_frame"),
        (r#"{"content":"a","client_id":""}"#.to_owned(), "invalid_frame"),
        (json!({"content": "a", "client_id": "x".repeat(129)}).to_string(), "invalid_frame"),
        (r#"{"type":7,"content":"a"}"#.to_owned(), "invalid_frame"),
        (r#"{"type":"dance"}"#.to_owned(), "unknown_type"),
        ("{}".to_owned(), "invalid_content"),
        (r#"{"content":null}"#.to_owned(), "invalid_content"),
        (r#"{"content":5}"#.to_owned(), "invalid_content"),
        (r#"{"content":["a"]}"#.to_owned(), "invalid_content"),
        (r#"{"content":""}"#.to_owned(), "invalid_content"),
        (r#"{"content":" \n\t\u3000"}"#.to_owned(), "invalid_content"),
        (r#"{"content":"a\u0000b"}"#.to_owned(), "invalid_content"),
        (json!({"content": "x".repeat(4001)}).to_string(), "too_large"),
    ];
    for (frame, code) in &frames {
        room.send(frame).await;
        let error = room.frame().await;
        let shown = &frame[..frame.len().min(60)];
        assert_eq!(error["type"], "error", "{shown}: {error}");
        assert_eq!(error["code"], *code, "{shown}");
        assert_eq!(error["retry"], false, "{shown}");
        assert!(error["message"].is_string(), "{shown}");
    }
    room.send_message(Message::binary(vec![1, 2, 3])).await;
    assert_eq!(room.error_code().await, "invalid_frame");
    room.hears_nothing_but_itself().await;
    assert_eq!(anna.history(conversation, "").await.len(), 1, "none of them became a message");
}

#[tokio::test]
async fn what_just_fits_is_a_message() {
    let server = TestServer::provisioning().await;
    let anna = server.person("anna").await;
    let conversation = anna.group("Limits", &[]).await;
    let mut room = anna.enter(conversation).await;
    let fits = [
        "x".repeat(4000),
        "\u{1F600}".repeat(4000),
        format!("{}x", "\u{1}".repeat(3999)),
        "\u{202e}right to left, \"quotes\" and \\ backslashes".to_owned(),
    ];
    for content in &fits {
        let text = json!({"content": content, "client_id": content.chars().take(30).collect::<String>()});
        room.send(&text.to_string()).await;
        assert_eq!(room.message().await["content"], *content);
    }
    let nested = format!(r#"{{"content":"deep","x":{}{}}}"#, "[".repeat(15), "]".repeat(15));
    room.send(&nested).await;
    assert_eq!(room.message().await["content"], "deep");
    let padded = format!(r#"{{"content":"padded","x":"{}"}}"#, "y".repeat(MAX_FRAME_BYTES - 27));
    assert_eq!(padded.len(), MAX_FRAME_BYTES);
    room.send(&padded).await;
    assert_eq!(room.message().await["content"], "padded");
    let history = anna.history(conversation, "").await;
    assert_eq!(history.len(), fits.len() + 2);
    for (message, content) in history.iter().zip(&fits) {
        assert_eq!(message["content"], *content);
    }
}

/// Sends bytes on a new socket; returns its close code.
async fn closed_with(bytes: &[u8]) -> u16 {
    let server = TestServer::provisioning().await;
    let anna = server.person("anna").await;
    let conversation = anna.group("Broken", &[]).await;
    let mut raw = Raw::upgrade(server.address, &anna.room_path(conversation)).await;
    assert_eq!(raw.read_frame().await.json()["type"], "connection");
    raw.write(bytes).await;
    let code = raw.read_frame().await.close_code();
    assert_eq!(raw.rest().await, "", "nothing after the goodbye");
    code
}

#[tokio::test]
async fn a_frame_of_one_byte_too_many_is_1009_before_its_payload_comes() {
    // A chunk of an upload has a head before its 64 KiB.
    let length = u64::try_from(MAX_FRAME_BYTES + CHUNK_HEAD_BYTES + 1).unwrap().to_be_bytes();
    let mut head = vec![TEXT, 0x80 | 127];
    head.extend_from_slice(&length);
    head.extend_from_slice(&[1, 2, 3, 4]);
    assert_eq!(closed_with(&head).await, 1009);
}

#[tokio::test]
async fn a_text_of_one_byte_too_many_is_1009() {
    assert_eq!(closed_with(&raw_text(MAX_FRAME_BYTES + 1)).await, 1009);
}

/// A frame of blanks, masked with zeros.
fn raw_text(length: usize) -> Vec<u8> {
    let mut frame = vec![TEXT, 0x80 | 127];
    frame.extend_from_slice(&u64::try_from(length).unwrap().to_be_bytes());
    frame.resize(frame.len() + 4, 0);
    frame.resize(frame.len() + length, b' ');
    frame
}

#[tokio::test]
async fn text_that_is_no_utf8_is_1007() {
    // "é" in Latin-1, masked with zeros.
    assert_eq!(closed_with(&[TEXT, 0x80 | 1, 0, 0, 0, 0, 0xe9]).await, 1007);
}

#[tokio::test]
async fn an_unmasked_frame_is_1002() {
    assert_eq!(closed_with(b"\x81\x0f{\"content\":\"a\"}").await, 1002);
}

#[tokio::test]
async fn a_reserved_bit_or_opcode_is_1002() {
    assert_eq!(closed_with(&[0xc1, 0x80, 0, 0, 0, 0]).await, 1002);
    assert_eq!(closed_with(&[0x83, 0x80, 0, 0, 0, 0]).await, 1002);
}

#[tokio::test]
async fn a_message_in_fragments_with_a_ping_between_is_one_message() {
    let server = TestServer::provisioning().await;
    let anna = server.person("anna").await;
    let conversation = anna.group("Pieces", &[]).await;
    let mut raw = Raw::upgrade(server.address, &anna.room_path(conversation)).await;
    raw.read_frame().await;
    raw.frame(0x01, br#"{"content":"#).await;
    raw.frame(PING, b"are you there").await;
    assert_eq!(raw.read_frame().await, Frame { opcode: 10, payload: b"are you there".to_vec() });
    raw.frame(0x00, "\"in pi\u{e9}".as_bytes()).await;
    raw.frame(0x80, br#"ces"}"#).await;
    assert_eq!(raw.read_frame().await.json()["content"], "in pi\u{e9}ces");
}

#[tokio::test]
async fn a_goodbye_is_answered_with_its_own_code() {
    let server = TestServer::provisioning().await;
    let anna = server.person("anna").await;
    let conversation = anna.group("Bye", &[]).await;
    for (payload, code) in [(&b""[..], 1000), (&[0x03, 0xe9], 1001), (&[0x0f, 0xa0], 4000)] {
        let mut raw = Raw::upgrade(server.address, &anna.room_path(conversation)).await;
        raw.read_frame().await;
        raw.frame(CLOSE, payload).await;
        assert_eq!(raw.read_frame().await.close_code(), code);
        assert_eq!(raw.rest().await, "");
    }
}

#[tokio::test]
async fn frames_that_come_with_the_handshake_are_heard() {
    let server = TestServer::provisioning().await;
    let anna = server.person("anna").await;
    let conversation = anna.group("Eager", &[]).await;
    let mut raw = Raw::connect(server.address).await;
    let mut bytes = format!(
        "GET {} HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        anna.room_path(conversation)
    )
    .into_bytes();
    bytes.extend_from_slice(b"\x81\x93\0\0\0\0{\"content\":\"eager\"}");
    raw.write(&bytes).await;
    assert!(raw.head().await.starts_with("HTTP/1.1 101 "));
    assert_eq!(raw.read_frame().await.json()["type"], "connection");
    assert_eq!(raw.read_frame().await.json()["content"], "eager");
}

#[tokio::test]
async fn too_many_messages_are_refused_and_a_flood_ends_with_4029() {
    let server = TestServer::provisioning_with(|config| {
        config.limits.sends = Rate { burst: 3, every: Duration::from_secs(60) };
        config.limits.frames = Rate { burst: 10, every: Duration::from_secs(60) };
    })
    .await;
    let anna = server.person("anna").await;
    let ben = server.person("ben").await;
    let conversation = ben.group("Flood", &[&anna]).await;
    let mut room = anna.enter(conversation).await;
    for round in 0..10 {
        room.send(&json!({"content": "again", "client_id": round.to_string()}).to_string()).await;
        let frame = room.frame().await;
        if round < 3 {
            assert_eq!(frame["type"], "message", "{frame}");
        } else {
            assert_eq!(frame["code"], "rate_limited", "{frame}");
            assert_eq!(frame["retry"], true);
            assert_eq!(frame["client_id"], round.to_string());
            let wait = frame["retry_after_ms"].as_u64().unwrap();
            assert!((1..=60_000).contains(&wait), "{wait}");
        }
    }
    let refused = anna.send(conversation, &json!({"content": "over REST"})).await;
    assert_eq!(refused.status, 429, "the same allowance");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() >= 1);
    room.say("one too many").await;
    assert_eq!(room.refused_with().await, 4029);
    assert_eq!(anna.history(conversation, "").await.len(), 3);
    ben.say(conversation, "others are not held back").await;
}
