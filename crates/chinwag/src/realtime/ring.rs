//! The last events of a conversation, encoded. The room appends; connections that are behind read.
//!
//! Empty while nobody is behind. Never grows past its bound: a connection that needs older events reads the
//! log.
//!
//! It keeps two forms of a run of events, one for each dialect instead of one for each connection. A deleted
//! text leaves the ring, together with everything older.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use chinwag_protocol::{MessageId, Seq};

use super::connection::Dialect;

const MAX_EVENTS: usize = 256;
const MAX_BYTES: usize = 128 * 1024;
/// The most bytes written at once, which keeps a slow connection's backlog small.
pub(crate) const MAX_PAGE_BYTES: usize = 32 * 1024;

/// Consecutive events, without gaps in their seqs.
#[derive(Default)]
pub(super) struct Ring {
    frames: VecDeque<Frame>,
    first: Option<Seq>,
    bytes: usize,
}

/// One encoded event.
#[derive(Clone)]
pub(super) struct Frame {
    pub bytes: Bytes,
    /// Whether the original's dialect knows it.
    pub is_message: bool,
    /// The message whose text this contains, if any.
    pub text_of: Option<MessageId>,
}

/// Consecutive frames, ready to write.
pub(super) struct Run {
    /// The frames, one after another.
    pub frames: Bytes,
    /// Those that the original's dialect knows.
    pub messages: Bytes,
    /// The seq of the first frame.
    pub first: Seq,
    /// The seq after the last frame.
    pub next: Seq,
    pub events: u64,
}

impl Run {
    /// The first of these events, as many as fit into a page. `None` if there are none.
    pub(super) fn of(frames: impl Iterator<Item = (Seq, Frame)>) -> Option<Self> {
        let mut page = PageBuilder::default();
        for (seq, frame) in frames {
            if !page.takes(seq, &frame) {
                break;
            }
            page.add(seq, frame);
        }
        page.finish()
    }

    /// What a connection with this dialect gets.
    pub(super) fn frames(&self, dialect: Dialect) -> &Bytes {
        match dialect {
            Dialect::Original => &self.messages,
            Dialect::Room | Dialect::User => &self.frames,
        }
    }
}

impl Ring {
    /// Adds the event after the newest one; anything else starts the ring afresh.
    pub(super) fn push(&mut self, seq: Seq, frame: Frame) {
        if self.next() != Some(seq) {
            *self = Self { first: Some(seq), ..Self::default() };
        }
        self.bytes += frame.bytes.len();
        self.frames.push_back(frame);
        while self.frames.len() > MAX_EVENTS || (self.bytes > MAX_BYTES && self.frames.len() > 1) {
            let Some(oldest) = self.frames.pop_front() else { break };
            self.bytes -= oldest.bytes.len();
            self.first = self.first.map(Seq::next);
        }
    }

    /// Drops a message's text, and everything older. A connection that needs that reads the log, where the
    /// text is gone.
    pub(super) fn forget(&mut self, id: MessageId) {
        let Some(newest) = self.frames.iter().rposition(|frame| frame.text_of == Some(id)) else { return };
        for frame in self.frames.drain(..=newest) {
            self.bytes -= frame.bytes.len();
            self.first = self.first.map(Seq::next);
        }
    }

    /// The seq after the newest event.
    fn next(&self) -> Option<Seq> {
        let events = i64::try_from(self.frames.len()).unwrap_or(i64::MAX);
        self.first.map(|first| Seq(first.0.saturating_add(events)))
    }

    /// The events from `next` on, as many as fit into a page; `None` if they are older than the ring or newer
    /// than its newest.
    pub(super) fn run_from(&self, next: Seq) -> Option<Run> {
        let skipped = usize::try_from(next.0.checked_sub(self.first?.0)?).ok()?;
        let seqs = std::iter::successors(Some(next), |seq| Some(seq.next()));
        Run::of(seqs.zip(self.frames.iter().skip(skipped).cloned()))
    }
}

/// Joins frames of consecutive events into a run.
#[derive(Default)]
pub(super) struct PageBuilder {
    frames: Vec<Frame>,
    bytes: usize,
    /// The seq after the last frame.
    next: Option<Seq>,
}

