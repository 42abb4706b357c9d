//! One total order for each conversation: 1, 2, 3 … for everybody, whoever writes over whichever transport.

use std::collections::HashSet;

use chinwag::Config;
use serde_json::{Value, json};

use crate::harness::{Raw, TestServer, masked};

const WRITERS: usize = 32;
const EACH: usize = 12;

fn unlimited(config: &mut Config) {
    config.limits.is_enforced = false;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_over_both_transports_make_one_dense_order_that_every_socket_sees() {
    let server = TestServer::provisioning_with(unlimited).await;
    let (anna, ben) = (server.person("anna").await, server.person("ben").await);
    let conversation = anna.group("Busy", &[&ben]).await;
    let mut readers = Vec::new();
    for person in [&anna, &ben, &anna, &ben] {
        readers.push(person.enter(conversation).await);
    }
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let person = if writer % 3 == 0 { anna.clone() } else { ben.clone() };
            tokio::spawn(async move {
                if writer % 2 == 0 {
                    let mut room = person.enter(conversation).await;
                    for place in 0..EACH {
                        room.say(&format!("{writer}/{place}")).await;
                    }
                    // Leaving now would be too early: messages without an echo may not be stored yet.
                    let last = format!("{writer}/{}", EACH - 1);
                    while room.message().await["content"] != *last {}
                } else {
                    for place in 0..EACH {
                        person.say(conversation, &format!("{writer}/{place}")).await;
                    }
                }
            })
        })
        .collect();
    let total = WRITERS * EACH;
    let mut orders = Vec::new();
    for reader in &mut readers {
        let mut seen = Vec::new();
        for _ in 0..total {
            seen.push(reader.message().await);
        }
        orders.push(seen);
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let history = anna.history(conversation, "").await;
    let seqs: Vec<_> = history.iter().map(|message| message["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, (1..=total as u64).collect::<Vec<_>>());
    let stamps: HashSet<_> = history.iter().map(|message| message["stamp"].as_str().unwrap()).collect();
    assert_eq!(stamps.len(), total, "each event has a stamp of its own");
    let ids: Vec<_> = history.iter().map(|message| message["id"].as_u64().unwrap()).collect();
    assert!(ids.is_sorted_by(|one, next| one < next));
    for order in &orders {
        for (live, stored) in order.iter().zip(&history) {
            for field in ["id", "seq", "stamp", "ts", "content", "sender_name", "created_at"] {
                assert_eq!(live[field], stored[field]);
            }
        }
    }
    for writer in 0..WRITERS {
        let prefix = format!("{writer}/");
        let own: Vec<_> = history
            .iter()
            .filter_map(|message| message["content"].as_str().unwrap().strip_prefix(&prefix))
            .collect();
        let expected: Vec<_> = (0..EACH).map(|place| place.to_string()).collect();
        assert_eq!(own, expected, "a writer's own messages keep their order");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_before_i_sent_comes_before_mine() {
    let server = TestServer::provisioning_with(unlimited).await;
    let anna = server.person("anna").await;
    let ben = server.person("ben").await;
    let conversation = anna.group("Causes", &[&ben]).await;
    let mut room = ben.enter(conversation).await;
    for round in 0..20 {
        let question = anna.say(conversation, &format!("question {round}")).await;
        room.say(&format!("answer {round}")).await;
        assert_eq!(room.message().await["id"], question["id"]);
        let answer = room.message().await;
        assert_eq!(answer["seq"].as_u64().unwrap(), question["seq"].as_u64().unwrap() + 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_that_come_together_are_stored_together_and_answered_in_their_order() {
    let server = TestServer::provisioning_with(unlimited).await;
    let anna = server.person("anna").await;
    let conversation = anna.group("Together", &[]).await;
    let mut raw = Raw::upgrade(server.address, &format!("{}&v=1", anna.room_path(conversation))).await;
    let batches_before = server.metric("chinwag_commit_batch_jobs_count").await;
    let mut bytes = Vec::new();
    for place in 0..200 {
        let content = if place == 50 { String::new() } else { place.to_string() };
        // One is repeated at once, before the first is stored.
        let client_id = if place == 150 { "key 149".to_owned() } else { format!("key {place}") };
        let content = if place == 150 { "149".to_owned() } else { content };
        let frame = match place {
            100 => json!({"type": "ping", "ref": "100"}),
            _ => json!({"ref": place.to_string(), "content": content, "client_id": client_id}),
        };
        bytes.extend(masked(0x81, frame.to_string().as_bytes()));
    }
    raw.write(&bytes).await;
    let (mut answers, mut events) = (Vec::new(), Vec::new());
    while answers.len() < 200 || events.len() < 197 {
        let frame = raw.read_frame().await.json();
        if frame["ref"].is_string() {
            answers.push(frame);
        } else if frame["type"] == "message" {
            events.push(frame);
        }
    }
    let order: Vec<_> = answers.iter().map(|answer| answer["ref"].as_str().unwrap()).collect();
    assert_eq!(order, (0..200).map(|place| place.to_string()).collect::<Vec<_>>());
    assert_eq!(
        (&answers[50]["code"], &answers[50]["client_id"]),
        (&json!("invalid_content"), &json!("key 50"))
    );
    assert_eq!(answers[100]["type"], "pong");
    assert_eq!((&answers[150]["duplicate"], &answers[150]["seq"]), (&json!(true), &answers[149]["seq"]));
    let contents: Vec<_> = events.iter().map(|event| event["content"].as_str().unwrap()).collect();
    let stored = (0..200).filter(|place| ![50, 100, 150].contains(place));
    assert_eq!(contents, stored.map(|place| place.to_string()).collect::<Vec<_>>());
    let batches = server.metric("chinwag_commit_batch_jobs_count").await - batches_before;
    assert!(batches < 100, "{batches} transactions for 200 commands");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conversations_count_for_themselves() {
    let server = TestServer::provisioning_with(unlimited).await;
    let anna = server.person("anna").await;
    let mut conversations = Vec::new();
    for title in ["One", "Two", "Three"] {
        conversations.push(anna.group(title, &[]).await);
    }
    let sends: Vec<_> = (0..60)
        .map(|place| {
            let (anna, conversation) = (anna.clone(), conversations[place % 3]);
            tokio::spawn(async move { anna.say(conversation, &place.to_string()).await })
        })
        .collect();
    for send in sends {
        send.await.unwrap();
    }
    for conversation in conversations {
        let history = anna.history(conversation, "").await;
        let seqs: Vec<Value> = history.iter().map(|message| message["seq"].clone()).collect();
        assert_eq!(json!(seqs), json!((1..=20).collect::<Vec<_>>()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_messages_leave_no_hole_and_sink_no_neighbour() {
    let server = TestServer::provisioning_with(unlimited).await;
    let (anna, outsider) = (server.person("anna").await, server.person("outsider").await);
    let conversation = anna.group("Holes", &[]).await;
    let sends: Vec<_> = (0..90)
        .map(|place| {
            let person = if place % 3 == 0 { outsider.clone() } else { anna.clone() };
            let content = if place % 3 == 1 { String::new() } else { place.to_string() };
            tokio::spawn(async move { person.send(conversation, &json!({"content": content})).await.status })
        })
        .collect();
    for (place, send) in sends.into_iter().enumerate() {
        assert_eq!(send.await.unwrap(), [403, 422, 201][place % 3]);
    }
    let history = anna.history(conversation, "").await;
    let seqs: Vec<_> = history.iter().map(|message| message["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, (1..=30).collect::<Vec<_>>());
}
