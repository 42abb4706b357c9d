//! How far everybody has received and read, and what is unread: both always agree with the log.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

use crate::harness::{Device, Person, TestServer, reply};
use crate::resume::seed;

/// What one participant's list says of another: delivered and read.
async fn marks(person: &Person, conversation: i64, of: &Person) -> (i64, i64) {
    let participants = person.get(&format!("/conversations/{conversation}/participants")).await.body;
    let of = participants.as_array().unwrap().iter().find(|participant| participant["id"] == of.id).unwrap();
    (of["delivered_seq"].as_i64().unwrap(), of["read_seq"].as_i64().unwrap())
}

fn receipt(conversation: i64, person: &Person, delivered: i64, read: i64) -> Value {
    json!({"type": "receipt", "conversation_id": conversation, "user_id": person.id,
           "delivered_seq": delivered, "read_seq": read})
}

#[tokio::test]
async fn the_others_get_a_receipt_and_ones_own_devices_the_counts() {
    let server = TestServer::provisioning().await;
    let (anna, ben) = (server.person("anna").await, server.person("ben").await);
    let group = anna.group("Group", &[&ben]).await;
    for content in ["one", "two, @ben", "three"] {
        anna.say(group, content).await;
    }
    let (mut hers, _) = Device::of(&anna, &json!({})).await;
    let (mut her_room, _) = Device::in_room(&anna, group, "").await;
    let mut her_original = anna.enter(group).await;
    hers.frames_until_now().await;
    let (mut phone, _) = Device::of(&ben, &json!({})).await;
    let (mut desk, ready) = Device::of(&ben, &json!({})).await;
    assert_eq!(
        (&ready["conversations"][0]["unread"], &ready["conversations"][0]["mentions"]),
        (&json!(3), &json!(1))
    );

    phone.does(json!({"type": "ack", "conversation_id": group, "seq": 3})).await;
    assert_eq!(hers.next_of("receipt").await, receipt(group, &ben, 3, 0));
    assert_eq!(her_room.next_of("receipt").await, receipt(group, &ben, 3, 0));
    phone.does(json!({"type": "read", "conversation_id": group, "seq": 1})).await;
    assert_eq!(hers.next_of("receipt").await, receipt(group, &ben, 3, 1));
    let unread = desk.next_of("unread").await;
    assert_eq!((&unread["unread"], &unread["mentions"]), (&json!(2), &json!(1)));
    let read = ben.post(&format!("/conversations/{group}/read"), &json!({"seq": 99})).await;
    assert_eq!(
        (read.status, &read.body["read_seq"], &read.body["delivered_seq"]),
        (200, &json!(3), &json!(3))
    );
    assert_eq!(hers.next_of("receipt").await, receipt(group, &ben, 3, 3), "not past the head");
    let unread = desk.next_of("unread").await;
    assert_eq!((&unread["unread"], &unread["mentions"]), (&json!(0), &json!(0)));
    phone.does(json!({"type": "read", "conversation_id": group, "seq": 2})).await;
    phone.does(json!({"type": "ack", "conversation_id": group, "seq": 1})).await;
    assert_eq!(marks(&anna, group, &ben).await, (3, 3), "never back");
    assert_eq!(her_original.frame().await["type"], "user_joined");
    her_original.hears_nothing_but_itself().await;

    let cursors = json!({group.to_string(): "0"});
    let (mut back, _) = Device::of(&anna, &cursors).await;
    assert_eq!(back.next_of("receipt").await, receipt(group, &ben, 3, 3), "told again to who resumes");
    assert_eq!(
        phone.is_refused(json!({"type": "read", "conversation_id": 999, "seq": 1})).await,
        "not_found"
    );
}

