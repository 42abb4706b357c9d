//! Webhooks: an application of the tests' own is called with every event, in order, signed.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::harness::{Answer, Call, Person, Receiver, Reply, TestServer, reply};
use crate::push::may_call;

struct Scene {
    receiver: Receiver,
    server: TestServer,
    admin: Person,
    user: Person,
    group: i64,
}

impl Scene {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(configure: impl FnOnce(&mut chinwag::Config)) -> Self {
        let receiver = Receiver::start().await;
        let may_call = may_call(&receiver);
        let server = TestServer::demo_with(|config| {
            may_call(config);
            configure(config);
        })
        .await;
        let (admin, user) = (server.sign_in("admin").await, server.sign_in("testuser").await);
        let group = user.group("Tea", &[]).await;
        Self { receiver, server, admin, user, group }
    }

    async fn hook(&self, path: &str, more: Value) -> Value {
        let mut body = json!({"url": self.receiver.url(path)});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let made = self.admin.post("/webhooks", &body).await;
        assert_eq!(made.status, 201, "{:?}", made.body);
        made.body
    }

    async fn shown(&self) -> Value {
        self.admin.get("/webhooks").await.body[0].clone()
    }

    async fn state_becomes(&self, state: &str) -> Value {
        crate::harness::soon(state, async {
            loop {
                let hook = self.shown().await;
                if hook["state"] == state {
                    return hook;
                }
            }
        })
        .await
    }

    async fn enable(&self, id: &Value, enabled: bool) -> Reply {
        reply(self.admin.request("PATCH", &format!("/webhooks/{id}")).json(&json!({"enabled": enabled})))
            .await
    }

    /// The next call, as JSON.
    async fn told(&mut self) -> Value {
        serde_json::from_slice(&self.receiver.call().await.body).unwrap()
    }
}

/// Checks a call as the Standard Webhooks specification says.
fn is_signed(call: &Call, secret: &str) -> bool {
    let key = BASE64_STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &key);
    let text = String::from_utf8(call.body.clone()).unwrap();
    let signed = format!("{}.{}.{text}", call.header("webhook-id"), call.header("webhook-timestamp"));
    let signature = BASE64_STANDARD.decode(call.header("webhook-signature").strip_prefix("v1,").unwrap());
    aws_lc_rs::hmac::verify(&key, signed.as_bytes(), &signature.unwrap()).is_ok()
}

#[tokio::test]
async fn an_event_is_posted_as_the_sockets_send_it_and_signed() {
    let mut scene = Scene::new().await;
    let made = scene.hook("/hook", json!({})).await;
    let secret = made["secret"].as_str().unwrap();
    let mut room =
        crate::harness::open(scene.user.address, &format!("{}&v=1", scene.user.room_path(scene.group))).await;
    scene.user.say(scene.group, "hello").await;
    let on_socket = loop {
        let frame = room.frame().await;
        if frame["type"] == "message" {
            break frame;
        }
    };
    let call = scene.receiver.call().await;
    assert_eq!(serde_json::from_slice::<Value>(&call.body).unwrap(), on_socket);
    assert_eq!(call.header("content-type"), "application/json");
    assert!(is_signed(&call, secret));
    assert!(!is_signed(&call, "whsec_AAAA"));
    let age = crate::harness::now() - call.header("webhook-timestamp").parse::<i64>().unwrap();
    assert!((0..60).contains(&age), "{age}");
    let shown = scene.admin.get("/webhooks").await.body;
    assert!(!shown.to_string().contains("secret") && !shown.to_string().contains(secret), "{shown}");
}

