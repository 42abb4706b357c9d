//! A planned stop: sockets are told to come back, what was acknowledged stays.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Raw, TestServer, soon};

#[tokio::test]
async fn sockets_are_told_1012_and_find_everything_after_the_restart() {
    let mut server = TestServer::demo().await;
    let (user, other) = (server.sign_in("testuser").await, server.sign_in("testuser2").await);
    let mut rooms = vec![user.enter(1).await, other.enter(1).await, other.enter(2).await];
    let said = user.say(1, "before the stop").await;
    server.begin_stop();
    for room in &mut rooms {
        assert_eq!(room.close_code().await, 1012);
    }
    drop(rooms);
    let server = server.restart().await;
    // The old token, at the new address.
    let mut room = crate::harness::open(server.address, &user.room_path(1)).await;
    assert_eq!(room.frame().await["type"], "connection");
    let user = server.sign_in("testuser").await;
    assert_eq!(user.history(1, "").await.last(), Some(&without_duplicate(said)));
}

fn without_duplicate(mut sent: Value) -> Value {
    sent.as_object_mut().unwrap().remove("duplicate");
    sent
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_the_middle_of_traffic_an_answer_means_what_it_says() {
    let mut server = TestServer::provisioning_with(|config| config.limits.is_enforced = false).await;
    let anna = server.person("anna").await;
    let conversation = anna.group("Traffic", &[]).await;
    let mut watcher = anna.enter(conversation).await;
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let (anna, path) = (anna.clone(), format!("/conversations/{conversation}/messages"));
            tokio::spawn(async move {
                let mut outcomes = HashMap::new();
                for place in 0_u32.. {
                    let key = format!("{writer}-{place}");
                    let body = json!({"content": key, "client_id": key});
                    match anna.request("POST", &path).json(&body).send().await {
                        Ok(answer) => outcomes.insert(key, answer.status().as_u16()),
                        // No answer means unknown.
                        Err(_) => break,
                    };
                }
                outcomes
            })
        })
        .collect();
    for _ in 0..50 {
        watcher.message().await;
    }
    server.begin_stop();
    assert_eq!(watcher.close_code().await, 1012);
    let stopped = server.stop().await;
    let mut outcomes = HashMap::new();
    for writer in writers {
        outcomes.extend(soon("the end of a writer", writer).await.unwrap());
    }
    let server = stopped.start().await;
    let anna = server.person("anna").await;
    let mut stored = HashMap::new();
    let mut after = 0;
    loop {
        let page = anna.history(conversation, &format!("?after={after}")).await;
        let Some(last) = page.last() else { break };
        after = last["seq"].as_u64().unwrap();
        for message in page {
            let key = message["client_id"].as_str().unwrap().to_owned();
            assert_eq!(stored.insert(key, message["seq"].as_u64().unwrap()), None, "stored twice");
        }
    }
    assert_eq!(stored.len() as u64, after, "dense");
    assert!(outcomes.values().filter(|status| **status == 201).count() >= 50);
    for (key, status) in outcomes {
        assert_eq!(stored.contains_key(&key), status == 201, "{key}: {status}");
    }
}

#[tokio::test]
async fn while_it_stops_nobody_new_is_let_in() {
    let mut server = TestServer::demo().await;
    let user = server.sign_in("testuser").await;
    // Upgraded, but it never reads the goodbye, so it delays the stop for a moment.
    let mut room = Raw::upgrade(server.address, &user.room_path(1)).await;
    assert_eq!(room.read_frame().await.json()["type"], "connection");
    server.begin_stop();
    assert_eq!(room.read_frame().await.close_code(), 1012);
    soon("the closed door", async { while tokio::net::TcpStream::connect(server.address).await.is_ok() {} })
        .await;
    drop(room);
    server.stop().await;
}

#[tokio::test]
async fn sockets_that_take_no_goodbye_do_not_hold_up_the_stop() {
    let server = TestServer::demo_with(|config| config.limits.drain = Duration::from_secs(20)).await;
    let user = server.sign_in("testuser").await;
    let mut rooms = Vec::new();
    for _ in 0..5 {
        let mut room = Raw::upgrade(server.address, &user.room_path(1)).await;
        room.read_frame().await;
        rooms.push(room);
    }
    let begun = std::time::Instant::now();
    // Nobody reads, nobody hangs up.
    server.stop().await;
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    drop(rooms);
}

#[tokio::test]
async fn a_full_server_stops_as_well() {
    let server = TestServer::demo_with(|config| {
        config.limits.connections = 2;
        config.limits.head_timeout = Duration::from_secs(600);
    })
    .await;
    // One connection is kept by the HTTP client, one is the room's.
    let user = server.sign_in("testuser").await;
    let mut room = user.enter(1).await;
    let stopping = tokio::spawn(server.stop());
    assert_eq!(room.close_code().await, 1012);
    drop(room);
    soon("the end of the server", stopping).await.unwrap();
}

#[tokio::test]
async fn a_host_can_drain_by_itself() {
    let server = TestServer::demo().await;
    let user = server.sign_in("testuser").await;
    let mut room = user.enter(1).await;
    let draining = server.server.clone();
    let drained = tokio::spawn(async move { draining.drain().await });
    assert_eq!(room.close_code().await, 1012);
    drop(room);
    soon("the end of the drain", drained).await.unwrap();
    assert_eq!(server.get("/readyz").await.status, 503);
    assert_eq!(server.get("/healthz").await.status, 200);
    assert_eq!(user.knock(1).await.close_code().await, 1012);
}
