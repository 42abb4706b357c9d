//! The task of one connection: reads frames and hands them to its handler, writes what could not be written
//! at once, catches up if the connection is behind, and closes.
//!
//! Between two frames it owns no buffer: it reads into one that all connections of a thread share. Its task
//! has room for the connection only: the work on a frame has its own box.
//!
//! If a live frame does not fit into the socket at all, its conversation is *behind*, with the seq that it
//! needs. If a part went out, the rest is kept (at most one run, 32 KiB), since a frame must be finished. The
//! driver waits for the socket and continues from ring or log in pages; it reads each page when the previous
//! one is written. Signals are dropped instead, a receipt becomes an errand, and of presence the latest of
//! each user is kept.
//!
//! The task is written by hand and has room for the connection only, 256 bytes with what the runtime adds;
//! the compiler checks it. A read that does not fill the buffer has emptied the socket, so no second read is
//! needed.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::{Buf as _, Bytes};
use chinwag_protocol::limits::{CHUNK_BYTES, CHUNK_HEAD_BYTES, MAX_FRAME_BYTES};
use chinwag_protocol::{CloseCode, Command, CommandError, ConversationId, Event, Frame, Request, Seq};
use chinwag_ws::{Decoder, Limits as FrameLimits, Message};

use super::connection::{Dialect, Errand};
use super::hub::{Hub, Registration};
use super::line::{Awake, End, Line};
use super::room::encode_frame;
use super::socket::Socket;
use crate::limits::Allowance;

/// The largest chunk of an upload, with its header. Text is limited to [`MAX_FRAME_BYTES`].
const MAX_BINARY_BYTES: usize = CHUNK_HEAD_BYTES + CHUNK_BYTES;
const FRAME_LIMITS: FrameLimits =
    FrameLimits { max_frame_bytes: MAX_BINARY_BYTES, max_message_bytes: MAX_BINARY_BYTES };
/// RFC 6455 section 7.4.1: a message is too big.
const TOO_BIG: u16 = 1009;
/// The upload's window paces chunks of this size and more; smaller ones count as frames.
const PACED_BYTES: usize = CHUNK_BYTES / 4;
/// The most messages of one socket that are stored and answered together.
const MAX_TOGETHER: usize = 64;
/// The time for the close frame to leave, and for the peer to hang up after it.
const GOODBYE: Duration = Duration::from_secs(2);
/// RFC 6455 section 7.4.1: a frame of an unsupported type.
const UNSUPPORTED: u16 = 1003;

thread_local! {
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; 64 * 1024].into_boxed_slice());
}

/// Gives a connection's frames their meaning.
pub(crate) trait Handler: Send {
    /// The connection begins.
    fn open(&mut self, line: &mut Line) -> impl Future<Output = Result<(), End>> + Send;
    /// Messages that came together, to store and answer in their order.
    fn sends(
        &mut self,
        line: &mut Line,
        requests: Vec<SendRequest>,
    ) -> impl Future<Output = Result<(), End>> + Send;
    /// Any other command, or why a text frame is not one.
    fn command(
        &mut self,
        line: &mut Line,
        request: Result<Request, CommandError>,
    ) -> impl Future<Output = Result<(), End>> + Send;
    /// One binary frame.
    fn binary(&mut self, line: &mut Line, bytes: Bytes) -> impl Future<Output = Result<(), End>> + Send;
    /// Something that fan-out left to do.
    fn errand(&mut self, line: &mut Line, errand: Errand) -> impl Future<Output = Result<(), End>> + Send;
    /// A page of the log for a conversation that is behind: the first events after `after`, of those up to and with
    /// `through`.
    fn log(
        &mut self,
        id: ConversationId,
        after: Seq,
        through: Seq,
    ) -> impl Future<Output = Result<Vec<Event>, End>> + Send;
}

/// A `send`, as received.
pub(crate) struct SendRequest {
    pub(crate) reference: Option<String>,
    pub(crate) conversation_id: Option<ConversationId>,
    pub(crate) send: chinwag_protocol::Send,
}

/// A frame to handle outside the shared buffer.
enum Incoming {
    Sends(Vec<SendRequest>),
    Command(Result<Request, CommandError>),
    Binary(Bytes),
    Ping(Bytes),
    Close(Option<u16>),
}

