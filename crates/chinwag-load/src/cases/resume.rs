//! `resume`: clients come back with cursors far behind, and get what they missed.
//!
//! The floor is a loop that writes as many bytes to as many sockets, in pieces as large as the server's.

use std::time::{Duration, Instant};

use super::{CpuClock, counted, judge};
use crate::args::Resume;
use crate::crowd::{Audience, Crowd, Delivery, Outbox};
use crate::error::BenchError;
use crate::floor::{Shape, SocketFloor, Work};
use crate::ledger::{Faults, Ledger};
use crate::machine::allows_sockets;
use crate::marker::{Mark, Template, cursor_of};
use crate::population::Population;
use crate::report::Sample;
use crate::setup::Setup;
use crate::socket::Manner;
use crate::target::Target;

/// The most events that a run replays, over all clients.
const MOST_EVENTS: u64 = 2_000_000;
/// The writers that fill the log; each waits for its own message before the next.
const WRITERS: usize = 32;
const FILL_LIMIT: Duration = Duration::from_secs(300);
const REPLAY_LIMIT: Duration = Duration::from_secs(120);

/// One run with clients that are this many events behind.
pub(crate) fn resume(case: &Resume, behind: u64, setup: &Setup<'_>) -> Result<Sample, BenchError> {
    let clients = u64::from(case.clients).min(MOST_EVENTS / behind).max(1);
    let clients = usize::try_from(clients).unwrap_or(1);
    let sockets = clients.max(WRITERS);
    allows_sockets(sockets)?;
    let target = Target::open(setup)?;
    let population = Population::make(&target, sockets, sockets)?;
    let cursor = fill(&population, behind, case.content_bytes)?;
    let requests = population.resumes(&[cursor]);
    let requests = requests.get(..clients).unwrap_or_default();

    let mut crowd = Crowd::new()?;
    // Everybody has the cursor of the first message, whose seq may be above 1.
    let mut returned = Returned::new(clients);
    let cpu = CpuClock::start(&target);
    let begun = Instant::now();
    crowd.open_all_at_once(population.address, requests, &mut returned)?;
    let events = behind * u64::try_from(clients).unwrap_or(1);
    returned.hear(&mut crowd, events)?;
    let (server, client) = cpu.micros_per(&target, returned.received);
    let elapsed = returned.last.saturating_duration_since(begun).as_secs_f64();
    crowd.settle()?;
    let load = format!("{} behind by {behind}", counted(clients, "client"));
    let mut sample = Sample::new("resume", load);
    judge(&mut sample, &returned.faults(behind), &crowd);
    drop(crowd);
    target.close()?;

    let bare = floor(clients, &returned.page, events, setup)?;
    sample.add("until all have all", "s", elapsed);
    sample.add("bare socket", "s", bare.seconds);
    sample.add("time ÷ bare socket", "x", elapsed / bare.seconds);
    sample.add("events", "1/s", returned.received as f64 / elapsed);
    sample.add_known("server CPU per event", "µs", server);
    sample.add("bare socket CPU per event", "µs", bare.cpu_micros);
    sample.add_known("server CPU ÷ bare socket", "x", server.map(|server| server / bare.cpu_micros));
    sample.add("client CPU per event", "µs", client);
    Ok(sample)
}

/// Writes this many messages after a first one; returns the first one's cursor.
fn fill(population: &Population, behind: u64, content_bytes: usize) -> Result<String, BenchError> {
    let writers = population.requests.get(..WRITERS).unwrap_or_default();
    let mut crowd = Crowd::new()?;
    crowd.open(population.address, writers, Manner::Attentive)?;
    crowd.settle()?;
    let mut filling = Filling {
        template: Template::new(content_bytes),
        next: 1,
        end: behind + 1,
        arrived: 0,
        cursor: None,
        in_flight: vec![0; writers.len()],
    };
    crowd.send(0, filling.template.frame(Mark { room: 0, index: 0 }));
    let deadline = Instant::now() + FILL_LIMIT;
    while filling.arrived < filling.end {
        if Instant::now() > deadline || !crowd.is_whole() {
            return Err(BenchError::Timeout("a log to be filled".to_owned()));
        }
        crowd.wait(Duration::from_millis(50), &mut filling)?;
        if filling.arrived == 1 && filling.next == 1 {
            for socket in 0..writers.len() {
                if let Some(frame) = filling.next_frame(socket) {
                    let frame = frame.to_vec();
                    crowd.send(socket, &frame);
                }
            }
        }
    }
    filling.cursor.ok_or_else(|| BenchError::Protocol("a message without a cursor".to_owned()))
}

