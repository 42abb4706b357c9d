//! The room socket: who is let in, who hears what.

use serde_json::json;

use crate::harness::{TestServer, open};

#[tokio::test]
async fn the_first_frame_says_who_is_where() {
    let server = TestServer::demo().await;
    let user = server.sign_in("testuser").await;
    let mut room = user.knock(1).await;
    let first = room.frame().await;
    assert_eq!(
        first,
        json!({"type": "connection", "status": "connected", "conversation_id": 1, "user_id": user.id})
    );
}

#[tokio::test]
async fn a_message_reaches_every_socket_of_every_participant_and_no_other() {
    let server = TestServer::provisioning().await;
    let (anna, ben) = (server.person("anna").await, server.person("ben").await);
    let here = anna.group("Here", &[&ben]).await;
    let elsewhere = anna.group("Elsewhere", &[&ben]).await;
    let mut rooms = vec![anna.enter(here).await, anna.enter(here).await, ben.enter(here).await];
    let mut other_room = ben.enter(elsewhere).await;
    rooms[0].say("over the socket").await;
    for room in &mut rooms {
        let message = room.message().await;
        assert_eq!(message["content"], "over the socket");
        assert_eq!(message["sender_id"], anna.id);
        assert_eq!(message["sender_name"], "anna");
        assert_eq!(message["conversation_id"], here);
        assert_eq!(message["seq"], 1);
    }
    let sent = ben.say(here, "over REST").await;
    for room in &mut rooms {
        let message = room.message().await;
        for field in ["id", "content", "sender_id", "sender_name", "created_at", "seq", "stamp", "ts"] {
            assert_eq!(message[field], sent[field], "{field}");
        }
    }
    other_room.hears_nothing_but_itself().await;
    assert_eq!(anna.history(here, "").await.len(), 2);
}

#[tokio::test]
async fn a_host_application_can_send_too() {
    let server = TestServer::provisioning().await;
    let anna = server.person("anna").await;
    let conversation = anna.group("Host", &[]).await;
    let mut room = anna.enter(conversation).await;
    let actor = chinwag::Actor {
        user_id: chinwag::protocol::UserId(anna.id),
        username: "anna".into(),
        role: chinwag::protocol::rest::UserRole::User,
        session: None,
        expires_at: chinwag::protocol::Timestamp(i64::MAX),
    };
    let send = chinwag::protocol::Send { content: "from the host".to_owned(), ..Default::default() };
    let id = chinwag::protocol::ConversationId(conversation);
    server.server.chat().send(&actor, id, send).await.unwrap();
    assert_eq!(room.message().await["content"], "from the host");
}

#[tokio::test]
async fn coming_and_going_is_told_once_a_user_and_never_to_oneself() {
    let server = TestServer::provisioning().await;
    let (anna, ben) = (server.person("anna").await, server.person("ben").await);
    let conversation = anna.group("Door", &[&ben]).await;
    let mut watcher = anna.enter(conversation).await;

    let first = ben.enter(conversation).await;
    assert_eq!(watcher.frame().await, json!({"type": "user_joined", "user_id": ben.id, "username": "ben"}));
    let mut second = ben.enter(conversation).await;
    let another_of_anna = anna.enter(conversation).await;
    first.leave().await;
    another_of_anna.leave().await;
    watcher.hears_nothing_but_itself().await;

    assert_eq!(second.message().await["seq"], 1, "and nobody told the second socket of its own user");
    second.leave().await;
    assert_eq!(watcher.frame().await, json!({"type": "user_left", "user_id": ben.id, "username": "ben"}));
}

#[tokio::test]
async fn a_socket_that_breaks_off_leaves_too() {
    let server = TestServer::provisioning().await;
    let (anna, ben) = (server.person("anna").await, server.person("ben").await);
    let conversation = anna.group("Door", &[&ben]).await;
    let mut watcher = anna.enter(conversation).await;
    drop(ben.enter(conversation).await);
    assert_eq!(watcher.frame().await["type"], "user_joined");
    assert_eq!(watcher.frame().await["type"], "user_left");
}

#[tokio::test]
async fn who_may_not_enter_is_told_by_a_close_code() {
    let server = TestServer::demo().await;
    let (inside, outside) = (server.sign_in("testuser").await, server.sign_in("alice").await);
    assert_eq!(outside.knock(1).await.refused_with().await, 4003);
    for id in ["999", "abc", "0", "-1", "1180591620717411303424", "1.0", "%31%20"] {
        assert_eq!(inside.knock(id).await.refused_with().await, 4004, "{id}");
    }
    let path = "/conversations/999/ws?token=nonsense";
    assert_eq!(open(server.address, path).await.refused_with().await, 4001, "the token comes first");
}