/// A connection that has begun, with its handler.
pub(crate) struct Driver<H> {
    line: Line,
    decoder: Decoder,
    frames: Allowance,
    handler: H,
    /// Whether its chores have been done as far as possible since it was last awake.
    is_tidy: bool,
}

/// Work of a driver that may have to wait.
enum Work {
    Chores,
    /// Frames that came, and how the connection ends if no more can come.
    Frames(Vec<Incoming>, Result<(), End>),
    End(End),
}

/// Serves a connection until it ends. Written by hand, because there is one per connection, and a
/// compiler-made future would have room for everything at once.
enum Running<H> {
    Idle(Driver<H>),
    /// Returns the driver, unless the connection has ended.
    Busy(Pin<Box<dyn Future<Output = Option<Driver<H>>> + Send>>),
    Over,
}

/// Closes a socket that is not let in, after these last frames.
pub(crate) async fn turn_away(hub: &Hub, socket: Socket, last: Bytes, end: End) {
    let close = match end {
        End::Gone => return,
        End::Goodbye(code, reason) => {
            hub.metrics().note_close(code);
            chinwag_ws::close_frame(code, reason)
        }
        End::Answer(code) => chinwag_ws::close_frame(code, ""),
    };
    let mut rest = last.chain(close);
    let goodbye = async {
        while rest.has_remaining() {
            let written = poll_fn(|context| socket.poll_write(context, rest.chunk())).await?;
            rest.advance(written);
        }
        linger(&socket).await
    };
    let _ = tokio::time::timeout(GOODBYE, goodbye).await;
}

/// Reads the first text frame of an unauthenticated socket, and the bytes that followed it.
///
/// # Errors
/// How the connection ends if the peer sends something else or too much, or leaves.
pub(crate) async fn first_text(
    socket: &Socket,
    early: Bytes,
    max_bytes: usize,
) -> Result<(String, Bytes), End> {
    let limits = FrameLimits { max_frame_bytes: max_bytes, max_message_bytes: max_bytes };
    let mut decoder = Decoder::new();
    let mut read = Vec::from(early);
    loop {
        let mut rest = read.as_mut_slice();
        while !rest.is_empty() {
            let message = decoder.decode(&limits, &mut rest).map_err(broken)?;
            match message {
                Some(Message::Text(text)) => {
                    let text = text.into_owned();
                    return Ok((text, Bytes::copy_from_slice(rest)));
                }
                None | Some(Message::Ping(_) | Message::Pong(_)) => {}
                Some(Message::Binary(_)) => {
                    return Err(End::Goodbye(UNSUPPORTED, "send JSON in text frames"));
                }
                Some(Message::Close(code, _)) => return Err(answer(code)),
            }
        }
        poll_fn(|context| socket.poll_readable(context)).await.map_err(|_| End::Gone)?;
        read = SCRATCH.with_borrow_mut(|scratch| match socket.try_read(scratch) {
            Ok(0) => Err(End::Gone),
            Ok(taken) => Ok(scratch.get(..taken).map(<[u8]>::to_vec).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Vec::new()),
            Err(_) => Err(End::Gone),
        })?;
    }
}

fn broken(error: chinwag_ws::Error) -> End {
    End::Goodbye(error.close_code(), "protocol error")
}

/// RFC 6455 section 5.5.1: the answer to a close repeats its code.
fn answer(code: Option<u16>) -> End {
    End::Answer(code.unwrap_or(CloseCode::Normal.as_u16()))
}

/// Waits for the peer to hang up after the close frame, because a reset would overtake it.
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

impl<H: Handler + Unpin + 'static> Future for Running<H> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        loop {
            let work = match &mut *self {
                Self::Idle(driver) => ready!(driver.poll_work(context)),
                Self::Busy(busy) => {
                    let driver = ready!(busy.as_mut().poll(context));
                    *self = driver.map_or(Self::Over, Self::Idle);
                    continue;
                }
                Self::Over => return Poll::Ready(()),
            };
            if let Self::Idle(driver) = std::mem::replace(&mut *self, Self::Over) {
                *self = Self::Busy(Box::pin(driver.work(work)));
            }
        }
    }
}

