//! What a run recorded: what was sent, what was delivered to each device, and the final logs.
//!
//! Plain data without opinions, which `checker` judges. A recorder must leave nothing out and repair nothing.

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
    /// The final logs.
    pub logs: BTreeMap<ConversationId, Vec<Logged>>,
    /// Who took part at the beginning.
    pub participants: BTreeMap<ConversationId, BTreeSet<UserId>>,
    /// Receipts, in the order in which each connection got them.
    pub marks: Vec<Mark>,
    /// What each observer believes in the end.
    pub beliefs: Vec<Belief>,
}

/// One request to change something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The connection that carried it.
    pub attach: u64,
    /// The user who asked for it.
    pub user: UserId,
    /// The conversation.
    pub conversation: ConversationId,
    /// What to change.
    pub change: Change,
    /// When it was handed to the socket.
    pub invoked: Instant,
    /// How it ended.
    pub outcome: Outcome,
}

/// What an attempt asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A new message.
    Message {
        /// The idempotency key.
        client_id: String,
        /// The [content key](crate::content_key) of the message.
        content: u64,
    },
    /// Another event, which nobody repeats.
    Other,
}

/// The three outcomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was acknowledged.
    Stored {
        /// When the answer came.
        at: Instant,
        /// The place in the answer.
        place: Place,
    },
    /// An error answered it: it must not be stored.
    Refused,
    /// No answer came: it may be stored or not.
    Unknown,
}

/// Where an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The position.
    pub seq: Seq,
    /// The [stamp](crate::stamp_key), packed.
    pub stamp: u64,
    /// The message's id; zero if there is none.
    pub message_id: i64,
}

/// Deliveries of one conversation to one device, from attaching to the end of the connection.
#[derive(Clone, Debug)]
pub struct Session {
    /// The connection.
    pub attach: u64,
    /// The device, which keeps its position across sessions.
    pub device: u32,
    /// The device's user.
    pub user: UserId,
    /// The conversation.
    pub conversation: ConversationId,
    /// What the connection asked for.
    pub scope: Scope,
    /// When the client began to connect, before the server knew of it.
    pub begun: Instant,
    /// The seq that the device had before: the first delivery is the next one.
    pub after: Seq,
    /// In the order of arrival, unfiltered.
    pub deliveries: Vec<Delivery>,
    /// How it ended.
    pub end: End,
}

/// What a connection receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every event after the cursor.
    Everything,
    /// Only messages: every one after `after`, and possibly an earlier one.
    Messages,
}

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// At any point: the deliveries are a prefix of what should have come.
    Cut,
    /// After enough time to get everything up to this seq.
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
    /// The content key; [`WITHHELD`](crate::WITHHELD) if the event no longer has its content.
    pub content: u64,
}

/// One event of a final log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// The position.
    pub seq: Seq,
    /// The stamp, packed.
    pub stamp: u64,
    /// The content key; [`WITHHELD`](crate::WITHHELD) if the event no longer has its content.
    pub content: u64,
    /// The user who acted.
    pub user: UserId,
    /// The message that it is, or is about; zero if there is none.
    pub message_id: i64,
    /// The kind of event.
    pub kind: Kind,
}

/// What a logged event is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A message, with its idempotency key.
    Message(Option<String>),
    /// A message got another text.
    Edited,
    /// A message lost its text.
    Deleted,
    /// A user became a participant.
    Added(UserId),
    /// A user stopped being a participant.
    Removed(UserId),
    /// Something else.
    Other,
}

impl Kind {
    /// Whether the event carries a message's text.
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
    /// The conversation.
    pub conversation: ConversationId,
    /// The user who read.
    pub user: UserId,
    /// The seq up to which they read.
    pub read: Seq,
}

/// Something that an observer believes in the end. All observers of a subject must agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Belief {
    /// The observer.
    pub observer: String,
    /// The subject.
    pub subject: String,
    /// What the observer believes.
    pub value: String,
}
