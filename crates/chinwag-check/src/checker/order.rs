//! Compares the log's order with the clock: an event acknowledged before another began comes first, and each
//! connection's sends keep their order.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{Faults, Send};
use crate::fault::FaultKind;
use crate::history::{Change, ConversationId, History, Instant, Outcome, Seq};

pub(super) fn check(history: &History, sends: &[Send<'_>], faults: &mut Faults) {
    real_time(history, sends, faults);
    writers(history, faults);
}

/// Walks each log from its end: no send may begin after the earliest acknowledgement of the events that
/// follow it in the log.
fn real_time(history: &History, sends: &[Send<'_>], faults: &mut Faults) {
    let mut stored: BTreeMap<ConversationId, Vec<(Seq, Instant, Instant)>> = BTreeMap::new();
    for send in sends {
        if let Some((at, place)) = send.stored {
            stored.entry(send.conversation).or_default().push((place.seq, send.begun, at));
        }
    }
    for attempt in history.attempts.iter().filter(|attempt| attempt.change == Change::Other) {
        if let Outcome::Stored { at, place } = attempt.outcome {
            stored.entry(attempt.conversation).or_default().push((place.seq, attempt.invoked, at));
        }
    }
    for (conversation, mut stored) in stored {
        stored.sort_unstable_by(|one, other| other.cmp(one));
        let mut earliest: Option<(Instant, Seq)> = None;
        for (seq, begun, at) in stored {
            if let Some((acknowledged, later)) = earliest
                && acknowledged < begun
                && seq < later
            {
                let detail = format!("{later} was acknowledged before {seq} began");
                faults.add(FaultKind::RealTimeInversion, conversation, detail);
            }
            earliest = Some(earliest.map_or((at, seq), |known| known.min((at, seq))));
        }
    }
}

/// Counts first attempts only: a repeat may rightly come after later sends.
fn writers(history: &History, faults: &mut Faults) {
    let mut attempts: Vec<_> = history.attempts.iter().collect();
    attempts.sort_by_key(|attempt| attempt.invoked);
    let mut known = HashSet::new();
    let mut latest: HashMap<(u64, ConversationId), Seq> = HashMap::new();
    for attempt in attempts {
        let Change::Message { client_id, .. } = &attempt.change else { continue };
        if !known.insert((attempt.user, client_id)) {
            continue;
        }
        let Outcome::Stored { place, .. } = attempt.outcome else { continue };
        let last = latest.entry((attempt.attach, attempt.conversation)).or_default();
        if place.seq < *last {
            let detail = format!(
                "connection {} of user {} sent {} after {last}",
                attempt.attach, attempt.user, place.seq
            );
            faults.add(FaultKind::WriterInversion, attempt.conversation, detail);
        }
        *last = place.seq.max(*last);
    }
}
