//! Compares what was sent with what is stored.

use std::collections::{HashMap, HashSet};

use super::{Faults, Send};
use crate::fault::FaultKind;
use crate::history::{Change, ConversationId, History, Kind, Logged, Outcome, UserId};
use crate::keys::WITHHELD;

pub(super) fn check(history: &History, sends: &[Send<'_>], faults: &mut Faults) {
    for (conversation, log) in &history.logs {
        for (event, expected) in log.iter().zip(1..) {
            if event.seq != expected {
                let detail = format!("the log has {} where {expected} should be", event.seq);
                faults.add(FaultKind::Hole, *conversation, detail);
                break;
            }
        }
    }
    stored(history, sends, faults);
    wanted(history, sends, faults);
}

/// Every acknowledged message is in the log, as acknowledged.
fn stored(history: &History, sends: &[Send<'_>], faults: &mut Faults) {
    let deleted: HashSet<_> = events(history)
        .filter(|(_, event)| event.kind == Kind::Deleted)
        .map(|(conversation, event)| (conversation, event.message_id))
        .collect();
    for send in sends {
        let Some((_, place)) = send.stored else { continue };
        let name = format!("{} of user {}, acknowledged at {}", send.client_id, send.user, place.seq);
        for other in &send.differing {
            let detail = format!("{name}, was also said to be at {}", other.seq);
            faults.add(FaultKind::Unstable, send.conversation, detail);
        }
        match at(history, send.conversation, place.seq) {
            Some(event) if event.stamp == place.stamp && event.content == send.content => {}
            Some(event)
                if event.stamp == place.stamp
                    && event.content == WITHHELD
                    && deleted.contains(&(send.conversation, place.message_id)) => {}
            Some(event) if event.stamp == place.stamp => {
                faults.add(FaultKind::Diverged, send.conversation, format!("{name}, has another content"));
            }
            _ => faults.add(FaultKind::Lost, send.conversation, format!("{name}, is not there")),
        }
    }
    let others = history.attempts.iter().filter(|attempt| attempt.change == Change::Other);
    for attempt in others {
        let Outcome::Stored { place, .. } = attempt.outcome else { continue };
        let event = at(history, attempt.conversation, place.seq);
        if event.is_none_or(|event| event.stamp != place.stamp) {
            let detail = format!("a change by user {}, acknowledged at {}", attempt.user, place.seq);
            faults.add(FaultKind::Lost, attempt.conversation, detail);
        }
    }
}

/// Every message in the log was sent, and is there once.
fn wanted(history: &History, sends: &[Send<'_>], faults: &mut Faults) {
    let mut wishes: HashMap<(UserId, i64, u64), (usize, bool)> = HashMap::new();
    for send in sends {
        let wish = wishes.entry((send.user, send.conversation, send.content)).or_default();
        wish.0 += 1;
        wish.1 |= send.may_be_stored;
    }
    // A deleted message no longer has its content, but it keeps its key, or its place if it has no key.
    let by_key: HashMap<_, _> =
        sends.iter().map(|send| ((send.user, send.client_id), send.content)).collect();
    let by_place: HashMap<_, _> = sends
        .iter()
        .filter_map(|send| Some(((send.conversation, send.stored?.1.seq), send.content)))
        .collect();
    let said = |conversation, event: &Logged, client_id: Option<&str>| match client_id {
        Some(key) => by_key.get(&(event.user, key)).copied(),
        None => by_place.get(&(conversation, event.seq)).copied(),
    };
    let mut keys = HashSet::new();
    let mut found: HashMap<(UserId, i64, u64), usize> = HashMap::new();
    for (conversation, event) in events(history) {
        let Kind::Message(client_id) = &event.kind else { continue };
        let name = format!("the message at {} of user {}", event.seq, event.user);
        let content = match event.content {
            WITHHELD => said(conversation, event, client_id.as_deref()).unwrap_or(WITHHELD),
            content => content,
        };
        let wish = (event.user, conversation, content);
        let count = found.entry(wish).or_default();
        *count += 1;
        let is_key_taken = client_id.as_ref().is_some_and(|key| !keys.insert((event.user, key)));
        match wishes.get(&wish) {
            None => faults.add(FaultKind::Phantom, conversation, format!("{name} was never sent")),
            Some((_, false)) => faults.add(FaultKind::Phantom, conversation, format!("{name} was refused")),
            Some((wanted, true)) if is_key_taken || *count > *wanted => {
                faults.add(FaultKind::Duplicate, conversation, format!("{name} is there already"));
            }
            Some(_) => {}
        }
    }
}

fn events(history: &History) -> impl Iterator<Item = (ConversationId, &Logged)> {
    history.logs.iter().flat_map(|(conversation, log)| log.iter().map(|event| (*conversation, event)))
}

/// The event of a final log at a position.
pub(super) fn at(history: &History, conversation: i64, seq: i64) -> Option<&Logged> {
    let place = usize::try_from(seq.checked_sub(1)?).ok()?;
    // The log is dense, unless it is faulty itself.
    history.logs.get(&conversation)?.get(place).filter(|event| event.seq == seq)
}
