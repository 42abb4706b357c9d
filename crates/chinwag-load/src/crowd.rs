//! All sockets of the client, served by one thread that waits for all of them at once.
//!
//! It must never be what is measured: no parsing, no allocation a frame, one read for whatever came.

use std::io::{self, Read as _};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use memchr::memmem;
use mio::event::Event;
use mio::{Events, Interest, Poll, Token};

use crate::alarm::Alarm;
use crate::error::{BenchError, system};
use crate::frame::{self, client_frame, read_frame};
use crate::ledger::Faults;
use crate::marker::{Mark, Scanner};
use crate::population::ACCEPT;
use crate::socket::{Manner, Phase, Socket};
use crate::statistics::Latencies;

/// A message that reached a socket.
pub(crate) struct Delivery<'a> {
    pub socket: usize,
    pub mark: Mark,
    pub seq: u64,
    pub at: Instant,
    pub payload: &'a [u8],
}

/// Whoever is told of deliveries.
pub(crate) trait Audience {
    /// Notes a delivery, and may answer into the outbox.
    fn deliver(&mut self, delivery: &Delivery<'_>, outbox: &mut Outbox);
}

/// Nobody: for times when no messages are expected.
pub(crate) struct Nobody;

impl Audience for Nobody {
    fn deliver(&mut self, _: &Delivery<'_>, _: &mut Outbox) {}
}

/// Frames to send once the present socket has been read.
#[derive(Default)]
pub(crate) struct Outbox {
    bytes: Vec<u8>,
    /// Socket, and the end of its frame in `bytes`.
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
    /// Sockets opened so far, those that are gone included.
    opened: usize,
    ready: usize,
    /// Frames of any kind so far.
    frames: u64,
    faults: Faults,
    first_fault: Option<String>,
}

const ALARM: Token = Token(usize::MAX);
const SCRATCH_BYTES: usize = 256 * 1024;
const EVENTS: usize = 1024;
/// Opened at the same time when it does not matter how fast.
const HANDSHAKES: usize = 256;
/// All sockets are open by then, or something is wrong.
const OPEN_LIMIT: Duration = Duration::from_secs(120);
/// Nothing came for so long: it is quiet.
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
            opened: 0,
            ready: 0,
            frames: 0,
            faults: Faults::default(),
            first_fault: None,
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.sockets.len()
    }

    /// What went wrong with the sockets themselves, and the first of it in words.
    pub(crate) fn faults(&self) -> (Faults, Option<&str>) {
        (self.faults, self.first_fault.as_deref())
    }

    /// Whether a run can still succeed.
    pub(crate) fn is_whole(&self) -> bool {
        self.faults.is_clean()
    }

    /// Opens a socket for each request, and waits until all are in their rooms.
    pub(crate) fn open(
        &mut self,
        address: SocketAddr,
        requests: &[Vec<u8>],
        manner: Manner,
    ) -> Result<(), BenchError> {
        self.open_some_at_once(address, requests, manner, HANDSHAKES).map(drop)
    }

    /// Opens all of them at the same moment; says how long each took from then.
    pub(crate) fn open_all_at_once(
        &mut self,
        address: SocketAddr,
        requests: &[Vec<u8>],
    ) -> Result<Latencies, BenchError> {
        self.open_some_at_once(address, requests, Manner::Attentive, usize::MAX)
    }

    fn open_some_at_once(
        &mut self,
        address: SocketAddr,
        requests: &[Vec<u8>],
        manner: Manner,
        at_once: usize,
    ) -> Result<Latencies, BenchError> {
        let begun = Instant::now();
        let mut times = Latencies::new();
        let ready_before = self.ready;
        let mut waiting = requests.iter();
        let mut pending = 0;
        while self.ready - ready_before < requests.len() {
            while pending < at_once
                && let Some(request) = waiting.next()
            {
                self.open_one(address, request, manner).map_err(system("can't open a connection"))?;
                pending += 1;
            }
            let before = self.ready;
            self.wait(Duration::from_millis(100), &mut Nobody)?;
            for _ in before..self.ready {
                pending -= 1;
                times.record(begun.elapsed());
            }
            if self.faults.closed > 0 {
                let reason = self.first_fault.clone().unwrap_or_default();
                return Err(BenchError::Protocol(format!("a socket was not let in: {reason}")));
            }
            if begun.elapsed() > OPEN_LIMIT {
                let open = self.ready - ready_before;
                return Err(BenchError::Timeout(format!(
                    "connections: {open} of {} are open",
                    requests.len()
                )));
            }
        }
        Ok(times)
    }

    /// Closes all sockets, without a word, as a network that fails does.
    pub(crate) fn hang_up(&mut self) {
        self.sockets.clear();
        self.ready = 0;
    }

    /// Waits until no frame has come for a while: the news of who joined are over.
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

    /// Lets those that never read begin to.
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

    /// Waits at most `timeout` for something to happen, and serves the sockets to which it did.
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

    fn open_one(&mut self, address: SocketAddr, request: &[u8], manner: Manner) -> io::Result<()> {
        let mut socket = Socket::open(address, request, manner, self.opened)?;
        let place = Token(self.sockets.len());
        self.poll.registry().register(&mut socket.stream, place, Interest::READABLE | Interest::WRITABLE)?;
        self.opened += 1;
        self.sockets.push(socket);
        Ok(())
    }

