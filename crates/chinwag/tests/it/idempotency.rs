//! The same `client_id` gives the first result: over both transports, after refusals, after a restart.

use std::time::Duration;

use chinwag::Rate;
use serde_json::json;

use crate::harness::{TestServer, reply};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_sends_at_once_over_both_transports_are_one_message() {
    let server = TestServer::provisioning().await;
    let anna = server.person("anna").await;
    let conversation = anna.group("Once", &[]).await;
    let mut watcher = anna.enter(conversation).await;
    let body = json!({"content": "only once", "client_id": "key-1"});
    let mut rooms = [anna.enter(conversation).await, anna.enter(conversation).await];
    let posts: Vec<_> = (0..3)
        .map(|_| {
            let (anna, body) = (anna.clone(), body.clone());
            tokio::spawn(async move { anna.send(conversation, &body).await })
        })
        .collect();
    for room in &mut rooms {
        room.send(&body.to_string()).await;
    }
    let first = watcher.message().await;
    assert_eq!(first["client_id"], "key-1");
    let mut originals = 0;
    for post in posts {
        let answer = post.await.unwrap();
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        for field in ["id", "seq", "stamp", "ts", "created_at"] {
            assert_eq!(answer.body[field], first[field]);
        }
        originals += usize::from(answer.body["duplicate"] == false);
    }
    assert!(originals <= 1, "at most one of them was the first");
    let next = anna.say(conversation, "nothing in between").await;
    for room in &mut rooms {
        // Once as an event, and again as the answer if another was first.
        let mut heard = vec![room.message().await["id"].clone()];
        while heard.last() != Some(&next["id"]) {
            heard.push(room.message().await["id"].clone());
        }
        assert!(
            heard.len() <= 3 && heard[..heard.len() - 1].iter().all(|id| *id == first["id"]),
            "{heard:?}"
        );
    }
    let stored = anna.history(conversation, "").await;
    assert_eq!(stored.iter().filter(|message| message["client_id"] == "key-1").count(), 1);
    let again = anna.send(conversation, &body).await;
    assert_eq!((again.status, &again.body["duplicate"]), (201, &json!(true)));
    assert_eq!(again.body["id"], first["id"]);
}

