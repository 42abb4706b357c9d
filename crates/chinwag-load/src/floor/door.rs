//! How the bare server lets sockets in: accept, read a request, answer it. Nothing more, because this is the
//! floor of a reconnect storm.

use std::collections::HashMap;
use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use memchr::memmem;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use socket2::{Domain, Protocol, Type};

use crate::frame::{TEXT, server_frame};
use crate::population::ACCEPT;

const LISTENER: Token = Token(usize::MAX);
/// As many as the system allows.
const BACKLOG: i32 = 65_535;
/// A client that has not come by then has failed.
const ADMIT_LIMIT: Duration = Duration::from_secs(120);

pub(super) fn listen() -> io::Result<TcpListener> {
    let socket = socket2::Socket::new(Domain::IPV4, Type::STREAM.nonblocking(), Some(Protocol::TCP))?;
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())?;
    socket.listen(BACKLOG)?;
    Ok(TcpListener::from_std(socket.into()))
}

/// Accepts and upgrades this many connections; returns them ordered by the numbers in their paths.
pub(super) fn admit(mut listener: TcpListener, sockets: usize) -> io::Result<Vec<std::net::TcpStream>> {
    let poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut events = Events::with_capacity(1024);
    let mut door = Door { poll, waiting: HashMap::new(), next: 0, seats: Vec::new(), taken: 0 };
    door.seats.resize_with(sockets, || None);
    let deadline = Instant::now() + ADMIT_LIMIT;
    while door.taken < sockets {
        if Instant::now() > deadline {
            return Err(io::ErrorKind::TimedOut.into());
        }
        door.poll.poll(&mut events, Some(Duration::from_secs(1)))?;
        for event in &events {
            if event.token() == LISTENER {
                door.accept_all(&listener)?;
            } else if let Some(stream) = door.waiting.remove(&event.token()) {
                door.upgrade(stream, Some(event.token()))?;
            }
        }
    }
    Ok(door.seats.into_iter().flatten().collect())
}

struct Door {
    poll: Poll,
    /// Accepted, but still without a request.
    waiting: HashMap<Token, TcpStream>,
    next: usize,
    seats: Vec<Option<std::net::TcpStream>>,
    taken: usize,
}

impl Door {
    fn accept_all(&mut self, listener: &TcpListener) -> io::Result<()> {
        loop {
            match listener.accept() {
                Ok((stream, _)) => {
                    stream.set_nodelay(true)?;
                    self.upgrade(stream, None)?;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    /// Answers a handshake, or waits for it. `watched` is the stream's token at the poller.
    fn upgrade(&mut self, mut stream: TcpStream, watched: Option<Token>) -> io::Result<()> {
        match (answer(&stream), watched) {
            (Ok(number), watched) => {
                if watched.is_some() {
                    self.poll.registry().deregister(&mut stream)?;
                }
                let stream = std::net::TcpStream::from(stream);
                stream.set_nonblocking(false)?;
                *self.seats.get_mut(number).ok_or(io::ErrorKind::InvalidData)? = Some(stream);
                self.taken += 1;
            }
            (Err(error), Some(token)) if error.kind() == io::ErrorKind::WouldBlock => {
                self.waiting.insert(token, stream);
            }
            (Err(error), None) if error.kind() == io::ErrorKind::WouldBlock => {
                let token = Token(self.next);
                self.next += 1;
                self.poll.registry().register(&mut stream, token, Interest::READABLE)?;
                self.waiting.insert(token, stream);
            }
            (Err(error), _) => return Err(error),
        }
        Ok(())
    }
}

/// Answers a handshake, which comes in one piece; returns the number in its path.
fn answer(mut stream: &TcpStream) -> io::Result<usize> {
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
