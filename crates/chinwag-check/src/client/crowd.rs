//! Users with several devices each, in a few conversations, through the phases of a run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use chinwag_client::{Api, ClientError, Signer, StatusCode};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::device::{Device, Head, Person, Phase, Plan, Role, World};
use super::frames::{logged, number};
use super::nodes::Nodes;
use super::record::{Picture, Record};
use super::rest_writer::RestWriter;
use super::stream_reader::StreamReader;
use crate::error::CheckError;
use crate::history::{ConversationId, History, Kind, Logged, Seq};
use crate::report::Tell;

const CONVERSATIONS: usize = 4;
/// How long to wait until everything sent has an answer.
const SETTLE_LIMIT: Duration = Duration::from_secs(30);
/// How long to wait until every device has everything.
const FINISH_LIMIT: Duration = Duration::from_secs(30);

/// How large a crowd is, and what happens to it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) devices: usize,
    pub(crate) cuts: usize,
    pub(crate) pause: Duration,
    pub(crate) life: Duration,
    pub(crate) seed: u64,
}

pub(crate) struct Crowd {
    pub(crate) world: Arc<World>,
    phase: watch::Sender<Phase>,
    devices: JoinSet<(u32, Record)>,
    writers: usize,
    owner: Person,
    guests: Vec<(ConversationId, Person)>,
    participants: BTreeMap<ConversationId, BTreeSet<i64>>,
}

/// The result of a crowd's run.
pub(crate) struct Outcome {
    pub(crate) history: History,
    /// Problems that are not faults of the history.
    pub(crate) problems: Vec<String>,
}

impl Crowd {
    /// Makes users and conversations, and starts the devices.
    pub(crate) async fn start(nodes: Nodes, signer: &Signer, size: Size) -> Result<Self, CheckError> {
        let people = size.devices.div_ceil(3).max(2);
        let mut persons = Vec::new();
        for number in 0..people + CONVERSATIONS {
            persons.push(Person::new(nodes.at(0), signer, number).await?);
        }
        let guests = persons.split_off(people);
        let owner = persons.first().cloned().ok_or(CheckError::Options("a crowd needs people"))?;
        let api = Api::new(nodes.at(0), &owner.token);
        let (mut conversations, mut participants) = (Vec::new(), BTreeMap::new());
        for (number, guest) in guests.iter().enumerate() {
            let others: Vec<_> = persons.iter().skip(1).chain([guest]).map(|person| person.id).collect();
            let wish = json!({"title": format!("check {number}"), "participant_ids": others});
            let id = super::frames::number(&api.post("/conversations/", &wish).await?, "id");
            conversations.push(id);
            participants.insert(id, others.into_iter().chain([owner.id]).collect());
        }
        let world = Arc::new(World {
            nodes,
            clock: Instant::now(),
            conversations,
            attaches: AtomicU64::new(1),
            cuts: AtomicUsize::new(0),
            acknowledged: AtomicUsize::new(0),
            settled: AtomicUsize::new(0),
        });
        let guests = world.conversations.iter().copied().zip(guests).collect();
        let (phase, _) = watch::channel(Phase::Run);
        let devices = JoinSet::new();
        let mut crowd = Self { world, phase, devices, writers: 0, owner, guests, participants };
        crowd.populate(&persons, size);
        Ok(crowd)
    }

    fn populate(&mut self, persons: &[Person], size: Size) {
        let rooms = self.world.conversations.clone();
        // REST writers have no connection to cut; the other devices and the stream readers share the cuts.
        let cut_devices = size.devices - size.devices / 6 + rooms.len();
        let share = |device| size.cuts / cut_devices + usize::from(device < size.cuts % cut_devices);
        let (mut number, mut cut_device) = (0_u32, 0);
        let guests = self.guests.clone();
        for device in 0..size.devices {
            let Some(person) = persons.get(device / 3 % persons.len()) else { continue };
            let Some(room) = rooms.get(device / 3 % rooms.len()).copied() else { continue };
            number += 1;
            let mut plan = self.plan(number, size, Role::User);
            if device % 6 == 5 {
                let (world, phase) = (Arc::clone(&self.world), self.phase.subscribe());
                let writer = RestWriter { world, phase, plan, person: person.clone(), conversation: room };
                self.devices.spawn(writer.run());
            } else {
                plan.role = match device % 6 {
                    1 | 4 => Role::Room(room),
                    2 => Role::Original(room),
                    _ => Role::User,
                };
                plan.cuts = share(cut_device);
                cut_device += 1;
                self.spawn(plan, person.clone());
            }
            self.writers += 1;
        }
        for (room, person) in rooms.into_iter().zip(persons.iter().cycle()) {
            number += 1;
            let mut plan = self.plan(number, size, Role::User);
            plan.cuts = share(cut_device);
            cut_device += 1;
            let (world, phase) = (Arc::clone(&self.world), self.phase.subscribe());
            self.devices.spawn(StreamReader::new(world, phase, plan, person.clone(), room).run());
        }
        for (room, guest) in guests {
            number += 1;
            self.spawn(self.plan(number, size, Role::Guest(room)), guest);
        }
    }

    fn plan(&self, number: u32, size: Size, role: Role) -> Plan {
        let seed = size.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(u64::from(number));
        Plan { number, seed, role, cuts: 0, pause: size.pause, life: size.life }
    }

    fn spawn(&mut self, plan: Plan, person: Person) {
        let device = Device::new(Arc::clone(&self.world), self.phase.subscribe(), plan, person);
        self.devices.spawn(device.run());
    }

