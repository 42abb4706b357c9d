//! Apply and compare: an old snapshot plus the events since then equals a fresh snapshot, for every observer
//! and however the events came.
//!
//! Each round has a seed, which a failure names; `CHINWAG_SEED` repeats that round.

use std::collections::{BTreeMap, BTreeSet};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

use crate::harness::{Hand, Person, TestServer, Told, Way, reply};

/// Rounds of one run.
const ROUNDS: u64 = 12;
/// Changes in one round, refused ones included.
const CHANGES: usize = 80;

/// What a client keeps of a conversation, and how events change it.
#[derive(Clone, Debug, PartialEq)]
struct Copy {
    have: u64,
    messages: BTreeMap<i64, Value>,
    pins: BTreeSet<i64>,
    /// Name and role, by user id.
    participants: BTreeMap<i64, (String, String)>,
    title: Value,
    topic: Value,
    archived: Value,
}

impl Copy {
    /// As REST shows it now.
    async fn fresh(person: &Person, id: i64) -> Self {
        let base = format!("/conversations/{id}");
        let head = person.get(&format!("{base}/events?limit=1")).await.body["head"].clone();
        let head = head.as_str().unwrap().split('.').next().unwrap().to_owned();
        let conversation = person.get(&base).await.body;
        let pins = person.get(&format!("{base}/pins")).await.body;
        let participants = person.get(&format!("{base}/participants")).await.body;
        let mut copy = Self {
            have: head.parse().unwrap(),
            messages: BTreeMap::new(),
            pins: pins.as_array().unwrap().iter().map(|pin| pin["id"].as_i64().unwrap()).collect(),
            participants: BTreeMap::new(),
            title: conversation["title"].clone(),
            topic: conversation["topic"].clone(),
            archived: conversation["archived"].clone(),
        };
        for message in person.history(id, "").await {
            copy.messages.insert(message["id"].as_i64().unwrap(), message);
        }
        for pin in pins.as_array().unwrap() {
            assert_eq!(
                copy.messages[&pin["id"].as_i64().unwrap()],
                *pin,
                "a pin is the message as it stands"
            );
        }
        for row in participants.as_array().unwrap() {
            let text = |name: &str| row[name].as_str().unwrap().to_owned();
            copy.participants.insert(row["id"].as_i64().unwrap(), (text("username"), text("role")));
        }
        copy
    }

    /// Applies one event by the client's rule: the next one counts, older ones are known.
    fn apply(&mut self, event: &Value) {
        let seq = event["seq"].as_u64().unwrap();
        if seq <= self.have {
            return;
        }
        assert_eq!(seq, self.have + 1, "a gap before {event}");
        self.have = seq;
        let user = || event["user_id"].as_i64().unwrap();
        let target = event["message_id"].as_i64();
        match event["type"].as_str().unwrap() {
            "message" => {
                let mut message = event.clone();
                message.as_object_mut().unwrap().remove("type");
                self.messages.insert(message["id"].as_i64().unwrap(), message);
            }
            "message_edited" => {
                let message = self.messages.get_mut(&target.unwrap()).unwrap();
                message["content"] = event["content"].clone();
                message["version"] = event["version"].clone();
            }
            "message_deleted" => {
                let message = self.messages.get_mut(&target.unwrap()).unwrap().as_object_mut().unwrap();
                for emptied in ["reactions", "reply_to", "meta"] {
                    message.remove(emptied);
                }
                message.insert("content".to_owned(), json!(""));
                message.insert("format".to_owned(), json!("plain"));
                message.insert("deleted".to_owned(), json!(true));
                self.pins.remove(&target.unwrap());
            }
            kind @ ("reaction_added" | "reaction_removed") => {
                let message = self.messages.get_mut(&target.unwrap()).unwrap();
                let emoji = event["emoji"].as_str().unwrap();
                change_reaction(message, emoji, user(), kind == "reaction_added");
            }
            "pinned" => assert!(self.pins.insert(target.unwrap()), "{event}"),
            "unpinned" => assert!(self.pins.remove(&target.unwrap()), "{event}"),
            "participant_removed" => assert!(self.participants.remove(&user()).is_some(), "{event}"),
            "participant_added" | "participant_updated" => {
                let text = |name: &str| event[name].as_str().unwrap().to_owned();
                self.participants.insert(user(), (text("username"), text("role")));
            }
            "conversation_updated" => {
                self.title = event["title"].clone();
                self.topic = event["topic"].clone();
                self.archived = event["archived"].clone();
            }
            other => panic!("an event of an unknown kind: {other}"),
        }
    }
}

