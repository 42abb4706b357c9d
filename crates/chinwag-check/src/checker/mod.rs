//! Judges a history. Pure: it reads nothing else, and the same history gives the same faults.
//!
//! `log` compares what was sent with what is stored, `deliveries` what is stored with what was delivered,
//! `order` both with the clock, and `deletions` all of it with the texts that were deleted. Each module finds
//! faults on its own, so one cause may show as several kinds.

mod deletions;
mod deliveries;
mod log;
mod order;

use std::collections::{BTreeMap, HashMap};

use crate::fault::{Fault, FaultKind};
use crate::history::{Attempt, Belief, Change, ConversationId, History, Instant, Outcome, Place, UserId};

/// Returns every fault of a history, in no particular order.
#[must_use]
pub fn check(history: &History) -> Vec<Fault> {
    let mut faults = Faults::default();
    let sends = sends(history);
    log::check(history, &sends, &mut faults);
    deliveries::check(history, &mut faults);
    order::check(history, &sends, &mut faults);
    deletions::check(history, &mut faults);
    converge(&history.beliefs, &mut faults);
    faults.found
}

/// Returns only the faults between logs and deliveries, for histories whose sends were not recorded.
#[must_use]
pub fn check_deliveries(history: &History) -> Vec<Fault> {
    let mut faults = Faults::default();
    deliveries::check(history, &mut faults);
    faults.found
}

#[derive(Default)]
struct Faults {
    found: Vec<Fault>,
}

impl Faults {
    fn add(&mut self, kind: FaultKind, conversation: ConversationId, detail: String) {
        self.found.push(Fault { kind, conversation, detail });
    }
}

/// All attempts at one message. They share a key and must have one effect.
struct Send<'a> {
    user: UserId,
    client_id: &'a str,
    conversation: ConversationId,
    content: u64,
    /// When the first attempt began that was not refused: one that was refused stored nothing.
    begun: Instant,
    /// When the first acknowledgement came, and what it said.
    stored: Option<(Instant, Place)>,
    /// Whether any attempt was not refused.
    may_be_stored: bool,
    /// Acknowledgements that differ from the first.
    differing: Vec<Place>,
}

fn sends(history: &History) -> Vec<Send<'_>> {
    let mut places: HashMap<(UserId, &str), usize> = HashMap::new();
    let mut sends: Vec<Send<'_>> = Vec::new();
    for attempt in &history.attempts {
        let Change::Message { client_id, content } = &attempt.change else { continue };
        let place = *places.entry((attempt.user, client_id)).or_insert(sends.len());
        if place == sends.len() {
            sends.push(Send {
                user: attempt.user,
                client_id,
                conversation: attempt.conversation,
                content: *content,
                begun: Instant::MAX,
                stored: None,
                may_be_stored: false,
                differing: Vec::new(),
            });
        }
        if let Some(send) = sends.get_mut(place) {
            send.add(attempt);
        }
    }
    sends
}

impl Send<'_> {
    fn add(&mut self, attempt: &Attempt) {
        if attempt.outcome == Outcome::Refused {
            return;
        }
        self.begun = self.begun.min(attempt.invoked);
        self.may_be_stored = true;
        let Outcome::Stored { at, place } = attempt.outcome else { return };
        match &mut self.stored {
            None => self.stored = Some((at, place)),
            Some((first, stored)) => {
                *first = at.min(*first);
                if *stored != place {
                    self.differing.push(place);
                }
            }
        }
    }
}

fn converge(beliefs: &[Belief], faults: &mut Faults) {
    let mut firsts: BTreeMap<&str, &Belief> = BTreeMap::new();
    for belief in beliefs {
        let first = *firsts.entry(&belief.subject).or_insert(belief);
        if first.value != belief.value {
            let detail = format!(
                "{}: {} says {:?}, {} says {:?}",
                belief.subject, first.observer, first.value, belief.observer, belief.value
            );
            faults.add(FaultKind::NotConverged, 0, detail);
        }
    }
}
