//! Watches what a client sends before its requests are parsed: whether it pauses, so that others may begin
//! meanwhile, and the parts of a request's head that the parser does not pass on.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::admission::Slot;

/// The longer of the two header names to look for, with its colon.
const LONGEST_NAME: usize = "transfer-encoding:".len();

/// A watched connection. Only a request's head is examined, and nothing of it is kept.
pub(super) struct Listening<S> {
    stream: S,
    slot: Slot,
    head: Arc<Mutex<Head>>,
}

impl<S> Listening<S> {
    pub(super) fn new(stream: S, slot: Slot, head: Arc<Mutex<Head>>) -> Self {
        Self { stream, slot, head }
    }

    pub(super) fn into_inner(self) -> S {
        self.stream
    }
}

/// A request's head as it arrives, up to the empty line after it.
///
/// Smuggled requests use a body with two lengths to get past a proxy (RFC 9112 section 6.3). hyper uses the
/// safe length and closes after the answer, but drops the other before anybody can refuse the request.
#[derive(Default)]
pub(super) struct Head {
    /// The beginning of the current line, and the line's length.
    line: [u8; LONGEST_NAME],
    length: usize,
    has_begun: bool,
    has_length: bool,
    has_encoding: bool,
    is_over: bool,
}

impl Head {
    /// Whether the head named both a length and an encoding of its body. What follows is another head, unless
    /// the body is still to come: then this connection is no longer watched.
    pub(super) fn has_two_lengths(&mut self, has_body: bool) -> bool {
        let has_two = self.is_over && self.has_length && self.has_encoding;
        *self = Self { is_over: has_body, ..Self::default() };
        has_two
    }

    fn hear(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if self.is_over {
                return;
            }
            if *byte == b'\n' {
                self.end_line();
                continue;
            }
            if let Some(place) = self.line.get_mut(self.length) {
                *place = *byte;
            }
            self.length = self.length.saturating_add(1);
        }
    }

    fn end_line(&mut self) {
        let line = self.line.get(..self.length.min(LONGEST_NAME)).unwrap_or_default();
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
        self.has_length |= name.eq_ignore_ascii_case(b"content-length");
        self.has_encoding |= name.eq_ignore_ascii_case(b"transfer-encoding");
        let is_empty = matches!(line, b"" | b"\r");
        // Empty lines before a request are skipped (RFC 9112 section 2.2).
        self.is_over = is_empty && self.has_begun;
        self.has_begun |= !is_empty;
        self.length = 0;
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Listening<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        match &polled {
            // The client is to continue, so it needs no turn here.
            Poll::Pending => self.slot.end_turn(),
            Poll::Ready(_) => {
                self.head.lock().hear(buffer.filled().get(before..).unwrap_or_default());
            }
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Listening<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has_two(pieces: &[&str]) -> bool {
        let mut head = Head::default();
        for piece in pieces {
            head.hear(piece.as_bytes());
        }
        head.has_two_lengths(false)
    }

    #[test]
    fn two_lengths_are_found_in_any_order_and_any_pieces() {
        let one_way = "POST / HTTP/1.1\r\nContent-Length: 1\r\nA: b\r\ntransfer-ENCODING: chunked\r\n\r\n";
        let other_way = "\r\nPOST / HTTP/1.1\nTransfer-Encoding:chunked\nA: b\ncontent-length:1\n\n";
        for text in [one_way, other_way] {
            assert!(has_two(&[text]), "{text}");
            let bytes: Vec<String> = text.chars().map(String::from).collect();
            assert!(has_two(&bytes.iter().map(String::as_str).collect::<Vec<_>>()), "{text}");
        }
    }

    #[test]
    fn one_length_is_none_too_many_and_a_body_is_no_head() {
        for text in [
            "POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nTransfer-Encoding: chunked\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nX-Content-Length: 1\r\n\r\n",
            "POST /content-length: HTTP/1.1\r\nTransfer-Encoding: chunked\r\nA: Content-Length: 1\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n",
        ] {
            assert!(!has_two(&[text]), "{text}");
        }
        let mut head = Head::default();
        head.hear(b"GET / HTTP/1.1\r\n\r\n");
        assert!(!head.has_two_lengths(false));
        head.hear(b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n");
        assert!(head.has_two_lengths(true), "the next request of a connection, too");
        head.hear(b"GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n");
        assert!(!head.has_two_lengths(false), "this may be a body");
    }
}