struct Filling {
    template: Template,
    next: u64,
    end: u64,
    /// Messages that reached the first socket.
    arrived: u64,
    cursor: Option<String>,
    /// What each writer waits for.
    in_flight: Vec<u64>,
}

impl Filling {
    fn next_frame(&mut self, socket: usize) -> Option<&[u8]> {
        let index = self.next;
        if index >= self.end {
            return None;
        }
        self.next += 1;
        *self.in_flight.get_mut(socket)? = index;
        Some(self.template.frame(Mark { room: 0, index }))
    }
}

impl Audience for Filling {
    fn deliver(&mut self, delivery: &Delivery<'_>, outbox: &mut Outbox) {
        let Delivery { socket, mark, payload, .. } = *delivery;
        if socket == 0 {
            self.arrived += 1;
            if mark.index == 0 {
                self.cursor = cursor_of(payload);
            }
        }
        if mark.index > 0
            && self.in_flight.get(socket) == Some(&mark.index)
            && let Some(frame) = self.next_frame(socket)
        {
            outbox.push(socket, frame);
        }
    }
}

/// Clients that have come back. Their deliveries are judged by `seq`, since the log's order is the truth.
struct Returned {
    ledgers: Vec<Ledger>,
    first_seq: Option<u64>,
    received: u64,
    last: Instant,
    /// The largest frame seen, for the floor to copy.
    page: Vec<u8>,
}

impl Audience for Returned {
    fn deliver(&mut self, delivery: &Delivery<'_>, _: &mut Outbox) {
        let Delivery { socket, mark, seq, at, payload } = *delivery;
        let first = *self.first_seq.get_or_insert(seq);
        let Some(ledger) = self.ledgers.get_mut(socket) else { return };
        if mark.room != 0 || seq < first {
            return ledger.misplaced();
        }
        ledger.receive(seq - first, seq);
        self.received += 1;
        self.last = at;
        if payload.len() > self.page.len() {
            self.page.clear();
            self.page.extend_from_slice(payload);
        }
    }
}

impl Returned {
    fn new(clients: usize) -> Self {
        Self {
            ledgers: (0..clients).map(|_| Ledger::starting_at(0)).collect(),
            first_seq: None,
            received: 0,
            last: Instant::now(),
            page: Vec::new(),
        }
    }

    fn hear(&mut self, crowd: &mut Crowd, events: u64) -> Result<(), BenchError> {
        let deadline = Instant::now() + REPLAY_LIMIT;
        while self.received < events && crowd.is_whole() && Instant::now() < deadline {
            crowd.wait(Duration::from_millis(20), self)?;
        }
        Ok(())
    }

    fn faults(&self, behind: u64) -> Faults {
        let mut faults = Faults::default();
        for ledger in &self.ledgers {
            faults.add(&ledger.close(behind));
        }
        faults
    }
}

struct Floor {
    seconds: f64,
    cpu_micros: f64,
}

/// Only counts, because a bare socket repeats one page.
struct Counter {
    received: u64,
    last: Instant,
}

impl Audience for Counter {
    fn deliver(&mut self, delivery: &Delivery<'_>, _: &mut Outbox) {
        self.received += 1;
        self.last = delivery.at;
    }
}

/// As many events, page by page, from a loop that only writes.
fn floor(clients: usize, page: &[u8], events: u64, setup: &Setup<'_>) -> Result<Floor, BenchError> {
    let mut floor = SocketFloor::start(Shape { sockets: clients, room_size: 1 }, setup)?;
    let mut crowd = Crowd::new()?;
    crowd.open(floor.address, &floor.requests(), Manner::Attentive)?;
    let scanner = crate::marker::Scanner::new();
    let in_page = u64::try_from(scanner.read_all(page).count()).unwrap_or(1).max(1);
    let clients = u64::try_from(clients).unwrap_or(1);
    let pages = (events / clients).div_ceil(in_page);
    let begun = Instant::now();
    let mut counter = Counter { received: 0, last: begun };
    floor.begin(page, Work::Pour(pages))?;
    let (events, deadline) = (pages * in_page * clients, begun + REPLAY_LIMIT);
    while counter.received < events && crowd.is_whole() && Instant::now() < deadline {
        crowd.wait(Duration::from_millis(20), &mut counter)?;
    }
    // Check before the wait for the end: a loop whose sockets are gone would never reach it.
    if counter.received < events {
        return Err(BenchError::Protocol("the bare socket did not finish in time".to_owned()));
    }
    let cpu = floor.finish()?;
    Ok(Floor {
        seconds: counter.last.saturating_duration_since(begun).as_secs_f64().max(1e-9),
        cpu_micros: cpu.as_secs_f64() * 1e6 / events as f64,
    })
}
