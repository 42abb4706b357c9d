//! Who is notified of a message, and of what.

use serde_json::{Value, json};

use super::{Scene, devices, may_call};
use crate::harness::{Answer, Browser, Call, Hand, Receiver, TestServer, Way, vapid_claims};

#[tokio::test]
async fn somebody_who_is_away_is_told_and_only_their_device_can_read_it() {
    let mut scene = Scene::with(|config| config.push.contact = Some("mailto:ops@example.com".into())).await;
    let message = scene.anna.say(scene.group, "tea is ready").await;
    let call = scene.receiver.call().await;
    let (group, id) = (scene.group, message["id"].as_i64().unwrap());
    let expected = json!({
        "type": "message", "conversation_id": group, "message_id": id, "seq": 1, "title": "Tea",
        "sender_name": "anna", "sender_display_name": "anna", "body": "tea is ready", "unread": 1, "tag": format!("conversation-{group}"),
        "url": format!("/c/{group}?m={id}"),
    });
    assert_eq!(scene.browser.read(&call), expected);
    for name in ["tea is ready", "anna"] {
        assert!(!call.body.windows(name.len()).any(|part| part == name.as_bytes()));
    }
    assert_eq!((call.header("ttl"), call.header("urgency")), ("86400", "normal"));
    let topic = call.header("topic");
    assert!(
        topic.len() == 32
            && topic.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_".contains(letter))
    );
    let key = scene.ben.get("/push/key").await.body["public_key"].as_str().unwrap().to_owned();
    let claims = vapid_claims(&call, &key);
    assert_eq!(claims["aud"], format!("https://localhost:{}", scene.receiver.port));
    assert_eq!(claims["sub"], "mailto:ops@example.com");
    let ahead = claims["exp"].as_i64().unwrap() - crate::harness::now();
    assert!((3600..24 * 3600).contains(&ahead), "{ahead}");
    scene.outcome_reaches("sent", 1).await;
    assert_eq!(scene.outcome("sent").await, 1);
}

/// Another participant who is always notified: by then, everybody else's case is decided.
async fn with_witness(scene: &Scene) {
    let carl = scene.server.person("carl").await;
    let path = format!("/conversations/{}/participants", scene.group);
    assert_eq!(scene.anna.post(&path, &json!({"user_id": carl.id})).await.status, 201);
    Browser::new(scene.receiver.url("/carl")).subscribe(&carl).await;
}

/// Sends, and waits until the witness was notified.
async fn say(scene: &mut Scene, text: &str) -> Vec<Call> {
    scene.anna.say(scene.group, text).await;
    let mut others = Vec::new();
    loop {
        let call = scene.receiver.call().await;
        if call.path == "/carl" {
            return others;
        }
        others.push(call);
    }
}

#[tokio::test]
async fn who_is_here_who_wrote_and_who_wants_no_disturbance_is_not_told() {
    let mut scene = Scene::new().await;
    with_witness(&scene).await;
    // Anna has a device, too, and wrote.
    Browser::new(scene.receiver.url("/anna")).subscribe(&scene.anna).await;
    let mut hand = Hand::new(&scene.ben, scene.group, Way::User).await;
    assert!(say(&mut scene, "ben is here").await.is_empty());
    hand.tell(&json!({"type": "presence", "status": "dnd"})).await;
    assert!(say(&mut scene, "not now").await.is_empty());
    hand.tell(&json!({"type": "presence", "status": "away"})).await;
    let mut told = say(&mut scene, "ben looks away").await;
    while told.is_empty() {
        told.push(scene.receiver.call().await);
    }
    assert_eq!(told.len(), 1);
    assert_eq!(scene.browser.read(&told[0])["body"], "ben looks away");
    hand.tell(&json!({"type": "presence", "status": "dnd"})).await;
    drop(hand);
    crate::harness::soon("ben is gone", gone(&scene)).await;
    assert!(say(&mut scene, "not even when ben is gone").await.is_empty());
    assert!(scene.receiver.rest().is_empty());
}

#[tokio::test]
async fn levels_choose_what_notifies() {
    let mut scene = Scene::new().await;
    with_witness(&scene).await;
    scene.set_level("none").await;
    assert!(say(&mut scene, "@ben never").await.is_empty());
    scene.set_level("mentions").await;
    let state = scene.ben.get(&format!("/conversations/{}", scene.group)).await.body;
    assert_eq!(state["notifications"], "mentions");
    assert_eq!(Hand::ready(&scene.ben).await["conversations"][0]["notifications"], "mentions");
    assert_eq!(scene.ben.get("/conversations/").await.body[0]["notifications"], "mentions");
    assert_eq!(scene.anna.get("/conversations/").await.body[0]["notifications"], "all");
    crate::harness::soon("ben is gone", gone(&scene)).await;
    assert!(say(&mut scene, "not to you").await.is_empty());
    let mut told = say(&mut scene, "to you, @ben").await;
    while told.is_empty() {
        told.push(scene.receiver.call().await);
    }
    assert_eq!(told[0].header("urgency"), "high");
    assert_eq!(scene.browser.read(&told[0])["body"], "to you, @ben");
    assert!(say(&mut scene, "and on").await.is_empty());
}