impl<H: Handler + Unpin + 'static> Driver<H> {
    /// Serves a connection from its entry until it ends.
    pub(crate) fn spawn(entering: impl Future<Output = Option<Self>> + Send + 'static) {
        // With what the runtime adds (104 bytes), the task has 256 bytes, for which allocators have a class.
        const { assert!(size_of::<Running<H>>() <= 152) }
        // Boxed, so that nothing of the entry remains if a waker of this task lives longer.
        let entering = Box::pin(entering);
        tokio::spawn(async move {
            if let Some(driver) = entering.await {
                // A small task of its own, without room for what led here.
                tokio::spawn(Running::Idle(driver));
            }
        });
    }
}

impl<H: Handler> Driver<H> {
    /// Begins a connection, and handles what came with the upgrade request. `None`: it has ended already.
    pub(crate) async fn begin(registration: Registration, early: Bytes, handler: H) -> Option<Self> {
        let line = Line::new(registration);
        let (decoder, frames) = (Decoder::new(), Allowance::default());
        let mut driver = Self { line, decoder, frames, handler, is_tidy: false };
        match driver.open(early).await {
            Ok(()) => Some(driver),
            Err(end) => {
                driver.end(end).await;
                None
            }
        }
    }

    async fn open(&mut self, early: Bytes) -> Result<(), End> {
        self.check_closing()?;
        self.handler.open(&mut self.line).await?;
        if early.is_empty() {
            return Ok(());
        }
        let mut early = Vec::from(early);
        let mut incoming = Vec::new();
        let decoded = self.decode(&mut early, &mut incoming);
        self.handle(incoming).await?;
        decoded
    }

    /// Waits for something to do.
    fn poll_work(&mut self, context: &mut Context<'_>) -> Poll<Work> {
        loop {
            let look = self.line.connection().look();
            if let Some(code) = look.closing {
                return Poll::Ready(Work::End(code.into()));
            }
            if look.has_chores && !std::mem::replace(&mut self.is_tidy, true) {
                return Poll::Ready(Work::Chores);
            }
            let awake = ready!(self.line.poll_awake(look, context));
            self.is_tidy = false;
            let read = match awake {
                Ok(Awake::ToLook) => continue,
                Ok(Awake::Readable) => {
                    let mut incoming = Vec::new();
                    let read = self.read(&mut incoming);
                    if !incoming.is_empty() {
                        return Poll::Ready(Work::Frames(incoming, read));
                    }
                    read
                }
                Err(end) => Err(end),
            };
            if let Err(end) = read {
                return Poll::Ready(Work::End(end));
            }
        }
    }

    /// Does the work. `None`: the connection has ended.
    async fn work(mut self, work: Work) -> Option<Self> {
        let done = match work {
            Work::Chores => self.do_chores().await,
            Work::Frames(incoming, read) => self.handle(incoming).await.and(read),
            Work::End(end) => Err(end),
        };
        match done {
            Ok(()) => Some(self),
            Err(end) => {
                self.end(end).await;
                None
            }
        }
    }

    /// Leaves all rooms and says goodbye.
    async fn end(mut self, end: End) {
        // The others see the user leave now, not when the goodbyes are done.
        self.line.leave_all();
        if let Some((code, reason)) = self.last_word(&end) {
            let (connection, hub) = (self.line.connection(), self.line.hub());
            let mut goodbye = Vec::new();
            if code == CloseCode::Restart.as_u16() && connection.dialect != Dialect::Original {
                let spread = u64::try_from(hub.reconnect_spread().as_millis()).unwrap_or(u64::MAX);
                let reconnect_after_ms = rand::random_range(0..spread);
                goodbye.extend_from_slice(&encode_frame(&Frame::Goaway { reconnect_after_ms }));
            }
            goodbye.extend_from_slice(&chinwag_ws::close_frame(code, reason));
            connection.replace_pending(goodbye.into(), hub.tick());
            let goodbye = async {
                poll_fn(|context| connection.poll_drain(context, hub.tick())).await?;
                linger(&connection.socket).await
            };
            // A peer that does not take the goodbye in time goes without.
            let _ = tokio::time::timeout(GOODBYE, goodbye).await;
        }
    }

