//! The answers of push services, and what happens to a notification then.

use std::time::Duration;

use serde_json::json;

use super::{Scene, may_call};
use crate::harness::{Answer, Browser, Receiver, TestServer, soon};

#[tokio::test]
async fn a_device_that_its_service_does_not_know_is_forgotten() {
    for status in [404, 410] {
        let mut scene = Scene::new().await;
        scene.receiver.will("/ben", [Answer::Status(status)]);
        scene.anna.say(scene.group, "hello").await;
        scene.told().await;
        scene.outcome_reaches("gone", 1).await;
        assert_eq!(scene.devices().await, 0, "{status}");
        // From the worker's next look on.
        soon("no job", async { while scene.server.metric("chinwag_push_jobs").await > 0 {} }).await;
    }
}

#[tokio::test]
async fn a_service_is_left_alone_for_as_long_as_it_asks() {
    for status in [429, 503] {
        let mut scene = Scene::new().await;
        scene.receiver.will("/ben", [Answer::With(status, "Retry-After: 1".into())]);
        scene.anna.say(scene.group, "hello").await;
        let first = scene.receiver.call().await;
        let second = scene.receiver.call().await;
        let waited = second.at - first.at;
        assert!(waited >= Duration::from_millis(990), "{status}: {waited:?}");
        assert_eq!(scene.browser.read(&second), scene.browser.read(&first));
        scene.outcome_reaches("sent", 1).await;
    }
}

#[tokio::test]
async fn a_service_that_fails_is_tried_again_until_it_works() {
    let mut scene = Scene::new().await;
    // More failures than open its breaker.
    scene.receiver.will("/ben", vec![Answer::Status(500); 8]);
    scene.anna.say(scene.group, "hello").await;
    for _ in 0..9 {
        assert_eq!(scene.told().await["body"], "hello");
    }
    scene.outcome_reaches("sent", 1).await;
    assert_eq!(scene.outcome("failed").await, 8);
}

#[tokio::test]
async fn what_is_refused_for_good_is_not_tried_again() {
    let mut scene = Scene::new().await;
    for status in [400, 403, 413, 301] {
        scene.receiver.will("/ben", [Answer::Status(status)]);
        scene.anna.say(scene.group, &format!("answered {status}")).await;
        assert_eq!(scene.told().await["body"], format!("answered {status}"));
    }
    scene.outcome_reaches("refused", 4).await;
    assert_eq!(scene.devices().await, 1);
    scene.anna.say(scene.group, "and now").await;
    assert_eq!(scene.told().await["body"], "and now");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let mut scene = Scene::new().await;
    let elsewhere = format!("location: https://localhost:{}/elsewhere", scene.receiver.port);
    for status in [301, 302, 307, 308] {
        scene.receiver.will("/ben", [Answer::With(status, elsewhere.clone())]);
        scene.anna.say(scene.group, "hello").await;
        assert_eq!(scene.receiver.call().await.path, "/ben");
    }
    scene.outcome_reaches("refused", 4).await;
    assert!(scene.receiver.rest().is_empty());
}

#[tokio::test]
async fn answers_without_end_are_cut_off() {
    let mut scene = Scene::with(|config| config.outbound.timeout = Duration::from_millis(1500)).await;
    // The status was a success, so it is sent, whatever follows.
    for (count, answer) in [(1, Answer::Flood), (2, Answer::DripBody)] {
        scene.receiver.will("/ben", [answer]);
        scene.anna.say(scene.group, "hello").await;
        scene.told().await;
        scene.outcome_reaches("sent", count).await;
    }
    assert_eq!(scene.outcome("failed").await, 0);
    for (place, answer) in [Answer::FloodOfHeaders, Answer::Drip, Answer::Silence].into_iter().enumerate() {
        scene.receiver.will("/ben", [answer.clone()]);
        scene.anna.say(scene.group, "hello").await;
        let (first, second) = (scene.receiver.call().await, scene.receiver.call().await);
        assert_eq!(first.path, second.path, "{answer:?} is tried again");
        scene.outcome_reaches("sent", place as u64 + 3).await;
        assert_eq!(scene.outcome("failed").await, place as u64 + 1, "{answer:?}");
    }
}

#[tokio::test]
async fn a_hanging_service_delays_no_message_and_no_other_service() {
    let mut scene = Scene::with(|config| {
        config.outbound.allowed.push("127.0.0.1".parse().unwrap());
        config.outbound.timeout = Duration::from_secs(600);
    })
    .await;
    let others = ["carl", "dora", "emil", "fay", "gus", "hal"];
    for name in others {
        let person = scene.server.person(name).await;
        Browser::new(scene.receiver.url(&format!("/{name}"))).subscribe(&person).await;
        scene.receiver.will(&format!("/{name}"), [Answer::Silence]);
        scene
            .anna
            .post(&format!("/conversations/{}/participants", scene.group), &json!({"user_id": person.id}))
            .await;
    }
    scene.receiver.will("/ben", [Answer::Silence]);
    // Another service, by its host.
    let ida = scene.server.person("ida").await;
    let browser = Browser::new(format!("https://127.0.0.1:{}/ida", scene.receiver.port));
    browser.subscribe(&ida).await;
    let direct = scene.anna.group("Ida", &[&ida]).await;
    scene.anna.say(scene.group, "hangs").await;
    for _ in 0..4 {
        assert_ne!(scene.receiver.call().await.path, "/ida", "four at once at one host");
    }
    for place in 0..20 {
        let text = format!("message {place}");
        soon("an answer", scene.anna.say(direct, &text)).await;
        let call = loop {
            let call = scene.receiver.call().await;
            assert_eq!(call.path, "/ida", "a fifth at the host that hangs");
            if browser.read(&call)["body"] == text {
                break call;
            }
        };
        assert_eq!(call.path, "/ida");
    }
}

#[tokio::test]
async fn jobs_outlive_a_restart() {
    let mut scene = Scene::new().await;
    // So long that only the next server can retry.
    scene.receiver.will("/ben", [Answer::With(503, "retry-after: 2".into())]);
    scene.anna.say(scene.group, "not lost").await;
    scene.told().await;
    scene.outcome_reaches("failed", 1).await;
    let _server = scene.server.restart().await;
    let call = scene.receiver.call().await;
    assert_eq!(scene.browser.read(&call)["body"], "not lost");
}

#[tokio::test]
async fn a_unified_push_endpoint_works_as_well() {
    // As its distributors make them: a server of one's own, a port, a query, and 200 or 202 as the answer.
    let mut receiver = Receiver::start().await;
    let server = TestServer::provisioning_with(may_call(&receiver)).await;
    let (anna, ben) = (server.person("anna").await, server.person("ben").await);
    let group = anna.group("Tea", &[&ben]).await;
    let browser = Browser::new(receiver.url("/upQr4Ztb9yVxkg?up=1"));
    browser.subscribe(&ben).await;
    for (count, status) in [(1, 200), (2, 202)] {
        receiver.will("/upQr4Ztb9yVxkg?up=1", [Answer::Status(status)]);
        anna.say(group, "to a phone").await;
        let call = receiver.call().await;
        assert_eq!(call.path, "/upQr4Ztb9yVxkg?up=1");
        assert_eq!(browser.read(&call)["body"], "to a phone");
        server.metric_reaches("chinwag_push_calls_total{outcome=\"sent\"}", count).await;
    }
}