/// Reactions as history has them: emoji and people in the order in which they came, absent if there are none.
fn change_reaction(message: &mut Value, emoji: &str, user: i64, is_added: bool) {
    let mut rows = message["reactions"].as_array().cloned().unwrap_or_default();
    let place = rows.iter().position(|row| row["emoji"] == emoji).unwrap_or_else(|| {
        rows.push(json!({"emoji": emoji, "user_ids": []}));
        rows.len() - 1
    });
    let users = rows[place]["user_ids"].as_array_mut().unwrap();
    let is_there = users.contains(&json!(user));
    assert_ne!(is_there, is_added, "an event without a change: {emoji} of {user} in {message}");
    if is_added {
        users.push(json!(user));
    } else {
        users.retain(|other| *other != user);
    }
    rows.retain(|row| row["user_ids"] != json!([]));
    let message = message.as_object_mut().unwrap();
    message.remove("reactions");
    if !rows.is_empty() {
        message.insert("reactions".to_owned(), json!(rows));
    }
}

/// The events after a position, in pages.
async fn paged(person: &Person, id: i64, snapshot: &Copy, random: &mut StdRng) -> Copy {
    let base = format!("/conversations/{id}/events");
    let mut copy = snapshot.clone();
    let mut after = "0".to_owned();
    loop {
        let limit = random.random_range(1..40);
        let page = person.get(&format!("{base}?after={after}&limit={limit}")).await;
        assert_eq!(page.status, 200, "{:?}", page.body);
        for event in page.body["events"].as_array().unwrap() {
            copy.apply(event);
            after = format!("{}.{}", event["seq"], event["stamp"].as_str().unwrap());
        }
        if page.body["more"] == false {
            return copy;
        }
    }
}

struct Round {
    random: StdRng,
    id: i64,
    people: Vec<Person>,
    /// Everybody's hands, over every transport that they have; those of removed users are gone.
    hands: Vec<Vec<Hand>>,
    messages: Vec<i64>,
}

impl Round {
    /// One random change by somebody, which may be refused.
    async fn change(&mut self) {
        let who = self.random.random_range(0..self.people.len());
        let emoji = ["👍", "🎉", "❤️", "👩🏿‍🚀"][self.random.random_range(0..4)];
        let op = if self.random.random_range(0..3) == 0 { "remove" } else { "add" };
        let text = format!("text {}", self.random.random_range(0..1000));
        let target = match self.messages.len() {
            0 => 1,
            many => self.messages[self.random.random_range(0..many)],
        };
        let command = match self.random.random_range(0..20) {
            0..5 => {
                let mut send = json!({"type": "send", "content": text});
                if self.random.random_bool(0.3) {
                    send["reply_to"] = json!(target);
                }
                if self.random.random_bool(0.3) {
                    send["format"] = json!("markdown");
                    send["meta"] = json!({"n": [1, {"deep": null}]});
                }
                if self.random.random_bool(0.3) {
                    send["client_id"] = json!(format!("key {}", self.random.random_range(0..1_000_000)));
                }
                send
            }
            5..8 => json!({"type": "edit", "message_id": target, "content": text}),
            8..10 => json!({"type": "delete", "message_id": target}),
            10..14 => json!({"type": "react", "message_id": target, "emoji": emoji, "op": op}),
            14..17 => json!({"type": "pin", "message_id": target, "op": op}),
            _ => return self.change_the_group(who).await,
        };
        let way = self.random.random_range(0..self.hands[who].len());
        let hand = &mut self.hands[who][way];
        let way = hand.way;
        if let Told::Done(answer) = hand.tell(&command).await
            && command["type"] == "send"
        {
            let id = if way == Way::Rest { &answer["id"] } else { &answer["message_id"] };
            self.messages.push(id.as_i64().unwrap());
        }
    }

    async fn change_the_group(&mut self, who: usize) {
        let base = format!("/conversations/{}", self.id);
        let other = &self.people[self.random.random_range(0..self.people.len())];
        let role = ["member", "admin"][self.random.random_range(0..2)];
        let number = self.random.random_range(0..1000);
        let (path, body) = match self.random.random_range(0..4) {
            0 => (base, json!({"title": format!("Title {number}")})),
            1 => (base, json!({"topic": format!("Topic {number}"), "archived": false})),
            2 => (base, json!({"archived": number < 300})),
            _ => (format!("{base}/participants/{}", other.id), json!({"role": role})),
        };
        // Refused for members. Whoever can soon reopens an archived conversation.
        reply(self.people[who].request("PATCH", &path).json(&body)).await;
        if number < 300 {
            reply(
                self.people[0]
                    .request("PATCH", &format!("/conversations/{}", self.id))
                    .json(&json!({"archived": false})),
            )
            .await;
        }
    }

