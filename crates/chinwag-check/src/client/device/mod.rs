//! One device of one user: it follows its conversations over sockets that are cut again and again, and sends.
//!
//! It follows the protocol's client rule, and records what came before it applies the rule. Its own seed
//! decides all its choices, so every run has the same schedule; only the server's answers differ.

mod hearing;
mod saying;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use chinwag_client::{Api, Client, Signer, SocketOptions};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use crate::client::frames::{
    conversation, cursor, cursor_seq, delivery, is_event, kind, message_key, number, place, text,
};
use crate::client::nodes::Nodes;
use crate::client::record::{Record, now};
use crate::client::socket::{Incoming, Socket};
use crate::error::CheckError;
use crate::history::{Attempt, Change, ConversationId, End, Outcome, Scope, Seq, Session, UserId};

/// Unanswered messages at which a device waits.
const WINDOW: usize = 4;
/// The pause before a device repeats an attempt that failed for now, or reopens a lost socket.
const PAUSE: Duration = Duration::from_millis(5);
/// The wait for receipts that are still on their way when everything else is over.
const LINGER: Duration = Duration::from_millis(1500);
/// A receive buffer that a few messages fill.
const SMALL_BUFFER: u32 = 4096;

/// What all devices of a run share.
pub(crate) struct World {
    pub(crate) nodes: Nodes,
    pub(crate) clock: std::time::Instant,
    pub(crate) conversations: Vec<ConversationId>,
    pub(crate) attaches: AtomicU64,
    pub(crate) cuts: AtomicUsize,
    pub(crate) acknowledged: AtomicUsize,
    /// Devices that have an answer to everything they sent.
    pub(crate) settled: AtomicUsize,
}

/// What the devices should do.
#[derive(Clone, Debug)]
pub(crate) enum Phase {
    /// Send, and be cut.
    Run,
    /// Get an answer to everything, and send nothing new.
    Settle,
    /// Get everything up to these heads.
    Finish(BTreeMap<ConversationId, Head>),
    /// Stop.
    Stop,
}

/// Where a log ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    pub(crate) event: Seq,
    /// The last message: the original's client hears of nothing after it.
    pub(crate) message: Seq,
}

/// What a device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// One socket for all conversations.
    User,
    /// The room socket with every frame.
    Room(ConversationId),
    /// The original's client: messages only, and REST for what it missed.
    Original(ConversationId),
    /// A reader with a room socket, who is removed during the run.
    Guest(ConversationId),
}

#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) id: UserId,
    pub(crate) token: String,
}

impl Person {
    /// Makes a user that the signer vouches for; the server creates the account when it first sees the token.
    pub(crate) async fn new(client: &Client, signer: &Signer, number: usize) -> Result<Self, CheckError> {
        let token = signer.token(number)?;
        let user = Api::new(client, &token).get("/users/me").await?;
        Ok(Self { id: self::number(&user, "id"), token })
    }
}

pub(crate) struct Plan {
    pub(crate) number: u32,
    pub(crate) seed: u64,
    pub(crate) role: Role,
    pub(crate) cuts: usize,
    /// The mean time between two messages.
    pub(crate) pause: Duration,
    /// The longest that a connection lives, if it is to be cut.
    pub(crate) life: Duration,
}

/// A message without an answer.
struct Unsettled {
    client_id: String,
    conversation: ConversationId,
    content: String,
    attempts: Vec<usize>,
}

enum Cut {
    Clean,
    Reset,
    Freeze(Duration),
}

pub(crate) struct Device {
    world: Arc<World>,
    phase: watch::Receiver<Phase>,
    plan: Plan,
    person: Person,
    rng: StdRng,
    /// The cursor in each conversation.
    have: BTreeMap<ConversationId, String>,
    attach: u64,
    /// Grows with each connection: the next one leads to another node.
    turn: usize,
    /// When the current connection was begun.
    begun: crate::history::Instant,
    open: BTreeMap<ConversationId, Session>,
    unsettled: VecDeque<Unsettled>,
    sent: u64,
    /// Its last own message, which it may edit.
    own: Option<(ConversationId, i64)>,
    cuts_left: usize,
    is_counted_as_settled: bool,
    is_discontinued: bool,
    is_over: bool,
    /// Set once they are known.
    heads: BTreeMap<ConversationId, Head>,
    record: Record,
}