#[tokio::test]
async fn every_event_comes_once_in_the_order_of_the_commits() {
    let mut scene = Scene::new().await;
    scene.hook("/hook", json!({})).await;
    // A failure holds up what comes after it.
    scene
        .receiver
        .will("/hook", [Answer::Status(500), Answer::Status(503), Answer::Status(201), Answer::Status(500)]);
    let other = scene.user.group("Coffee", &[]).await;
    let mut ids = Vec::new();
    for place in 0..20 {
        let group = if place % 3 == 0 { other } else { scene.group };
        ids.push(scene.user.say(group, &format!("message {place}")).await["id"].clone());
    }
    let (mut told, mut seen) = (Vec::new(), Vec::new());
    while told.len() < 20 {
        let call = scene.receiver.call().await;
        let id = call.header("webhook-id").to_owned();
        if seen.last() != Some(&id) {
            assert!(!seen.contains(&id), "an earlier one came again");
            seen.push(id);
            told.push(serde_json::from_slice::<Value>(&call.body).unwrap()["id"].clone());
        }
    }
    assert_eq!(told, ids);
    scene.server.metric_reaches("chinwag_webhook_calls_total{webhook=\"1\",outcome=\"delivered\"}", 20).await;
    assert_eq!(scene.server.metric("chinwag_webhook_calls_total{webhook=\"1\",outcome=\"failed\"}").await, 3);
    let hook = scene.shown().await;
    assert_eq!((hook["state"].as_str(), hook["lag"].as_i64()), (Some("active"), Some(0)), "{hook}");
    crate::harness::soon("no lag", async {
        while scene.server.metric("chinwag_webhook_lag_events{webhook=\"1\"}").await > 0 {}
    })
    .await;
}

#[tokio::test]
async fn a_webhook_hears_what_it_asked_for() {
    let mut scene = Scene::new().await;
    let group = scene.group;
    scene.hook("/edits", json!({"conversation_id": group, "events": ["message_edited", "pinned"]})).await;
    let other = scene.user.group("Coffee", &[]).await;
    for conversation in [other, group] {
        let message = scene.user.say(conversation, "helo").await;
        let path = format!("/conversations/{conversation}/messages/{}", message["id"]);
        let edit = scene.user.request("PATCH", &path).json(&json!({"content": "hello"}));
        assert_eq!(reply(edit).await.status, 200);
        assert_eq!(reply(scene.user.request("PUT", &format!("{path}/pin"))).await.status, 200);
    }
    for kind in ["message_edited", "pinned"] {
        let event = scene.told().await;
        assert_eq!((event["type"].as_str(), event["conversation_id"].as_i64()), (Some(kind), Some(group)));
    }
    assert!(scene.receiver.rest().is_empty());
}

#[tokio::test]
async fn a_webhook_goes_elsewhere_and_hears_other_events_when_it_is_changed() {
    let mut scene = Scene::new().await;
    let hook = scene.hook("/old", json!({"events": ["pinned"]})).await;
    let path = format!("/webhooks/{}", hook["id"]);
    let shown = scene.admin.get(&path).await;
    assert_eq!((shown.status, &shown.body), (200, &scene.shown().await));
    assert!(shown.body.get("secret").is_none());
    let change = async |body: &Value| reply(scene.admin.request("PATCH", &path).json(body)).await;
    let moved = change(&json!({"url": scene.receiver.url("/new")})).await;
    assert_eq!((moved.status, moved.body["url"].as_str()), (200, Some(scene.receiver.url("/new").as_str())));
    assert_eq!((&moved.body["events"], &moved.body["state"]), (&json!(["pinned"]), &json!("active")));
    let widened = change(&json!({"events": ["message", "message_edited"]})).await;
    assert_eq!(widened.body["events"], json!(["message", "message_edited"]));
    scene.user.say(scene.group, "first").await;
    let call = scene.receiver.call().await;
    assert_eq!(call.path, "/new");
    assert!(is_signed(&call, hook["secret"].as_str().unwrap()), "the secret stays");
    // Null means all types, and what is absent stays.
    let change = async |body: &Value| reply(scene.admin.request("PATCH", &path).json(body)).await;
    let all = change(&json!({"events": null, "enabled": true})).await;
    assert!(all.body["events"].is_null(), "{:?}", all.body);
    assert_eq!(change(&json!({})).await.body["url"], moved.body["url"]);
    for bad in [
        json!({"url": "http://hooks.example/x"}),
        json!({"url": "https://10.0.0.1/x"}),
        json!({"url": 7}),
        json!({"events": []}),
        json!({"events": ["dance"]}),
    ] {
        assert_eq!(change(&bad).await.status, 422, "{bad}");
    }
    assert_eq!(scene.admin.get(&path).await.body["url"], moved.body["url"]);
}

