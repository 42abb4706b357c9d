//! The bytes of one upgraded connection, readable and writable through a shared reference.
//!
//! A plain TCP socket is used directly: no buffer, no lock. Anything else (TLS, or a host application's
//! transport) goes through one lock that is never held across an await.

use std::io::{self, Read as _};
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use parking_lot::Mutex;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

/// How much to read ahead from a transport that can't be asked whether it is readable.
const AHEAD_BYTES: usize = 4096;

pub(crate) enum Socket {
    Tcp(TcpStream),
    /// Boxed: nearly all sockets are plain, and each connection has room for the larger variant.
    Other(Box<Mutex<Other>>),
}

pub(crate) struct Other {
    stream: Pin<Box<dyn Stream>>,
    ahead: Vec<u8>,
    is_at_end: bool,
    /// True while the transport holds back accepted bytes, as TLS does when its socket is full.
    is_unflushed: bool,
}

pub(crate) trait Stream: AsyncRead + AsyncWrite + Send {}
impl<S: AsyncRead + AsyncWrite + Send> Stream for S {}

impl Socket {
    pub(crate) fn other(stream: impl Stream + 'static) -> Self {
        Self::Other(Box::new(Mutex::new(Other {
            stream: Box::pin(stream),
            ahead: Vec::new(),
            is_at_end: false,
            is_unflushed: false,
        })))
    }

    /// Resolves when [`Socket::try_read`] has something, including the end.
    pub(super) fn poll_readable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(stream) => stream.poll_read_ready(context),
            Self::Other(other) => other.lock().poll_read_ahead(context),
        }
    }

    /// Reads what is there. `Ok(0)` is the end; `WouldBlock`: nothing now.
    pub(super) fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => read(stream, buffer),
            Self::Other(other) => other.lock().take_ahead(buffer),
        }
    }

    /// Writes what fits now. `WouldBlock`: nothing does.
    pub(super) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.try_write(bytes),
            Self::Other(other) => {
                // This wakes nobody: a caller that gets WouldBlock leaves the rest to the driver, which polls
                // with its own waker.
                let mut context = Context::from_waker(Waker::noop());
                match other.lock().poll_write(&mut context, bytes) {
                    Poll::Ready(result) => result,
                    Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
                }
            }
        }
    }

    /// Writes what fits, or wakes the task when something does.
    pub(super) fn poll_write(&self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Tcp(stream) => loop {
                ready!(stream.poll_write_ready(context))?;
                match stream.try_write(bytes) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    result => return Poll::Ready(result),
                }
            },
            Self::Other(other) => other.lock().poll_write(context, bytes),
        }
    }

    /// Whether accepted bytes still wait inside the transport: somebody must poll [`Socket::poll_flush`], or
    /// they wait for the next write.
    pub(super) fn is_unflushed(&self) -> bool {
        match self {
            Self::Tcp(_) => false,
            Self::Other(other) => other.lock().is_unflushed,
        }
    }

    /// Passes on what the transport holds back, or wakes the task when it can.
    pub(super) fn poll_flush(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(_) => Poll::Ready(Ok(())),
            Self::Other(other) => other.lock().poll_flush(context),
        }
    }

    /// Tells the peer that nothing more comes.
    pub(super) fn poll_shutdown(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(stream) => Poll::Ready(SockRef::from(stream).shutdown(std::net::Shutdown::Write)),
            Self::Other(other) => other.lock().stream.as_mut().poll_shutdown(context),
        }
    }
}

/// Reads once. A read that does not fill the buffer has emptied the socket (epoll(7), "edge-triggered"): told
/// that it would block, tokio waits for the next bytes, so no second read is needed to find none.
fn read(stream: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    let mut taken = 0;
    let result = stream.try_io(Interest::READABLE, || {
        taken = (&*SockRef::from(stream)).read(buffer)?;
        let is_emptied = 0 < taken && taken < buffer.len();
        if is_emptied { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(taken) }
    });
    if taken > 0 { Ok(taken) } else { result }
}

impl Other {
    fn poll_read_ahead(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.ahead.is_empty() || self.is_at_end {
            return Poll::Ready(Ok(()));
        }
        let mut space = [0; AHEAD_BYTES];
        let mut buffer = ReadBuf::new(&mut space);
        ready!(self.stream.as_mut().poll_read(context, &mut buffer))?;
        self.is_at_end = buffer.filled().is_empty();
        self.ahead = buffer.filled().to_vec();
        Poll::Ready(Ok(()))
    }

    fn take_ahead(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ahead.is_empty() {
            return if self.is_at_end { Ok(0) } else { Err(io::ErrorKind::WouldBlock.into()) };
        }
        let taken = self.ahead.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(self.ahead.drain(..taken)) {
            *to = from;
        }
        if self.ahead.is_empty() {
            // An idle connection owns no read buffer.
            self.ahead = Vec::new();
        }
        Ok(taken)
    }

    fn poll_write(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(self.stream.as_mut().poll_write(context, bytes))?;
        // TLS holds a record back until it is flushed.
        if let Poll::Ready(Err(error)) = self.poll_flush(context) {
            return Poll::Ready(Err(error));
        }
        Poll::Ready(Ok(written))
    }

    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = self.stream.as_mut().poll_flush(context);
        self.is_unflushed = flushed.is_pending();
        flushed
    }
}
