//! The last events of an active conversation, encoded. The room appends, connections that are behind read.
//!
//! Never grows past its bound: whoever needs older events reads the log.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use chinwag_protocol::Seq;

pub(super) const MAX_EVENTS: usize = 256;
const MAX_BYTES: usize = 128 * 1024;
/// Frames that are written at once. Keeps what a slow connection holds back small.
pub(super) const MAX_PAGE_BYTES: usize = 32 * 1024;

/// Consecutive events: their positions have no holes.
#[derive(Default)]
pub(super) struct Ring {
    frames: VecDeque<Bytes>,
    first: Option<Seq>,
    bytes: usize,
}

/// Frames that belong together, ready to be written.
pub(super) struct Run {
    /// The frames, one behind the other.
    pub frames: Bytes,
    /// The position after the last of them.
    pub next: Seq,
    pub events: u64,
}

impl Ring {
    /// Adds the event after the newest one; anything else starts the ring afresh.
    pub(super) fn push(&mut self, seq: Seq, frame: Bytes) {
        if self.next() != Some(seq) {
            *self = Self { first: Some(seq), ..Self::default() };
        }
        self.bytes += frame.len();
        self.frames.push_back(frame);
        while self.frames.len() > MAX_EVENTS || (self.bytes > MAX_BYTES && self.frames.len() > 1) {
            let Some(oldest) = self.frames.pop_front() else { break };
            self.bytes -= oldest.len();
            self.first = self.first.map(Seq::next);
        }
    }

    /// The position after the newest event.
    fn next(&self) -> Option<Seq> {
        let events = i64::try_from(self.frames.len()).unwrap_or(i64::MAX);
        self.first.map(|first| Seq(first.0.saturating_add(events)))
    }

    /// The events from `next` on, as many as make one page; `None` if they are older than the ring or
    /// newer than its newest.
    pub(super) fn run_from(&self, next: Seq) -> Option<Run> {
        let skipped = usize::try_from(next.0.checked_sub(self.first?.0)?).ok()?;
        let first = self.frames.get(skipped)?;
        let mut last_bytes = first.len();
        let mut events = 1;
        for frame in self.frames.iter().skip(skipped + 1) {
            if last_bytes + frame.len() > MAX_PAGE_BYTES {
                break;
            }
            last_bytes += frame.len();
            events += 1;
        }
        let frames = if events == 1 {
            first.clone()
        } else {
            let mut joined = BytesMut::with_capacity(last_bytes);
            for frame in self.frames.iter().skip(skipped).take(events) {
                joined.extend_from_slice(frame);
            }
            joined.freeze()
        };
        let events_i64 = i64::try_from(events).unwrap_or(i64::MAX);
        Some(Run {
            frames,
            next: Seq(next.0 + events_i64),
            events: u64::try_from(events).unwrap_or(u64::MAX),
        })
    }
}

#[cfg(test)]
mod tests {
    // A failed expectation is the point of a test.
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    fn frame(seq: i64) -> Bytes {
        Bytes::from(format!("<{seq}>"))
    }

    #[test]
    fn a_hole_starts_afresh() {
        let mut ring = Ring::default();
        ring.push(Seq(1), frame(1));
        ring.push(Seq(3), frame(3));
        assert!(ring.run_from(Seq(1)).is_none());
        assert!(ring.run_from(Seq(2)).is_none());
        assert_eq!(ring.run_from(Seq(3)).unwrap().frames, "<3>");
    }

    #[test]
    fn it_stays_within_its_bounds() {
        let mut ring = Ring::default();
        for seq in 1..=10_000 {
            ring.push(Seq(seq), Bytes::from(vec![0; 1000]));
            assert!(ring.bytes <= MAX_BYTES && ring.frames.len() <= MAX_EVENTS);
        }
        ring.push(Seq(10_001), Bytes::from(vec![0; MAX_BYTES * 2]));
        assert_eq!(ring.frames.len(), 1, "one event larger than the bound is kept alone");
    }

    proptest! {
        #[test]
        fn runs_are_exactly_what_was_pushed(start in 1_i64..100, count in 1_i64..600, from in 0_i64..800) {
            let mut ring = Ring::default();
            for seq in start..start + count {
                ring.push(Seq(seq), frame(seq));
            }
            let mut next = Seq(from);
            let mut read = String::new();
            while let Some(run) = ring.run_from(next) {
                read.push_str(std::str::from_utf8(&run.frames).unwrap());
                prop_assert_eq!(run.next.0 - next.0, i64::try_from(run.events).unwrap());
                next = run.next;
            }
            let oldest = start.max(start + count - i64::try_from(MAX_EVENTS).unwrap());
            let expected: String = if from < oldest { String::new() } else {
                (from..start + count).map(|seq| format!("<{seq}>")).collect()
            };
            prop_assert_eq!(read, expected);
        }
    }
}