    pub(crate) fn cuts(&self) -> usize {
        self.world.cuts.load(Ordering::Relaxed)
    }

    pub(crate) fn acknowledged(&self) -> usize {
        self.world.acknowledged.load(Ordering::Relaxed)
    }

    /// Waits until something more is acknowledged; false if that takes too long.
    pub(crate) async fn is_answered_within(&self, patience: Duration) -> bool {
        let (acknowledged, waiting) = (self.acknowledged(), Instant::now());
        while self.acknowledged() == acknowledged && waiting.elapsed() < patience {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        self.acknowledged() != acknowledged
    }

    /// Waits until this many connections were cut; says what is wrong if none is for so long.
    pub(crate) async fn cut(&self, wanted: usize, patience: Duration, tell: Tell<'_>) -> Result<(), String> {
        let (mut last, mut moved) = (0, Instant::now());
        while self.cuts() < wanted {
            let cuts = self.cuts();
            if cuts != last {
                (last, moved) = (cuts, Instant::now());
            }
            if moved.elapsed() > patience {
                return Err(format!("only {cuts} disconnects were possible: the clients are stuck"));
            }
            tell("disconnects", cuts, wanted);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Removes the guests while their sockets are open.
    pub(crate) async fn remove_guests(&self) -> Result<(), CheckError> {
        let mut turn = 0;
        for (room, guest) in &self.guests {
            let path = format!("/conversations/{room}/participants/{}", guest.id);
            let removing = Instant::now();
            loop {
                let api = Api::new(self.world.nodes.at(turn), &self.owner.token);
                match api.delete(&path).await {
                    Ok(_) => break,
                    // An attempt before this one removed them; its answer was lost.
                    Err(ClientError::Refused { status: StatusCode::NOT_FOUND, .. }) if turn > 0 => break,
                    Err(error) if error.may_pass() && removing.elapsed() < SETTLE_LIMIT => turn += 1,
                    Err(error) => return Err(error.into()),
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        Ok(())
    }

    /// Lets all traffic settle, and collects what was recorded.
    pub(crate) async fn finish(mut self) -> Result<Outcome, CheckError> {
        let mut problems = Vec::new();
        self.phase.send_replace(Phase::Settle);
        let settling = Instant::now();
        while self.world.settled.load(Ordering::Relaxed) < self.writers {
            if settling.elapsed() > SETTLE_LIMIT {
                let settled = self.world.settled.load(Ordering::Relaxed);
                let waiting = self.writers.saturating_sub(settled);
                problems.push(format!("{waiting} devices got no answer to what they sent in 30 s"));
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // What was cut off midway has been read by now, or never will be.
        tokio::time::sleep(Duration::from_millis(300)).await;
        let mut history =
            History { participants: std::mem::take(&mut self.participants), ..History::default() };
        let api = Api::new(self.world.nodes.at(0), &self.owner.token);
        let mut heads = BTreeMap::new();
        let mut truth = Picture::default();
        for id in &self.world.conversations {
            let log = read_log(&api, *id).await?;
            let message = log.iter().rfind(|event| matches!(event.kind, Kind::Message(_)));
            let [event, message] = [log.last(), message].map(|last| last.map_or(0, |last| last.seq));
            heads.insert(*id, Head { event, message });
            history.logs.insert(*id, log);
            read_history(&api, *id, &mut truth).await?;
        }
        history.beliefs = truth.beliefs("a fresh page of history");
        self.phase.send_replace(Phase::Finish(heads));
        let finishing = tokio::time::sleep(FINISH_LIMIT);
        tokio::pin!(finishing);
        loop {
            tokio::select! {
                joined = self.devices.join_next() => match joined {
                    Some(Ok((number, record))) => {
                        let observer = format!("device {number}");
                        record.into_history(&mut history, &observer);
                    }
                    Some(Err(error)) => problems.push(format!("a device failed: {error}")),
                    None => break,
                },
                () = &mut finishing, if !matches!(*self.phase.borrow(), Phase::Stop) => {
                    problems.push(format!("{} devices did not get everything in 30 s", self.devices.len()));
                    self.phase.send_replace(Phase::Stop);
                }
            }
        }
        Ok(Outcome { history, problems })
    }
}

/// The whole log.
pub(crate) async fn read_log(api: &Api, id: ConversationId) -> Result<Vec<Logged>, CheckError> {
    let (mut log, mut after) = (Vec::new(), "0".to_owned());
    loop {
        let page = api.get(&format!("/conversations/{id}/events?after={after}&limit=1000")).await?;
        let events = page.get("events").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        log.extend(events.iter().map(logged));
        let is_more = page.get("more").and_then(Value::as_bool) == Some(true);
        match events.last() {
            Some(last) if is_more => after = super::frames::cursor(last),
            _ => return Ok(log),
        }
    }
}

/// Reads the conversation as it stands, to compare it with the picture made from events.
async fn read_history(api: &Api, id: ConversationId, picture: &mut Picture) -> Result<(), CheckError> {
    let mut after: Seq = 0;
    loop {
        let page = api.get(&format!("/conversations/{id}/messages?after={after}&limit=200")).await?;
        let messages = page.as_array().map_or(&[][..], Vec::as_slice);
        for message in messages {
            picture.apply_page_entry(message);
            after = number(message, "seq");
        }
        if messages.is_empty() {
            break;
        }
    }
    let pins = api.get(&format!("/conversations/{id}/pins")).await?;
    for message in pins.as_array().into_iter().flatten() {
        picture.pin((id, number(message, "id")));
    }
    Ok(())
}
