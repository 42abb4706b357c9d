//! One total order for each conversation: 1, 2, 3 … for everybody, whoever writes over whatever.

use std::collections::HashSet;

use chinwag::Config;
use serde_json::{Value, json};

use crate::harness::TestServer;

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
                    // Leaving would be early: what is not echoed yet may not be stored yet.
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