    async fn join(&mut self, person: &Person) {
        let body = json!({"user_id": person.id});
        let added = self.people[0].post(&format!("/conversations/{}/participants", self.id), &body).await;
        assert_eq!(added.status, 201, "{:?}", added.body);
        self.people.push(person.clone());
        self.hands.push(hands(person, self.id).await);
    }
}

async fn hands(person: &Person, id: i64) -> Vec<Hand> {
    let mut hands = Vec::new();
    for way in Way::ALL {
        hands.push(Hand::new(person, id, way).await);
    }
    hands
}

async fn converges(seed: u64) {
    let server = TestServer::provisioning_with(|config| config.limits.is_enforced = false).await;
    let [author, member, removed, newcomer] = [
        server.person("author").await,
        server.person("member").await,
        server.person("removed").await,
        server.person("newcomer").await,
    ];
    let id = author.group("Convergence", &[&member, &removed]).await;
    let people = vec![author.clone(), member.clone(), removed.clone()];
    let mut hands_of_all = Vec::new();
    for person in &people {
        hands_of_all.push(hands(person, id).await);
    }
    let random = StdRng::seed_from_u64(seed);
    let mut round = Round { random, id, people, hands: hands_of_all, messages: Vec::new() };
    // What the three listen with from the beginning: only live frames.
    let empty = Copy::fresh(&author, id).await;
    let mut snapshots = vec![empty.clone()];
    let join_at = round.random.random_range(1..CHANGES);
    let remove_at = round.random.random_range(1..CHANGES);
    let mut ears = Vec::new();
    for person in [&author, &member] {
        for way in [Way::Room, Way::User] {
            ears.push((Hand::new(person, id, way).await, empty.clone()));
        }
    }
    let mut ear_of_removed = Hand::new(&removed, id, Way::Room).await;
    let mut known_to_removed = None;
    for change in 0..CHANGES {
        if change == join_at {
            round.join(&newcomer).await;
            let fresh = Copy::fresh(&newcomer, id).await;
            for way in [Way::Room, Way::User] {
                ears.push((Hand::new(&newcomer, id, way).await, fresh.clone()));
            }
        }
        if change == remove_at {
            known_to_removed = Some(Copy::fresh(&removed, id).await);
            let place = round.people.iter().position(|person| person.id == removed.id).unwrap();
            round.people.remove(place);
            round.hands.remove(place);
            let path = format!("/conversations/{id}/participants/{}", removed.id);
            assert_eq!(author.delete(&path).await.status, 204);
        }
        round.change().await;
        if round.random.random_range(0..8) == 0 {
            snapshots.push(Copy::fresh(&author, id).await);
        }
    }
    let fresh = Copy::fresh(&author, id).await;
    for (who, person) in [("author", &author), ("member", &member), ("newcomer", &newcomer)] {
        assert_eq!(Copy::fresh(person, id).await, fresh, "seed {seed}: {who} sees something else");
        for snapshot in &snapshots {
            let applied = paged(person, id, snapshot, &mut round.random).await;
            assert_eq!(applied, fresh, "seed {seed}: {who}, pages from {}", snapshot.have);
        }
        let mut replayed = Hand::from_the_start(person, id).await;
        for snapshot in [&empty, &snapshots[snapshots.len() / 2]] {
            let mut copy = snapshot.clone();
            while copy.have < fresh.have {
                copy.apply(&replayed.event().await);
            }
            assert_eq!(copy, fresh, "seed {seed}: {who}, replay from {}", snapshot.have);
            replayed = Hand::from_the_start(person, id).await;
        }
    }
    for (mut ear, mut copy) in ears {
        while copy.have < fresh.have {
            copy.apply(&ear.event().await);
        }
        assert_eq!(copy, fresh, "seed {seed}: live, user {} {:?}", ear.person.id, ear.way);
    }
    let known = known_to_removed.unwrap();
    let mut copy = empty;
    while copy.have < known.have {
        copy.apply(&ear_of_removed.event().await);
    }
    assert_eq!(copy, known, "seed {seed}: the removed member, up to the removal");
    assert_eq!(ear_of_removed.close_code().await, 4003);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_applied_to_an_old_snapshot_give_a_fresh_one() {
    if let Ok(seed) = std::env::var("CHINWAG_SEED") {
        return converges(seed.parse().unwrap()).await;
    }
    for seed in 0..ROUNDS {
        converges(seed).await;
    }
}
