//! Endpoints that try to reach addresses off the public internet.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chinwag::Names;

use super::Scene;
use crate::harness::{Browser, Person, Receiver};

async fn status_of(person: &Person, endpoint: &str) -> u16 {
    let browser = Browser::new(endpoint.to_owned());
    person.post("/push/subscriptions", &browser.subscription()).await.status
}

#[tokio::test]
async fn endpoints_that_may_not_be_called_are_refused_at_once() {
    let scene = Scene::with(|config| config.outbound.allowed.clear()).await;
    let port = scene.receiver.port;
    for endpoint in [
        format!("http://localhost:{port}/x"),
        format!("https://127.0.0.1:{port}/x"),
        format!("https://2130706433:{port}/x"),
        format!("https://0x7f.0.0.1:{port}/x"),
        format!("https://017700000001:{port}/x"),
        format!("https://127.1:{port}/x"),
        format!("https://[::1]:{port}/x"),
        format!("https://[::ffff:127.0.0.1]:{port}/x"),
        format!("https://[::ffff:7f00:1]:{port}/x"),
        "https://10.0.0.1/x".to_owned(),
        "https://169.254.169.254/latest/meta-data/".to_owned(),
        "https://[fd00:ec2::254]/x".to_owned(),
        "https://100.64.1.1/x".to_owned(),
        "https://224.0.0.251/x".to_owned(),
        "https://user:secret@push.example/x".to_owned(),
        "https://push.example/x\r\nX-Injected: 1".to_owned(),
        "https://push.example/x\nHost: inside".to_owned(),
        "file:///etc/passwd".to_owned(),
        "javascript:alert(1)".to_owned(),
        format!("https://push.example/{}", "x".repeat(4096)),
    ] {
        assert_eq!(status_of(&scene.ben, &endpoint).await, 422, "{endpoint}");
    }
    assert_eq!(scene.devices().await, 1, "the one that was there");
}

#[tokio::test]
async fn a_name_of_an_inner_address_is_not_called() {
    let inner: [IpAddr; 3] =
        [[127, 0, 0, 1].into(), "::ffff:127.0.0.1".parse().unwrap(), "::1".parse().unwrap()];
    let mut scene = Scene::with(|config| {
        config.outbound.allowed = vec!["push.test".parse().unwrap()];
        config.outbound.names =
            Names::by(move |name| if name == "push.test" { vec![inner[0]] } else { inner.to_vec() });
    })
    .await;
    Browser::new(format!("https://other.test:{}/x", scene.receiver.port)).subscribe(&scene.ben).await;
    scene.anna.say(scene.group, "hello").await;
    // Both devices: localhost is not on this list.
    scene.outcome_reaches("refused", 2).await;
    let allowed = Browser::new(format!("https://push.test:{}/ok", scene.receiver.port));
    allowed.subscribe(&scene.ben).await;
    scene.anna.say(scene.group, "again").await;
    let call = scene.receiver.call().await;
    assert_eq!(call.path, "/ok");
    assert_eq!(call.header("host"), format!("push.test:{}", scene.receiver.port));
    assert_eq!(allowed.read(&call)["body"], "again");
    assert!(scene.receiver.rest().is_empty());
}

#[tokio::test]
async fn a_name_that_changes_between_two_looks_is_judged_by_the_address_that_is_dialed() {
    let looks = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&looks);
    // An allowed address where nobody listens, then the forbidden one. A server that resolves once to check
    // and again to connect would call the forbidden one with the first answer's approval.
    let names = Names::by(move |_| {
        let is_even = counted.fetch_add(1, Ordering::SeqCst).is_multiple_of(2);
        vec![[127, 0, 0, if is_even { 2 } else { 1 }].into()]
    });
    let mut scene = Scene::with(|config| {
        config.outbound.allowed = vec!["127.0.0.2".parse().unwrap()];
        config.outbound.names = names;
    })
    .await;
    assert_eq!(scene.ben.delete("/push/subscriptions/1").await.status, 204);
    Browser::new(format!("https://other.test:{}/x", scene.receiver.port)).subscribe(&scene.ben).await;
    scene.anna.say(scene.group, "hello").await;
    scene.outcome_reaches("refused", 1).await;
    assert_eq!(scene.outcome("failed").await, 1, "the first look's address was dialed, and no other");
    assert_eq!(looks.load(Ordering::SeqCst), 2, "one look for each call");
    assert!(scene.receiver.rest().is_empty());
}

#[tokio::test]
async fn the_systems_own_names_are_judged_as_well() {
    let mut scene = Scene::with(|config| config.outbound.allowed.clear()).await;
    // The endpoint's host is localhost, which /etc/hosts knows.
    scene.anna.say(scene.group, "hello").await;
    scene.outcome_reaches("refused", 1).await;
    assert!(scene.receiver.rest().is_empty());
}

#[tokio::test]
async fn a_certificate_of_somebody_else_is_not_trusted() {
    let other = Receiver::start().await;
    let scene = Scene::with(|config| config.outbound.extra_roots = Some(other.ca())).await;
    scene.anna.say(scene.group, "hello").await;
    scene.outcome_reaches("failed", 2).await;
    let mut scene = scene;
    assert!(scene.receiver.rest().is_empty());
}
