//! Events of a kind that this release does not know: a later release wrote them before a downgrade.

use serde_json::{Value, json};

use crate::harness::{Browser, Person, Receiver, TestServer, open, reply, soon};
use crate::push::may_call;

/// A group with a message, an event of an unknown kind, and a message from after the downgrade.
struct Scene {
    receiver: Receiver,
    _server: TestServer,
    anna: Person,
    ben: Person,
    group: i64,
}

const STAMP: &str = "zzzzzzzz";

impl Scene {
    /// A webhook and a device of ben's follow the log from its beginning.
    async fn new() -> Self {
        let receiver = Receiver::start().await;
        let server = TestServer::demo_with(may_call(&receiver)).await;
        let (anna, ben) = (server.sign_in("testuser").await, server.sign_in("testuser2").await);
        let admin = server.sign_in("admin").await;
        let group = anna.group("Tea", &[&ben]).await;
        anna.say(group, "before").await;
        let hook = json!({"url": receiver.url("/hook")});
        assert_eq!(admin.post("/webhooks", &hook).await.status, 201);
        let browser = Browser::new(receiver.url("/ben"));
        assert_eq!(ben.post("/push/subscriptions", &browser.subscription()).await.status, 201);

        let stopped = server.stop().await;
        let insert = format!(
            "INSERT INTO events (id, conversation_id, seq, stamp, ts, actor_id, kind, content, version, detail) \
             SELECT id + 1, conversation_id, seq + 1, '{STAMP}', ts + 1, actor_id, 'poll_opened', 'Lunch?', 1, \
                    '{{\"options\":[1]}}' \
             FROM events WHERE conversation_id = {group}"
        );
        assert_eq!(stopped.execute(&insert).await, 1);

        let server = stopped.start().await;
        let (anna, ben) = (server.sign_in("testuser").await, server.sign_in("testuser2").await);
        anna.say(group, "behind").await;
        Self { receiver, _server: server, anna, ben, group }
    }

    /// The event as everybody sees it: its place in the log, without its content.
    fn assert_is_unknown(&self, event: &Value) {
        let expected = json!({
            "type": "unknown", "conversation_id": self.group, "seq": 2, "stamp": STAMP,
            "ts": event["ts"], "actor_id": self.anna.id,
        });
        assert_eq!(event, &expected);
    }

    /// Three events without a hole, the second of them unknown.
    fn assert_is_whole(&self, events: &[Value]) {
        assert_eq!(events.iter().map(|event| &event["seq"]).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!((&events[0]["content"], &events[2]["content"]), (&json!("before"), &json!("behind")));
        self.assert_is_unknown(&events[1]);
    }
}

#[tokio::test]
async fn whoever_resumes_gets_its_place_and_sees_no_gap() {
    let scene = Scene::new().await;
    let path = format!("{}&v=1", scene.ben.room_path(scene.group));
    let mut room = open(scene.ben.address, &format!("{path}&after=0")).await;
    let mut events = Vec::new();
    loop {
        let frame = room.frame().await;
        match frame["type"].as_str().unwrap() {
            "replay" => events.extend(frame["events"].as_array().unwrap().iter().cloned()),
            "caught_up" => break,
            _ => {}
        }
    }
    scene.assert_is_whole(&events);

    let mut room = open(scene.ben.address, &format!("{path}&after=2.{STAMP}")).await;
    let replay = loop {
        let frame = room.frame().await;
        assert_ne!(frame["type"], "gap");
        if frame["type"] == "replay" {
            break frame;
        }
    };
    assert_eq!(replay["events"][0]["seq"], 3, "its cursor is one like any other");
}

#[tokio::test]
async fn the_log_over_http_goes_on_behind_it() {
    let scene = Scene::new().await;
    let path = format!("/conversations/{}/events", scene.group);
    let page = scene.ben.get(&path).await;
    assert_eq!(page.status, 200, "{:?}", page.body);
    scene.assert_is_whole(page.body["events"].as_array().unwrap());
    let some = scene.ben.get(&format!("{path}?types=message,pinned")).await;
    assert_eq!(some.body["events"].as_array().map(Vec::len), Some(2));
    assert_eq!(scene.ben.get(&format!("{path}?types=unknown")).await.status, 422, "nobody can ask for it");

    let stream = scene.ben.request("GET", &path).header("accept", "text/event-stream").send();
    let mut stream = soon("a stream", stream).await.unwrap();
    let mut text = String::new();
    while text.matches("\n\n").count() < 3 {
        text.push_str(std::str::from_utf8(&soon("more", stream.chunk()).await.unwrap().unwrap()).unwrap());
    }
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    let events: Vec<Value> = data.map(|line| serde_json::from_str(line).unwrap()).collect();
    scene.assert_is_whole(&events);
    assert!(text.contains(&format!("id: 2.{STAMP}\n")), "{text}");
}

#[tokio::test]
async fn history_search_and_counts_have_the_messages_around_it() {
    let scene = Scene::new().await;
    let history = scene.ben.history(scene.group, "").await;
    let texts: Vec<&str> = history.iter().map(|message| message["content"].as_str().unwrap()).collect();
    assert_eq!(texts, ["before", "behind"]);
    for (query, expected) in [("behind", 1), ("before", 1), ("Lunch", 0)] {
        let found = scene.ben.get(&format!("/search?q={query}")).await;
        assert_eq!(
            found.body["results"].as_array().map(Vec::len),
            Some(expected),
            "{query}: {:?}",
            found.body
        );
    }
    let state = scene.ben.get("/conversations").await.body;
    let state = state.as_array().unwrap().iter().find(|state| state["id"] == scene.group).unwrap();
    assert_eq!((&state["unread"], &state["last_message"]["content"]), (&json!(2), &json!("behind")));
}

#[tokio::test]
async fn webhooks_and_devices_are_told_of_what_follows_it() {
    let mut scene = Scene::new().await;
    let (mut told, mut is_notified) = (Vec::new(), false);
    while told.len() < 2 || !is_notified {
        let call = scene.receiver.call().await;
        match call.path.as_str() {
            "/hook" => told.push(serde_json::from_slice::<Value>(&call.body).unwrap()),
            _ => is_notified = true,
        }
    }
    scene.assert_is_unknown(&told[0]);
    assert_eq!(told[1]["content"], "behind");
}

#[tokio::test]
async fn changes_go_on_behind_it() {
    let scene = Scene::new().await;
    let behind = scene.anna.history(scene.group, "").await.pop().unwrap();
    let path = format!("/conversations/{}/messages/{}", scene.group, behind["id"]);
    let edited = reply(scene.anna.request("PATCH", &path).json(&json!({"content": "again"}))).await;
    assert_eq!(edited.status, 200, "{:?}", edited.body);
    assert_eq!(scene.anna.delete(&path).await.status, 204);
}
