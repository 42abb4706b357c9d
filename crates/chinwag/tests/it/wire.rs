//! Each frame and body as clients see it, to the letter.

use std::collections::BTreeMap;

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::harness::TestServer;

/// Replaces what differs from run to run with its name.
fn redacted(mut value: Value) -> Value {
    match &mut value {
        Value::Array(items) => items.iter_mut().for_each(|item| *item = redacted(item.take())),
        Value::Object(fields) => {
            for (name, field) in fields {
                let differs = matches!(
                    name.as_str(),
                    "stamp"
                        | "ts"
                        | "created_at"
                        | "expires_at"
                        | "last_used_at"
                        | "access_token"
                        | "refresh_token"
                        | "user_agent"
                ) || (matches!(name.as_str(), "id" | "version") && field.is_string());
                *field = if differs { json!(format!("[{name}]")) } else { redacted(field.take()) };
            }
        }
        _ => {}
    }
    value
}

/// Every frame of the room socket, by name, as the server really sends it.
pub(crate) async fn frames() -> BTreeMap<&'static str, Value> {
    let server = TestServer::demo().await;
    let (user, other) = (server.sign_in("testuser").await, server.sign_in("testuser2").await);
    let mut room = user.knock(1).await;
    let connection = room.frame().await;
    let visitor = other.enter(1).await;
    let user_joined = room.frame().await;
    visitor.leave().await;
    let user_left = room.frame().await;
    room.send(r#"{"content":"Hello","client_id":"c-1"}"#).await;
    let message = room.frame().await;
    room.send("no json").await;
    let error = room.frame().await;
    BTreeMap::from([
        ("connection", connection),
        ("message", message),
        ("user_joined", user_joined),
        ("user_left", user_left),
        ("error", error),
    ])
}