#[tokio::test]
async fn marks_of_three_devices_only_move_forward() {
    let seed = seed();
    let mut random = StdRng::seed_from_u64(seed);
    let server = TestServer::provisioning_with(|config| config.limits.is_enforced = false).await;
    let (anna, ben) = (server.person("anna").await, server.person("ben").await);
    let group = anna.group("Group", &[&ben]).await;
    const HEAD: i64 = 40;
    for place in 0..HEAD {
        anna.say(group, &format!("message {place}")).await;
    }
    let (mut hers, _) = Device::of(&anna, &json!({})).await;
    hers.frames_until_now().await;
    let mut devices = Vec::new();
    for _ in 0..2 {
        devices.push(Device::of(&ben, &json!({})).await.0);
    }
    devices.push(Device::in_room(&ben, group, "").await.0);
    let (mut delivered, mut read) = (0, 0);
    for _ in 0..100 {
        let seq = random.random_range(0..HEAD + 10);
        let kind = if random.random() { "read" } else { "ack" };
        let device = random.random_range(0..devices.len());
        devices[device].does(json!({"type": kind, "conversation_id": group, "seq": seq})).await;
        delivered = delivered.max(seq.min(HEAD));
        if kind == "read" {
            read = read.max(seq.min(HEAD));
        }
        assert_eq!(marks(&anna, group, &ben).await, (delivered, read), "SEED={seed}");
    }
    let (mut last_delivered, mut last_read) = (0, 0);
    while (last_delivered, last_read) != (delivered, read) {
        let frame = hers.next_of("receipt").await;
        let (told_delivered, told_read) =
            (frame["delivered_seq"].as_i64().unwrap(), frame["read_seq"].as_i64().unwrap());
        assert!(told_delivered >= last_delivered && told_read >= last_read, "SEED={seed}: {frame}");
        assert!(told_read <= told_delivered && told_delivered <= HEAD, "SEED={seed}: {frame}");
        (last_delivered, last_read) = (told_delivered, told_read);
    }
}

/// Unread messages and mentions of a person, counted from the log.
async fn counted(person: &Person, conversation: i64) -> (u64, u64) {
    let log = person.get(&format!("/conversations/{conversation}/events?after=0&limit=1000")).await.body;
    let (_, read) = marks(person, conversation, person).await;
    let mut unread = std::collections::BTreeMap::new();
    let name = format!("@{}", me(person).await);
    for event in log["events"].as_array().unwrap() {
        let id = event["message_id"].as_i64().or(event["id"].as_i64()).unwrap_or_default();
        match event["type"].as_str().unwrap() {
            "message" if event["seq"].as_i64().unwrap() > read && event["actor_id"] != person.id => {
                unread.insert(id, event["content"].as_str().unwrap().to_owned());
            }
            "message_edited" => {
                if let Some(content) = unread.get_mut(&id) {
                    event["content"].as_str().unwrap().clone_into(content);
                }
            }
            "message_deleted" => {
                unread.remove(&id);
            }
            _ => {}
        }
    }
    let mentions = unread.values().filter(|content| content.split(' ').any(|word| word == name)).count();
    (unread.len() as u64, mentions as u64)
}

async fn me(person: &Person) -> String {
    person.get("/users/me").await.body["username"].as_str().unwrap().to_owned()
}

/// The same, according to the server.
async fn told(person: &Person, conversation: i64) -> (u64, u64) {
    let (_, ready) = Device::of(person, &json!({})).await;
    let all = ready["conversations"].as_array().unwrap();
    let state = all.iter().find(|state| state["id"] == conversation).unwrap();
    (state["unread"].as_u64().unwrap(), state["mentions"].as_u64().unwrap())
}

