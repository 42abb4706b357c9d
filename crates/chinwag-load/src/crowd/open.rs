//! Opens sockets, a few at a time or all at once, and closes them.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use mio::{Interest, Token};

use super::{Audience, Crowd, Nobody};
use crate::error::{BenchError, system};
use crate::socket::{Manner, Socket};
use crate::statistics::Latencies;

/// Simultaneous handshakes when speed does not matter.
const HANDSHAKES: usize = 256;
/// If not all sockets are open by then, something is wrong.
const OPEN_LIMIT: Duration = Duration::from_secs(120);

impl Crowd {
    /// Opens a socket for each request, and waits until all are in their rooms.
    pub(crate) fn open(
        &mut self,
        address: SocketAddr,
        requests: &[Vec<u8>],
        manner: Manner,
    ) -> Result<(), BenchError> {
        self.open_some_at_once(address, requests, manner, HANDSHAKES, &mut Nobody).map(drop)
    }

    /// Opens all of them at the same moment; returns how long each took from then on.
    pub(crate) fn open_all_at_once(
        &mut self,
        address: SocketAddr,
        requests: &[Vec<u8>],
        audience: &mut impl Audience,
    ) -> Result<Latencies, BenchError> {
        self.open_some_at_once(address, requests, Manner::Attentive, usize::MAX, audience)
    }

    fn open_some_at_once(
        &mut self,
        address: SocketAddr,
        requests: &[Vec<u8>],
        manner: Manner,
        at_once: usize,
        audience: &mut impl Audience,
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
            self.wait(Duration::from_millis(100), audience)?;
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

    /// Closes all sockets without a close frame, as a network failure does.
    pub(crate) fn hang_up(&mut self) {
        self.sockets.clear();
        self.ready = 0;
    }

    fn open_one(&mut self, address: SocketAddr, request: &[u8], manner: Manner) -> io::Result<()> {
        // Counts all sockets of the process, because the number chooses the source address.
        static OPENED: AtomicUsize = AtomicUsize::new(0);

        let number = OPENED.fetch_add(1, Ordering::Relaxed);
        let mut socket = Socket::open(address, request, manner, number)?;
        let place = Token(self.sockets.len());
        self.poll.registry().register(&mut socket.stream, place, Interest::READABLE | Interest::WRITABLE)?;
        self.sockets.push(socket);
        Ok(())
    }
}