impl Device {
    pub(crate) fn new(world: Arc<World>, phase: watch::Receiver<Phase>, plan: Plan, person: Person) -> Self {
        let conversations = match plan.role {
            Role::User => world.conversations.clone(),
            Role::Room(id) | Role::Original(id) | Role::Guest(id) => vec![id],
        };
        Self {
            rng: StdRng::seed_from_u64(plan.seed),
            have: conversations.into_iter().map(|id| (id, "0".to_owned())).collect(),
            attach: 0,
            turn: usize::try_from(plan.number).unwrap_or_default(),
            begun: 0,
            open: BTreeMap::new(),
            unsettled: VecDeque::new(),
            sent: 0,
            own: None,
            cuts_left: plan.cuts,
            is_counted_as_settled: false,
            is_discontinued: false,
            is_over: false,
            heads: BTreeMap::new(),
            record: Record::default(),
            world,
            phase,
            plan,
            person,
        }
    }

    /// Runs until the device has everything, or is stopped.
    pub(crate) async fn run(mut self) -> (u32, Record) {
        while !self.is_over {
            if matches!(*self.phase.borrow(), Phase::Stop) {
                break;
            }
            if let Some(socket) = self.attach().await {
                self.live(socket).await;
            }
            self.detach();
            if !self.is_over {
                sleep(PAUSE).await;
            }
        }
        (self.plan.number, self.record)
    }

    async fn attach(&mut self) -> Option<Socket> {
        self.attach = self.world.attaches.fetch_add(1, Ordering::Relaxed);
        self.turn = self.turn.wrapping_add(1);
        self.begun = now(self.world.clock);
        let token = self.person.token.clone();
        let buffer = self.rng.random_bool(0.3).then_some(SMALL_BUFFER);
        let client = self.world.nodes.at(self.turn);
        let options = SocketOptions { receive_buffer: buffer, ..SocketOptions::default() };
        let room = |id: ConversationId| format!("/conversations/{id}/ws?token={token}");
        let mut socket = match self.plan.role {
            Role::User => {
                let options = SocketOptions { bearer: Some(&token), ..options };
                Socket::open(client, "/ws", options).await?
            }
            Role::Room(id) | Role::Guest(id) => {
                let cursor = self.have.get(&id).map_or("0", String::as_str);
                let path = format!("{}&v=1&after={cursor}", room(id));
                Socket::open(client, &path, options).await?
            }
            Role::Original(id) => Socket::open(client, &room(id), options).await?,
        };
        if self.plan.role == Role::User {
            let cursors: BTreeMap<_, _> = self.have.iter().map(|(id, have)| (id.to_string(), have)).collect();
            if !socket.send(&json!({"type": "hello", "ref": "h", "cursors": cursors})).await {
                return None;
            }
        }
        loop {
            match socket.next().await {
                Incoming::Frame(frame) if matches!(kind(&frame), "ready" | "connection") => break,
                Incoming::Frame(_) => {}
                Incoming::Closed(code) => {
                    self.closed(code);
                    return None;
                }
            }
        }
        if let Role::Original(id) = self.plan.role {
            // Read after `connection`: live delivery begins no later than the head that this reads.
            self.read_missed(id).await?;
        }
        let scope =
            if matches!(self.plan.role, Role::Original(_)) { Scope::Messages } else { Scope::Everything };
        let positions: Vec<_> = self.have.iter().map(|(id, have)| (*id, cursor_seq(have))).collect();
        for (id, after) in positions {
            self.open.insert(id, self.session(id, scope, after));
        }
        Some(socket)
    }

    fn session(&self, conversation: ConversationId, scope: Scope, after: Seq) -> Session {
        Session {
            attach: self.attach,
            device: self.plan.number,
            user: self.person.id,
            conversation,
            scope,
            begun: self.begun,
            after,
            deliveries: Vec::new(),
            end: End::Cut,
        }
    }

    /// The original's client reads over REST what it missed.
    async fn read_missed(&mut self, id: ConversationId) -> Option<()> {
        let api = Api::new(self.world.nodes.at(self.turn), &self.person.token);
        let mut session = self.session(id, Scope::Everything, self.position(id));
        let read = self.read_pages(&api, id, &mut session).await;
        self.record.sessions.push(session);
        read
    }

    async fn read_pages(&mut self, api: &Api, id: ConversationId, session: &mut Session) -> Option<()> {
        loop {
            let have = self.have.get(&id)?.clone();
            let page = api.get(&format!("/conversations/{id}/events?after={have}&limit=500")).await.ok()?;
            for event in page.get("events")?.as_array()? {
                session.deliveries.push(delivery(event));
                self.take(event);
            }
            if page.get("more")?.as_bool() != Some(true) {
                return Some(());
            }
        }
    }

    fn position(&self, id: ConversationId) -> Seq {
        self.have.get(&id).map_or(0, |have| cursor_seq(have))
    }

