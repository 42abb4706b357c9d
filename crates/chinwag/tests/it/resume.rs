//! Whatever breaks, a client that comes back with its cursors has every event once and in order.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::Message;

use crate::harness::{Person, Room, TestServer, reply, soon};

/// Events that every client takes off a socket before it may break.
const STEPS: u32 = 12;
const CONVERSATIONS: usize = 3;
const PEOPLE: [&str; 4] = ["anna", "ben", "carol", "dave"];

/// The seed of a test's random choices: from `SEED`, to repeat a failure, or a new one.
#[expect(clippy::print_stdout, reason = "shown when the test fails")]
pub(crate) fn seed() -> u64 {
    let given = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(rand::random::<u64>);
    println!("SEED={seed}");
    seed
}

/// What a client has of one conversation: the heart of every client.
#[derive(Default)]
struct Have {
    seq: i64,
    cursor: String,
    events: Vec<Value>,
}

/// What went wrong.
#[derive(Default)]
struct Faults {
    gaps: AtomicU64,
    repeats: AtomicU64,
    lost_continuity: AtomicU64,
    disconnects: AtomicU64,
}

impl Have {
    /// The client's rule, for an event as it stood in the log.
    fn take(&mut self, event: Value, faults: &Faults) {
        let seq = event["seq"].as_i64().unwrap();
        if seq <= self.seq {
            faults.repeats.fetch_add(1, Ordering::Relaxed);
            return;
        }
        if seq > self.seq + 1 {
            faults.gaps.fetch_add(1, Ordering::Relaxed);
        }
        self.seq = seq;
        self.cursor = format!("{seq}.{}", event["stamp"].as_str().unwrap());
        self.events.push(event);
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    User,
    Room,
    Original,
}

struct Client {
    person: Person,
    kind: Kind,
    conversations: Vec<i64>,
    have: BTreeMap<i64, Have>,
    /// The messages that each socket of level 0 heard.
    heard: Vec<Vec<i64>>,
    random: StdRng,
    faults: Arc<Faults>,
}

/// What all clients share: the server's address, and whether the end is near.
#[derive(Clone)]
struct World {
    address: watch::Receiver<std::net::SocketAddr>,
    is_over: watch::Receiver<bool>,
}

impl Client {
    fn new(person: &Person, kind: Kind, conversations: &[i64], seed: u64, faults: &Arc<Faults>) -> Self {
        let have = conversations.iter().map(|id| (*id, Have { cursor: "0".to_owned(), ..Have::default() }));
        Self {
            person: person.clone(),
            kind,
            conversations: conversations.to_vec(),
            have: have.collect(),
            heard: Vec::new(),
            random: StdRng::seed_from_u64(seed),
            faults: Arc::clone(faults),
        }
    }

    /// Opens a socket with the present cursors. `None` if the server is not there.
    async fn connect(&self, world: &World, receive_bytes: u32) -> Option<Room> {
        let address = *world.address.borrow();
        let id = self.conversations[0];
        let token = &self.person.token;
        let path = match self.kind {
            Kind::User => "/ws".to_owned(),
            Kind::Room => {
                format!("/conversations/{id}/ws?token={token}&v=1&after={}", self.have[&id].cursor)
            }
            Kind::Original => format!("/conversations/{id}/ws?token={token}"),
        };
        let mut room = Room::try_narrow(address, &path, receive_bytes).await?;
        if self.kind == Kind::User {
            let cursors: BTreeMap<_, _> =
                self.have.iter().map(|(id, have)| (id.to_string(), &have.cursor)).collect();
            let hello = json!({"type": "hello", "token": token, "cursors": cursors});
            futures_util::SinkExt::send(&mut room.socket, Message::text(hello.to_string())).await.ok()?;
        }
        Some(room)
    }