#[tokio::test]
async fn in_a_direct_conversation_every_message_is_a_mention() {
    let mut scene = Scene::new().await;
    let direct = json!({"participant_id": scene.ben.id});
    let direct = scene.anna.post("/conversations/", &direct).await.body["id"].as_i64().unwrap();
    let path = format!("/conversations/{direct}/notifications");
    let set = scene.ben.request("PUT", &path).json(&json!({"level": "mentions"}));
    assert_eq!(crate::harness::reply(set).await.status, 200);
    let names = json!({"first_name": "Anna", "last_name": "Berg"});
    let renamed = scene.anna.request("PATCH", "/users/me").json(&names);
    assert_eq!(crate::harness::reply(renamed).await.status, 200);
    scene.anna.say(direct, "just us").await;
    let call = scene.receiver.call().await;
    assert_eq!(call.header("urgency"), "high");
    let told = scene.browser.read(&call);
    assert_eq!((told["body"].as_str(), told["title"].as_str()), (Some("just us"), Some("Anna Berg")));
    assert_eq!((&told["sender_name"], &told["sender_display_name"]), (&json!("anna"), &json!("Anna Berg")));
}

/// Waits until no socket of ben's is left.
async fn gone(scene: &Scene) {
    while scene.server.metric("chinwag_websocket_connections").await > 0 {}
}

#[tokio::test]
async fn a_device_may_be_told_without_content() {
    let mut scene = Scene::new().await;
    let mut subscription = scene.browser.subscription();
    subscription["content"] = json!("none");
    let made = scene.ben.post("/push/subscriptions", &subscription).await;
    assert_eq!((made.status, made.body["content"].as_str()), (201, Some("none")));
    let message = scene.anna.say(scene.group, "a secret").await;
    let (group, id) = (scene.group, &message["id"]);
    let expected = json!({
        "type": "message", "conversation_id": group, "message_id": id, "seq": 1, "unread": 1,
        "tag": format!("conversation-{group}"), "url": format!("/c/{group}?m={id}"),
    });
    assert_eq!(scene.told().await, expected);
}

#[tokio::test]
async fn what_piles_up_is_told_once_with_the_newest() {
    let mut scene = Scene::new().await;
    scene.receiver.will("/ben", [Answer::Status(503)]);
    scene.anna.say(scene.group, "first").await;
    assert_eq!(scene.told().await["body"], "first");
    // Everybody uses the device's own service; the job is retried with the newest message by then.
    scene.receiver.will("/ben", vec![Answer::Status(503); 3]);
    for text in ["second", "third", "fourth"] {
        scene.anna.say(scene.group, text).await;
    }
    let last = loop {
        let told = scene.told().await;
        if told["body"] == "fourth" {
            break told;
        }
    };
    assert_eq!(last["unread"], 4);
    scene.outcome_reaches("sent", 1).await;
}

#[tokio::test]
async fn what_was_read_or_deleted_meanwhile_is_not_told() {
    let mut scene = Scene::new().await;
    scene.receiver.will("/ben", [Answer::With(503, "retry-after: 1".into())]);
    let first = scene.anna.say(scene.group, "read meanwhile").await;
    assert_eq!(scene.told().await["body"], "read meanwhile");
    let path = format!("/conversations/{}/read", scene.group);
    assert_eq!(scene.ben.post(&path, &json!({"seq": first["seq"]})).await.status, 200);
    scene.outcome_reaches("outdated", 1).await;

    scene.receiver.will("/ben", [Answer::With(503, "retry-after: 1".into())]);
    let kept = scene.anna.say(scene.group, "a typo").await;
    let told = scene.told().await;
    assert_eq!(told["body"], "a typo");
    let message = |value: &Value| format!("/conversations/{}/messages/{}", scene.group, value["id"]);
    let deleted = scene.anna.say(scene.group, "canary").await;
    assert_eq!(scene.anna.delete(&message(&deleted)).await.status, 204);
    let edit = scene.anna.request("PATCH", &message(&kept)).json(&json!({"content": "no typo"}));
    assert_eq!(crate::harness::reply(edit).await.status, 200);
    let told = scene.told().await;
    assert_eq!((told["body"].as_str(), told["unread"].as_i64()), (Some("no typo"), Some(1)));
    assert!(scene.receiver.rest().is_empty());
}

#[tokio::test]
async fn who_was_removed_is_not_told() {
    let mut scene = Scene::new().await;
    scene.receiver.will("/ben", [Answer::With(503, "retry-after: 1".into())]);
    scene.anna.say(scene.group, "while you are here").await;
    scene.told().await;
    let path = format!("/conversations/{}/participants/{}", scene.group, scene.ben.id);
    assert_eq!(scene.anna.delete(&path).await.status, 204);
    scene.anna.say(scene.group, "after you").await;
    scene.outcome_reaches("outdated", 1).await;
    assert!(scene.receiver.rest().is_empty());
}

