//! A bare server: one thread that accepts, upgrades without looking, and then writes the same bytes to
//! each socket in a loop. It knows no users, stores nothing and can't be slower than the kernel.

use std::collections::HashMap;
use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use memchr::memmem;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use socket2::{Domain, Protocol, Type};

use crate::error::{BenchError, system};
use crate::frame::{TEXT, server_frame};
use crate::machine::{allows_sockets, pin};
use crate::marker::{Copy, Mark};
use crate::population::{ACCEPT, upgrade_request};
use crate::process::thread_cpu;
use crate::schedule::Schedule;
use crate::target::SERVER_CPU;

/// What the bare server shall write.
pub(crate) enum Job {
    /// The first message of each room.
    Greet(Copy),
    /// A schedule's messages.
    Keep(Copy, Schedule),
}

pub(crate) struct SocketFloor {
    pub(crate) address: SocketAddr,
    sockets: usize,
    jobs: Sender<Job>,
    results: Receiver<Duration>,
}

const LISTENER: Token = Token(usize::MAX);
/// As much as the system allows.
const BACKLOG: i32 = 65_535;
/// A client that does not come by then has failed.
const ADMIT_LIMIT: Duration = Duration::from_secs(120);
/// The longest job, its own time included.
const JOB_LIMIT: Duration = Duration::from_secs(3700);

impl SocketFloor {
    /// Waits for so many sockets, in rooms of `room_size`. `Ok(None)`: this process, which holds both
    /// ends, may not open so many.
    pub(crate) fn start(
        sockets: usize,
        room_size: usize,
        is_pinned: bool,
    ) -> Result<Option<Self>, BenchError> {
        if allows_sockets(sockets.saturating_mul(2)).is_err() {
            return Ok(None);
        }
        let listener = listen().map_err(system("can't listen"))?;
        let address = listener.local_addr().map_err(system("can't listen"))?;
        let (jobs, orders) = channel();
        let (done, results) = channel();
        std::thread::Builder::new()
            .name("floor".to_owned())
            .spawn(move || {
                if is_pinned && pin(SERVER_CPU).is_err() {
                    return;
                }
                // Whatever fails here is seen by the client, whose sockets close.
                let Ok(mut streams) = admit(listener, sockets) else { return };
                while let Ok(job) = orders.recv() {
                    let Ok(cpu) = work(&mut streams, room_size, job) else { return };
                    if done.send(cpu).is_err() {
                        return;
                    }
                }
            })
            .map_err(system("can't start a thread"))?;
        Ok(Some(Self { address, sockets, jobs, results }))
    }

    /// The requests that open its sockets, in the order of rooms.
    pub(crate) fn requests(&self) -> Vec<Vec<u8>> {
        (0..self.sockets).map(|number| upgrade_request(&format!("/{number}"), self.address)).collect()
    }

    /// Begins a job.
    pub(crate) fn begin(&self, job: Job) -> Result<(), BenchError> {
        self.jobs.send(job).map_err(|_| BenchError::Protocol("the floor ended".to_owned()))
    }

    /// Waits for the end of a job and says how much CPU time it took.
    pub(crate) fn finish(&self) -> Result<Duration, BenchError> {
        self.results.recv_timeout(JOB_LIMIT).map_err(|_| BenchError::Protocol("the floor ended".to_owned()))
    }
}

fn listen() -> io::Result<TcpListener> {
    let socket = socket2::Socket::new(Domain::IPV4, Type::STREAM.nonblocking(), Some(Protocol::TCP))?;
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())?;
    socket.listen(BACKLOG)?;
    Ok(TcpListener::from_std(socket.into()))
}

/// Accepts and upgrades so many connections; gives them in the order of the numbers in their paths.
fn admit(mut listener: TcpListener, sockets: usize) -> io::Result<Vec<std::net::TcpStream>> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(1024);
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let deadline = Instant::now() + ADMIT_LIMIT;
    let mut waiting = HashMap::new();
    let mut admitted: Vec<Option<std::net::TcpStream>> = (0..sockets).map(|_| None).collect();
    let mut count = 0;
    let mut next = 0;
    let mut seat = |number: usize, stream: TcpStream| -> io::Result<()> {
        let stream = std::net::TcpStream::from(stream);
        stream.set_nonblocking(false)?;
        let place = admitted.get_mut(number).ok_or(io::ErrorKind::InvalidData)?;
        *place = Some(stream);
        count += 1;
        Ok(())
    };
    let mut arrived = 0;
    while arrived < sockets {
        poll.poll(&mut events, Some(Duration::from_secs(1)))?;
        if Instant::now() > deadline {
            return Err(io::ErrorKind::TimedOut.into());
        }
        for event in &events {
            if event.token() != LISTENER {
                if let Some(mut stream) = waiting.remove(&event.token()) {
                    match upgrade(&stream) {
                        Ok(number) => {
                            poll.registry().deregister(&mut stream)?;
                            seat(number, stream)?;
                            arrived += 1;
                        }
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                            waiting.insert(event.token(), stream);
                        }
                        Err(error) => return Err(error),
                    }
                }
                continue;
            }
            loop {
                let mut stream = match listener.accept() {
                    Ok((stream, _)) => stream,
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    Err(error) => return Err(error),
                };
                stream.set_nodelay(true)?;
                match upgrade(&stream) {
                    Ok(number) => {
                        seat(number, stream)?;
                        arrived += 1;
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        let token = Token(next);
                        next += 1;
                        poll.registry().register(&mut stream, token, Interest::READABLE)?;
                        waiting.insert(token, stream);
                    }
                    Err(error) => return Err(error),
                }
            }
        }
    }
    Ok(admitted.into_iter().flatten().collect())
}

/// Answers a handshake, which comes in one piece, and gives the number in its path.
fn upgrade(mut stream: &TcpStream) -> io::Result<usize> {
    let mut request = [0; 2048];
    let count = stream.read(&mut request)?;
    let request = request.get(..count).unwrap_or_default();
    memmem::find(request, b"\r\n\r\n").ok_or(io::ErrorKind::InvalidData)?;
    let number = request
        .strip_prefix(b"GET /")
        .and_then(|rest| std::str::from_utf8(rest.split(|byte| *byte == b' ').next()?).ok()?.parse().ok())
        .ok_or(io::ErrorKind::InvalidData)?;
    let mut answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: {ACCEPT}\r\n\r\n"
    )
    .into_bytes();
    answer.extend(server_frame(TEXT, br#"{"type":"connection","status":"connected"}"#));
    stream.write_all(&answer)?;
    Ok(number)
}

fn work(streams: &mut [std::net::TcpStream], room_size: usize, job: Job) -> io::Result<Duration> {
    match job {
        Job::Greet(mut copy) => {
            for (room, members) in streams.chunks_mut(room_size).enumerate() {
                write_to_all(members, copy.frame(Mark { room, index: 0 }))?;
            }
            Ok(Duration::ZERO)
        }
        Job::Keep(mut copy, schedule) => {
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
    }
}

fn write_to_all(members: &mut [std::net::TcpStream], frame: &[u8]) -> io::Result<()> {
    members.iter_mut().try_for_each(|member| member.write_all(frame))
}