#[tokio::test]
async fn sockets_of_one_address_are_counted_whoever_they_belong_to() {
    let server = TestServer::provisioning_with(|config| config.limits.sockets_per_address = 3).await;
    let (anna, ben) = (server.person("anna").await, server.person("ben").await);
    let conversation = anna.group("Street", &[&ben]).await;
    let first = anna.enter(conversation).await;
    let rooms = [anna.enter(conversation).await, ben.enter(conversation).await];
    assert_eq!(ben.knock(conversation).await.refused_with().await, 4010);
    first.leave().await;
    crate::harness::soon("a free slot", async {
        let mut room = ben.knock(conversation).await;
        while room.next_is_close().await {
            room = ben.knock(conversation).await;
        }
    })
    .await;
    drop(rooms);
}

#[tokio::test]
async fn behind_a_proxy_sockets_count_for_the_address_that_it_names() {
    let server = TestServer::provisioning_with(|config| {
        config.behind_proxy = true;
        config.limits.sockets_per_address = 1;
    })
    .await;
    let anna = server.person("anna").await;
    let conversation = anna.group("Street", &[]).await;
    let enter = async |address: &str| {
        let mut request = crate::harness::request(server.address, &anna.room_path(conversation));
        request.headers_mut().insert("x-forwarded-for", address.parse().unwrap());
        let stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
        crate::harness::Room::over(stream, request).await
    };
    let mut one = enter("192.0.2.1").await;
    assert_eq!(one.frame().await["type"], "connection");
    assert_eq!(enter("192.0.2.1").await.refused_with().await, 4010);
    assert_eq!(enter("192.0.2.2").await.frame().await["type"], "connection");
}

#[tokio::test]
async fn the_eleventh_socket_of_a_user_is_refused_until_one_goes() {
    let server = TestServer::provisioning().await;
    let (anna, ben) = (server.person("anna").await, server.person("ben").await);
    let conversation = anna.group("Tabs", &[&ben]).await;
    let mut rooms = Vec::new();
    for _ in 0..10 {
        rooms.push(anna.enter(conversation).await);
    }
    assert_eq!(anna.knock(conversation).await.refused_with().await, 4010);
    let mut watcher = ben.enter(conversation).await;
    for room in rooms {
        room.leave().await;
    }
    assert_eq!(watcher.frame().await["type"], "user_left");
    // The place is free a moment after the others have heard of it.
    crate::harness::soon("a free place", async {
        while anna.knock(conversation).await.next_is_close().await {}
    })
    .await;
}

#[tokio::test]
async fn nothing_but_the_frames_of_the_original_is_sent() {
    let server = TestServer::provisioning().await;
    let anna = server.person("anna").await;
    let conversation = anna.group("Original", &[]).await;
    let mut room = anna.enter(conversation).await;
    for frame in [
        r#"{"content":"a","client_id":"c1","ref":"r1"}"#,
        r#"{"content":"a","client_id":"c1","ref":"r2"}"#,
        r#"{"type":"send","content":"b"}"#,
        r#"{"type":"ping","t":1}"#,
        r#"{"content":""}"#,
    ] {
        room.send(frame).await;
    }
    let mut types = Vec::new();
    for _ in 0..5 {
        types.push(room.frame().await["type"].as_str().unwrap().to_owned());
    }
    types.sort_unstable();
    let expected = ["error", "error", "message", "message", "message"];
    assert_eq!(types, expected, "the repeat is echoed again; and no ok, pong or ready");
    room.hears_nothing_but_itself().await;
}

#[tokio::test]
async fn behind_a_proxy_an_address_is_read_in_every_form_and_what_is_none_is_told() {
    let server = TestServer::provisioning_with(|config| {
        config.behind_proxy = true;
        config.limits.sockets_per_address = 1;
    })
    .await;
    let anna = server.person("anna").await;
    let conversation = anna.group("Street", &[]).await;
    let mut rooms = Vec::new();
    for (name, value) in [
        ("x-forwarded-for", "192.0.2.1:40000"),
        ("x-forwarded-for", "[2001:db8:1::1]:443"),
        ("x-forwarded-for", "\"[2001:db8:2::1]\""),
        ("forwarded", "for=192.0.2.2;proto=https"),
        ("forwarded", "for=192.0.2.1, for=\"[2001:db8:3::1]:443\""),
        ("x-forwarded-for", "unknown"),
    ] {
        let mut request = crate::harness::request(server.address, &anna.room_path(conversation));
        request.headers_mut().insert(name, value.parse().unwrap());
        let stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
        let mut room = crate::harness::Room::over(stream, request).await;
        assert_eq!(room.frame().await["type"], "connection", "{value}");
        rooms.push(room);
    }
    let logs = crate::harness::captured_logs();
    assert!(logs.contains("does not end with an address"), "{logs}");
}
