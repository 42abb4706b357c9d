//! The task of one connection: reads frames and hands them to its handler, writes what could not be
//! written at once, catches up where the connection is behind, and closes.
//!
//! Between two frames it owns no buffer: it reads into one that all connections of a thread share.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::time::{Duration, Instant};

use bytes::{Buf as _, Bytes, BytesMut};
use chinwag_protocol::limits::MAX_FRAME_BYTES;
use chinwag_protocol::{CloseCode, ConversationId, Seq};
use chinwag_ws::{Decoder, Limits as FrameLimits, Message};

use super::connection::Connection;
use super::hub::Hub;
use super::ring::MAX_PAGE_BYTES;
use super::room::{CatchUp, Seat, encode};
use super::socket::Socket;
use crate::chat::Chat;
use crate::limits::Allowance;
use crate::store::Chunk;

const FRAME_LIMITS: FrameLimits =
    FrameLimits { max_frame_bytes: MAX_FRAME_BYTES, max_message_bytes: MAX_FRAME_BYTES };
/// One read of the log. Bounds what a connection that is behind holds in memory.
const LOG_PAGE: Chunk = Chunk { events: 100, content_bytes: MAX_PAGE_BYTES };
/// Time for the close frame to leave, and for the peer to hang up after it.
const GOODBYE: Duration = Duration::from_secs(2);

thread_local! {
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; 64 * 1024].into_boxed_slice());
}

/// What a connection's frames mean.
pub(crate) trait Handler {
    /// One text frame. The answer, if any, is a whole frame.
    fn text(&mut self, text: String) -> impl Future<Output = Option<Bytes>> + Send;
    /// One binary frame.
    fn binary(&mut self) -> Option<Bytes>;
}

/// A frame that has to be handled outside the shared buffer.
enum Incoming {
    Text(String),
    Binary,
    Ping(Bytes),
    Close(Option<u16>),
}