    /// Takes one frame; false if it was the last of this socket.
    async fn step(&mut self, room: &mut Room) -> bool {
        let Some(Ok(message)) = soon("a frame", room.socket.next()).await else { return false };
        let text = match message {
            Message::Text(text) => text,
            Message::Close(_) => return false,
            _ => return true,
        };
        let mut frame: Value = serde_json::from_str(&text).unwrap();
        let is_event = frame["seq"].is_i64() && frame["stamp"].is_string() && frame["ref"].is_null();
        match frame["type"].as_str().unwrap() {
            "gap" => {
                self.faults.lost_continuity.fetch_add(1, Ordering::Relaxed);
            }
            "replay" => {
                let id = frame["conversation_id"].as_i64().unwrap();
                for event in frame["events"].as_array_mut().unwrap() {
                    self.have.get_mut(&id).unwrap().take(event.take(), &self.faults);
                }
            }
            "message" if self.kind == Kind::Original => {
                self.heard.last_mut().unwrap().push(frame["seq"].as_i64().unwrap());
            }
            _ if is_event => {
                let id = frame["conversation_id"].as_i64().unwrap();
                self.have.get_mut(&id).unwrap().take(frame, &self.faults);
            }
            _ => {}
        }
        true
    }

    /// Connects, reads a while, breaks, and comes back, until it is over.
    async fn live(mut self, world: World) -> Self {
        while !*world.is_over.borrow() {
            let is_narrow = self.random.random_range(0..4) == 0;
            let Some(mut room) = self.connect(&world, if is_narrow { 2048 } else { 64 * 1024 }).await else {
                tokio::task::yield_now().await;
                continue;
            };
            self.heard.push(Vec::new());
            let steps = self.random.random_range(0..STEPS);
            let mut is_over = world.is_over.clone();
            for step in 0..steps {
                if is_narrow && step == steps / 2 {
                    // Stops reading, while the world goes on.
                    let pause = Duration::from_millis(self.random.random_range(1..60));
                    let _ = tokio::time::timeout(pause, is_over.wait_for(|is_over| *is_over)).await;
                }
                let is_open = tokio::select! {
                    is_open = self.step(&mut room) => is_open,
                    _ = is_over.wait_for(|is_over| *is_over) => false,
                };
                if !is_open {
                    break;
                }
            }
            self.faults.disconnects.fetch_add(1, Ordering::Relaxed);
            if self.random.random() {
                // With a close that nobody waits for, or without one.
                let _ = tokio::time::timeout(Duration::from_millis(5), room.socket.close(None)).await;
            }
        }
        self
    }

