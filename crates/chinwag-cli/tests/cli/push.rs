//! Notifications of a real process that is killed.

#[path = "../../../chinwag/tests/it/harness/browser.rs"]
#[expect(dead_code, reason = "the library's tests use all of it")]
mod browser;
#[path = "../../../chinwag/tests/it/harness/receiver.rs"]
#[expect(dead_code, reason = "the library's tests use all of it")]
mod receiver;

use serde_json::{Value, json};

use self::browser::Browser;
use self::receiver::{Answer, Call, Receiver};
use crate::support::{Sandbox, Server, text};

/// A demo whose user alice has a device, and a user who writes to her.
struct Scene {
    runtime: tokio::runtime::Runtime,
    receiver: Receiver,
    sandbox: Sandbox,
    /// `None` only between two processes.
    server: Option<Server>,
    http: reqwest::Client,
    sender: String,
    browser: Browser,
    group: Value,
}

impl Scene {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let receiver = runtime.block_on(Receiver::start());
        let sandbox = Sandbox::new();
        let server = start(&sandbox, &receiver);
        let token = |name: &str| {
            let (status, body) = server.sign_in(name, "TestPassword123");
            assert_eq!(status, 200);
            body["access_token"].as_str().unwrap().to_owned()
        };
        let (sender, alice) = (token("testuser"), token("alice"));
        let (browser, http) = (Browser::new(receiver.url("/alice")), reqwest::Client::new());
        let mut scene = Self {
            runtime,
            receiver,
            sandbox,
            server: Some(server),
            http,
            sender,
            browser,
            group: Value::Null,
        };
        scene.post(&alice, "/push/subscriptions", &scene.browser.subscription());
        let group = json!({"title": "Tea", "participant_ids": [3]});
        scene.group = scene.post(&scene.sender, "/conversations", &group)["id"].clone();
        scene
    }

    fn post(&self, token: &str, path: &str, body: &Value) -> Value {
        let url = format!("{}{path}", self.server.as_ref().unwrap().url);
        let request = self.http.post(url).bearer_auth(token).json(body);
        self.runtime.block_on(async {
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), 201, "{path}");
            response.json().await.unwrap()
        })
    }

    /// Sends a message; returns its id once it is acknowledged.
    fn say(&self, text: &str) -> Value {
        let path = format!("/conversations/{}/messages", self.group);
        self.post(&self.sender, &path, &json!({"content": text}))["id"].clone()
    }

    /// Waits until the device hears of this message. What was sent before a crash may come again.
    fn is_told(&mut self, id: &Value) {
        while self.browser.read(&self.runtime.block_on(self.receiver.call()))["message_id"] != *id {}
    }

    fn kill_and_start(&mut self) {
        let server = self.server.take().unwrap();
        server.process.signal("KILL");
        server.process.end();
        self.server = Some(start(&self.sandbox, &self.receiver));
    }
}

fn start(sandbox: &Sandbox, receiver: &Receiver) -> Server {
    sandbox.server(&["demo", "--outbound-allow", "localhost", "--outbound-ca", text(&receiver.ca())])
}

#[test]
fn a_message_that_was_acknowledged_right_before_kill_9_is_told() {
    let mut scene = Scene::new();
    for round in 0..5 {
        let id = scene.say(&format!("round {round}"));
        scene.kill_and_start();
        scene.is_told(&id);
    }
}

#[test]
fn a_call_that_was_under_way_at_kill_9_is_made_again() {
    let mut scene = Scene::new();
    scene.receiver.will("/alice", [Answer::Silence]);
    let id = scene.say("hello");
    scene.is_told(&id);
    scene.kill_and_start();
    scene.is_told(&id);
}
