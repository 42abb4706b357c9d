//! What one socket should receive, and what it did receive: the judge of every run.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

/// What went wrong, as counts. The bench fails unless all are zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Faults {
    /// Deliveries that never came.
    pub lost: u64,
    /// Deliveries that came again.
    pub repeated: u64,
    /// Deliveries that came after a later one.
    pub out_of_order: u64,
    /// Deliveries of another room, or with a `seq` that does not follow the previous one.
    pub misplaced: u64,
    /// Error frames, and frames that the protocol does not know.
    pub refused: u64,
    /// Sockets that the server closed or never let in.
    pub closed: u64,
}

impl Faults {
    /// Whether nothing went wrong.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        *self == Self::default()
    }

    /// Adds another count.
    pub fn add(&mut self, other: &Self) {
        self.lost += other.lost;
        self.repeated += other.repeated;
        self.out_of_order += other.out_of_order;
        self.misplaced += other.misplaced;
        self.refused += other.refused;
        self.closed += other.closed;
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "FAULTS: {} lost, {} repeated, {} out of order, {} misplaced, {} refused, {} sockets closed",
            self.lost, self.repeated, self.out_of_order, self.misplaced, self.refused, self.closed
        )
    }
}

/// What one socket received, numbered from its start without holes.
#[derive(Debug)]
pub(crate) struct Ledger {
    next: u64,
    /// `seq` minus number: the same for all messages of a conversation.
    offset: Option<u64>,
    /// Skipped so far: lost, unless they still come.
    missing: BTreeSet<u64>,
    faults: Faults,
}

/// The most holes that are remembered individually. Beyond that, lost messages are only counted.
const MAX_MISSING: u64 = 100_000;

impl Ledger {
    /// A ledger for a socket whose first delivery has the number `first`.
    pub(crate) fn starting_at(first: u64) -> Self {
        Self { next: first, offset: None, missing: BTreeSet::new(), faults: Faults::default() }
    }

    /// Records a delivery.
    pub(crate) fn receive(&mut self, number: u64, seq: u64) {
        let offset = seq.wrapping_sub(number);
        if *self.offset.get_or_insert(offset) != offset {
            self.faults.misplaced += 1;
        }
        if number == self.next {
            self.next += 1;
        } else if number > self.next {
            if number - self.next > MAX_MISSING {
                self.faults.lost += number - self.next;
            } else {
                self.missing.extend(self.next..number);
            }
            self.next = number + 1;
        } else if self.missing.remove(&number) {
            self.faults.out_of_order += 1;
        } else {
            self.faults.repeated += 1;
        }
    }

    /// Records a delivery that was meant for another socket.
    pub(crate) fn misplaced(&mut self) {
        self.faults.misplaced += 1;
    }

    /// Whether everything below `end` has come.
    pub(crate) fn has_all(&self, end: u64) -> bool {
        self.next >= end && self.missing.is_empty() && self.faults.lost == 0
    }

    /// The faults, if the last number should be `end - 1`.
    pub(crate) fn close(&self, end: u64) -> Faults {
        let missing = u64::try_from(self.missing.len()).unwrap_or(u64::MAX);
        let mut faults = self.faults;
        faults.lost += missing + end.saturating_sub(self.next);
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(numbers: &[u64], end: u64) -> Faults {
        let mut ledger = Ledger::starting_at(0);
        for number in numbers {
            ledger.receive(*number, number + 5);
        }
        assert_eq!(ledger.has_all(end), ledger.close(end).lost == 0);
        ledger.close(end)
    }

    #[test]
    fn a_whole_run_is_clean() {
        assert!(after(&[0, 1, 2, 3], 4).is_clean());
        assert!(after(&[], 0).is_clean());
    }

    #[test]
    fn a_hole_and_a_missing_end_are_lost() {
        assert_eq!(after(&[0, 2], 5), Faults { lost: 3, ..Faults::default() });
        assert_eq!(after(&[], 2), Faults { lost: 2, ..Faults::default() });
        assert_eq!(after(&[0, 500_000], 500_001).lost, 499_999);
    }

    #[test]
    fn the_same_again_is_repeated() {
        assert_eq!(after(&[0, 1, 1, 0], 2), Faults { repeated: 2, ..Faults::default() });
        assert_eq!(after(&[0, 2, 1, 1], 3), Faults { repeated: 1, out_of_order: 1, ..Faults::default() });
    }

    #[test]
    fn a_late_one_is_out_of_order_but_not_lost() {
        assert_eq!(after(&[0, 2, 1, 3], 4), Faults { out_of_order: 1, ..Faults::default() });
    }

    #[test]
    fn a_seq_that_does_not_follow_is_misplaced() {
        let mut ledger = Ledger::starting_at(0);
        ledger.receive(0, 10);
        ledger.receive(1, 12);
        assert_eq!(ledger.close(2), Faults { misplaced: 1, ..Faults::default() });
    }
}