/// How a connection ends.
enum End {
    /// The peer is gone: there is nobody to say goodbye to.
    Gone,
    /// Say goodbye with this code.
    Goodbye(u16, &'static str),
    /// The peer said goodbye: answer with its own code.
    Answer(u16),
}

impl From<CloseCode> for End {
    fn from(code: CloseCode) -> Self {
        Self::Goodbye(code.as_u16(), code.reason())
    }
}

/// Serves a connection until it ends. `early` is what came with the upgrade request.
pub(crate) async fn drive(
    chat: &Chat,
    connection: &Connection,
    seat: Seat,
    early: Bytes,
    handler: &mut impl Handler,
) {
    let hub = chat.hub();
    let mut driver = Driver { chat, hub, connection, decoder: Decoder::new(), frames: Allowance::default() };
    let end = driver.run(&seat, early, handler).await;
    // The others see the user leave now, not when the goodbyes are done.
    drop(seat);
    let (code, reason) = match end {
        End::Gone => return,
        End::Goodbye(code, reason) => {
            hub.metrics().note_close(code);
            (code, reason)
        }
        End::Answer(code) => (code, ""),
    };
    connection.replace_pending(chinwag_ws::close_frame(code, reason), hub.tick());
    let goodbye = async {
        poll_fn(|context| connection.poll_drain(context, hub.tick())).await?;
        linger(&connection.socket).await
    };
    // Whoever does not take the goodbye in time does without.
    let _ = tokio::time::timeout(GOODBYE, goodbye).await;
}

/// Says goodbye to a socket that is not let in.
pub(crate) async fn turn_away(chat: &Chat, socket: Socket, code: CloseCode) {
    chat.hub().metrics().note_close(code.as_u16());
    let mut frame = chinwag_ws::close_frame(code.as_u16(), code.reason());
    let goodbye = async {
        while !frame.is_empty() {
            let written = poll_fn(|context| socket.poll_write(context, &frame)).await?;
            frame.advance(written);
        }
        linger(&socket).await
    };
    let _ = tokio::time::timeout(GOODBYE, goodbye).await;
}

/// Waits for the peer to hang up after the close frame: a reset would overtake it.
async fn linger(socket: &Socket) -> io::Result<()> {
    poll_fn(|context| socket.poll_shutdown(context)).await?;
    loop {
        poll_fn(|context| socket.poll_readable(context)).await?;
        match SCRATCH.with_borrow_mut(|scratch| socket.try_read(scratch)) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

struct Driver<'a> {
    chat: &'a Chat,
    hub: &'a Hub,
    connection: &'a Connection,
    decoder: Decoder,
    frames: Allowance,
}

impl Driver<'_> {
    async fn run(&mut self, seat: &Seat, early: Bytes, handler: &mut impl Handler) -> End {
        let mut early = Vec::from(early);
        if !early.is_empty() {
            let mut incoming = Vec::new();
            let end = self.decode(&mut early, &mut incoming);
            if let Some(end) = self.handle(incoming, handler).await.or(end) {
                return end;
            }
        }
        drop(early);
        loop {
            if let Some(code) = self.connection.closing() {
                return code.into();
            }
            if !self.connection.has_pending() {
                self.catch_up(seat).await;
            }
            tokio::select! {
                biased;
                () = self.connection.bell.notified() => {}
                drained = poll_fn(|context| self.connection.poll_drain(context, self.hub.tick())),
                    if self.connection.has_pending() =>
                {
                    if drained.is_err() {
                        return End::Gone;
                    }
                }
                readable = poll_fn(|context| self.connection.socket.poll_readable(context)),
                    if self.connection.may_read() =>
                {
                    if readable.is_err() {
                        return End::Gone;
                    }
                    let mut incoming = Vec::new();
                    let end = self.read(&mut incoming);
                    if let Some(end) = self.handle(incoming, handler).await.or(end) {
                        return end;
                    }
                }
            }
        }
    }

    /// Reads once, into the shared buffer, and takes out what is to be handled.
    fn read(&mut self, incoming: &mut Vec<Incoming>) -> Option<End> {
        SCRATCH.with_borrow_mut(|scratch| match self.connection.socket.try_read(scratch) {
            Ok(0) => Some(End::Gone),
            Ok(taken) => scratch.get_mut(..taken).and_then(|bytes| self.decode(bytes, incoming)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
            Err(_) => Some(End::Gone),
        })
    }

    /// Decodes bytes of the peer. What stands before an error or a close is still handled.
    fn decode(&mut self, mut bytes: &mut [u8], incoming: &mut Vec<Incoming>) -> Option<End> {
        self.connection.note_heard(self.hub.tick());
        loop {
            let message = match self.decoder.decode(&FRAME_LIMITS, &mut bytes) {
                Ok(Some(message)) => message,
                Ok(None) => return None,
                Err(error) => {
                    self.hub.metrics().protocol_errors.inc();
                    return Some(End::Goodbye(error.close_code(), "protocol error"));
                }
            };
            match message {
                Message::Text(text) => incoming.push(Incoming::Text(text.into_owned())),
                Message::Binary(_) => incoming.push(Incoming::Binary),
                Message::Ping(payload) => incoming.push(Incoming::Ping(chinwag_ws::pong_frame(&payload))),
                Message::Pong(_) => {}
                Message::Close(code, _) => {
                    incoming.push(Incoming::Close(code));
                    return None;
                }
            }
        }
    }

    async fn handle(&mut self, incoming: Vec<Incoming>, handler: &mut impl Handler) -> Option<End> {
        for frame in incoming {
            if let Some(code) = self.connection.closing() {
                return Some(code.into());
            }
            let limits = &self.chat.config().limits;
            if limits.is_enforced && self.frames.take(limits.frames, Instant::now()).is_err() {
                self.hub.metrics().refusals.inc();
                return Some(CloseCode::RateLimited.into());
            }
            let answer = match frame {
                Incoming::Text(text) => handler.text(text).await,
                Incoming::Binary => handler.binary(),
                Incoming::Ping(pong) => Some(pong),
                // RFC 6455 section 5.5.1: the answer has the code that came.
                Incoming::Close(code) => return Some(End::Answer(code.unwrap_or(1000))),
            };
            if let Some(answer) = answer
                && let Err(end) = self.answer(&answer).await
            {
                return Some(end);
            }
        }
        None
    }

    /// Writes an answer, and waits while too many of them wait.
    async fn answer(&self, frame: &Bytes) -> Result<(), End> {
        self.connection.answer(frame, self.hub.tick());
        while !self.connection.may_read() {
            tokio::select! {
                biased;
                () = self.connection.bell.notified() => {}
                drained = poll_fn(|context| self.connection.poll_drain(context, self.hub.tick())) => {
                    drained.map_err(|_| End::Gone)?;
                }
            }
            if let Some(code) = self.connection.closing() {
                return Err(code.into());
            }
        }
        Ok(())
    }

    /// Takes one step for the conversation that is behind: a page, or going live.
    async fn catch_up(&self, seat: &Seat) {
        while let Some((conversation_id, next)) = self.connection.behind(0) {
            match seat.room.catch_up(self.connection, next) {
                CatchUp::Live => {}
                CatchUp::Wait => return,
                CatchUp::Run(run) => {
                    self.connection.queue_page(conversation_id, run.frames, run.next, self.hub.tick());
                    return;
                }
                CatchUp::Log(after, through) => {
                    self.read_log(conversation_id, after, through).await;
                    return;
                }
            }
        }
    }

    async fn read_log(&self, conversation_id: ConversationId, after: Seq, through: Seq) {
        let events = match self.chat.events_for_lagging(conversation_id, after, through, LOG_PAGE).await {
            Ok(events) => events,
            Err(error) => {
                tracing::warn!(%conversation_id, %error, "can't read the log for a connection that is behind");
                // It resumes with its cursor elsewhere or later; going on here could only lose events.
                self.connection.close(CloseCode::Overloaded);
                return;
            }
        };
        self.hub.metrics().log_pages.inc();
        let mut page = BytesMut::new();
        for event in &events {
            page.extend_from_slice(&encode(event));
        }
        let next = events.last().map_or(through, |event| event.seq).next();
        self.connection.queue_page(conversation_id, page.freeze(), next, self.hub.tick());
    }
}