impl PageBuilder {
    /// Whether this frame comes next, and fits. An empty page takes any frame.
    pub(super) fn takes(&self, seq: Seq, frame: &Frame) -> bool {
        self.next.is_none_or(|next| {
            seq == next && self.bytes + frame.bytes.len() <= MAX_PAGE_BYTES && self.frames.len() < MAX_EVENTS
        })
    }

    /// Adds a frame that the page takes.
    pub(super) fn add(&mut self, seq: Seq, frame: Frame) {
        self.bytes += frame.bytes.len();
        self.frames.push(frame);
        self.next = Some(seq.next());
    }

    /// `None` if nothing was added.
    pub(super) fn finish(self) -> Option<Run> {
        let next = self.next?;
        let events = u64::try_from(self.frames.len()).unwrap_or(u64::MAX);
        let frames = join(self.frames.iter(), self.bytes);
        let is_all_messages = self.frames.iter().all(|frame| frame.is_message);
        let messages = if is_all_messages {
            frames.clone()
        } else {
            join(self.frames.iter().filter(|frame| frame.is_message), self.bytes)
        };
        let first = Seq(next.0 - i64::try_from(self.frames.len()).unwrap_or_default());
        Some(Run { frames, messages, first, next, events })
    }
}

fn join<'a>(mut frames: impl Iterator<Item = &'a Frame> + Clone, bytes: usize) -> Bytes {
    if frames.clone().count() == 1 {
        // The usual case copies nothing.
        return frames.next().map(|frame| frame.bytes.clone()).unwrap_or_default();
    }
    let mut joined = BytesMut::with_capacity(bytes);
    for frame in frames {
        joined.extend_from_slice(&frame.bytes);
    }
    joined.freeze()
}

#[cfg(test)]
mod tests {
    // A failed expectation is the point of a test.
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    /// Every third event is not a message.
    fn frame(seq: i64) -> Frame {
        let is_message = seq % 3 != 0;
        Frame {
            bytes: Bytes::from(format!("<{seq}>")),
            is_message,
            text_of: is_message.then_some(MessageId(seq)),
        }
    }

    fn large(bytes: usize) -> Frame {
        Frame { bytes: Bytes::from(vec![0; bytes]), is_message: true, text_of: None }
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
    fn a_text_is_forgotten_with_all_that_is_older() {
        let mut ring = Ring::default();
        for seq in 1..=5 {
            ring.push(Seq(seq), frame(seq));
        }
        ring.forget(MessageId(3));
        assert_eq!(ring.run_from(Seq(1)).unwrap().next, Seq(6), "3 is not a message");
        ring.forget(MessageId(4));
        assert!(ring.run_from(Seq(4)).is_none());
        assert_eq!(ring.run_from(Seq(5)).unwrap().frames, "<5>");
        ring.forget(MessageId(5));
        assert!(ring.run_from(Seq(5)).is_none());
        assert_eq!(ring.bytes, 0);
        ring.push(Seq(6), frame(6));
        assert_eq!(ring.run_from(Seq(6)).unwrap().next, Seq(7));
    }

    #[test]
    fn it_stays_within_its_bounds() {
        let mut ring = Ring::default();
        for seq in 1..=10_000 {
            ring.push(Seq(seq), large(1000));
            assert!(ring.bytes <= MAX_BYTES && ring.frames.len() <= MAX_EVENTS);
        }
        ring.push(Seq(10_001), large(MAX_BYTES * 2));
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
            let (mut read, mut messages) = (String::new(), String::new());
            while let Some(run) = ring.run_from(next) {
                read.push_str(std::str::from_utf8(&run.frames).unwrap());
                messages.push_str(std::str::from_utf8(&run.messages).unwrap());
                prop_assert_eq!(run.next.0 - next.0, i64::try_from(run.events).unwrap());
                next = run.next;
            }
            let oldest = start.max(start + count - i64::try_from(MAX_EVENTS).unwrap());
            let range = if from < oldest { 0..0 } else { from..start + count };
            let expected: String = range.clone().map(|seq| format!("<{seq}>")).collect();
            prop_assert_eq!(read, expected);
            let expected: String = range.filter(|seq| seq % 3 != 0).map(|seq| format!("<{seq}>")).collect();
            prop_assert_eq!(messages, expected);
        }
    }
}
