//! All sockets of the client, served by one thread that polls them together.
//!
//! It must never be what is measured: no parsing, no allocation per frame, one read for all that came.

mod open;
mod read;

use std::io;
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::{Events, Interest, Poll, Token};

use crate::alarm::Alarm;
use crate::error::{BenchError, system};
use crate::ledger::Faults;
use crate::marker::{Mark, Scanner};
use crate::socket::{Manner, Phase, Socket};

/// A message that reached a socket.
pub(crate) struct Delivery<'a> {
    pub socket: usize,
    pub mark: Mark,
    pub seq: u64,
    pub at: Instant,
    pub payload: &'a [u8],
}

/// Receives deliveries.
pub(crate) trait Audience {
    /// Records a delivery, and may answer into the outbox.
    fn deliver(&mut self, delivery: &Delivery<'_>, outbox: &mut Outbox);
}

/// Nobody: for times without messages.
pub(crate) struct Nobody;

impl Audience for Nobody {
    fn deliver(&mut self, _: &Delivery<'_>, _: &mut Outbox) {}
}

/// Frames to send once the present socket has been read.
#[derive(Default)]
pub(crate) struct Outbox {
    bytes: Vec<u8>,
    /// The socket, and the end of its frame in `bytes`.
    ends: Vec<(usize, usize)>,
}

pub(crate) struct Crowd {
    poll: Poll,
    events: Events,
    alarm: Alarm,
    sockets: Vec<Socket>,
    scanner: Scanner,
    scratch: Vec<u8>,
    outbox: Outbox,
    ready: usize,
    /// Frames of any kind so far.
    frames: u64,
    /// Reads that brought something so far.
    pub(crate) reads: u64,
    faults: Faults,
    first_fault: Option<String>,
}

const ALARM: Token = Token(usize::MAX);
const SCRATCH_BYTES: usize = 256 * 1024;
const EVENTS: usize = 1024;
/// After this much silence, traffic has settled.
const QUIET: Duration = Duration::from_millis(150);
const QUIET_LIMIT: Duration = Duration::from_secs(30);

impl Outbox {
    pub(crate) fn push(&mut self, socket: usize, frame: &[u8]) {
        self.bytes.extend_from_slice(frame);
        self.ends.push((socket, self.bytes.len()));
    }
}

impl Crowd {
    pub(crate) fn new() -> Result<Self, BenchError> {
        let poll = Poll::new().map_err(system("can't make a poller"))?;
        let alarm = Alarm::new(&poll, ALARM).map_err(system("can't make a timer"))?;
        Ok(Self {
            poll,
            events: Events::with_capacity(EVENTS),
            alarm,
            sockets: Vec::new(),
            scanner: Scanner::new(),
            scratch: vec![0; SCRATCH_BYTES],
            outbox: Outbox::default(),
            ready: 0,
            frames: 0,
            reads: 0,
            faults: Faults::default(),
            first_fault: None,
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.sockets.len()
    }

    /// The sockets' own faults, and the first of them in words.
    pub(crate) fn faults(&self) -> (Faults, Option<&str>) {
        (self.faults, self.first_fault.as_deref())
    }

    /// Whether a run can still succeed.
    pub(crate) fn is_whole(&self) -> bool {
        self.faults.is_clean()
    }

    /// Waits until no frame has come for a while: the announcements of who joined are over.
    pub(crate) fn settle(&mut self) -> Result<(), BenchError> {
        let begun = Instant::now();
        let mut last_frames = self.frames;
        let mut last_change = begun;
        while last_change.elapsed() < QUIET {
            self.wait(QUIET / 3, &mut Nobody)?;
            if self.frames != last_frames {
                last_frames = self.frames;
                last_change = Instant::now();
            }
            if begun.elapsed() > QUIET_LIMIT {
                return Err(BenchError::Timeout("silence after everybody had joined".to_owned()));
            }
        }
        Ok(())
    }

    /// Lets the stalled sockets begin to read.
    pub(crate) fn wake_stalled(&mut self) -> Result<(), BenchError> {
        for (place, socket) in self.sockets.iter_mut().enumerate() {
            if socket.manner == Manner::Stalled {
                socket.manner = Manner::Attentive;
                self.poll
                    .registry()
                    .register(&mut socket.stream, Token(place), Interest::READABLE | Interest::WRITABLE)
                    .map_err(system("can't watch a socket"))?;
            }
        }
        Ok(())
    }

    pub(crate) fn send(&mut self, socket: usize, frame: &[u8]) {
        if let Some(to) = self.sockets.get_mut(socket)
            && to.phase != Phase::Closed
            && let Err(error) = to.send(frame)
        {
            self.lose(socket, &format!("can't be written: {error}"));
        }
    }

    /// Serves the sockets until `at`, or shorter.
    pub(crate) fn wait_until(&mut self, at: Instant, audience: &mut impl Audience) -> Result<(), BenchError> {
        self.alarm.set(at).map_err(system("can't set a timer"))?;
        self.wait(Duration::from_secs(1), audience)
    }

    /// Waits at most `timeout` for an event, and serves the sockets that have one.
    pub(crate) fn wait(&mut self, timeout: Duration, audience: &mut impl Audience) -> Result<(), BenchError> {
        match self.poll.poll(&mut self.events, Some(timeout)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            result => result.map_err(system("can't wait for sockets"))?,
        }
        let events = std::mem::replace(&mut self.events, Events::with_capacity(0));
        for event in &events {
            if event.token() != ALARM {
                self.serve(event, audience);
            }
        }
        self.events = events;
        Ok(())
    }

    fn serve(&mut self, event: &Event, audience: &mut impl Audience) {
        let Token(place) = event.token();
        // An event of a socket that was just closed.
        let Some(socket) = self.sockets.get_mut(place) else { return };
        if event.is_writable()
            && let Err(error) = socket.flush()
        {
            return self.lose(place, &format!("can't be written: {error}"));
        }
        if event.is_readable() || event.is_read_closed() || event.is_error() {
            self.read(place, event.is_read_closed() || event.is_error(), audience);
        }
        if !self.outbox.ends.is_empty() {
            self.send_outbox();
        }
    }

    fn send_outbox(&mut self) {
        let mut outbox = std::mem::take(&mut self.outbox);
        let mut start = 0;
        for (socket, end) in outbox.ends.drain(..) {
            self.send(socket, outbox.bytes.get(start..end).unwrap_or_default());
            start = end;
        }
        outbox.bytes.clear();
        self.outbox = outbox;
    }

    fn refuse(&mut self, what: &str) {
        self.faults.refused += 1;
        self.first_fault.get_or_insert_with(|| what.to_owned());
    }

    fn lose(&mut self, place: usize, what: &str) {
        let Some(socket) = self.sockets.get_mut(place) else { return };
        if socket.phase != Phase::Closed {
            socket.phase = Phase::Closed;
            self.faults.closed += 1;
            self.first_fault.get_or_insert_with(|| format!("socket {place} {what}"));
        }
    }
}
