//! One room socket of the client: opened, upgraded, read.

use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr};

use mio::net::TcpStream;
use socket2::{Domain, Protocol, Type};

use crate::machine::SOCKETS_PER_ADDRESS;

/// How a socket treats its server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Reads whatever comes.
    Attentive,
    /// Reads nothing after it is let in.
    Stalled,
}

/// The state of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Waits for the answer to its opening handshake.
    Upgrading,
    /// Waits for the `connection` frame.
    Entering,
    /// In the room.
    Ready,
    /// Gone.
    Closed,
}

pub(crate) struct Socket {
    pub(crate) stream: TcpStream,
    pub(crate) phase: Phase,
    pub(crate) manner: Manner,
    /// The start of an incomplete frame. Empty, and without memory, in an idle socket.
    pub(crate) unread: Vec<u8>,
    /// Bytes that did not fit, or wait for the connection.
    unsent: Vec<u8>,
}

/// The segment size of an Ethernet path. Loopback's own 64 KiB would give each socket megabytes of buffer,
/// which would take minutes to fill at a receiver that never reads.
const ETHERNET_SEGMENT: u32 = 1460;

/// A source address that no other process uses, so that it avoids the ports of concurrent processes and of
/// the previous run. An address is bound before the destination is known, so all its connections together
/// can't exceed its number of ports.
fn own_address(number: usize) -> io::Result<Ipv4Addr> {
    let [.., high, low] = std::process::id().to_be_bytes();
    let last = u8::try_from(2 + number / SOCKETS_PER_ADDRESS).map_err(|_| io::ErrorKind::AddrNotAvailable)?;
    // Servers listen in 127.0.0.0/16.
    Ok(Ipv4Addr::new(127, high | 0x80, low, last))
}

impl Socket {
    /// Begins a connection; `request` is sent as soon as it is established. `number` counts all sockets of
    /// the process, and chooses the source address.
    pub(crate) fn open(
        address: SocketAddr,
        request: &[u8],
        manner: Manner,
        number: usize,
    ) -> io::Result<Self> {
        let socket = socket2::Socket::new(Domain::IPV4, Type::STREAM.nonblocking(), Some(Protocol::TCP))?;
        socket.set_tcp_nodelay(true)?;
        if manner == Manner::Stalled {
            socket.set_tcp_mss(ETHERNET_SEGMENT)?;
        }
        if address.ip().is_loopback() {
            socket.bind(&SocketAddr::from((own_address(number)?, 0)).into())?;
        }
        match socket.connect(&address.into()) {
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error()) => {}
            result => result?,
        }
        Ok(Self {
            stream: TcpStream::from_std(socket.into()),
            phase: Phase::Upgrading,
            manner,
            unread: Vec::new(),
            unsent: request.to_vec(),
        })
    }

    /// Writes these bytes, now or as soon as they fit.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.unsent.is_empty() {
            self.unsent.extend_from_slice(bytes);
            return Ok(());
        }
        let written = self.write(bytes)?;
        self.unsent.extend_from_slice(bytes.get(written..).unwrap_or_default());
        Ok(())
    }

    /// Writes the waiting bytes.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        if self.unsent.is_empty() {
            return Ok(());
        }
        let bytes = std::mem::take(&mut self.unsent);
        let written = self.write(&bytes)?;
        if written < bytes.len() {
            self.unsent = bytes;
            self.unsent.drain(..written);
        }
        Ok(())
    }

    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = 0;
        while let Some(rest) = bytes.get(written..).filter(|rest| !rest.is_empty()) {
            match (&self.stream).write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => written += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // Before the connection is established, a write can't go anywhere either.
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::NotConnected) =>
                {
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(written)
    }
}
