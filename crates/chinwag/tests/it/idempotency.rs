//! The same `client_id` gives the first result: over both transports, after refusals, after a restart.

use std::time::Duration;

use chinwag::Rate;
use serde_json::{Value, json};

use crate::harness::{Person, Reply, TestServer, reply};

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

/// A request that makes something, with a key.
async fn make(person: &Person, path: &str, key: &str, body: &Value) -> Reply {
    reply(person.request("POST", path).header("idempotency-key", key).json(body)).await
}

#[tokio::test]
async fn whatever_is_made_with_a_key_is_made_once() {
    let server = TestServer::demo().await;
    let (user, admin) = (server.sign_in("testuser").await, server.sign_in("admin").await);
    let own = user.group("Own", &[]).await;
    let device = json!({
        "endpoint": "https://push.example.net/send/1",
        "keys": {
            "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
            "auth": "BTBZMqHH6r4Tts7J_aSIgg",
        },
    });
    let mut other_device = device.clone();
    other_device["content"] = json!("none");
    for (person, path, body, other) in [
        (
            &user,
            "/conversations".to_owned(),
            json!({"title": "Once", "participant_ids": [3]}),
            json!({"title": "Other"}),
        ),
        (&user, format!("/conversations/{own}/participants"), json!({"user_id": 3}), json!({"user_id": 4})),
        (&user, "/push/subscriptions".to_owned(), device, other_device),
        (
            &admin,
            "/webhooks".to_owned(),
            json!({"url": "https://app.example.net/hook"}),
            json!({"url": "https://app.example.net/other"}),
        ),
    ] {
        let key = format!("key of {path}");
        let first = make(person, &path, &key, &body).await;
        assert_eq!(first.status, 201, "{path}: {:?}", first.body);
        let again = make(person, &path, &key, &body).await;
        assert_eq!((again.status, &again.body), (201, &first.body), "{path}");
        let mismatch = make(person, &path, &key, &other).await;
        assert_eq!(mismatch.status, 409, "{path}: {:?}", mismatch.body);
        for key in ["", &"k".repeat(129)] {
            let refused = make(person, &path, key, &body).await;
            assert_eq!(refused.body["detail"][0]["loc"], json!(["header", "Idempotency-Key"]), "{path}");
        }
    }
    let listed = user.get("/conversations").await.body;
    assert_eq!(listed.as_array().unwrap().iter().filter(|one| one["title"] == "Once").count(), 1);
    let mismatch = make(&admin, "/conversations", "key of /webhooks", &json!({"title": "Once"})).await;
    assert_eq!(mismatch.status, 409, "the administrator's webhook has this key");
}

#[tokio::test]
async fn a_key_holds_over_a_restart_and_at_the_same_time() {
    let server = TestServer::provisioning().await;
    let anna = server.person("anna").await;
    let body = json!({"title": "Once"});
    let posts: Vec<_> = (0..8)
        .map(|_| {
            let (anna, body) = (anna.clone(), body.clone());
            tokio::spawn(
                async move { make(&anna, "/conversations", "key-1", &body).await.body["id"].clone() },
            )
        })
        .collect();
    let mut ids = Vec::new();
    for post in posts {
        ids.push(post.await.unwrap());
    }
    assert!(ids.iter().all(|id| *id == ids[0] && id.is_i64()), "{ids:?}");
    let server = server.restart().await;
    let anna = server.person("anna").await;
    assert_eq!(make(&anna, "/conversations", "key-1", &body).await.body["id"], ids[0]);
}

#[tokio::test]
async fn a_file_with_a_key_is_stored_once() {
    let server = TestServer::provisioning().await;
    let anna = server.person("anna").await;
    let post = async |key: &str, text: &str| {
        let body = format!(
            "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\n{text}\r\n--b--\r\n"
        );
        let request = anna.request("POST", "/files").header("idempotency-key", key.to_owned());
        reply(request.header("content-type", "multipart/form-data; boundary=b").body(body)).await
    };
    let first = post("key-1", "some text").await;
    assert_eq!(first.status, 201, "{:?}", first.body);
    let again = post("key-1", "some text").await;
    assert_eq!((again.status, &again.body), (201, &first.body));
    assert_eq!(post("key-1", "other text").await.status, 409);
    assert_ne!(post("key-2", "some text").await.body["id"], first.body["id"]);
}

#[tokio::test]
async fn fields_that_a_route_does_not_know_are_named() {
    let server = TestServer::demo().await;
    let user = server.sign_in("testuser").await;
    for (path, body, expected) in [
        (
            "/conversations",
            json!({"title": "Typo", "particpant_ids": [2], "x": {"y": 1}}),
            "particpant_ids, x",
        ),
        ("/conversations/1/messages", json!({"content": "a", "client_ID": "b"}), "client_ID"),
        ("/conversations/1/read", json!({"seq": 1, "a b,c": true}), "a+b%2Cc"),
        ("/conversations/1/messages", json!({"content": "a"}), ""),
    ] {
        let answer = user.post(path, &body).await;
        assert!(answer.status < 300, "{:?}", answer.body);
        assert_eq!(answer.header("ignored-fields"), expected, "{path}");
    }
    let refused = user.post("/conversations", &json!({"titel": "Typo"})).await;
    assert_eq!((refused.status, refused.header("ignored-fields")), (422, "titel"));
    let setup = json!({
        "token": "t", "username": "u", "email": "u@example.com", "password": "Password1", "name": "U",
    });
    let setup = reply(server.http.post(server.url("/setup")).json(&setup)).await;
    assert_eq!(setup.header("ignored-fields"), "name");
    let form = [("username", "testuser"), ("password", "TestPassword123"), ("otp", "1")];
    let form = reply(server.http.post(server.url("/auth/token")).form(&form)).await;
    assert_eq!((form.status, form.header("ignored-fields")), (200, "otp"));
}
