//! Pings, silence, and tokens that run out.

use std::time::Duration;

use serde_json::json;

use crate::harness::{Device, Raw, SECRET, TestServer, now, open, sign};

#[tokio::test]
async fn the_server_pings_and_closes_who_never_answers() {
    let server =
        TestServer::provisioning_with(|config| config.limits.heartbeat = Duration::from_millis(400)).await;
    let anna = server.person("anna").await;
    let conversation = anna.group("Silence", &[]).await;
    let mut raw = Raw::upgrade(server.address, &anna.room_path(conversation)).await;
    let begun = std::time::Instant::now();
    assert_eq!(raw.read_frame().await.json()["type"], "connection");
    assert_eq!(raw.read_frame().await.opcode, 9);
    let end = loop {
        let frame = raw.read_frame().await;
        if frame.opcode != 9 {
            break frame;
        }
    };
    assert_eq!(end.close_code(), 4009);
    let silence = begun.elapsed();
    assert!(silence >= Duration::from_millis(880), "2.2 heartbeats, not {silence:?}");
}

#[tokio::test]
async fn any_byte_keeps_a_socket_alive() {
    let server =
        TestServer::provisioning_with(|config| config.limits.heartbeat = Duration::from_millis(400)).await;
    let anna = server.person("anna").await;
    let conversation = anna.group("Alive", &[]).await;
    let mut raw = Raw::upgrade(server.address, &anna.room_path(conversation)).await;
    raw.read_frame().await;
    for round in 0..5 {
        assert_eq!(raw.read_frame().await.opcode, 9);
        if round % 2 == 0 {
            raw.frame(0x8a, b"").await;
        } else {
            // Half a frame is a sign of life as well.
            raw.write(&[0x89]).await;
            raw.write(&[0x80, 0, 0, 0, 0]).await;
            assert_eq!(raw.read_frame().await.opcode, 10);
        }
    }
    raw.frame(0x81, br#"{"content":"still here"}"#).await;
    loop {
        let frame = raw.read_frame().await;
        if frame.opcode != 9 {
            assert_eq!(frame.json()["content"], "still here");
            break;
        }
    }
}

#[tokio::test]
async fn a_token_that_runs_out_closes_its_sockets_with_4005() {
    let server =
        TestServer::provisioning_with(|config| config.limits.heartbeat = Duration::from_secs(2)).await;
    let anna = server.person("anna").await;
    let conversation = anna.group("Expiry", &[]).await;
    // Its clock may be half a minute behind: until then the token admits, and keeps open what it admitted.
    let short = sign(&json!({"sub": "anna", "exp": now() - 26}), SECRET);
    let mut expiring = open(server.address, &format!("/conversations/{conversation}/ws?token={short}")).await;
    let mut lasting = anna.enter(conversation).await;
    assert_eq!(expiring.frame().await["type"], "connection");
    let begun = std::time::Instant::now();
    assert_eq!(expiring.close_code().await, 4005);
    assert!(begun.elapsed() > Duration::from_secs(2), "{:?}", begun.elapsed());
    lasting.hears_nothing_but_itself().await;
}

#[tokio::test]
async fn the_lifetime_of_tokens_is_configurable() {
    let server = TestServer::demo_with(|config| config.auth.token_lifetime = Duration::from_secs(70)).await;
    let signed_in = server.try_sign_in("testuser", "TestPassword123").await;
    assert_eq!(signed_in.body["expires_in"], 70);
    let path = format!("/conversations/1/ws?v=1&token={}", signed_in.body["access_token"].as_str().unwrap());
    let mut device = Device::over(open(server.address, &path).await);
    let expires_at = device.next_of("auth_expiring").await["expires_at"].as_i64().unwrap() / 1000;
    assert!((50..=60).contains(&(expires_at - now())), "a minute ahead");
}

#[tokio::test]
async fn who_is_behind_a_dead_link_is_offline_after_a_few_heartbeats() {
    let server =
        TestServer::provisioning_with(|config| config.limits.heartbeat = Duration::from_millis(500)).await;
    let (anna, ben) = (server.person("anna").await, server.person("ben").await);
    let conversation = anna.group("Link", &[&ben]).await;
    let (mut his, _) = Device::of(&ben, &json!({})).await;
    let mut link = Raw::upgrade(server.address, &anna.room_path(conversation)).await;
    link.read_frame().await;
    let begun = std::time::Instant::now();
    // Nothing is closed and nothing is sent, as if the cable was pulled.
    his.next(|frame| frame["type"] == "presence" && frame["status"] == "offline").await;
    // 2.2 heartbeats, a fifth of one until it is noticed, 1 s of grace, and a busy machine.
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
    drop(link);
}
