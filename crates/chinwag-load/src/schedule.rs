//! When each message is due, at a fixed rate that does not wait for the server.
//!
//! Latency counts from the moment when a message was due, not from its write: a late client must not make the
//! server look early.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::marker::Mark;

/// Rooms take turns. The first message of each room has number 1 (0 was its greeting).
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Schedule {
    #[serde(serialize_with = "write_instant", deserialize_with = "read_instant")]
    pub start: Instant,
    pub interval: Duration,
    pub rooms: usize,
    pub messages: u64,
    /// Messages that each room had before.
    pub first_index: u64,
    /// Messages that are due in a room at the same moment.
    pub burst: u64,
}

impl Schedule {
    /// For `rate` messages a second over `seconds`, at least one and at most `max_messages`.
    pub(crate) fn new(rate: f64, seconds: f64, max_messages: u64, rooms: usize, first_index: u64) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "saturates; never negative"
        )]
        let messages = (rate * seconds) as u64;
        Self {
            // Everybody has a moment to get ready.
            start: Instant::now() + Duration::from_millis(20),
            interval: Duration::from_secs_f64(1.0 / rate.max(0.001)),
            rooms,
            messages: messages.clamp(1, max_messages.max(1)),
            first_index,
            burst: 1,
        }
    }

    /// As many messages, each as soon as the one before is written.
    pub(crate) fn without_pause(self) -> Self {
        Self { interval: Duration::ZERO, ..self }
    }

    /// As many messages, `burst` at once, with longer pauses.
    pub(crate) fn in_bursts(self, burst: u64) -> Self {
        let burst = burst.max(1);
        Self { burst, messages: (self.messages / burst).max(1) * burst, ..self }
    }

    /// When the message with this number is due.
    pub(crate) fn due(&self, number: u64) -> Instant {
        let nanos = u64::try_from(self.interval.as_nanos()).unwrap_or(u64::MAX);
        self.start + Duration::from_nanos(nanos.saturating_mul(number - number % self.burst))
    }

    pub(crate) fn mark(&self, number: u64) -> Mark {
        let rooms = u64::try_from(self.rooms).unwrap_or(1).max(1);
        let (turn, within) = (number / self.burst, number % self.burst);
        let room = usize::try_from(turn % rooms).unwrap_or(0);
        Mark { room, index: self.first_index + turn / rooms * self.burst + within }
    }

    /// When the message with this mark was due; `None` if it is not in this schedule.
    pub(crate) fn due_of(&self, mark: Mark) -> Option<Instant> {
        let earlier = mark.index.checked_sub(self.first_index)?;
        let room = u64::try_from(mark.room).ok()?;
        let rooms = u64::try_from(self.rooms).ok()?;
        let turn = (earlier / self.burst).checked_mul(rooms)?.checked_add(room)?;
        Some(self.due(turn.checked_mul(self.burst)?.checked_add(earlier % self.burst)?))
    }

    /// The index after the last one of a room.
    pub(crate) fn end_index(&self, room: usize) -> u64 {
        let rooms = u64::try_from(self.rooms).unwrap_or(1).max(1);
        let turns = self.messages / self.burst;
        let is_in_last_turn = u64::try_from(room).is_ok_and(|room| room < turns % rooms);
        self.first_index + (turns / rooms + u64::from(is_in_last_turn)) * self.burst
    }
}

/// Another process understands an instant only by the clock that both share.
fn write_instant<S: Serializer>(instant: &Instant, serializer: S) -> Result<S::Ok, S::Error> {
    (monotonic() + instant.saturating_duration_since(Instant::now())).serialize(serializer)
}

fn read_instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Instant, D::Error> {
    let time = Duration::deserialize(deserializer)?;
    Ok(Instant::now() + time.saturating_sub(monotonic()))
}

fn monotonic() -> Duration {
    Duration::try_from(clock_gettime(ClockId::Monotonic)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    // A failed expectation is the point of a test.
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn every_message_has_its_moment_and_its_room() {
        let schedule = Schedule::new(1000.0, 0.025, 1_000_000, 10, 1);
        assert_eq!(schedule.messages, 25);
        assert_eq!(schedule.mark(0), Mark { room: 0, index: 1 });
        assert_eq!(schedule.mark(24), Mark { room: 4, index: 3 });
        for number in 0..25 {
            assert_eq!(schedule.due_of(schedule.mark(number)), Some(schedule.due(number)));
        }
        assert_eq!(schedule.due_of(Mark { room: 0, index: 0 }), None);
        assert_eq!((schedule.end_index(4), schedule.end_index(5)), (4, 3));
    }

    #[test]
    fn a_burst_is_due_at_once_and_in_one_room() {
        let schedule = Schedule::new(1000.0, 0.027, 1_000_000, 3, 1).in_bursts(4);
        assert_eq!(schedule.messages, 24);
        assert_eq!(schedule.mark(3), Mark { room: 0, index: 4 });
        assert_eq!(schedule.mark(4), Mark { room: 1, index: 1 });
        assert_eq!(schedule.mark(23), Mark { room: 2, index: 8 });
        assert_eq!(schedule.due(0), schedule.due(3));
        assert_eq!(schedule.due(4), schedule.start + Duration::from_millis(4));
        for number in 0..24 {
            assert_eq!(schedule.due_of(schedule.mark(number)), Some(schedule.due(number)));
        }
        assert_eq!((schedule.end_index(0), schedule.end_index(2)), (9, 9));
    }

    #[test]
    fn its_start_survives_the_way_to_another_process() {
        let schedule = Schedule::new(1000.0, 1.0, 1000, 1, 0);
        let text = serde_json::to_string(&schedule).unwrap();
        let read: Schedule = serde_json::from_str(&text).unwrap();
        let later = read.start.saturating_duration_since(schedule.start);
        let earlier = schedule.start.saturating_duration_since(read.start);
        assert!(later.max(earlier) < Duration::from_millis(10), "{later:?} {earlier:?}");
    }

    #[test]
    fn it_is_bounded() {
        assert_eq!(Schedule::new(1e9, 3600.0, 500, 1, 0).messages, 500);
        assert_eq!(Schedule::new(0.1, 1.0, 500, 1, 0).messages, 1);
    }
}
