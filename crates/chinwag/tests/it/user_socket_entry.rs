//! `/ws`: which credentials let a user in, and how others are closed.

use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::client_async;

use crate::harness::{Device, Room, TestServer, foreign_token, now, open, refusal_of, request, sign, soon};

#[tokio::test]
async fn a_token_beside_the_subprotocol_lets_in_and_is_not_named_back() {
    let server = TestServer::provisioning().await;
    let anna = server.person("anna").await;
    let mut request = request(server.address, "/ws");
    let offer = format!("chinwag.v1, bearer.{}", anna.token);
    request.headers_mut().insert("sec-websocket-protocol", offer.parse().unwrap());
    let stream = TcpStream::connect(server.address).await.unwrap();
    let (socket, response) = soon("the handshake", client_async(request, stream)).await.unwrap();
    let named: Vec<_> = response.headers().get_all("sec-websocket-protocol").iter().collect();
    assert_eq!(named, ["chinwag.v1"]);
    let mut device = Device::over(Room { socket });
    let ready = device.greet(json!({"ref": "h"})).await;
    assert_eq!((&ready["ref"], &ready["user"]["id"]), (&json!("h"), &json!(anna.id)));
}

#[tokio::test]
async fn a_token_in_hello_lets_in() {
    let server = TestServer::provisioning().await;
    let anna = server.person("anna").await;
    let (mut device, ready) = Device::of(&anna, &json!({})).await;
    assert_eq!(ready["user"]["username"], "anna");
    assert_eq!(device.ask(json!({"type": "ping", "t": 5})).await["t"], 5);
}

#[tokio::test]
async fn a_ticket_lets_in_once() {
    let server = TestServer::provisioning().await;
    let anna = server.person("anna").await;
    let ticket = anna.post("/auth/ticket", &Value::Null).await;
    assert_eq!((ticket.status, &ticket.body["expires_in"]), (200, &json!(30)), "{:?}", ticket.body);
    let path = format!("/ws?ticket={}", ticket.body["ticket"].as_str().unwrap());
    let mut device = Device::over(open(server.address, &path).await);
    assert_eq!(device.greet(json!({})).await["user"]["id"], anna.id);
    assert_eq!(open(server.address, &path).await.refused_with().await, 4001, "spent");
    assert_eq!(open(server.address, "/ws?ticket=guessed").await.refused_with().await, 4001);
}

#[tokio::test]
async fn a_ticket_outlives_a_restart_and_lets_one_of_those_in_who_race_for_it() {
    let server = TestServer::provisioning().await;
    let anna = server.person("anna").await;
    let ticket = async || {
        let ticket = anna.post("/auth/ticket", &Value::Null).await;
        format!("/ws?ticket={}", ticket.body["ticket"].as_str().unwrap())
    };
    let (path, old) = (ticket().await, ticket().await);
    let server = server.restart().await;
    let race = (0..8).map(|_| async {
        let mut room = open(server.address, &path).await;
        room.send(&json!({"type": "hello"}).to_string()).await;
        room.first_or_refused().await
    });
    let ends = futures_util::future::join_all(race).await;
    assert_eq!(ends.iter().filter(|end| matches!(end, Ok(ready) if ready["type"] == "ready")).count(), 1);
    assert_eq!(ends.iter().filter(|end| matches!(end, Err(4001))).count(), 7, "{ends:?}");
    assert_eq!(server.execute("UPDATE one_time_tokens SET expires_at = 0").await, 1);
    assert_eq!(open(server.address, &old).await.refused_with().await, 4001, "too old");
    let anna = server.person("anna").await;
    anna.post("/auth/ticket", &Value::Null).await;
    assert_eq!(server.execute("DELETE FROM one_time_tokens WHERE expires_at = 0").await, 0, "forgotten");
}

