//! What one device records, and the picture of the conversations that it builds from events.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::frames::{conversation, is_deleted, kind, message_id, number, text};
use crate::history::{
    Attempt, Belief, ConversationId, History, Instant, Mark, Outcome, Seq, Session, UserId,
};
use crate::keys::{WITHHELD, content_key};

#[derive(Default)]
pub(crate) struct Record {
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) sessions: Vec<Session>,
    pub(crate) marks: Vec<Mark>,
    pub(crate) picture: Picture,
    /// Whether the picture holds everything up to the end.
    pub(crate) is_witness: bool,
}

/// Events folded into state, as a client would show it.
#[derive(Default)]
pub(crate) struct Picture {
    texts: BTreeMap<(ConversationId, i64), u64>,
    reactions: BTreeMap<(ConversationId, i64), BTreeSet<(String, UserId)>>,
    pinned: BTreeSet<(ConversationId, i64)>,
    read: BTreeMap<(ConversationId, UserId), Seq>,
}

impl Record {
    /// Begins an attempt and returns its number, which the answer repeats.
    pub(crate) fn begin(&mut self, attempt: Attempt) -> usize {
        self.attempts.push(attempt);
        self.attempts.len() - 1
    }

    /// Records an outcome. The first one stands: a second answer would belong to another attempt.
    pub(crate) fn end(&mut self, attempt: usize, outcome: Outcome) {
        if let Some(attempt) = self.attempts.get_mut(attempt)
            && attempt.outcome == Outcome::Unknown
        {
            attempt.outcome = outcome;
        }
    }

    /// Records a receipt, if it says something new.
    pub(crate) fn mark(&mut self, attach: u64, receipt: &Value) {
        let (conversation, user) = (conversation(receipt), number(receipt, "user_id"));
        let read = number(receipt, "read_seq");
        let known = self.picture.read.entry((conversation, user)).or_default();
        if read != *known {
            self.marks.push(Mark { attach, conversation, user, read });
            // The protocol says that a position only moves forward.
            *known = read.max(*known);
        }
    }

    /// Adds the record to a history; `observer` names whose picture it is.
    pub(crate) fn into_history(self, history: &mut History, observer: &str) {
        history.attempts.extend(self.attempts);
        history.sessions.extend(self.sessions);
        history.marks.extend(self.marks);
        if self.is_witness {
            history.beliefs.extend(self.picture.beliefs(observer));
        }
    }
}

impl Picture {
    pub(crate) fn apply(&mut self, event: &Value) {
        let key = (conversation(event), message_id(event));
        let reaction = || (text(event, "emoji").to_owned(), number(event, "user_id"));
        match kind(event) {
            "message" | "message_edited" => {
                self.texts.insert(key, content_key([text(event, "content")]));
            }
            "message_deleted" => self.forget(key),
            "pinned" => self.pin(key),
            "unpinned" => drop(self.pinned.remove(&key)),
            "reaction_added" => {
                self.reactions.entry(key).or_default().insert(reaction());
            }
            "reaction_removed" => {
                self.reactions.entry(key).or_default().remove(&reaction());
            }
            _ => {}
        }
    }

    /// Applies a message as a fresh page of history shows it.
    pub(crate) fn apply_page_entry(&mut self, message: &Value) {
        let key = (conversation(message), number(message, "id"));
        if is_deleted(message) {
            return self.forget(key);
        }
        self.texts.insert(key, content_key([text(message, "content")]));
        for reaction in message.get("reactions").and_then(Value::as_array).into_iter().flatten() {
            let users = reaction.get("user_ids").and_then(Value::as_array).into_iter().flatten();
            for user in users.filter_map(Value::as_i64) {
                self.reactions.entry(key).or_default().insert((text(reaction, "emoji").to_owned(), user));
            }
        }
    }

    pub(crate) fn pin(&mut self, message: (ConversationId, i64)) {
        self.pinned.insert(message);
    }

    /// A deleted message has no text, no reactions and no pin.
    fn forget(&mut self, message: (ConversationId, i64)) {
        self.texts.insert(message, WITHHELD);
        self.reactions.remove(&message);
        self.pinned.remove(&message);
    }

    pub(crate) fn beliefs(&self, observer: &str) -> Vec<Belief> {
        let belief =
            |subject: String, value: String| Belief { observer: observer.to_owned(), subject, value };
        let texts = self.texts.iter().map(|((conversation, message), text)| {
            let nobody = BTreeSet::new();
            let reactions = self.reactions.get(&(*conversation, *message)).unwrap_or(&nobody);
            let reactions: Vec<_> = reactions.iter().map(|(emoji, user)| format!("{emoji}{user}")).collect();
            let subject = format!("message {message} of conversation {conversation}");
            let pinned = if self.pinned.contains(&(*conversation, *message)) { " pinned" } else { "" };
            belief(subject, format!("{text:x} {}{pinned}", reactions.join(" ")))
        });
        let read = self.read.iter().map(|((conversation, user), seq)| {
            belief(format!("what user {user} has read of conversation {conversation}"), seq.to_string())
        });
        texts.chain(read).collect()
    }
}

/// Nanoseconds since the run began.
pub(crate) fn now(clock: std::time::Instant) -> Instant {
    Instant::try_from(clock.elapsed().as_nanos()).unwrap_or(Instant::MAX)
}