#[tokio::test]
async fn a_key_belongs_to_one_sender_and_one_content() {
    let server = TestServer::provisioning().await;
    let (anna, ben) = (server.person("anna").await, server.person("ben").await);
    let conversation = anna.group("Keys", &[&ben]).await;
    let other = anna.group("Other", &[]).await;
    let first = anna.send(conversation, &json!({"content": "one", "client_id": "k"})).await;
    assert_eq!((first.status, &first.body["duplicate"]), (201, &json!(false)));
    let of_ben = ben.send(conversation, &json!({"content": "one", "client_id": "k"})).await;
    assert_eq!((of_ben.status, &of_ben.body["duplicate"]), (201, &json!(false)));
    for (place, content) in [(conversation, "two"), (other, "one")] {
        let mismatch = anna.send(place, &json!({"content": content, "client_id": "k"})).await;
        assert_eq!(mismatch.status, 409, "{:?}", mismatch.body);
        assert!(mismatch.body["detail"].is_string());
    }
    let mut room = anna.enter(conversation).await;
    room.send(r#"{"content":"two","client_id":"k"}"#).await;
    let error = room.frame().await;
    assert_eq!((&error["code"], &error["retry"]), (&json!("idempotency_mismatch"), &json!(false)));
    assert_eq!(error["client_id"], "k");
    assert_eq!(anna.history(conversation, "").await.len(), 2);
}

#[tokio::test]
async fn a_key_stands_for_all_that_a_message_says() {
    let server = TestServer::provisioning().await;
    let anna = server.person("anna").await;
    let conversation = anna.group("Keys", &[]).await;
    let id = anna.say(conversation, "asked").await["id"].clone();
    let body = json!({
        "content": "one", "client_id": "k", "reply_to": id, "format": "markdown",
        "meta": {"b": [0.1, 1e300, 2.5e-9], "a": {"nested": null}},
    });
    let first = anna.send(conversation, &body).await;
    assert_eq!((first.status, &first.body["duplicate"]), (201, &json!(false)), "{:?}", first.body);
    let again = anna.send(conversation, &body).await;
    assert_eq!((&again.body["id"], &again.body["duplicate"]), (&first.body["id"], &json!(true)));
    for (field, value) in [
        ("format", json!("plain")),
        ("meta", json!({"b": [0.1, 1e300, 2.5e-9]})),
        ("meta", json!(null)),
        ("reply_to", json!(null)),
    ] {
        let mut other = body.clone();
        other[field] = value;
        assert_eq!(anna.send(conversation, &other).await.status, 409, "{field}");
    }
}

#[tokio::test]
async fn a_repeat_at_level_0_is_echoed_to_its_sender_alone() {
    let server = TestServer::provisioning().await;
    let anna = server.person("anna").await;
    let conversation = anna.group("Echo", &[]).await;
    let mut watcher = anna.enter(conversation).await;
    let text = r#"{"content":"only once","client_id":"k"}"#;
    let mut first = anna.enter(conversation).await;
    first.send(text).await;
    let echo = first.message().await;
    // The client lost the echo with its socket, as far as it knows.
    first.leave().await;
    let mut second = anna.enter(conversation).await;
    second.send(text).await;
    let mut marked = echo.clone();
    marked["duplicate"] = json!(true);
    assert_eq!(second.message().await, marked);
    second.hears_nothing_but_itself().await;
    assert_eq!(watcher.message().await, echo);
    assert_ne!(watcher.message().await["id"], echo["id"]);
}

#[tokio::test]
async fn the_key_may_stand_in_the_header() {
    let server = TestServer::provisioning().await;
    let anna = server.person("anna").await;
    let conversation = anna.group("Header", &[]).await;
    let path = format!("/conversations/{conversation}/messages");
    let send = async |key: &str, body| {
        reply(anna.request("POST", &path).header("Idempotency-Key", key).json(&body)).await
    };
    let first = send("k1", json!({"content": "a"})).await;
    assert_eq!((first.status, &first.body["client_id"]), (201, &json!("k1")));
    let both = send("k1", json!({"content": "a", "client_id": "k1"})).await;
    assert_eq!((both.status, &both.body["duplicate"]), (201, &json!(true)));
    let in_body = anna.send(conversation, &json!({"content": "a", "client_id": "k1"})).await;
    assert_eq!(in_body.body["id"], first.body["id"]);
    assert_eq!(send("k2", json!({"content": "a", "client_id": "k1"})).await.status, 422);
    assert_eq!(send("", json!({"content": "a"})).await.status, 422);
    assert_eq!(send(&"x".repeat(129), json!({"content": "a"})).await.status, 422);
}

#[tokio::test]
async fn a_repeat_is_answered_whatever_limit_would_refuse_it() {
    let server = TestServer::provisioning_with(|config| {
        config.limits.sends = Rate { burst: 2, every: Duration::from_secs(600) };
    })
    .await;
    let anna = server.person("anna").await;
    let conversation = anna.group("Limited", &[]).await;
    let body = json!({"content": "a", "client_id": "k"});
    let first = anna.send(conversation, &body).await;
    assert_eq!(first.status, 201);
    assert_eq!(anna.send(conversation, &json!({"content": "b"})).await.status, 429);
    for _ in 0..5 {
        let again = anna.send(conversation, &body).await;
        assert_eq!((again.status, &again.body["id"]), (201, &first.body["id"]), "{:?}", again.body);
    }
}

#[tokio::test]
async fn a_restart_in_between_changes_nothing() {
    let server = TestServer::demo().await;
    let user = server.sign_in("testuser").await;
    let body = json!({"content": "before the restart", "client_id": "k"});
    let first = user.send(1, &body).await;
    assert_eq!(first.status, 201);
    let server = server.restart().await;
    let user = server.sign_in("testuser").await;
    let again = user.send(1, &body).await;
    assert_eq!((again.status, &again.body["duplicate"]), (201, &json!(true)));
    assert_eq!(again.body["id"], first.body["id"]);
    let other = json!({"content": "other", "client_id": "k"});
    assert_eq!(user.send(1, &other).await.status, 409);
    let next = user.say(1, "after it").await;
    assert_eq!(next["seq"].as_u64().unwrap(), first.body["seq"].as_u64().unwrap() + 1);
    assert_eq!(user.history(1, "").await.len(), 4);
}
