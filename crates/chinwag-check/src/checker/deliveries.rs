//! Compares what was stored with what was delivered.

use std::collections::{BTreeSet, HashMap};

use super::{Faults, log};
use crate::fault::FaultKind;
use crate::history::{Delivery, End, History, Kind, Scope, Seq, Session, UserId};
use crate::keys::WITHHELD;

pub(super) fn check(history: &History, faults: &mut Faults) {
    let removals = removals(history);
    for session in &history.sessions {
        match session.scope {
            Scope::Everything => continuous(session, faults),
            Scope::Messages => every_message(history, session, faults),
        }
        faithful(history, session, faults);
        let removed_at = removals.get(&(session.conversation, session.user));
        let was_invited = was_invited(history, session);
        for delivery in &session.deliveries {
            if !was_invited || removed_at.is_some_and(|removed_at| delivery.seq >= *removed_at) {
                let detail = named(session, delivery.seq);
                faults.add(FaultKind::NotParticipant, session.conversation, detail);
            }
        }
        if session.end == End::Discontinued {
            faults.add(FaultKind::Discontinued, session.conversation, named(session, session.after));
        }
    }
    receipts(history, faults);
}

pub(super) fn named(session: &Session, seq: Seq) -> String {
    format!("device {} of user {}, connection {}, at {seq}", session.device, session.user, session.attach)
}

/// Consecutive from the cursor, and up to the head if there was time.
fn continuous(session: &Session, faults: &mut Faults) {
    let mut have = session.after;
    let mut skipped = BTreeSet::new();
    for delivery in &session.deliveries {
        let seq = delivery.seq;
        if seq > have.saturating_add(1) {
            let detail = format!("{}, after {have}", named(session, seq));
            faults.add(FaultKind::Gap, session.conversation, detail);
            // Bounded, but enough to tell late events from repeated ones.
            skipped.extend((have + 1..seq).take(1000));
        } else if seq <= have {
            let kind = if skipped.remove(&seq) { FaultKind::OutOfOrder } else { FaultKind::Repeated };
            faults.add(kind, session.conversation, format!("{}, after {have}", named(session, seq)));
        }
        have = have.max(seq);
    }
    if let End::Settled(head) = session.end
        && have < head
    {
        let detail = format!("{} of {head}", named(session, have));
        faults.add(FaultKind::Undelivered, session.conversation, detail);
    }
}

/// Ascending, with every message of the log.
fn every_message(history: &History, session: &Session, faults: &mut Faults) {
    let mut last = 0;
    let mut seen = BTreeSet::new();
    for delivery in &session.deliveries {
        if !seen.insert(delivery.seq) {
            faults.add(FaultKind::Repeated, session.conversation, named(session, delivery.seq));
        } else if delivery.seq < last {
            faults.add(FaultKind::OutOfOrder, session.conversation, named(session, delivery.seq));
        }
        last = last.max(delivery.seq);
    }
    let until = if let End::Settled(head) = session.end { head } else { last };
    let log = history.logs.get(&session.conversation).map_or(&[][..], Vec::as_slice);
    let begin = log.partition_point(|event| event.seq <= session.after);
    let due = log.iter().skip(begin).take_while(|event| event.seq <= until);
    for event in due.filter(|event| matches!(event.kind, Kind::Message(_))) {
        if !seen.contains(&event.seq) {
            let kind = if event.seq > last { FaultKind::Undelivered } else { FaultKind::Gap };
            faults.add(kind, session.conversation, named(session, event.seq));
        }
    }
}

/// Each delivery matches the log.
fn faithful(history: &History, session: &Session, faults: &mut Faults) {
    for Delivery { seq, stamp, content } in &session.deliveries {
        let Some(event) = log::at(history, session.conversation, *seq) else {
            faults.add(FaultKind::Phantom, session.conversation, named(session, *seq));
            continue;
        };
        let is_said_alike = [event.content, *content].contains(&WITHHELD) || event.content == *content;
        if event.stamp != *stamp || !is_said_alike {
            faults.add(FaultKind::Diverged, session.conversation, named(session, *seq));
        }
    }
}

/// The seq at which each user was removed; they must hear nothing after it.
fn removals(history: &History) -> HashMap<(i64, UserId), Seq> {
    let mut removals = HashMap::new();
    for (conversation, log) in &history.logs {
        for event in log {
            match event.kind {
                Kind::Removed(user) => drop(removals.insert((*conversation, user), event.seq)),
                Kind::Added(user) => drop(removals.remove(&(*conversation, user))),
                Kind::Message(_) | Kind::Edited | Kind::Deleted | Kind::Other => {}
            }
        }
    }
    removals
}

fn was_invited(history: &History, session: &Session) -> bool {
    let at_first = history.participants.get(&session.conversation);
    at_first.is_some_and(|users| users.contains(&session.user))
        || history.logs.get(&session.conversation).is_some_and(|log| {
            log.iter().any(|event| matches!(event.kind, Kind::Added(user) if user == session.user))
        })
}

/// Receipts only move forward, and never past the head.
fn receipts(history: &History, faults: &mut Faults) {
    let mut latest: HashMap<(u64, i64, UserId), Seq> = HashMap::new();
    for mark in &history.marks {
        let read = latest.entry((mark.attach, mark.conversation, mark.user)).or_default();
        let head = history.logs.get(&mark.conversation).and_then(|log| log.last()).map_or(0, |last| last.seq);
        if mark.read < *read || mark.read > head {
            let detail = format!("user {} has read {} after {read}, of {head} events", mark.user, mark.read);
            faults.add(FaultKind::NotConverged, mark.conversation, detail);
        }
        *read = mark.read.max(*read);
    }
}