#[tokio::test]
async fn a_webhook_that_fails_is_called_at_once_at_its_new_address() {
    let mut scene = Scene::with(|config| {
        config.outbound.retry = Duration::from_secs(600);
        config.outbound.retry_max = Duration::from_secs(600);
    })
    .await;
    let hook = scene.hook("/broken", json!({})).await;
    scene.receiver.will("/broken", [Answer::Status(500)]);
    scene.user.say(scene.group, "hello").await;
    assert_eq!(scene.receiver.call().await.path, "/broken");
    scene.state_becomes("failing").await;
    let change = scene.admin.request("PATCH", &format!("/webhooks/{}", hook["id"]));
    let changed = reply(change.json(&json!({"url": scene.receiver.url("/works")}))).await;
    assert_eq!((changed.status, changed.body["state"].as_str()), (200, Some("active")));
    let call = scene.receiver.call().await;
    assert_eq!(call.path, "/works");
}

#[tokio::test]
async fn an_id_of_a_call_names_the_event_and_never_another_one() {
    let mut scene = Scene::new().await;
    scene.hook("/hook", json!({})).await;
    scene.user.say(scene.group, "hello").await;
    let call = scene.receiver.call().await;
    let event: Value = serde_json::from_slice(&call.body).unwrap();
    let id = call.header("webhook-id");
    assert_eq!(id, format!("event-{}-{}", event["id"], event["stamp"].as_str().unwrap()));
}

#[tokio::test]
async fn without_encryption_only_a_server_that_was_named_is_called() {
    let mut scene = Scene::with(|config| {
        config.outbound.allowed = vec!["127.0.0.1".parse().unwrap(), "bot.internal".parse().unwrap()];
        config.outbound.names = chinwag::Names::by(|_| vec![[127, 0, 0, 1].into()]);
    })
    .await;
    for host in ["127.0.0.1", "bot.internal"] {
        let url = scene.receiver.plain_url(host, "/plain");
        let made = scene.admin.post("/webhooks", &json!({"url": url})).await;
        assert_eq!((made.status, &made.body["url"]), (201, &json!(url)), "{:?}", made.body);
        scene.user.say(scene.group, host).await;
        let call = scene.receiver.call().await;
        assert!(is_signed(&call, made.body["secret"].as_str().unwrap()));
        assert_eq!(scene.admin.delete(&format!("/webhooks/{}", made.body["id"])).await.status, 204);
    }
    for host in ["localhost", "other.internal", "8.8.8.8", "127.0.0.2"] {
        let refused =
            scene.admin.post("/webhooks", &json!({"url": scene.receiver.plain_url(host, "/x")})).await;
        assert_eq!(refused.status, 422, "{host}");
    }
}

#[tokio::test]
async fn a_deleted_text_is_posted_to_nobody() {
    let mut scene = Scene::new().await;
    let hook = scene.hook("/hook", json!({})).await;
    assert_eq!(scene.enable(&hook["id"], false).await.body["state"], "disabled");
    let message = scene.user.say(scene.group, "canary").await;
    let path = format!("/conversations/{}/messages/{}", scene.group, message["id"]);
    assert_eq!(scene.user.delete(&path).await.status, 204);
    assert_eq!(scene.enable(&hook["id"], true).await.body["state"], "active");
    let (first, second) = (scene.told().await, scene.told().await);
    assert_eq!((first["type"].as_str(), first["content"].as_str()), (Some("message"), Some("")));
    assert_eq!(second["type"], "message_deleted");
}

