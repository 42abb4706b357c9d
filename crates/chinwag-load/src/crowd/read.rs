//! Turns bytes of a socket into deliveries. A frame costs two searches and no allocation.

use std::io::{self, Read as _};
use std::time::Instant;

use memchr::memmem;

use super::{Audience, Crowd, Delivery};
use crate::frame::{self, Frame, client_frame, read_frame};
use crate::population::ACCEPT;
use crate::socket::{Manner, Phase};

/// Frames about people, places and commands instead of messages.
const NEWS: [&[u8]; 6] =
    [b"ok\"", b"user_joined\"", b"user_left\"", b"receipt\"", b"presence\"", b"caught_up\""];

impl Crowd {
    /// Reads what is there. A read that does not fill the buffer has emptied the socket (epoll(7)), so that a
    /// second one is needed only to see the end.
    pub(super) fn read(&mut self, place: usize, ends: bool, audience: &mut impl Audience) {
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
                    self.reads += 1;
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

    /// Processes what was read, after the partial frame that was left before.
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

    /// Processes all whole frames; returns how many bytes they took.
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

    fn take(&mut self, place: usize, frame: Frame<'_>, at: Instant, audience: &mut impl Audience) {
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
        let mut is_known = true;
        if kind.starts_with(b"message\"") {
            match self.scanner.read(payload) {
                Some((mark, seq)) => {
                    let delivery = Delivery { socket: place, mark, seq, at, payload };
                    audience.deliver(&delivery, &mut self.outbox);
                }
                None => is_known = false,
            }
        } else if kind.starts_with(b"replay\"") {
            for message in self.scanner.read_all(payload) {
                let Some((mark, seq)) = message else {
                    is_known = false;
                    break;
                };
                let delivery = Delivery { socket: place, mark, seq, at, payload };
                audience.deliver(&delivery, &mut self.outbox);
            }
        } else if kind.starts_with(b"connection\"") {
            self.enter(place);
        } else {
            is_known = NEWS.iter().any(|news| kind.starts_with(news));
        }
        if !is_known {
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
}
