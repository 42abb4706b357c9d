//! The room socket at level 1: its first frame, its replay, and its answers.

use serde_json::{Value, json};

use crate::harness::{Device, TestServer};

fn cursor(message: &Value) -> String {
    format!("{}.{}", message["seq"], message["stamp"].as_str().unwrap())
}

#[tokio::test]
async fn the_first_frame_has_the_head_and_the_heartbeat() {
    let server = TestServer::demo().await;
    let user = server.sign_in("testuser").await;
    let newest = user.say(1, "newest").await;
    let (mut device, connection) = Device::in_room(&user, 1, "").await;
    assert_eq!(connection["head"], cursor(&newest));
    assert_eq!(connection["heartbeat_ms"], 25_000);
    assert_eq!((&connection["status"], &connection["user_id"]), (&json!("connected"), &json!(user.id)));
    let caught_up = device.next_of("caught_up").await;
    assert_eq!(caught_up, json!({"type": "caught_up", "conversation_id": 1, "seq": newest["seq"]}));
    user.say(1, "live").await;
    assert_eq!(device.next_of("message").await["content"], "live");
}

#[tokio::test]
async fn what_was_missed_comes_first_then_caught_up_then_what_is_live() {
    let server = TestServer::demo().await;
    let user = server.sign_in("testuser").await;
    let had = user.say(1, "had").await;
    let edited = user.say(1, "will be edited").await;
    let path = format!("/conversations/1/messages/{}", edited["id"]);
    crate::harness::reply(user.request("PATCH", &path).json(&json!({"content": "edited"}))).await;
    let (mut device, connection) = Device::in_room(&user, 1, &format!("&after={}", cursor(&had))).await;
    let replay = device.frame().await;
    assert_eq!((&replay["type"], &replay["head"]), (&json!("replay"), &connection["head"]), "{replay}");
    let seqs: Vec<_> = replay["events"].as_array().unwrap().iter().map(|event| &event["seq"]).collect();
    let first = had["seq"].as_i64().unwrap() + 1;
    assert_eq!(seqs, [first, first + 1]);
    assert_eq!(device.frame().await, json!({"type": "caught_up", "conversation_id": 1, "seq": first + 1}));
    let live = user.say(1, "live").await;
    assert_eq!(device.next_of("message").await["seq"], live["seq"]);

    let (mut device, _) = Device::in_room(&user, 1, "&after=0").await;
    let log = user.get("/conversations/1/events?after=0&limit=1000").await.body;
    assert_eq!(device.frame().await["events"], log["events"], "from the start, as the log has it");

    let (mut device, connection) = Device::in_room(&user, 1, &format!("&after={}", cursor(&live))).await;
    let caught_up = device.frame().await;
    assert_eq!(caught_up["type"], "caught_up", "nothing was missed");
    assert!(connection["head"].as_str().unwrap().starts_with(&format!("{}.", caught_up["seq"])));
}

#[tokio::test]
async fn a_cursor_that_is_none_is_refused_and_one_of_another_history_is_a_gap() {
    let server = TestServer::demo().await;
    let user = server.sign_in("testuser").await;
    for after in ["x", "-1", "1", "1.", "1.k3v9x2ab.1", "1.UPPERCAS"] {
        let (mut device, _) = Device::in_room(&user, 1, &format!("&after={after}")).await;
        let error = device.frame().await;
        assert_eq!(
            (&error["type"], &error["code"]),
            (&json!("error"), &json!("invalid_frame")),
            "{after}: {error}"
        );
        assert_eq!(device.frame().await["type"], "caught_up", "{after}");
        let said = user.say(1, after).await;
        assert_eq!(device.next_of("message").await["seq"], said["seq"]);
    }
    for after in ["1.zzzzzzzz", "99999.k3v9x2ab"] {
        let (mut device, connection) = Device::in_room(&user, 1, &format!("&after={after}")).await;
        let gap = device.frame().await;
        let expected =
            json!({"type": "gap", "conversation_id": 1, "head": connection["head"], "reason": "diverged"});
        assert_eq!(gap, expected, "{after}");
        assert_eq!(device.frame().await["type"], "caught_up", "{after}");
        let said = user.say(1, after).await;
        assert_eq!(device.next_of("message").await["seq"], said["seq"]);
    }
}