#[tokio::test]
async fn who_does_not_say_who_they_are_is_closed_with_4001() {
    let server = TestServer::provisioning().await;
    let expired = sign(&json!({"sub": "anna", "exp": now() - 3600}), crate::harness::SECRET);
    for first in [
        json!({"type": "hello"}),
        json!({"type": "hello", "token": ""}),
        json!({"type": "hello", "token": "no token"}),
        json!({"type": "hello", "token": expired}),
    ] {
        let mut room = open(server.address, "/ws").await;
        room.send(&first.to_string()).await;
        assert_eq!(room.refused_with().await, 4001, "{first}");
    }
    let mut in_the_path = open(server.address, &format!("/ws?token={}", foreign_token("anna"))).await;
    in_the_path.send(r#"{"type":"hello"}"#).await;
    assert_eq!(in_the_path.refused_with().await, 4001, "a token in the path counts nothing here");
}

#[tokio::test]
async fn a_token_in_the_query_lets_in_where_that_is_configured() {
    let server = TestServer::provisioning_with(|config| config.auth.token_in_query = true).await;
    let anna = server.person("anna").await;
    let mut device = Device::over(open(server.address, &format!("/ws?token={}", anna.token)).await);
    assert_eq!(device.greet(json!({})).await["user"]["id"], anna.id);
    assert_eq!(open(server.address, "/ws?token=nonsense").await.refused_with().await, 4001);
}

#[tokio::test]
async fn a_first_frame_that_can_not_be_understood_is_explained_and_no_fault_of_the_token() {
    let server = TestServer::provisioning().await;
    let token = foreign_token("anna");
    for (first, code, close) in [
        (json!({"type": "hello", "token": token, "cursors": {"1": "41.k3v9x2ab!"}}), "invalid_frame", 1002),
        (json!({"type": "hello", "token": token, "cursors": {"one": "0"}}), "invalid_frame", 1002),
        (json!({"type": "hello", "token": token, "device_id": "x".repeat(4096)}), "too_large", 1009),
        (json!({"type": "send", "conversation_id": 1, "content": "Hello"}), "invalid_frame", 1002),
        (json!({"content": "Hello"}), "invalid_frame", 1002),
        (json!({"type": "greet"}), "unknown_type", 1002),
        (json!("hello"), "invalid_frame", 1002),
    ] {
        let mut room = open(server.address, "/ws").await;
        let text = first.to_string();
        room.send(&text).await;
        assert_eq!(room.error_code().await, code, "{text:.60}");
        assert_eq!(room.refused_with().await, close, "{text:.60}");
    }
    let mut named = open(server.address, "/ws").await;
    named.send(&json!({"type": "hello", "ref": "h", "token": token, "cursors": {"1": 41}}).to_string()).await;
    assert_eq!(named.frame().await["ref"], "h");
    let mut bytes = open(server.address, "/ws").await;
    bytes.send_message(tokio_tungstenite::tungstenite::Message::binary(vec![1])).await;
    assert_eq!(bytes.refused_with().await, 1003);
}

#[tokio::test]
async fn who_says_nothing_is_closed_after_5_seconds() {
    let server = TestServer::provisioning().await;
    let begun = Instant::now();
    let ticket = server.person("anna").await.post("/auth/ticket", &Value::Null).await;
    let known = format!("/ws?ticket={}", ticket.body["ticket"].as_str().unwrap());
    let (mut stranger, mut known) = (open(server.address, "/ws").await, open(server.address, &known).await);
    assert_eq!(stranger.refused_with().await, 4001, "no token");
    assert_eq!(known.refused_with().await, 4009, "only slow");
    assert!(begun.elapsed() > Duration::from_secs(4), "{:?}", begun.elapsed());
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_disabled_account_is_closed_with_4000() {
    let server = TestServer::demo().await;
    let bob = server.sign_in("bob").await;
    server.beside(|accounts| accounts.set_active("bob", false).unwrap()).await;
    let mut room = open(server.address, "/ws").await;
    room.send(&json!({"type": "hello", "token": bob.token}).to_string()).await;
    assert_eq!(room.refused_with().await, 4000);
}

#[tokio::test]
async fn the_authorization_header_lets_in_on_both_sockets_and_counts_first() {
    let server = TestServer::provisioning().await;
    let anna = server.person("anna").await;
    let conversation = anna.group("Native", &[]).await;
    let with_header = |path: &str, value: String| {
        let mut request = request(server.address, path);
        request.headers_mut().insert("authorization", value.parse().unwrap());
        request
    };
    let enter = async |path: &str, value: String| {
        Room::over(TcpStream::connect(server.address).await.unwrap(), with_header(path, value)).await
    };
    for scheme in ["Bearer", "bearer"] {
        let mut device = Device::over(enter("/ws", format!("{scheme} {}", anna.token)).await);
        assert_eq!(device.greet(json!({})).await["user"]["id"], anna.id);
    }
    for level in ["", "?v=1", "?token=nonsense"] {
        let path = format!("/conversations/{conversation}/ws{level}");
        let mut room = enter(&path, format!("Bearer {}", anna.token)).await;
        assert_eq!(room.frame().await["type"], "connection", "{path}");
    }
    assert_eq!(enter("/ws", "Bearer nonsense".to_owned()).await.refused_with().await, 4001);
    let path = anna.room_path(conversation);
    assert_eq!(enter(&path, "Bearer nonsense".to_owned()).await.refused_with().await, 4001);
    let mut room = enter(&path, "Basic YTpi".to_owned()).await;
    assert_eq!(room.frame().await["type"], "connection", "a proxy's own credentials are none of ours");
}

#[tokio::test]
async fn versions_that_are_not_spoken_are_refused_and_not_taken_for_another() {
    let server = TestServer::provisioning().await;
    let anna = server.person("anna").await;
    let conversation = anna.group("Versions", &[]).await;
    for path in ["/ws".to_owned(), anna.room_path(conversation)] {
        for (offer, is_spoken) in [
            ("chinwag.v2", false),
            ("chinwag.v2, bearer.x", false),
            ("chinwag.v11", false),
            ("chinwag.v2, chinwag.v1", true),
            ("chinwag.v1", true),
        ] {
            let mut request = request(server.address, &path);
            request.headers_mut().insert("sec-websocket-protocol", offer.parse().unwrap());
            if !is_spoken {
                let (status, body) = refusal_of(request).await;
                assert_eq!(status, 400, "{path} {offer}");
                assert!(body["detail"].as_str().unwrap().contains("chinwag.v1"), "{body}");
            } else if path == "/ws" {
                let stream = TcpStream::connect(server.address).await.unwrap();
                let (_, response) = soon("the handshake", client_async(request, stream)).await.unwrap();
                assert_eq!(response.headers()["sec-websocket-protocol"], "chinwag.v1", "{offer}");
            }
        }
    }
    for level in ["2", "10", "x"] {
        let path = format!("{}&v={level}", anna.room_path(conversation));
        assert_eq!(refusal_of(request(server.address, &path)).await.0, 400, "{level}");
    }
}

#[tokio::test]
async fn the_reason_of_a_close_says_what_is_wrong_with_the_first_frame() {
    let server = TestServer::provisioning().await;
    let token = foreign_token("anna");
    for (first, expected) in [
        (json!({"type": "send", "content": "Hello", "conversation_id": 1}), "the first frame must be hello"),
        (json!({"type": "hello", "token": token, "cursors": {"1": "none"}}), "cursor"),
        (json!({"type": "hello", "token": token, "x": "y".repeat(4096)}), "4 KiB"),
    ] {
        let mut room = open(server.address, "/ws").await;
        room.send(&first.to_string()).await;
        let error = room.frame().await;
        let close = soon("a close", room.socket.next()).await.unwrap().unwrap();
        let tokio_tungstenite::tungstenite::Message::Close(Some(close)) = close else { panic!("{close:?}") };
        assert!(close.reason.contains(expected), "{}", close.reason);
        assert_eq!(error["message"], close.reason.as_str());
    }
}
