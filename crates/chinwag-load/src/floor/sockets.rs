//! A bare server: one thread that accepts, upgrades without looking, and then writes the same bytes to
//! each socket in a loop. It knows no users, stores nothing and can't be slower than the kernel.
//!
//! It runs in this process while that may hold both ends of all sockets, and else in a process of its own:
//! this program again, with the hidden case `floor`.

use std::io::{self, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use mio::net::TcpListener;
use serde::{Deserialize, Serialize};

use super::door::{admit, listen};
use super::process::FloorProcess;
use crate::error::{BenchError, system};
use crate::machine::{allows_sockets, pin};
use crate::marker::{Copy, Mark};
use crate::population::upgrade_request;
use crate::process::thread_cpu;
use crate::schedule::Schedule;
use crate::target::SERVER_CPU;

/// What the bare server shall write.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    /// A message as the real server framed it.
    pub payload: String,
    /// When; `None`: the first message of each room, now.
    pub schedule: Option<Schedule>,
}

/// How many sockets, in which rooms, on which processor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub sockets: usize,
    pub room_size: usize,
    pub is_pinned: bool,
}

pub(crate) struct SocketFloor {
    pub(crate) address: SocketAddr,
    sockets: usize,
    place: Place,
}

enum Place {
    Here { jobs: Sender<Job>, results: Receiver<Duration> },
    Elsewhere(FloorProcess),
}

/// The longest job, its own time included.
const JOB_LIMIT: Duration = Duration::from_secs(3700);

impl SocketFloor {
    /// Waits for its sockets.
    pub(crate) fn start(shape: Shape) -> Result<Self, BenchError> {
        let sockets = shape.sockets;
        if allows_sockets(sockets.saturating_mul(2)).is_err() {
            let process = FloorProcess::start(shape)?;
            return Ok(Self { address: process.address, sockets, place: Place::Elsewhere(process) });
        }
        let listener = listen().map_err(system("can't listen"))?;
        let address = listener.local_addr().map_err(system("can't listen"))?;
        let (jobs, orders) = channel();
        let (done, results) = channel();
        std::thread::Builder::new()
            .name("floor".to_owned())
            .spawn(move || {
                // Whatever fails here is seen by the client, whose sockets close.
                let _ = serve(listener, shape, orders.into_iter(), |cpu| {
                    done.send(cpu).map_err(|_| io::ErrorKind::BrokenPipe.into())
                });
            })
            .map_err(system("can't start a thread"))?;
        Ok(Self { address, sockets, place: Place::Here { jobs, results } })
    }

    /// The requests that open its sockets, in the order of rooms.
    pub(crate) fn requests(&self) -> Vec<Vec<u8>> {
        (0..self.sockets).map(|number| upgrade_request(&format!("/{number}"), self.address)).collect()
    }

    /// Begins a job.
    pub(crate) fn begin(&mut self, job: Job) -> Result<(), BenchError> {
        match &mut self.place {
            Place::Here { jobs, .. } => jobs.send(job).map_err(|_| ended()),
            Place::Elsewhere(process) => process.begin(&job),
        }
    }

    /// Waits for the end of a job and says how much CPU time it took.
    pub(crate) fn finish(&mut self) -> Result<Duration, BenchError> {
        match &mut self.place {
            Place::Here { results, .. } => results.recv_timeout(JOB_LIMIT).map_err(|_| ended()),
            Place::Elsewhere(process) => process.finish(),
        }
    }
}

fn ended() -> BenchError {
    BenchError::Protocol("the floor ended before its work was done".to_owned())
}

/// Lets the sockets in and does job after job.
pub(super) fn serve(
    listener: TcpListener,
    shape: Shape,
    jobs: impl Iterator<Item = Job>,
    mut done: impl FnMut(Duration) -> io::Result<()>,
) -> io::Result<()> {
    if shape.is_pinned {
        pin(SERVER_CPU).map_err(io::Error::other)?;
    }
    let mut streams = admit(listener, shape.sockets)?;
    for job in jobs {
        done(work(&mut streams, shape.room_size, &job)?)?;
    }
    Ok(())
}

fn work(streams: &mut [TcpStream], room_size: usize, job: &Job) -> io::Result<Duration> {
    let mut copy = Copy::of(job.payload.as_bytes()).ok_or(io::ErrorKind::InvalidData)?;
    let Some(schedule) = job.schedule else {
        for (room, members) in streams.chunks_mut(room_size).enumerate() {
            write_to_all(members, copy.frame(Mark { room, index: 0 }))?;
        }
        return Ok(Duration::ZERO);
    };
    let cpu_before = thread_cpu();
    for number in 0..schedule.messages {
        let wait = schedule.due(number).saturating_duration_since(Instant::now());
        if !wait.is_zero() {
            std::thread::sleep(wait);
        }
        let mark = schedule.mark(number);
        if let Some(members) = streams.chunks_mut(room_size).nth(mark.room) {
            write_to_all(members, copy.frame(mark))?;
        }
    }
    Ok(thread_cpu().saturating_sub(cpu_before))
}

fn write_to_all(members: &mut [TcpStream], frame: &[u8]) -> io::Result<()> {
    members.iter_mut().try_for_each(|member| member.write_all(frame))
}

#[cfg(test)]
mod tests {
    // A failed expectation is the point of a test.
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::crowd::Crowd;
    use crate::listeners::Listeners;
    use crate::socket::Manner;

    const PAYLOAD: &str = r#"{"type":"message","id":1,"content":"000000-0000000000 x","seq":100}"#;

    /// Twelve sockets in rooms of four hear 30 messages of a schedule, and a bare server writes them.
    fn heard() -> (Listeners, Crowd, Schedule) {
        let shape = Shape { sockets: 12, room_size: 4, is_pinned: false };
        let mut floor = SocketFloor::start(shape).unwrap();
        let mut crowd = Crowd::new().unwrap();
        crowd.open(floor.address, &floor.requests(), Manner::Attentive).unwrap();
        let mut listeners = Listeners::new(12, 4);
        floor.begin(Job { payload: PAYLOAD.to_owned(), schedule: None }).unwrap();
        listeners.hear_greeting(&mut crowd, 0).unwrap();
        floor.finish().unwrap();
        let schedule = Schedule::new(1000.0, 0.03, 1000, 3, 1);
        floor.begin(Job { payload: PAYLOAD.to_owned(), schedule: Some(schedule) }).unwrap();
        listeners.follow(&mut crowd, schedule, None, 0).unwrap();
        floor.finish().unwrap();
        (listeners, crowd, schedule)
    }

    #[test]
    fn every_write_of_the_loop_is_heard_once() {
        let (listeners, crowd, schedule) = heard();
        assert_eq!((schedule.messages, listeners.received), (30, 120));
        assert!(crowd.is_whole());
        assert!(listeners.faults(|room| schedule.end_index(room)).is_clean());
        assert_eq!(listeners.latencies.total(), 120);
    }

    #[test]
    fn a_message_that_nobody_wrote_is_missed_by_all() {
        let (listeners, _crowd, schedule) = heard();
        assert_eq!(listeners.faults(|room| schedule.end_index(room) + 1).lost, 12);
    }
}