#[tokio::test]
async fn every_command_is_answered_with_its_ref_and_level_0_beside_it_sees_only_messages() {
    let server = TestServer::demo().await;
    let (user, other) = (server.sign_in("testuser").await, server.sign_in("testuser2").await);
    let mut original = other.enter(1).await;
    let (mut watcher, _) = Device::in_room(&other, 1, "").await;
    watcher.next_of("caught_up").await;
    let (mut device, _) = Device::in_room(&user, 1, "").await;
    let sent = device.does(json!({"type": "send", "content": "Hello", "client_id": "c-1"})).await;
    assert_eq!((&sent["client_id"], &sent["duplicate"]), (&json!("c-1"), &json!(false)));
    assert!(sent["seq"].is_i64() && sent["stamp"].is_string() && sent["ts"].is_i64(), "{sent}");
    let again = device.does(json!({"content": "Hello", "client_id": "c-1"})).await;
    assert_eq!((&again["duplicate"], &again["seq"]), (&json!(true), &sent["seq"]));
    assert_eq!(device.is_refused(json!({"content": "x", "client_id": "c-1"})).await, "idempotency_mismatch");
    let id = sent["message_id"].clone();
    let edited =
        device.does(json!({"type": "edit", "message_id": id, "content": "Hi", "if_version": 1})).await;
    assert_eq!(edited["version"], 2);
    for (command, duplicate) in [
        (json!({"type": "react", "message_id": id, "emoji": "👍", "op": "add"}), json!(false)),
        (json!({"type": "react", "message_id": id, "emoji": "👍", "op": "add"}), json!(true)),
        (json!({"type": "react", "message_id": id, "emoji": "👍", "op": "remove"}), json!(false)),
        (json!({"type": "pin", "message_id": id, "op": "add"}), json!(false)),
        (json!({"type": "pin", "message_id": id, "op": "remove"}), json!(false)),
        (json!({"type": "ack", "seq": 3}), Value::Null),
        (json!({"type": "read", "seq": 3}), Value::Null),
        (json!({"type": "typing", "on": true}), Value::Null),
        (json!({"type": "presence", "status": "away"}), Value::Null),
        (json!({"type": "auth", "token": user.token}), Value::Null),
        (json!({"type": "delete", "message_id": id}), json!(false)),
    ] {
        let answer = device.does(command.clone()).await;
        assert_eq!(answer["duplicate"], duplicate, "{command}: {answer}");
    }
    assert_eq!(device.ask(json!({"type": "ping", "t": 17})).await["type"], "pong");
    for (command, code) in [
        (json!({"type": "send", "content": ""}), "invalid_content"),
        (json!({"type": "edit", "message_id": id, "content": "late"}), "not_found"),
        (json!({"type": "edit", "message_id": 1, "content": "not mine", "if_version": 9}), "conflict"),
        (json!({"type": "delete", "message_id": 99_999}), "not_found"),
        (json!({"type": "react", "message_id": 1, "emoji": "x", "op": "add"}), "invalid_content"),
        (json!({"type": "react", "message_id": 1, "emoji": "👍", "op": "toggle"}), "invalid_frame"),
        (json!({"type": "read"}), "invalid_frame"),
        (json!({"type": "read", "seq": -1}), "invalid_frame"),
        (json!({"type": "subscribe"}), "unknown_type"),
        (json!({"type": "dance"}), "unknown_type"),
    ] {
        assert_eq!(device.is_refused(command.clone()).await, code, "{command}");
    }

    let said = user.say(1, "the end").await;
    let mut kinds = Vec::new();
    loop {
        let frame = watcher.frame().await;
        kinds.push(frame["type"].as_str().unwrap().to_owned());
        if frame["seq"] == said["seq"] {
            break;
        }
    }
    for kind in [
        "message",
        "message_edited",
        "message_deleted",
        "reaction_added",
        "reaction_removed",
        "pinned",
        "unpinned",
        "receipt",
        "typing",
        "presence",
        "user_joined",
    ] {
        assert!(kinds.iter().any(|told| told == kind), "{kind} is not among {kinds:?}");
    }
    let (mut first, mut last) = (original.message().await, original.message().await);
    assert_eq!((first["content"].take(), last["content"].take()), (json!("Hello"), json!("the end")));
}