    fn detach(&mut self) {
        for (id, mut session) in std::mem::take(&mut self.open) {
            if self.is_over
                && let Some(head) = self.heads.get(&id)
                && session.end == End::Cut
                && !self.is_guest()
            {
                session.end = End::Settled(head.event);
            }
            self.record.sessions.push(session);
        }
    }

    fn closed(&mut self, code: Option<u16>) {
        // Removed: this ends a guest's run. After any other end, the device resumes.
        if code == Some(4003) && matches!(self.plan.role, Role::Guest(_)) {
            self.is_over = true;
        }
    }

    /// Serves one connection until it is cut or lost, or everything is over.
    async fn live(&mut self, mut socket: Socket) {
        let cut = self.next_cut();
        let cut_at = cut.as_ref().map(|(at, _)| *at);
        let mut next_send = Instant::now() + self.pause();
        let mut retry_at = self.repeat(&mut socket).await;
        let mut finish_at: Option<Instant> = None;
        let never = Instant::now() + Duration::from_secs(24 * 3600);
        loop {
            let phase = self.phase.borrow_and_update().clone();
            match &phase {
                Phase::Run => {}
                Phase::Settle => self.count_settled(),
                Phase::Finish(heads) => {
                    let is_whole = self.have.keys().all(|id| {
                        heads.get(id).is_some_and(|head| self.position(*id) >= self.last_of(head))
                            || self.is_guest()
                    });
                    self.heads.clone_from(heads);
                    if is_whole && finish_at.is_none() {
                        finish_at = Some(Instant::now() + LINGER);
                    }
                }
                Phase::Stop => {
                    self.is_over = true;
                    return;
                }
            }
            let may_cut = matches!(phase, Phase::Run) && cut.is_some();
            let may_send = matches!(phase, Phase::Run) && !self.is_guest() && self.unsettled.len() < WINDOW;
            tokio::select! {
                incoming = socket.next() => match incoming {
                    Incoming::Frame(frame) => {
                        if !self.hear(&frame, &mut retry_at) {
                            return socket.reset();
                        }
                    }
                    Incoming::Closed(code) => return self.closed(code),
                },
                () = sleep_until(next_send), if may_send => {
                    next_send = Instant::now() + self.pause();
                    if !self.say(&mut socket).await {
                        return;
                    }
                }
                () = sleep_until(retry_at.unwrap_or(never)), if retry_at.is_some() => {
                    retry_at = self.repeat(&mut socket).await;
                }
                () = sleep_until(cut_at.unwrap_or(never)), if may_cut => {
                    self.cuts_left -= 1;
                    match cut {
                        Some((_, Cut::Clean)) => socket.close().await,
                        Some((_, Cut::Reset)) | None => socket.reset(),
                        Some((_, Cut::Freeze(time))) => {
                            sleep(time).await;
                            socket.reset();
                        }
                    }
                    self.world.cuts.fetch_add(1, Ordering::Relaxed);
                    return;
                }
                () = sleep_until(finish_at.unwrap_or(never)), if finish_at.is_some() => {
                    self.is_over = true;
                    self.record.is_witness =
                        !self.is_discontinued && matches!(self.plan.role, Role::User | Role::Room(_));
                    return socket.close().await;
                }
                changed = self.phase.changed() => if changed.is_err() {
                    self.is_over = true;
                    return;
                },
            }
        }
    }

    /// The last event that a device of this role gets.
    fn last_of(&self, head: &Head) -> Seq {
        if matches!(self.plan.role, Role::Original(_)) { head.message } else { head.event }
    }

    fn is_guest(&self) -> bool {
        matches!(self.plan.role, Role::Guest(_))
    }

    fn next_cut(&mut self) -> Option<(Instant, Cut)> {
        if self.cuts_left == 0 {
            return None;
        }
        // Often at once, while the replay is on its way.
        let life = self.plan.life.mul_f64(self.rng.random::<f64>().powi(2));
        let cut = match self.rng.random_range(0..3) {
            0 => Cut::Clean,
            1 => Cut::Reset,
            _ => Cut::Freeze(self.plan.life.mul_f64(self.rng.random::<f64>())),
        };
        Some((Instant::now() + life, cut))
    }

    fn pause(&mut self) -> Duration {
        self.plan.pause.mul_f64(2.0 * self.rng.random::<f64>())
    }

    fn count_settled(&mut self) {
        if self.unsettled.is_empty() && !std::mem::replace(&mut self.is_counted_as_settled, true) {
            self.world.settled.fetch_add(1, Ordering::Relaxed);
        }
    }
}
