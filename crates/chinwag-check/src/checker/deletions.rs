//! A deleted text must not appear again: not in the log, not to a client that connects later, not to a client
//! that already heard of the deletion.

use std::collections::{HashMap, HashSet};

use super::{Faults, deliveries, log};
use crate::fault::FaultKind;
use crate::history::{Change, ConversationId, History, Instant, Kind, Outcome, Seq, Session};
use crate::keys::WITHHELD;

/// By conversation and message.
type Deletions = HashMap<(ConversationId, i64), Deletion>;

struct Deletion {
    seq: Seq,
    /// If an answer came.
    acknowledged: Option<Instant>,
}

pub(super) fn check(history: &History, faults: &mut Faults) {
    let deletions = deletions(history);
    for (conversation, log) in &history.logs {
        for event in log.iter().filter(|event| event.kind.is_text() && event.content != WITHHELD) {
            if deletions.contains_key(&(*conversation, event.message_id)) {
                let detail = format!("the log still says at {} what was deleted", event.seq);
                faults.add(FaultKind::Revived, *conversation, detail);
            }
        }
    }
    for session in &history.sessions {
        heard(history, session, &deletions, faults);
    }
}

fn deletions(history: &History) -> Deletions {
    let mut acknowledged = HashMap::new();
    for attempt in history.attempts.iter().filter(|attempt| attempt.change == Change::Other) {
        if let Outcome::Stored { at, place } = attempt.outcome {
            acknowledged.insert((attempt.conversation, place.seq), at);
        }
    }
    let mut deletions = HashMap::new();
    for (conversation, log) in &history.logs {
        for event in log.iter().filter(|event| event.kind == Kind::Deleted) {
            let acknowledged = acknowledged.get(&(*conversation, event.seq)).copied();
            let deletion = Deletion { seq: event.seq, acknowledged };
            deletions.insert((*conversation, event.message_id), deletion);
        }
    }
    deletions
}

fn heard(history: &History, session: &Session, deletions: &Deletions, faults: &mut Faults) {
    let mut told = HashSet::new();
    for delivery in &session.deliveries {
        let Some(event) = log::at(history, session.conversation, delivery.seq) else { continue };
        if event.kind == Kind::Deleted {
            told.insert(event.message_id);
        }
        if !event.kind.is_text() || delivery.content == WITHHELD {
            continue;
        }
        let Some(deletion) = deletions.get(&(session.conversation, event.message_id)) else { continue };
        let is_later = deletion.acknowledged.is_some_and(|at| at < session.begun);
        if is_later || told.contains(&event.message_id) {
            let device = deliveries::named(session, delivery.seq);
            let detail = format!("{device}, said what was deleted at {}", deletion.seq);
            faults.add(FaultKind::Revived, session.conversation, detail);
        }
    }
}