    /// The code and reason to close with; `None` if the peer is gone.
    fn last_word(&self, end: &End) -> Option<(u16, &'static str)> {
        match *end {
            End::Gone => None,
            End::Goodbye(code, reason) => {
                self.line.metrics().note_close(code);
                Some((code, reason))
            }
            End::Answer(code) => Some((code, "")),
        }
    }

    /// Runs errands, sends waiting presence, then takes a step for the conversations that are behind.
    async fn do_chores(&mut self) -> Result<(), End> {
        while let Some(errand) = self.line.connection().next_errand() {
            self.handler.errand(&mut self.line, errand).await?;
        }
        self.line.connection().send_presences(self.line.hub().tick());
        self.line.catch_up(&mut self.handler).await
    }

    fn check_closing(&self) -> Result<(), End> {
        self.line.connection().closing().map_or(Ok(()), |code| Err(code.into()))
    }

    /// Reads once into the shared buffer, and takes out what needs handling.
    fn read(&mut self, incoming: &mut Vec<Incoming>) -> Result<(), End> {
        SCRATCH.with_borrow_mut(|scratch| match self.line.connection().socket.try_read(scratch) {
            Ok(0) => Err(End::Gone),
            Ok(taken) => scratch.get_mut(..taken).map_or(Ok(()), |bytes| self.decode(bytes, incoming)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(_) => Err(End::Gone),
        })
    }

    /// Decodes bytes of the peer. What precedes an error or a close is still handled.
    fn decode(&mut self, mut bytes: &mut [u8], incoming: &mut Vec<Incoming>) -> Result<(), End> {
        let hub = self.line.hub();
        self.line.connection().note_heard(hub.tick());
        loop {
            let message = match self.decoder.decode(&FRAME_LIMITS, &mut bytes) {
                Ok(Some(message)) => message,
                Ok(None) => return Ok(()),
                Err(error) => {
                    hub.metrics().protocol_errors.inc();
                    return Err(broken(error));
                }
            };
            let is_counted = match &message {
                Message::Pong(_) => false,
                Message::Binary(bytes) => bytes.len() < PACED_BYTES,
                Message::Text(_) | Message::Ping(_) | Message::Close(..) => true,
            };
            if let Some(rate) = hub.settings.frames.filter(|_| is_counted)
                && self.frames.take(rate, Instant::now()).is_err()
            {
                hub.metrics().refusals.inc();
                return Err(CloseCode::RateLimited.into());
            }
            match message {
                Message::Text(text) if text.len() > MAX_FRAME_BYTES => {
                    hub.metrics().protocol_errors.inc();
                    return Err(End::Goodbye(TOO_BIG, "protocol error"));
                }
                Message::Text(text) => push_request(incoming, Request::parse(&text)),
                Message::Binary(bytes) => incoming.push(Incoming::Binary(Bytes::from(bytes.into_owned()))),
                Message::Ping(payload) => incoming.push(Incoming::Ping(chinwag_ws::pong_frame(&payload))),
                Message::Pong(_) => {}
                Message::Close(code, _) => {
                    incoming.push(Incoming::Close(code));
                    return Ok(());
                }
            }
        }
    }

    async fn handle(&mut self, incoming: Vec<Incoming>) -> Result<(), End> {
        for frame in incoming {
            self.check_closing()?;
            match frame {
                Incoming::Sends(requests) => self.handler.sends(&mut self.line, requests).await?,
                Incoming::Command(request) => self.handler.command(&mut self.line, request).await?,
                Incoming::Binary(bytes) => self.handler.binary(&mut self.line, bytes).await?,
                Incoming::Ping(pong) => self.line.answer_bytes(&pong).await?,
                Incoming::Close(code) => return Err(answer(code)),
            }
        }
        Ok(())
    }
}

/// Consecutive messages are passed on together, to be stored in one transaction.
fn push_request(incoming: &mut Vec<Incoming>, request: Result<Request, CommandError>) {
    let request = match request {
        Ok(Request { reference, conversation_id, command: Command::Send(send) }) => {
            SendRequest { reference, conversation_id, send }
        }
        other => return incoming.push(Incoming::Command(other)),
    };
    match incoming.last_mut() {
        Some(Incoming::Sends(sends)) if sends.len() < MAX_TOGETHER => sends.push(request),
        _ => incoming.push(Incoming::Sends(vec![request])),
    }
}
