//! A bare server in its own process: one thread that accepts, upgrades without checks, and then does with the
//! same bytes only what no server can leave out. It has no users and stores nothing.
//!
//! It is this program again, with the hidden case `floor`.

use std::collections::BTreeSet;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};
use serde::{Deserialize, Serialize};

use super::door::{admit, listen};
use crate::args::Floor;
use crate::error::{BenchError, system};
use crate::frame::client_frame_length;
use crate::helper::{self, Helper};
use crate::machine::pin;
use crate::marker::{Copy, Mark, Scanner};
use crate::population::upgrade_request;
use crate::process::{self, thread_cpu};
use crate::schedule::Schedule;
use crate::setup::Setup;
use crate::target::SERVER_CPU;

/// What the bare server does with a message as the real server framed it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Assignment {
    pub payload: String,
    pub work: Work,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) enum Work {
    /// Writes the first message of each room at once.
    Greet,
    /// Writes to each socket of a room at its time; what belongs together goes in one write.
    Write(Schedule),
    /// Relays whatever a socket says to each socket of its room, until all have hung up.
    Relay,
    /// Writes this many copies to each socket, as fast as it takes them.
    Pour(u64),
}

/// How many sockets, and in which rooms.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub sockets: usize,
    pub room_size: usize,
}

pub(crate) struct SocketFloor {
    pub(crate) address: SocketAddr,
    sockets: usize,
    helper: Helper,
}

#[derive(Serialize, Deserialize)]
struct Listening {
    address: SocketAddr,
}

#[derive(Serialize, Deserialize)]
struct Done {
    cpu: Duration,
}

/// More messages than a room relays during a measurement.
const MOST_RELAYED: u64 = 9_999_999;
const SCRATCH_BYTES: usize = 64 * 1024;

impl SocketFloor {
    /// Waits for its sockets.
    pub(crate) fn start(shape: Shape, setup: &Setup<'_>) -> Result<Self, BenchError> {
        let (sockets, room_size) = (shape.sockets.to_string(), shape.room_size.to_string());
        let mut words = vec!["floor", "--sockets", &sockets, "--room-size", &room_size];
        if setup.options.pin {
            words.push("--pin");
        }
        let mut helper = Helper::start(setup.program, words)?;
        let Listening { address } = helper.hear()?;
        Ok(Self { address, sockets: shape.sockets, helper })
    }

    /// The requests that open its sockets, in the order of rooms.
    pub(crate) fn requests(&self) -> Vec<Vec<u8>> {
        (0..self.sockets).map(|number| upgrade_request(&format!("/{number}"), self.address)).collect()
    }

    /// Begins a assignment.
    pub(crate) fn begin(&mut self, payload: &[u8], work: Work) -> Result<(), BenchError> {
        self.helper.tell(&Assignment { payload: String::from_utf8_lossy(payload).into_owned(), work })
    }

    /// Waits for the end of a assignment; returns its CPU time.
    pub(crate) fn finish(&mut self) -> Result<Duration, BenchError> {
        self.helper.hear().map(|Done { cpu }| cpu)
    }

    /// Its memory.
    pub(crate) fn resident(&self) -> Option<u64> {
        process::resident(self.helper.pid())
    }
}

/// Runs as the bare server until its orders end.
pub(crate) fn serve_floor(floor: &Floor, is_pinned: bool) -> Result<(), BenchError> {
    if is_pinned {
        pin(SERVER_CPU)?;
    }
    let listener = listen().map_err(system("can't listen"))?;
    let address = listener.local_addr().map_err(system("can't listen"))?;
    helper::answer(&Listening { address }).map_err(system("can't answer"))?;
    let shape = Shape { sockets: floor.sockets, room_size: floor.room_size };
    serve(listener, shape, helper::orders(), |cpu| helper::answer(&Done { cpu }))
        .map_err(system("the floor failed"))
}

/// Lets the sockets in, and does assignment after assignment.
fn serve(
    listener: TcpListener,
    shape: Shape,
    assignments: impl Iterator<Item = Assignment>,
    mut done: impl FnMut(Duration) -> io::Result<()>,
) -> io::Result<()> {
    let mut streams = admit(listener, shape.sockets)?;
    for Assignment { payload, work } in assignments {
        let begun = thread_cpu();
        match work {
            Work::Greet => greet(&mut streams, shape.room_size, &payload)?,
            Work::Write(schedule) => write(&mut streams, shape.room_size, &payload, &schedule)?,
            Work::Relay => relay(&mut streams, shape.room_size, &payload)?,
            Work::Pour(copies) => pour(&mut streams, &payload, copies)?,
        }
        done(thread_cpu().saturating_sub(begun))?;
    }
    Ok(())
}