    fn serve(&mut self, event: &Event, audience: &mut impl Audience) {
        let Token(place) = event.token();
        // An event of a socket that has just been hung up.
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

    /// Reads what is there. A read that does not fill the buffer has emptied the socket (epoll(7)), so that
    /// a second one is only needed to see the end.
    fn read(&mut self, place: usize, ends: bool, audience: &mut impl Audience) {
        loop {
            let Some(socket) = self.sockets.get_mut(place) else { return };
            let mut scratch = std::mem::take(&mut self.scratch);
            let result = (&socket.stream).read(&mut scratch);
            let again = match result {
                Ok(0) => {
                    self.lose(place, "was closed without a close frame");
                    false
                }
                Ok(count) => {
                    self.consume(place, scratch.get(..count).unwrap_or_default(), audience);
                    count == scratch.len() || ends
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => true,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => false,
                Err(error) => {
                    self.lose(place, &format!("can't be read: {error}"));
                    false
                }
            };
            self.scratch = scratch;
            let is_gone = self.sockets.get(place).is_none_or(|socket| {
                socket.phase == Phase::Closed
                    || (socket.manner == Manner::Stalled && socket.phase == Phase::Ready)
            });
            if !again || is_gone {
                return;
            }
        }
    }

    /// Takes what was read, together with the beginning of a frame that was left before.
    fn consume(&mut self, place: usize, bytes: &[u8], audience: &mut impl Audience) {
        let at = Instant::now();
        let Some(socket) = self.sockets.get_mut(place) else { return };
        if socket.unread.is_empty() {
            let used = self.parse(place, bytes, at, audience);
            if let Some(rest) = bytes.get(used..).filter(|rest| !rest.is_empty())
                && let Some(socket) = self.sockets.get_mut(place)
            {
                socket.unread.extend_from_slice(rest);
            }
            return;
        }
        let mut unread = std::mem::take(&mut socket.unread);
        unread.extend_from_slice(bytes);
        let used = self.parse(place, &unread, at, audience);
        unread.drain(..used);
        if !unread.is_empty()
            && let Some(socket) = self.sockets.get_mut(place)
        {
            socket.unread = unread;
        }
    }

    /// Takes all whole frames, and says how many bytes they were.
    fn parse(&mut self, place: usize, bytes: &[u8], at: Instant, audience: &mut impl Audience) -> usize {
        let mut used = 0;
        while let Some(rest) = bytes.get(used..).filter(|rest| !rest.is_empty()) {
            match self.sockets.get(place).map_or(Phase::Closed, |socket| socket.phase) {
                Phase::Closed => return bytes.len(),
                Phase::Upgrading => {
                    let Some(end) = memmem::find(rest, b"\r\n\r\n") else { return used };
                    let head = rest.get(..end).unwrap_or_default();
                    self.upgrade(place, head);
                    used += end + 4;
                }
                Phase::Entering | Phase::Ready => match read_frame(rest) {
                    Ok(None) => return used,
                    Ok(Some((frame, length))) => {
                        self.frames += 1;
                        self.take(place, frame, at, audience);
                        used += length;
                    }
                    Err(error) => {
                        self.lose(place, &format!("got a frame that no server may send: {error:?}"));
                        return bytes.len();
                    }
                },
            }
        }
        used
    }

    fn upgrade(&mut self, place: usize, head: &[u8]) {
        let is_accepted =
            head.starts_with(b"HTTP/1.1 101 ") && memmem::find(head, ACCEPT.as_bytes()).is_some();
        if is_accepted {
            if let Some(socket) = self.sockets.get_mut(place) {
                socket.phase = Phase::Entering;
            }
        } else {
            let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
            self.lose(place, &format!("was not upgraded: {}", String::from_utf8_lossy(line)));
        }
    }

    fn take(&mut self, place: usize, frame: frame::Frame<'_>, at: Instant, audience: &mut impl Audience) {
        match frame.opcode {
            frame::TEXT => self.take_text(place, frame.payload, at, audience),
            frame::PING => self.send(place, &client_frame(frame::PONG, frame.payload)),
            frame::PONG => {}
            frame::CLOSE => {
                let code = match frame.payload {
                    [high, low, ..] => u16::from_be_bytes([*high, *low]),
                    _ => 1005,
                };
                self.lose(place, &format!("was closed with {code}"));
            }
            opcode => self.refuse(&format!("a frame with opcode {opcode}")),
        }
    }

    fn take_text(&mut self, place: usize, payload: &[u8], at: Instant, audience: &mut impl Audience) {
        let kind = payload.strip_prefix(br#"{"type":""#).unwrap_or_default();
        if kind.starts_with(b"message\"") {
            match self.scanner.read(payload) {
                Some((mark, seq)) => {
                    let delivery = Delivery { socket: place, mark, seq, at, payload };
                    audience.deliver(&delivery, &mut self.outbox);
                }
                None => self.refuse(&String::from_utf8_lossy(payload)),
            }
        } else if kind.starts_with(b"connection\"") {
            self.enter(place);
        } else if !kind.starts_with(b"user_joined\"") && !kind.starts_with(b"user_left\"") {
            self.refuse(&String::from_utf8_lossy(payload));
        }
    }

    fn enter(&mut self, place: usize) {
        let Some(socket) = self.sockets.get_mut(place) else { return };
        if socket.phase != Phase::Entering {
            return self.refuse("a second connection frame");
        }
        socket.phase = Phase::Ready;
        self.ready += 1;
        if socket.manner == Manner::Stalled
            && let Err(error) = self.poll.registry().deregister(&mut socket.stream)
        {
            self.lose(place, &format!("can't be left alone: {error}"));
        }
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
