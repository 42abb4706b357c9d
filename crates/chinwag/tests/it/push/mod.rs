//! Push notifications: the real server calls the tests' own push service over TLS, and the tests' own browser
//! reads the result.

mod attacks;
mod services;
mod told;

use std::time::Duration;

use chinwag::{Config, Outbound};
use serde_json::{Value, json};

use crate::harness::{Browser, Person, Receiver, Reply, TestServer};

/// May call the receiver by its name, and does not wait for long.
pub(crate) fn may_call(receiver: &Receiver) -> impl FnOnce(&mut Config) + use<> {
    let ca = receiver.ca();
    move |config| {
        config.limits.is_enforced = false;
        config.outbound = Outbound {
            allowed: vec!["localhost".parse().unwrap()],
            extra_roots: Some(ca),
            timeout: Duration::from_secs(10),
            gather: Duration::from_millis(1),
            retry: Duration::from_millis(10),
            retry_max: Duration::from_millis(40),
            ..Outbound::default()
        };
    }
}

impl Browser {
    /// Subscribes for somebody, and gives the server's answer.
    pub(crate) async fn subscribe(&self, person: &Person) -> Reply {
        let made = person.post("/push/subscriptions", &self.subscription()).await;
        assert_eq!(made.status, 201, "{:?}", made.body);
        made
    }
}

/// Anna writes, ben is away with one device.
struct Scene {
    receiver: Receiver,
    server: TestServer,
    anna: Person,
    ben: Person,
    browser: Browser,
    group: i64,
}

impl Scene {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(configure: impl FnOnce(&mut Config)) -> Self {
        let receiver = Receiver::start().await;
        let may_call = may_call(&receiver);
        let server = TestServer::provisioning_with(|config| {
            may_call(config);
            configure(config);
        })
        .await;
        let (anna, ben) = (server.person("anna").await, server.person("ben").await);
        let group = anna.group("Tea", &[&ben]).await;
        let browser = Browser::new(receiver.url("/ben"));
        browser.subscribe(&ben).await;
        Self { receiver, server, anna, ben, browser, group }
    }

    /// The next notification of ben's device.
    async fn told(&mut self) -> Value {
        let call = self.receiver.call().await;
        self.browser.read(&call)
    }

    async fn outcome(&self, name: &str) -> u64 {
        self.server.metric(&outcome(name)).await
    }

    async fn outcome_reaches(&self, name: &str, count: u64) {
        self.server.metric_reaches(&outcome(name), count).await;
    }

    async fn devices(&self) -> usize {
        devices(&self.ben).await.len()
    }

    async fn set_level(&self, level: &str) {
        let path = format!("/conversations/{}/notifications", self.group);
        let set = crate::harness::reply(self.ben.request("PUT", &path).json(&json!({"level": level}))).await;
        assert_eq!((set.status, &set.body), (200, &json!({"level": level})));
    }
}

fn outcome(name: &str) -> String {
    format!("chinwag_push_calls_total{{outcome=\"{name}\"}}")
}

async fn devices(person: &Person) -> Vec<Value> {
    let list = person.get("/push/subscriptions").await;
    assert_eq!(list.status, 200, "{:?}", list.body);
    list.body.as_array().unwrap().clone()
}