#[tokio::test]
async fn a_long_message_is_cut_and_fits() {
    let mut scene = Scene::new().await;
    scene.anna.say(scene.group, &"🫖".repeat(4000)).await;
    let told = scene.told().await;
    assert_eq!(told["body"], format!("{}…", "🫖".repeat(240)));
}

#[tokio::test]
async fn subscriptions_are_listed_changed_and_removed() {
    let scene = Scene::new().await;
    let (first, again) =
        (scene.browser.subscribe(&scene.ben).await, scene.browser.subscribe(&scene.ben).await);
    assert_eq!(first.body, again.body, "the same endpoint is the same device");
    assert_eq!(first.body["endpoint_host"], "localhost");
    assert_eq!(json!(devices(&scene.ben).await), json!([first.body]));
    let path = format!("/push/subscriptions/{}", first.body["id"]);
    assert_eq!(scene.anna.delete(&path).await.status, 404, "of somebody else");
    assert_eq!(scene.ben.delete(&path).await.status, 204);
    assert_eq!(scene.ben.delete(&path).await.status, 404);
    assert_eq!(scene.devices().await, 0);
    // One browser, used by another person now.
    scene.browser.subscribe(&scene.ben).await;
    scene.browser.subscribe(&scene.anna).await;
    assert_eq!((scene.devices().await, devices(&scene.anna).await.len()), (0, 1));
    for place in 0..21 {
        Browser::new(scene.receiver.url(&format!("/{place}"))).subscribe(&scene.ben).await;
    }
    assert_eq!(scene.devices().await, 20, "the oldest went");
}

#[tokio::test]
async fn what_is_no_subscription_is_refused() {
    let scene = Scene::new().await;
    let good = scene.browser.subscription();
    for (pointer, value, field) in [
        ("/endpoint", json!("http://push.example/x"), "endpoint"),
        ("/keys/p256dh", json!("BAAA"), "keys.p256dh"),
        ("/keys/auth", json!("AAAA"), "keys.auth"),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap() = value;
        let refused = scene.ben.post("/push/subscriptions", &bad).await;
        assert_eq!(refused.status, 422, "{bad}");
        assert_eq!(refused.body["detail"][0]["loc"], json!(["body", field]));
    }
    for (field, value) in [("content", json!("some")), ("keys", Value::Null), ("endpoint", json!(5))] {
        let mut bad = good.clone();
        bad[field] = value;
        assert_eq!(scene.ben.post("/push/subscriptions", &bad).await.status, 422, "{bad}");
    }
    let path = format!("/conversations/{}/notifications", scene.group);
    let refused = scene.ben.request("PUT", &path).json(&json!({"level": "some"}));
    assert_eq!(crate::harness::reply(refused).await.status, 422);
}

#[tokio::test]
async fn a_device_ends_with_its_session() {
    let mut receiver = Receiver::start().await;
    let server = TestServer::demo_with(may_call(&receiver)).await;
    let (phone, laptop) = (server.sign_in("alice").await, server.sign_in("alice").await);
    let sender = server.sign_in("testuser").await;
    let group = sender.group("Tea", &[&phone]).await;
    let (old, new) = (Browser::new(receiver.url("/old")), Browser::new(receiver.url("/new")));
    old.subscribe(&phone).await;
    new.subscribe(&laptop).await;
    assert_eq!(phone.post("/auth/logout", &Value::Null).await.status, 204);
    assert_eq!(devices(&laptop).await.len(), 1);
    sender.say(group, "to the laptop only").await;
    let call = receiver.call().await;
    assert_eq!(call.path, "/new");
    assert_eq!(new.read(&call)["body"], "to the laptop only");
    // Disabling the account beside the server ends what is left.
    server.beside(|accounts| accounts.set_active("alice", false).unwrap()).await;
    server.beside(|accounts| accounts.set_active("alice", true).unwrap()).await;
    assert_eq!(devices(&server.sign_in("alice").await).await.len(), 0);
    assert!(receiver.rest().is_empty());
}

#[tokio::test]
async fn the_key_is_made_once_and_only_its_owner_can_read_it() {
    use std::os::unix::fs::PermissionsExt as _;

    let scene = Scene::new().await;
    let key = scene.ben.get("/push/key").await.body;
    assert_eq!(key["public_key"].as_str().unwrap().len(), 87, "65 bytes in base64url");
    // On PostgreSQL it is a row.
    if std::env::var_os("CHINWAG_TEST_STORE").is_none() {
        let file = scene.server.folder_path().join("push.key");
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let server = scene.server.restart().await;
    assert_eq!(server.person("ben").await.get("/push/key").await.body, key);
}

#[tokio::test]
async fn push_can_be_off() {
    let server = TestServer::provisioning_with(|config| config.push.is_enabled = false).await;
    let ben = server.person("ben").await;
    assert_eq!(ben.get("/push/key").await.status, 404);
    let browser = Browser::new("https://push.example/x".to_owned());
    assert_eq!(ben.post("/push/subscriptions", &browser.subscription()).await.status, 404);
    assert_eq!(devices(&ben).await.len(), 0);
    assert!(!server.folder_path().join("push.key").exists());
}