#[tokio::test]
async fn counts_are_those_of_the_log_also_after_a_restart() {
    let seed = seed();
    let mut random = StdRng::seed_from_u64(seed);
    let server = TestServer::provisioning_with(|config| {
        config.limits.is_enforced = false;
        config.limits.sockets_per_user = 1000;
    })
    .await;
    let people = [server.person("anna").await, server.person("ben").await, server.person("carol").await];
    let group = people[0].group("Group", &[&people[1], &people[2]]).await;
    let mut sent: Vec<(usize, i64)> = Vec::new();
    let words = ["hello", "@anna", "@ben", "@carol", "@nobody", "lunch", "@ben"];
    for round in 0..150 {
        let who = random.random_range(0..people.len());
        let content: Vec<_> =
            (0..random.random_range(1..4)).map(|_| words[random.random_range(0..words.len())]).collect();
        let content = content.join(" ");
        let mine = sent.iter().position(|(author, _)| *author == who);
        let base = format!("/conversations/{group}");
        match (random.random_range(0..10), mine) {
            (0 | 1, Some(place)) => {
                let path = format!("{base}/messages/{}", sent[place].1);
                let edited =
                    reply(people[who].request("PATCH", &path).json(&json!({"content": content}))).await;
                assert_eq!(edited.status, 200, "SEED={seed}: {:?}", edited.body);
                sent.rotate_left(1);
            }
            (2, Some(place)) => {
                let (_, id) = sent.remove(place);
                assert_eq!(
                    people[who].delete(&format!("{base}/messages/{id}")).await.status,
                    204,
                    "SEED={seed}"
                );
            }
            (3, _) => {
                let head = i64::from(round);
                let body = json!({"seq": random.random_range(0..=head)});
                people[who].post(&format!("{base}/read"), &body).await;
            }
            _ => sent.push((who, people[who].say(group, &content).await["id"].as_i64().unwrap())),
        }
        if round % 10 == 9 {
            for person in &people {
                assert_eq!(
                    told(person, group).await,
                    counted(person, group).await,
                    "SEED={seed}, round {round}"
                );
            }
        }
    }
    let mut before = Vec::new();
    for person in &people {
        before.push((counted(person, group).await, marks(person, group, person).await));
    }
    let server = server.restart().await;
    for (name, before) in ["anna", "ben", "carol"].iter().zip(before) {
        let person = server.person(name).await;
        assert_eq!((told(&person, group).await, marks(&person, group, &person).await), before, "SEED={seed}");
    }
}

async fn add(by: &Person, conversation: i64, person: &Person) {
    let path = format!("/conversations/{conversation}/participants");
    assert_eq!(by.post(&path, &json!({"user_id": person.id})).await.status, 201);
}

async fn leave(person: &Person, conversation: i64) {
    let left = person.delete(&format!("/conversations/{conversation}/participants/{}", person.id)).await;
    assert_eq!(left.status, 204, "{:?}", left.body);
}

#[tokio::test]
async fn what_was_read_stays_read_for_who_leaves_and_is_added_again() {
    let server = TestServer::provisioning().await;
    let (anna, ben) = (server.person("anna").await, server.person("ben").await);
    let group = anna.group("Group", &[&ben]).await;
    for place in 0..5 {
        anna.say(group, &format!("message {place}, @ben")).await;
    }
    ben.post(&format!("/conversations/{group}/read"), &json!({"seq": 5})).await;
    leave(&ben, group).await;
    anna.say(group, "while he is away").await;
    add(&anna, group, &ben).await;
    assert_eq!(told(&ben, group).await, (1, 0));
    assert_eq!(marks(&anna, group, &ben).await, (5, 5));

    // What he had not read, and his mentions, are still unread; a deletion meanwhile counts.
    let mut named = Vec::new();
    for content in ["here, @ben", "there, @ben"] {
        named.push(anna.say(group, content).await["id"].as_i64().unwrap());
    }
    assert_eq!(told(&ben, group).await, (3, 2));
    leave(&ben, group).await;
    assert_eq!(anna.delete(&format!("/conversations/{group}/messages/{}", named[0])).await.status, 204);
    anna.say(group, "@ben, who is away").await;
    add(&anna, group, &ben).await;
    assert_eq!(told(&ben, group).await, (3, 1));
    ben.post(&format!("/conversations/{group}/read"), &json!({"seq": 99})).await;
    assert_eq!(told(&ben, group).await, (0, 0));
}

#[tokio::test]
async fn who_is_new_in_a_group_has_read_what_was_before() {
    let server = TestServer::provisioning().await;
    let (anna, ben, carol) =
        (server.person("anna").await, server.person("ben").await, server.person("carol").await);
    let group = anna.group("Group", &[&carol]).await;
    for place in 0..6 {
        anna.say(group, &format!("message {place}, @ben")).await;
    }
    let (mut hers, _) = Device::of(&carol, &json!({})).await;
    hers.frames_until_now().await;
    add(&anna, group, &ben).await;
    hers.next_of("participant_added").await;
    assert_eq!(hers.next_of("receipt").await, receipt(group, &ben, 6, 6), "to the others as well");
    assert_eq!(told(&ben, group).await, (0, 0));
    assert_eq!(ben.history(group, "").await.len(), 6, "it is there to be read");
    anna.say(group, "welcome, @ben").await;
    assert_eq!(told(&ben, group).await, (1, 1));
}
