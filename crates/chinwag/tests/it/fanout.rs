//! Live delivery when many events come at once.

use std::sync::Arc;

use serde_json::json;
use tokio::sync::Barrier;

use crate::harness::{Person, TestServer};

/// Sends these messages all at once.
async fn burst(person: &Person, conversation: i64, contents: Vec<String>) {
    let barrier = Arc::new(Barrier::new(contents.len()));
    let sends: Vec<_> = contents
        .into_iter()
        .map(|content| {
            let (person, barrier) = (person.clone(), Arc::clone(&barrier));
            tokio::spawn(async move {
                barrier.wait().await;
                person.say(conversation, &content).await;
            })
        })
        .collect();
    for send in sends {
        send.await.unwrap();
    }
}

/// A message's JSON is six times as large as this content: 24 KB.
fn large(place: usize) -> String {
    format!("{place:04}{}", "\u{1}".repeat(3996))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_larger_than_the_ring_reaches_every_live_socket_whole() {
    let server = TestServer::provisioning_with(|config| config.limits.is_enforced = false).await;
    let (anna, ben) = (server.person("anna").await, server.person("ben").await);
    let conversation = anna.group("Burst", &[&ben]).await;
    let mut readers = Vec::new();
    for person in [&anna, &ben, &ben] {
        readers.push(person.enter(conversation).await);
    }
    let readers = readers.into_iter().map(|mut reader| {
        tokio::spawn(async move {
            for seq in 1..=180 {
                assert_eq!(reader.message().await["seq"], json!(seq));
            }
        })
    });
    let readers: Vec<_> = readers.collect();
    for round in 0..3 {
        burst(&anna, conversation, (0..60).map(|place| large(round * 60 + place)).collect()).await;
    }
    for reader in readers {
        reader.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_event_is_encoded_once_however_many_listen() {
    let server = TestServer::provisioning_with(|config| config.limits.is_enforced = false).await;
    let anna = server.person("anna").await;
    let conversation = anna.group("Encodings", &[]).await;
    let mut readers = Vec::new();
    for _ in 0..12 {
        readers.push(anna.enter(conversation).await);
    }
    for place in 0..20 {
        anna.say(conversation, &place.to_string()).await;
    }
    for reader in &mut readers {
        for seq in 1..=20 {
            assert_eq!(reader.message().await["seq"], json!(seq));
        }
    }
    server.metric_becomes("chinwag_fanout_encodings_total", 20).await;
    server.metric_becomes("chinwag_fanout_deliveries_total", 240).await;
}
