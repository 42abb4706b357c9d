//! What a run recorded: what was sent, what was delivered to whom, and what the log says in the end.
//!
//! Plain data without opinions. `checker` judges it; whoever records must leave nothing out and repair
//! nothing.

use std::collections::{BTreeMap, BTreeSet};

/// Nanoseconds since the run began, from one monotonic clock.
pub type Instant = u64;
/// A user's id.
pub type UserId = i64;
/// A conversation's id.
pub type ConversationId = i64;
/// A position in a log, from 1.
pub type Seq = i64;

/// Everything that one run recorded.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Every request to change something, repeats included.
    pub attempts: Vec<Attempt>,
    /// Every stretch of deliveries to a device.
    pub sessions: Vec<Session>,
    /// The logs as they stand when everything is over.
    pub logs: BTreeMap<ConversationId, Vec<Logged>>,
    /// Who took part at the beginning.
    pub participants: BTreeMap<ConversationId, BTreeSet<UserId>>,
    /// Receipts, in the order in which each connection got them.
    pub marks: Vec<Mark>,
    /// What each observer holds to be true in the end.
    pub beliefs: Vec<Belief>,
}

/// One request to change something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The connection that carried it.
    pub attach: u64,
    /// Who.
    pub user: UserId,
    /// Where.
    pub conversation: ConversationId,
    /// What.
    pub change: Change,
    /// When it was handed to the socket.
    pub invoked: Instant,
    /// What is known of its end.
    pub outcome: Outcome,
}

/// What an attempt wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A new message.
    Message {
        /// The idempotency key.
        client_id: String,
        /// The [content key](crate::content_key) of the message.
        content: u64,
    },
    /// Another event, that nobody repeats.
    Other,
}

/// The three outcomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was acknowledged.
    Stored {
        /// When the answer came.
        at: Instant,
        /// What it said.
        place: Place,
    },
    /// It was answered by an error: it must not be stored.
    Refused,
    /// There was no answer: it may be stored or not.
    Unknown,
}

/// Where an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The position.
    pub seq: Seq,
    /// The [stamp](crate::stamp_key), packed.
    pub stamp: u64,
    /// The message's id; zero where there is none.
    pub message_id: i64,
}

/// One stretch of deliveries of one conversation to one device, between attaching and its end.
#[derive(Clone, Debug)]
pub struct Session {
    /// The connection.
    pub attach: u64,
    /// The device. It keeps its position over many sessions.
    pub device: u32,
    /// Whose.
    pub user: UserId,
    /// Where.
    pub conversation: ConversationId,
    /// What the connection asked for.
    pub scope: Scope,
    /// When the connection was begun, before the server knew of it.
    pub begun: Instant,
    /// What the device had before: the first delivery is the next one.
    pub after: Seq,
    /// As they came, nothing dropped and nothing sorted.
    pub deliveries: Vec<Delivery>,
    /// How it ended.
    pub end: End,
}

/// What a connection is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every event after the cursor.
    Everything,
    /// Only messages, of those every one after `after`; an earlier one may come as well.
    Messages,
}

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Somewhere: what came is a prefix of what should.
    Cut,
    /// With time enough to get everything up to here.
    Settled(Seq),
    /// The server said that it can't continue from the cursor.
    Discontinued,
}

/// One durable frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The position.
    pub seq: Seq,
    /// The stamp, packed.
    pub stamp: u64,
    /// The content key; [`WITHHELD`](crate::WITHHELD) if the event no longer says it.
    pub content: u64,
}

/// One event of a final log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// The position.
    pub seq: Seq,
    /// The stamp, packed.
    pub stamp: u64,
    /// The content key; [`WITHHELD`](crate::WITHHELD) if the event no longer says it.
    pub content: u64,
    /// Who.
    pub user: UserId,
    /// The message that it is or is about; zero where there is none.
    pub message_id: i64,
    /// What.
    pub kind: Kind,
}

/// What a logged event is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A message, with its idempotency key.
    Message(Option<String>),
    /// A message has another text.
    Edited,
    /// A message has none any more.
    Deleted,
    /// Somebody takes part from now on.
    Added(UserId),
    /// Somebody no longer takes part.
    Removed(UserId),
    /// Something else.
    Other,
}

impl Kind {
    /// Whether the event says a message's text.
    #[must_use]
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Message(_) | Self::Edited)
    }
}

/// A receipt that a connection got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The connection.
    pub attach: u64,
    /// Where.
    pub conversation: ConversationId,
    /// Who has read.
    pub user: UserId,
    /// Up to here.
    pub read: Seq,
}

/// Something that an observer holds to be true in the end. All who speak of a subject must agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Belief {
    /// Who.
    pub observer: String,
    /// Of what.
    pub subject: String,
    /// What.
    pub value: String,
}