fn copy_of(payload: &str, most: u64) -> io::Result<Copy> {
    Copy::of(payload.as_bytes(), most).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

fn greet(streams: &mut [TcpStream], room_size: usize, payload: &str) -> io::Result<()> {
    let mut copy = copy_of(payload, 1)?;
    for (room, members) in streams.chunks_mut(room_size).enumerate() {
        write_to_all(members, copy.frame(Mark { room, index: 0 }))?;
    }
    Ok(())
}

fn write(streams: &mut [TcpStream], room_size: usize, payload: &str, schedule: &Schedule) -> io::Result<()> {
    let mut copy = copy_of(payload, schedule.end_index(0))?;
    let mut bytes = Vec::new();
    let mut number = 0;
    while number < schedule.messages {
        let wait = schedule.due(number).saturating_duration_since(Instant::now());
        if !wait.is_zero() {
            std::thread::sleep(wait);
        }
        bytes.clear();
        let room = schedule.mark(number).room;
        for _ in 0..schedule.burst {
            bytes.extend_from_slice(copy.frame(schedule.mark(number)));
            number += 1;
        }
        if let Some(members) = streams.chunks_mut(room_size).nth(room) {
            write_to_all(members, &bytes)?;
        }
    }
    Ok(())
}

fn pour(streams: &mut [TcpStream], payload: &str, copies: u64) -> io::Result<()> {
    let frame = crate::frame::server_frame(crate::frame::TEXT, payload.as_bytes());
    (0..copies).try_for_each(|_| write_to_all(streams, &frame))
}

fn write_to_all(members: &mut [TcpStream], frame: &[u8]) -> io::Result<()> {
    members.iter_mut().try_for_each(|member| member.write_all(frame))
}

/// Reads a frame, finds its mark, and writes the message to each member: a chat and nothing else.
fn relay(streams: &mut [TcpStream], room_size: usize, payload: &str) -> io::Result<()> {
    let mut copy = copy_of(payload, MOST_RELAYED)?;
    let scanner = Scanner::new();
    let mut poll = Poll::new()?;
    for (place, stream) in streams.iter().enumerate() {
        use std::os::fd::AsRawFd as _;
        let fd = stream.as_raw_fd();
        poll.registry().register(&mut mio::unix::SourceFd(&fd), Token(place), Interest::READABLE)?;
    }
    let mut events = Events::with_capacity(1024);
    let mut scratch = vec![0; SCRATCH_BYTES];
    let mut open: BTreeSet<usize> = (0..streams.len()).collect();
    while !open.is_empty() {
        poll.poll(&mut events, None)?;
        for event in &events {
            let Token(place) = event.token();
            let room = place / room_size;
            // Edge-triggered and blocking: one read each is enough, since a room sends one message at a time.
            let count = match streams.get_mut(place).map(|stream| stream.read(&mut scratch)) {
                Some(Ok(count)) => count,
                _ => 0,
            };
            // One edge may announce both the last message and the end after it.
            if count == 0 || event.is_read_closed() {
                open.remove(&place);
            }
            let mut rest = scratch.get(..count).unwrap_or_default();
            while let Some((frame, behind)) =
                client_frame_length(rest).and_then(|end| rest.split_at_checked(end))
            {
                let mark = scanner.content(frame).ok_or(io::ErrorKind::InvalidData)?;
                let members = streams.chunks_mut(room_size).nth(room).unwrap_or_default();
                // A client that has hung up needs nothing more.
                let _ = write_to_all(members, copy.frame(mark));
                rest = behind;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    // A failed expectation is the point of a test.
    #![allow(clippy::unwrap_used)]

    use std::sync::mpsc::channel;

    use super::*;
    use crate::crowd::Crowd;
    use crate::listeners::Listeners;
    use crate::socket::Manner;

    const PAYLOAD: &str = r#"{"type":"message","id":1,"content":"000000-0000000000 x","seq":1}"#;

    /// Twelve sockets in rooms of four receive 32 messages of a schedule, which a bare server writes.
    fn heard(burst: u64) -> (Listeners, Crowd, Schedule) {
        let listener = listen().unwrap();
        let address = listener.local_addr().unwrap();
        let (assignments, orders) = channel();
        let (done, results) = channel();
        std::thread::spawn(move || {
            let shape = Shape { sockets: 12, room_size: 4 };
            serve(listener, shape, orders.into_iter(), |cpu| {
                done.send(cpu).map_err(|_| io::ErrorKind::BrokenPipe.into())
            })
        });
        let requests: Vec<_> =
            (0..12).map(|number| upgrade_request(&format!("/{number}"), address)).collect();
        let mut crowd = Crowd::new().unwrap();
        crowd.open(address, &requests, Manner::Attentive).unwrap();
        let mut listeners = Listeners::new(12, 4);
        assignments.send(Assignment { payload: PAYLOAD.to_owned(), work: Work::Greet }).unwrap();
        listeners.hear_greeting(&mut crowd, 0).unwrap();
        let schedule = Schedule::new(1000.0, 0.032, 1000, 3, 1).in_bursts(burst);
        assignments.send(Assignment { payload: PAYLOAD.to_owned(), work: Work::Write(schedule) }).unwrap();
        listeners.follow(&mut crowd, schedule, None, 0).unwrap();
        results.recv().unwrap();
        results.recv().unwrap();
        (listeners, crowd, schedule)
    }

    #[test]
    fn every_write_of_the_loop_is_heard_once() {
        for burst in [1, 4] {
            let (listeners, crowd, schedule) = heard(burst);
            assert_eq!((schedule.messages, listeners.received), (32, 128), "bursts of {burst}");
            assert!(crowd.is_whole());
            assert!(listeners.faults(|room| schedule.end_index(room)).is_clean());
            assert_eq!(listeners.latencies.total(), 128);
        }
    }

    #[test]
    fn a_message_that_nobody_wrote_is_missed_by_all() {
        let (listeners, _crowd, schedule) = heard(1);
        assert_eq!(listeners.faults(|room| schedule.end_index(room) + 1).lost, 12);
    }
}
