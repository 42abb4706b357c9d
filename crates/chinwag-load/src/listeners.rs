//! Judges what each socket of a run receives.

use std::time::{Duration, Instant};

use crate::crowd::{Audience, Crowd, Delivery, Outbox};
use crate::error::BenchError;
use crate::ledger::{Faults, Ledger};
use crate::marker::{Mark, Template, cursor_of};
use crate::schedule::Schedule;
use crate::statistics::Latencies;

/// The time for the last deliveries, after the last message was due.
const GRACE: Duration = Duration::from_secs(30);

pub(crate) struct Listeners {
    room_size: usize,
    ledgers: Vec<Ledger>,
    /// Of messages in a schedule.
    pub(crate) latencies: Latencies,
    schedule: Option<Schedule>,
    /// Only the latencies and arrivals of sockets from this one on count.
    measured_from: usize,
    /// Deliveries to measured sockets.
    pub(crate) received: u64,
    pub(crate) last: Instant,
    /// The last message received, for the floor to copy.
    pub(crate) sample: Vec<u8>,
    /// The cursor of each room's last greeting.
    pub(crate) cursors: Vec<String>,
}

impl Audience for Listeners {
    fn deliver(&mut self, delivery: &Delivery<'_>, _: &mut Outbox) {
        let Delivery { socket, mark, seq, at, payload } = *delivery;
        let Some(ledger) = self.ledgers.get_mut(socket) else { return };
        if mark.room != socket / self.room_size {
            return ledger.misplaced();
        }
        ledger.receive(mark.index, seq);
        if socket < self.measured_from {
            return;
        }
        self.received += 1;
        self.last = at;
        if self.schedule.is_none()
            && socket.is_multiple_of(self.room_size)
            && let Some((cursor, now)) = self.cursors.get_mut(mark.room).zip(cursor_of(payload))
        {
            *cursor = now;
        }
        if let Some(due) = self.schedule.and_then(|schedule| schedule.due_of(mark)) {
            self.latencies.record(at.saturating_duration_since(due));
        }
        if socket == self.measured_from {
            self.sample.clear();
            self.sample.extend_from_slice(payload);
        }
    }
}

impl Listeners {
    /// For this many sockets in rooms of `room_size`, which have missed nothing yet.
    pub(crate) fn new(sockets: usize, room_size: usize) -> Self {
        Self::starting_at(sockets, room_size, 0)
    }

    /// The same, for sockets whose first message has the number `first`.
    pub(crate) fn starting_at(sockets: usize, room_size: usize, first: u64) -> Self {
        Self {
            room_size,
            ledgers: (0..sockets).map(|_| Ledger::starting_at(first)).collect(),
            latencies: Latencies::new(),
            schedule: None,
            measured_from: 0,
            received: 0,
            last: Instant::now(),
            sample: Vec::new(),
            cursors: vec![String::new(); sockets / room_size],
        }
    }

    /// Adds sockets that join later: message `first` is their first. Only they are measured.
    pub(crate) fn join(&mut self, sockets: usize, first: u64) {
        self.measured_from = self.ledgers.len();
        self.ledgers.extend((0..sockets).map(|_| Ledger::starting_at(first)));
        self.room_size += sockets;
    }

    /// Sends one message to each room as `member`, and waits until everybody has it.
    pub(crate) fn greet(
        &mut self,
        crowd: &mut Crowd,
        template: &mut Template,
        member: usize,
        index: u64,
    ) -> Result<(), BenchError> {
        for room in 0..crowd.len() / self.room_size {
            crowd.send(room * self.room_size + member, template.frame(Mark { room, index }));
        }
        self.hear_greeting(crowd, index)
    }

    /// Waits until everybody has the message with this number.
    pub(crate) fn hear_greeting(&mut self, crowd: &mut Crowd, index: u64) -> Result<(), BenchError> {
        self.wait(crowd, Instant::now() + GRACE, |listeners| {
            listeners.measured().iter().all(|ledger| ledger.has_all(index + 1))
        })
    }

    /// Follows a schedule to its end. With a template, the sockets in place `speaker` of their rooms send;
    /// without one, somebody else does.
    pub(crate) fn follow(
        &mut self,
        crowd: &mut Crowd,
        schedule: Schedule,
        mut template: Option<&mut Template>,
        speaker: usize,
    ) -> Result<(), BenchError> {
        self.schedule = Some(schedule);
        self.received = 0;
        let room_measured = u64::try_from(self.room_size - self.measured_from).unwrap_or(0);
        let expected = schedule.messages * room_measured;
        let deadline = schedule.due(schedule.messages) + GRACE;
        let mut sent = 0;
        let mut frames = Vec::new();
        while (sent < schedule.messages || self.received < expected) && crowd.is_whole() {
            let now = Instant::now();
            if now > deadline {
                break;
            }
            while sent < schedule.messages && schedule.due(sent) <= now {
                if let Some(template) = template.as_deref_mut() {
                    frames.clear();
                    for number in sent..sent + schedule.burst {
                        frames.extend_from_slice(template.frame(schedule.mark(number)));
                    }
                    crowd.send(schedule.mark(sent).room * self.room_size + speaker, &frames);
                }
                sent += schedule.burst;
            }
            let next = if sent < schedule.messages { schedule.due(sent) } else { deadline };
            crowd.wait_until(next, self)?;
        }
        Ok(())
    }

    /// Waits until everybody, measured or not, has everything.
    pub(crate) fn hear_all(&mut self, crowd: &mut Crowd, schedule: &Schedule) -> Result<(), BenchError> {
        let (schedule, room_size) = (*schedule, self.room_size);
        self.wait(crowd, Instant::now() + GRACE, move |listeners| {
            let mut ledgers = listeners.ledgers.iter().enumerate();
            ledgers.all(|(socket, ledger)| ledger.has_all(schedule.end_index(socket / room_size)))
        })
    }

    /// Waits until the first socket has everything below `end`.
    pub(crate) fn hear_first(
        &mut self,
        crowd: &mut Crowd,
        end: u64,
        deadline: Instant,
    ) -> Result<(), BenchError> {
        self.wait(crowd, deadline, |listeners| {
            listeners.ledgers.first().is_none_or(|ledger| ledger.has_all(end))
        })
    }

    /// The faults; `end` gives the index after the last message of a room.
    pub(crate) fn faults(&self, end: impl Fn(usize) -> u64) -> Faults {
        let mut faults = Faults::default();
        for (socket, ledger) in self.ledgers.iter().enumerate() {
            faults.add(&ledger.close(end(socket / self.room_size)));
        }
        faults
    }

    fn measured(&self) -> &[Ledger] {
        self.ledgers.get(self.measured_from..).unwrap_or_default()
    }

    /// A timeout is not an error here: the ledgers say what is missing.
    fn wait(
        &mut self,
        crowd: &mut Crowd,
        deadline: Instant,
        is_done: impl Fn(&Self) -> bool,
    ) -> Result<(), BenchError> {
        while !is_done(self) && crowd.is_whole() && Instant::now() < deadline {
            crowd.wait(Duration::from_millis(20), self)?;
        }
        Ok(())
    }
}
