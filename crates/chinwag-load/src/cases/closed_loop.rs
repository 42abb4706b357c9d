//! Conversations in which every message waits for the one before: the server sets its own load.
//!
//! In a room of one, the sender's own echo asks for the next message. In a room of two they take turns: the
//! receiver of a message sends the next one.

use std::time::{Duration, Instant};

use crate::args::Options;
use crate::crowd::{Audience, Crowd, Delivery, Outbox};
use crate::error::BenchError;
use crate::ledger::{Faults, Ledger};
use crate::machine::allows_sockets;
use crate::marker::{Mark, Template};
use crate::population::Population;
use crate::socket::Manner;
use crate::statistics::Latencies;
use crate::target::Target;

/// The result of a closed loop.
pub(super) struct Outcome {
    pub messages_per_second: f64,
    pub messages: u64,
    pub latencies: Latencies,
    pub faults: Faults,
    /// The last message that the first socket received, for a floor to copy.
    pub sample: Vec<u8>,
}

/// The number of conversations, the people in each, and the bytes of a message's text.
#[derive(Clone, Copy)]
pub(super) struct Rooms {
    pub count: usize,
    pub size: usize,
    pub content_bytes: usize,
}

/// Opens the sockets of these rooms.
pub(super) fn open(target: &Target, rooms: Rooms) -> Result<Crowd, BenchError> {
    let sockets = rooms.count * rooms.size;
    allows_sockets(sockets)?;
    let population = Population::make(target, sockets, rooms.size)?;
    let mut crowd = Crowd::new()?;
    if target.has_nodes() {
        for (socket, request) in population.requests.iter().enumerate() {
            crowd.open(target.address_of(socket), std::slice::from_ref(request), Manner::Attentive)?;
        }
    } else {
        crowd.open(population.address, &population.requests, Manner::Attentive)?;
    }
    crowd.settle()?;
    Ok(crowd)
}

struct Loop {
    template: Template,
    room_size: usize,
    rooms: Vec<Turn>,
    ledgers: Vec<Ledger>,
    latencies: Latencies,
    sample: Vec<u8>,
    sent: u64,
    received: u64,
    max_messages: u64,
    stop: Instant,
    last: Instant,
}

/// The message that a room waits for.
struct Turn {
    index: u64,
    sent: Instant,
}

/// The time for the last messages in flight.
const GRACE: Duration = Duration::from_secs(30);

impl Audience for Loop {
    fn deliver(&mut self, delivery: &Delivery<'_>, outbox: &mut Outbox) {
        let Delivery { socket, mark, seq, at, payload } = *delivery;
        let Some(ledger) = self.ledgers.get_mut(socket) else { return };
        if mark.room != socket / self.room_size {
            return ledger.misplaced();
        }
        ledger.receive(mark.index, seq);
        self.received += 1;
        self.last = at;
        if socket == 0 {
            self.sample.clear();
            self.sample.extend_from_slice(payload);
        }
        let Some(turn) = self.rooms.get_mut(mark.room) else { return };
        let next = mark.index + 1;
        if mark.index != turn.index || socket != speaker(self.room_size, mark.room, next) {
            return;
        }
        self.latencies.record(at.saturating_duration_since(turn.sent));
        if at < self.stop && self.sent < self.max_messages {
            turn.index = next;
            turn.sent = Instant::now();
            self.sent += 1;
            outbox.push(socket, self.template.frame(Mark { room: mark.room, index: next }));
        }
    }
}

/// The socket whose turn it is to send this message.
fn speaker(room_size: usize, room: usize, index: u64) -> usize {
    let size = u64::try_from(room_size).unwrap_or(1).max(1);
    room * room_size + usize::try_from(index % size).unwrap_or(0)
}

/// Drives these rooms, one message at a time in each.
pub(super) fn drive(crowd: &mut Crowd, options: &Options, rooms: Rooms) -> Result<Outcome, BenchError> {
    let sockets = rooms.count * rooms.size;
    let begun = Instant::now();
    let mut state = Loop {
        template: Template::new(rooms.content_bytes),
        room_size: rooms.size,
        rooms: (0..rooms.count).map(|_| Turn { index: 0, sent: begun }).collect(),
        ledgers: (0..sockets).map(|_| Ledger::starting_at(0)).collect(),
        latencies: Latencies::new(),
        sample: Vec::new(),
        sent: 0,
        received: 0,
        max_messages: options.max_messages,
        stop: begun + Duration::from_secs_f64(options.seconds),
        last: begun,
    };
    for room in 0..rooms.count {
        crowd.send(room * rooms.size, state.template.frame(Mark { room, index: 0 }));
        state.sent += 1;
    }
    let deadline = state.stop + GRACE;
    let in_room = u64::try_from(rooms.size).unwrap_or(1);
    while crowd.is_whole() && Instant::now() < deadline {
        crowd.wait(Duration::from_millis(50), &mut state)?;
        // A loop that is idle for longer has lost a message, or is done.
        let is_over = Instant::now() >= state.stop || state.sent >= state.max_messages;
        if is_over && state.received >= state.sent * in_room {
            break;
        }
    }
    let elapsed = state.last.saturating_duration_since(begun).as_secs_f64().max(1e-9);
    let mut faults = Faults::default();
    for (socket, ledger) in state.ledgers.iter().enumerate() {
        faults.add(&ledger.close(state.rooms.get(socket / rooms.size).map_or(0, |turn| turn.index + 1)));
    }
    Ok(Outcome {
        messages_per_second: (state.received / in_room) as f64 / elapsed,
        messages: state.sent,
        latencies: state.latencies,
        faults,
        sample: state.sample,
    })
}