#[tokio::test]
async fn frames_of_the_room_socket() {
    assert_json_snapshot!(redacted(json!(frames().await)), @r#"
    {
      "connection": {
        "conversation_id": 1,
        "status": "connected",
        "type": "connection",
        "user_id": 1
      },
      "error": {
        "code": "invalid_json",
        "message": "frame is not valid JSON",
        "retry": false,
        "type": "error"
      },
      "message": {
        "actor_id": 1,
        "client_id": "c-1",
        "content": "Hello",
        "conversation_id": 1,
        "created_at": "[created_at]",
        "format": "plain",
        "id": 24,
        "sender_id": 1,
        "sender_name": "testuser",
        "seq": 3,
        "stamp": "[stamp]",
        "ts": "[ts]",
        "type": "message",
        "version": 1
      },
      "user_joined": {
        "type": "user_joined",
        "user_id": 2,
        "username": "testuser2"
      },
      "user_left": {
        "type": "user_left",
        "user_id": 2,
        "username": "testuser2"
      }
    }
    "#);
}

#[tokio::test]
async fn bodies_of_accounts() {
    let server = TestServer::demo().await;
    let user = server.sign_in("testuser").await;
    let bodies = json!({
        "token": server.try_sign_in("alice", "TestPassword123").await.body,
        "me": user.get("/users/me").await.body,
        "sessions": user.get("/auth/sessions").await.body,
        "health": server.health().await,
        "refused": server.try_sign_in("alice", "wrong").await.body,
    });
    assert_json_snapshot!(redacted(bodies), @r#"
    {
      "health": {
        "demo": true,
        "needs_setup": false,
        "password_login": true,
        "rate_limits": true,
        "registration": true,
        "status": "ok",
        "version": "[version]"
      },
      "me": {
        "created_at": "[created_at]",
        "email": "testuser@example.com",
        "first_name": "Test",
        "id": 1,
        "is_active": true,
        "last_name": "User",
        "role": "user",
        "username": "testuser"
      },
      "refused": {
        "code": "unauthenticated",
        "detail": "Incorrect username or password"
      },
      "sessions": [
        {
          "created_at": "[created_at]",
          "current": true,
          "expires_at": "[expires_at]",
          "id": "[id]",
          "last_used_at": "[last_used_at]",
          "user_agent": "[user_agent]"
        }
      ],
      "token": {
        "access_token": "[access_token]",
        "expires_in": 180000,
        "refresh_token": "[refresh_token]",
        "token_type": "bearer",
        "user": {
          "created_at": "[created_at]",
          "email": "alice@example.com",
          "first_name": "Alice",
          "id": 3,
          "is_active": true,
          "last_name": "Example",
          "role": "user",
          "username": "alice"
        }
      }
    }
    "#);
}

#[tokio::test]
async fn bodies_of_conversations() {
    let server = TestServer::demo().await;
    let user = server.sign_in("testuser").await;
    let bodies = json!({
        "group": user.get("/conversations/2").await.body,
        "direct": user.post("/conversations/", &json!({"participant_id": 3})).await.body,
        "participants": user.get("/conversations/2/participants").await.body,
        "history": user.get("/conversations/1/messages?limit=1").await.body,
        "sent": user.send(1, &json!({"content": "Hello", "client_id": "c-1"})).await.body,
        "sent again": user.send(1, &json!({"content": "Hello", "client_id": "c-1"})).await.body,
        "invalid": user.send(1, &json!({"content": ""})).await.body,
        "missing": user.send(1, &json!({})).await.body,
    });
    assert_json_snapshot!(redacted(bodies), @r#"
    {
      "direct": {
        "archived": false,
        "created_at": "[created_at]",
        "id": 5,
        "kind": "direct",
        "notifications": "all",
        "title": "Chat with alice",
        "topic": ""
      },
      "group": {
        "archived": false,
        "created_at": "[created_at]",
        "head": "0",
        "id": 2,
        "kind": "group",
        "last_message": null,
        "mentions": 0,
        "notifications": "all",
        "participants": 3,
        "read_seq": 0,
        "role": "owner",
        "title": "Study Group",
        "topic": "",
        "unread": 0
      },
      "history": [
        {
          "actor_id": 2,
          "content": "Yes, this morning. Your half is 15.",
          "conversation_id": 1,
          "created_at": "[created_at]",
          "format": "plain",
          "id": 2,
          "sender_id": 2,
          "sender_name": "testuser2",
          "seq": 2,
          "stamp": "[stamp]",
          "ts": "[ts]",
          "version": 1
        }
      ],
      "invalid": {
        "code": "invalid_content",
        "detail": [
          {
            "loc": [
              "body",
              "content"
            ],
            "msg": "content is empty",
            "type": "string_too_short"
          }
        ]
      },
      "missing": {
        "code": "invalid_frame",
        "detail": [
          {
            "loc": [
              "body",
              "content"
            ],
            "msg": "Field required",
            "type": "missing"
          }
        ]
      },
      "participants": [
        {
          "delivered_seq": 0,
          "first_name": "Test",
          "id": 1,
          "last_name": "User",
          "read_seq": 0,
          "role": "owner",
          "username": "testuser"
        },
        {
          "delivered_seq": 0,
          "first_name": "Second",
          "id": 2,
          "last_name": "User",
          "read_seq": 0,
          "role": "member",
          "username": "testuser2"
        },
        {
          "delivered_seq": 0,
          "first_name": "Admin",
          "id": 5,
          "last_name": "Example",
          "read_seq": 0,
          "role": "member",
          "username": "admin"
        }
      ],
      "sent": {
        "actor_id": 1,
        "client_id": "c-1",
        "content": "Hello",
        "conversation_id": 1,
        "created_at": "[created_at]",
        "duplicate": false,
        "format": "plain",
        "id": 24,
        "sender_id": 1,
        "sender_name": "testuser",
        "seq": 3,
        "stamp": "[stamp]",
        "ts": "[ts]",
        "version": 1
      },
      "sent again": {
        "actor_id": 1,
        "client_id": "c-1",
        "content": "Hello",
        "conversation_id": 1,
        "created_at": "[created_at]",
        "duplicate": true,
        "format": "plain",
        "id": 24,
        "sender_id": 1,
        "sender_name": "testuser",
        "seq": 3,
        "stamp": "[stamp]",
        "ts": "[ts]",
        "version": 1
      }
    }
    "#);
}

#[tokio::test]
async fn times_are_utc_seconds_for_people_and_milliseconds_for_programs() {
    let server = TestServer::demo().await;
    let user = server.sign_in("testuser").await;
    let message = user.say(1, "now").await;
    let created_at = message["created_at"].as_str().unwrap();
    let ts = chinwag::protocol::Timestamp(message["ts"].as_i64().unwrap());
    assert_eq!(created_at, ts.created_at().to_string());
    assert!((ts.0 - chinwag::protocol::Timestamp::now().0).abs() < 60_000);
    let stamp = message["stamp"].as_str().unwrap();
    assert!(stamp.len() == 8 && stamp.parse::<chinwag::protocol::Stamp>().is_ok(), "{stamp}");
}