#[tokio::test]
async fn a_webhook_that_failed_for_too_long_is_disabled_and_goes_on_where_it_stood() {
    let mut scene = Scene::with(|config| config.outbound.give_up = Duration::from_millis(100)).await;
    let hook = scene.hook("/hook", json!({})).await;
    scene.receiver.will("/hook", vec![Answer::Status(500); 1000]);
    scene.user.say(scene.group, "first").await;
    let disabled = scene.state_becomes("disabled").await;
    assert_eq!(disabled["last_error"], "HTTP 500");
    assert!(disabled["failing_since"].is_string());
    scene.user.say(scene.group, "second").await;
    assert_eq!(scene.shown().await["lag"], 2);
    scene.receiver.rest();
    scene.receiver.forgive("/hook");
    let enabled = scene.enable(&hook["id"], true).await;
    assert_eq!((enabled.status, enabled.body["state"].as_str()), (200, Some("active")));
    assert_eq!(scene.told().await["content"], "first");
    assert_eq!(scene.told().await["content"], "second");
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_disabled_at_once() {
    let scene = Scene::new().await;
    scene.hook("/hook", json!({})).await;
    scene.receiver.will("/hook", [Answer::Status(410)]);
    scene.user.say(scene.group, "hello").await;
    assert_eq!(scene.state_becomes("disabled").await["last_error"], "HTTP 410");
}

#[tokio::test]
async fn a_webhook_goes_on_after_a_restart_without_a_gap() {
    let mut scene = Scene::new().await;
    scene.hook("/hook", json!({})).await;
    scene.user.say(scene.group, "first").await;
    assert_eq!(scene.told().await["content"], "first");
    scene.receiver.will("/hook", [Answer::With(503, "retry-after: 2".into())]);
    scene.user.say(scene.group, "second").await;
    assert_eq!(scene.told().await["content"], "second");
    scene.state_becomes("failing").await;
    scene.user.say(scene.group, "third").await;
    scene.server = scene.server.restart().await;
    assert_eq!(scene.told().await["content"], "second", "not yet taken");
    assert_eq!(scene.told().await["content"], "third");
}

#[tokio::test]
async fn a_receiver_is_left_alone_for_as_long_as_it_asks() {
    let mut scene = Scene::new().await;
    scene.hook("/hook", json!({})).await;
    scene.receiver.will("/hook", [Answer::With(429, "Retry-After: 1".into())]);
    scene.user.say(scene.group, "hello").await;
    let (first, second) = (scene.receiver.call().await, scene.receiver.call().await);
    assert!(second.at - first.at >= Duration::from_millis(990), "{:?}", second.at - first.at);
    assert_eq!(first.header("webhook-id"), second.header("webhook-id"));
}

#[tokio::test]
async fn a_receiver_that_hangs_delays_no_message_and_no_other_webhook() {
    let mut scene = Scene::with(|config| config.outbound.timeout = Duration::from_secs(600)).await;
    scene.hook("/hangs", json!({})).await;
    scene.hook("/works", json!({})).await;
    scene.receiver.will("/hangs", [Answer::Silence]);
    for place in 0..20 {
        scene.user.say(scene.group, &format!("message {place}")).await;
    }
    let mut works = 0;
    while works < 20 {
        works += usize::from(scene.receiver.call().await.path == "/works");
    }
}

#[tokio::test]
async fn webhooks_are_for_administrators_and_call_nobody_inside() {
    let scene = Scene::with(|config| config.outbound.allowed.clear()).await;
    let url = "https://hooks.example/x";
    let body = json!({"url": url});
    assert_eq!(scene.user.post("/webhooks", &body).await.status, 403);
    assert_eq!(scene.user.get("/webhooks").await.status, 403);
    let made = scene.admin.post("/webhooks", &body).await;
    assert_eq!(made.status, 201, "{:?}", made.body);
    let path = format!("/webhooks/{}", made.body["id"]);
    assert_eq!(scene.user.delete(&path).await.status, 403);
    let change = scene.user.request("PATCH", &path).json(&json!({"enabled": false}));
    assert_eq!(reply(change).await.status, 403);
    for bad in [
        json!({"url": "http://hooks.example/x"}),
        json!({"url": format!("https://127.0.0.1:{}/x", scene.receiver.port)}),
        json!({"url": "https://a:b@hooks.example/x"}),
        json!({"url": url, "events": []}),
        json!({"url": url, "events": ["dance"]}),
    ] {
        assert_eq!(scene.admin.post("/webhooks", &bad).await.status, 422, "{bad}");
    }
    assert_eq!(scene.admin.post("/webhooks", &json!({"url": url, "conversation_id": 999})).await.status, 404);
    for _ in 1..32 {
        assert_eq!(scene.admin.post("/webhooks", &body).await.status, 201);
    }
    assert_eq!(scene.admin.post("/webhooks", &body).await.status, 403, "one too many");
    assert_eq!(scene.admin.delete(&path).await.status, 204);
    assert_eq!(scene.admin.delete(&path).await.status, 404);
    assert_eq!(scene.enable(&made.body["id"], true).await.status, 404);
    assert_eq!(scene.admin.get(&path).await.status, 404);
    assert_eq!(scene.user.get(&path).await.status, 403);
}

#[tokio::test]
async fn a_name_of_an_inner_address_is_not_called_by_a_webhook() {
    let mut scene = Scene::with(|config| config.outbound.allowed.clear()).await;
    scene.hook("/inside", json!({})).await;
    scene.user.say(scene.group, "hello").await;
    let failing = scene.state_becomes("failing").await;
    assert_eq!(failing["last_error"], "its address may not be called");
    assert!(scene.receiver.rest().is_empty());
}