    /// Connects a last time, and reads until it has everything up to these heads.
    async fn finish(&mut self, world: &World, heads: &BTreeMap<i64, i64>) {
        if self.kind == Kind::Original {
            return;
        }
        let mut room = self.connect(world, 64 * 1024).await.expect("the server is there");
        while self.have.iter().any(|(id, have)| have.seq < heads[id]) {
            assert!(self.step(&mut room).await, "closed before everything was there: {:?}", self.kind);
        }
    }
}

/// The log of a conversation, read in pages.
async fn log(person: &Person, conversation: i64) -> Vec<Value> {
    let (mut events, mut after) = (Vec::new(), "0".to_owned());
    loop {
        let path = format!("/conversations/{conversation}/events?after={after}&limit=37");
        let mut page = person.get(&path).await;
        assert_eq!(page.status, 200, "{:?}", page.body);
        let page = std::mem::take(page.body["events"].as_array_mut().unwrap());
        let Some(last) = page.last() else { return events };
        after = format!("{}.{}", last["seq"], last["stamp"].as_str().unwrap());
        events.extend(page);
    }
}

/// Makes one random change over REST or, for half of the messages, a socket. It may fail, because the server
/// may not be there.
async fn change(person: &Person, id: i64, sent: &Mutex<Vec<(i64, i64, i64)>>, random: &mut StdRng) {
    let mine = {
        let sent = sent.lock();
        let mine: Vec<_> =
            sent.iter().filter(|(room, author, _)| (*room, *author) == (id, person.id)).collect();
        if mine.is_empty() { None } else { Some(mine[random.random_range(0..mine.len())].2) }
    };
    let base = format!("/conversations/{id}/messages");
    let size = if random.random_range(0..8) == 0 { 3000 } else { 20 };
    let content = format!("{} {}", random.random::<u64>(), "x".repeat(size));
    let request = match (random.random_range(0..10), mine) {
        (0, Some(message)) => {
            person.request("PATCH", &format!("{base}/{message}")).json(&json!({"content": content}))
        }
        (1, Some(message)) => {
            sent.lock().retain(|(_, _, other)| *other != message);
            person.request("DELETE", &format!("{base}/{message}"))
        }
        (2, Some(message)) => person.request("PUT", &format!("{base}/{message}/reactions/%F0%9F%91%8D")),
        (3, Some(message)) => person.request("DELETE", &format!("{base}/{message}/reactions/%F0%9F%91%8D")),
        _ => person.request("POST", &base).json(&json!({"content": content})),
    };
    let Ok(answer) = request.send().await else { return };
    if answer.status() == 201 {
        let message: Value = answer.json().await.unwrap_or_default();
        if let Some(message) = message["id"].as_i64() {
            sent.lock().push((id, person.id, message));
        }
    }
}

/// Makes changes until the end; some over a socket that is kept open while it lives.
async fn write(
    mut person: Person,
    ids: Vec<i64>,
    world: World,
    seed: u64,
    sent: Arc<Mutex<Vec<(i64, i64, i64)>>>,
) {
    let mut random = StdRng::seed_from_u64(seed);
    let mut socket = None;
    while !*world.is_over.borrow() {
        person.address = *world.address.borrow();
        let id = ids[random.random_range(0..ids.len())];
        if random.random_range(0..3) > 0 {
            change(&person, id, &sent, &mut random).await;
            continue;
        }
        if socket.is_none() {
            let path = format!("{}&v=1", person.room_path(id));
            socket = Room::try_narrow(person.address, &path, 64 * 1024).await;
        }
        let Some(room) = &mut socket else { continue };
        let frame =
            json!({"type": "send", "ref": "s", "content": format!("by socket {}", random.random::<u64>())});
        let mut is_answered =
            futures_util::SinkExt::send(&mut room.socket, Message::text(frame.to_string())).await.is_ok();
        while is_answered {
            match soon("an answer", room.socket.next()).await {
                Some(Ok(Message::Text(text))) if text.contains("\"ref\":\"s\"") => break,
                Some(Ok(Message::Close(_)) | Err(_)) | None => is_answered = false,
                Some(Ok(_)) => {}
            }
        }
        if !is_answered {
            socket = None;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_disconnects_slow_readers_and_a_restart_lose_and_double_nothing() {
    let seed = seed();
    let mut random = StdRng::seed_from_u64(seed);
    let server = TestServer::provisioning_with(|config| {
        config.limits.is_enforced = false;
        config.limits.sockets_per_user = 10_000;
    })
    .await;
    let mut people = Vec::new();
    for name in PEOPLE {
        people.push(server.person(name).await);
    }
    let mut ids = Vec::new();
    for place in 0..CONVERSATIONS {
        ids.push(people[0].group(&format!("Group {place}"), &people[1..].iter().collect::<Vec<_>>()).await);
    }
    let (addresses, address) = watch::channel(server.address);
    let (over, is_over) = watch::channel(false);
    let world = World { address, is_over };
    let faults = Arc::new(Faults::default());
    let sent = Arc::new(Mutex::new(Vec::new()));
    let mut clients = Vec::new();
    for (place, person) in people.iter().enumerate() {
        for kind in [Kind::User, Kind::User, Kind::Room, Kind::Original] {
            let conversations = if kind == Kind::User { ids.clone() } else { vec![ids[place % ids.len()]] };
            let client = Client::new(person, kind, &conversations, random.random(), &faults);
            clients.push(tokio::spawn(client.live(world.clone())));
        }
    }
    let writers: Vec<_> = people
        .iter()
        .map(|person| {
            tokio::spawn(write(
                person.clone(),
                ids.clone(),
                world.clone(),
                random.random(),
                Arc::clone(&sent),
            ))
        })
        .collect();

    let disconnects = || faults.disconnects.load(Ordering::Relaxed);
    let reach = async |count: u64| {
        while disconnects() < count {
            tokio::task::yield_now().await;
        }
    };
    soon("the first half of the disconnects", reach(200)).await;
    let server = server.restart().await;
    addresses.send_replace(server.address);
    soon("the other half", reach(disconnects() + 200)).await;
    over.send_replace(true);
    for writer in writers {
        soon("the end of a writer", writer).await.unwrap();
    }

    let mut people = Vec::new();
    for name in PEOPLE {
        people.push(server.person(name).await);
    }
    let mut logs = BTreeMap::new();
    for id in &ids {
        logs.insert(*id, log(&people[0], *id).await);
    }
    let heads = logs.iter().map(|(id, log)| (*id, log.len() as i64)).collect();
    for client in clients {
        let mut client = soon("the end of a client", client).await.unwrap();
        client.finish(&world, &heads).await;
        for heard in &client.heard {
            let log = &logs[&client.conversations[0]];
            assert_eq!(*heard, messages_between(log, heard), "SEED={seed}: heard at level 0");
        }
        for (id, have) in client.have.iter().filter(|_| client.kind != Kind::Original) {
            let seqs: Vec<_> = have.events.iter().map(|event| event["seq"].as_i64().unwrap()).collect();
            assert_eq!(seqs, (1..=heads[id]).collect::<Vec<_>>(), "SEED={seed} {:?}", client.kind);
            for (event, logged) in have.events.iter().zip(&logs[id]) {
                assert_same(event, logged, seed);
            }
        }
    }
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let found = (count(&faults.gaps), count(&faults.repeats), count(&faults.lost_continuity));
    assert_eq!(found, (0, 0, 0), "SEED={seed}: gaps, repeats, lost continuity");
}

/// The positions of all messages from the first to the last of these.
fn messages_between(log: &[Value], heard: &[i64]) -> Vec<i64> {
    let (Some(first), Some(last)) = (heard.first(), heard.last()) else { return Vec::new() };
    let messages = log.iter().filter(|event| event["type"] == "message");
    let seqs = messages.map(|event| event["seq"].as_i64().unwrap());
    seqs.filter(|seq| (first..=last).contains(&seq)).collect()
}

/// An event must equal the one in the log, unless its text is gone by now, or was changed.
fn assert_same(event: &Value, logged: &Value, seed: u64) {
    for field in ["seq", "stamp", "ts", "actor_id", "conversation_id"] {
        assert_eq!(event[field], logged[field], "SEED={seed}: {event} {logged}");
    }
    if event["type"] == logged["type"] {
        for field in ["id", "message_id", "emoji", "user_id"] {
            assert_eq!(event[field], logged[field], "SEED={seed}: {event} {logged}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_committed_between_hello_and_live_comes_once() {
    let server = TestServer::provisioning_with(|config| config.limits.is_enforced = false).await;
    let (anna, ben) = (server.person("anna").await, server.person("ben").await);
    let group = anna.group("Busy", &[&ben]).await;
    let (over, is_over) = watch::channel(false);
    let writer = {
        let anna = anna.clone();
        tokio::spawn(async move {
            while !*is_over.borrow() {
                let send = anna.request("POST", &format!("/conversations/{group}/messages"));
                reply(send.json(&json!({"content": "more"}))).await;
            }
        })
    };
    for _ in 0..100 {
        // Without a cursor: what follows the head of `ready` comes live, without a hole.
        let (mut device, ready) = crate::harness::Device::of(&ben, &json!({})).await;
        let head = ready["conversations"][0]["head"].as_str().unwrap();
        let head: i64 = head.split('.').next().unwrap().parse().unwrap();
        for place in 1..=3 {
            assert_eq!(device.next_of("message").await["seq"], head + place);
        }
    }
    over.send_replace(true);
    soon("the end of the writer", writer).await.unwrap();
}
