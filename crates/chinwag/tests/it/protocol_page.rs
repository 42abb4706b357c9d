//! docs/protocol.md is a promise: each of its examples is what the server really sends or accepts.
//!
//! An example is a JSON block after a comment that names its kind: `frame`, `body`, `request` or `command`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::files::{picture, upload};
use crate::harness::{TestServer, reply};
use crate::wire::frames;

struct Example {
    kind: String,
    name: String,
    json: Value,
}

/// The page's examples; none without the page, in which case nothing there can be wrong.
fn examples() -> Vec<Example> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/protocol.md");
    let page = std::fs::read_to_string(path).unwrap_or_default();
    let mut examples = Vec::new();
    for part in page.split("<!-- ").skip(1) {
        let (comment, rest) = part.split_once(" -->").expect("the end of the comment");
        let (kind, name) = comment.split_once(": ").expect("kind and name");
        let block = rest.trim_start().strip_prefix("```json").expect("a JSON block behind the comment");
        let (text, _) = block.split_once("```").expect("the end of the block");
        let json = serde_json::from_str(text).unwrap_or_else(|error| panic!("{comment}: {error}"));
        examples.push(Example { kind: kind.to_owned(), name: name.to_owned(), json });
    }
    examples
}

/// The page's example of a request.
fn example(name: &str) -> Value {
    let found = examples().into_iter().find(|example| example.kind == "request" && example.name == name);
    found.expect("an example").json
}

/// The fields and their types, without the values.
fn shape(value: &Value) -> Value {
    match value {
        Value::Null => json!("null"),
        Value::Bool(_) => json!("bool"),
        Value::Number(_) => json!("number"),
        Value::String(_) => json!("string"),
        Value::Array(items) => json!(items.first().map(shape)),
        Value::Object(fields) => {
            let fields: Map<_, _> = fields.iter().map(|(name, field)| (name.clone(), shape(field))).collect();
            Value::Object(fields)
        }
    }
}

#[tokio::test]
async fn frames_are_shown_as_they_are() {
    let examples = examples();
    let frames = frames().await;
    let mut shown = BTreeSet::new();
    for example in examples.iter().filter(|example| example.kind == "frame") {
        let name = example.name.as_str();
        let real = frames.get(name).unwrap_or_else(|| panic!("the server sends no frame {name}"));
        assert_eq!(example.json["type"], name);
        assert_eq!(shape(&example.json), shape(real), "{name}");
        shown.insert(name);
    }
    if !examples.is_empty() {
        assert_eq!(shown, frames.keys().copied().collect(), "every frame has an example");
    }
}

#[tokio::test]
async fn bodies_are_shown_as_they_are() {
    // The webhook leads nowhere, and is shown as it is before its first call.
    let server = TestServer::demo_with(|config| config.outbound.gather = Duration::from_secs(3600)).await;
    let user = server.sign_in("testuser").await;
    let first = |list: Value| list[0].clone();
    let admin = server.sign_in("admin").await;
    let device = example("push_subscription");
    assert_eq!(admin.post("/webhooks", &example("new_webhook")).await.status, 201);
    let real = BTreeMap::from([
        ("token", server.try_sign_in("alice", "TestPassword123").await.body),
        ("user", user.get("/users/me").await.body),
        ("session", first(user.get("/auth/sessions").await.body)),
        ("conversation", user.post("/conversations/", &example("new_conversation")).await.body),
        ("participant", first(user.get("/conversations/1/participants").await.body)),
        ("message", first(user.get("/conversations/1/messages").await.body)),
        ("sent_message", user.say(1, "Hello").await),
        ("push_subscription", user.post("/push/subscriptions", &device).await.body),
        ("webhook", first(admin.get("/webhooks").await.body)),
        ("uploaded_file", upload(&user, "a.png", &picture(8, 8, image::ImageFormat::Png)).await),
        ("health", server.health().await),
        ("detail", server.get("/nothing").await.body),
        ("validation_detail", user.send(1, &json!({})).await.body),
    ]);
    for example in examples().iter().filter(|example| example.kind == "body") {
        let name = example.name.as_str();
        let real = real.get(name).unwrap_or_else(|| panic!("no body {name} is known here"));
        assert_eq!(shape(&example.json), shape(real), "{name}");
    }
}

#[tokio::test]
async fn requests_and_commands_are_taken_as_they_are_shown() {
    let server = TestServer::demo().await;
    let user = server.sign_in("testuser").await;
    let admin = server.sign_in("admin").await;
    let mut room = user.enter(1).await;
    for Example { kind, name, json } in examples() {
        match (kind.as_str(), name.as_str()) {
            ("request", "register") => {
                let made = reply(server.http.post(server.url("/users/register")).json(&json)).await;
                assert_eq!(made.status, 200, "{:?}", made.body);
            }
            ("request", "new_conversation") => {
                let made = user.post("/conversations/", &json).await;
                assert_eq!(made.status, 201, "{json}: {:?}", made.body);
            }
            ("request", "new_message") => {
                let sent = user.send(2, &json).await;
                assert_eq!(sent.status, 201, "{:?}", sent.body);
            }
            ("request", "push_subscription") => {
                let made = user.post("/push/subscriptions", &json).await;
                assert_eq!(made.status, 201, "{:?}", made.body);
            }
            ("request", "new_webhook") => {
                let made = admin.post("/webhooks", &json).await;
                assert_eq!(made.status, 201, "{:?}", made.body);
            }
            ("command", "send") => {
                let mut fresh = json.clone();
                // The page uses one key for all of its examples.
                fresh["client_id"] = json!("of the command");
                room.send(&fresh.to_string()).await;
                assert_eq!(room.message().await["content"], json["content"]);
            }
            ("frame" | "body", _) => {}
            _ => panic!("nobody checks the example {kind}: {name}"),
        }
    }
}
