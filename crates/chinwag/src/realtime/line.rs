//! What a connection's handler works with: the connection, and its seats in rooms.
//!
//! Answers and pages of the log go out here, with the socket's backpressure: a handler that writes faster than the
//! peer reads waits here, and holds at most a page.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use chinwag_protocol::rest::{Message, Receipt};
use chinwag_protocol::{CloseCode, ConversationId, Frame, Seq};

use super::connection::{Connection, Look};
use super::drive::Handler;
use super::hub::{Hub, Registration};
use super::ring::Run;
use super::room::{Interest, Next, encode, encode_echo, encode_frame};
use super::seat::Seat;
use crate::auth::Actor;
use crate::metrics::Metrics;

/// Tells a connection the outcome of work done beside its driver.
#[derive(Clone)]
pub(crate) struct Reporter {
    hub: Arc<Hub>,
    connection: Arc<Connection>,
}

impl Reporter {
    pub(crate) fn report(&self, frame: &Frame<'_>) {
        self.connection.answer(&encode_frame(frame), self.hub.tick());
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        self.hub.metrics()
    }
}

/// How a connection ends.
#[derive(Debug)]
pub(crate) enum End {
    /// The peer is gone, so there is nothing to send.
    Gone,
    /// Close with this code.
    Goodbye(u16, &'static str),
    /// The peer closed: answer with its own code.
    Answer(u16),
}

impl From<CloseCode> for End {
    fn from(code: CloseCode) -> Self {
        Self::Goodbye(code.as_u16(), code.reason())
    }
}

/// Why a driver woke up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Awake {
    /// There may be something to do, or to write.
    ToLook,
    /// The socket has bytes.
    Readable,
}

pub(crate) struct Line {
    registration: Registration,
    /// By conversation. Most connections have one seat.
    seats: Vec<Seated>,
}

struct Seated {
    seat: Seat,
    interest: Interest,
}

impl Line {
    pub(super) fn new(registration: Registration) -> Self {
        Self { registration, seats: Vec::new() }
    }

    pub(crate) fn connection(&self) -> &Arc<Connection> {
        &self.registration.connection
    }

    /// Whose connection it is, as admitted.
    pub(crate) fn actor(&self) -> &Actor {
        &self.connection().actor
    }

    /// Whether its user had no other connection when it came.
    pub(crate) fn is_first(&self) -> bool {
        self.registration.is_first
    }

    /// Whose it is now.
    pub(crate) fn present_actor(&self) -> Actor {
        self.connection().present_actor()
    }

    pub(super) fn hub(&self) -> &Arc<Hub> {
        self.registration.hub()
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        self.hub().metrics()
    }

    /// Waits until there is something to look at, after writing what it could, or something to read if `look`
    /// asks for it.
    pub(super) fn poll_awake(&self, look: Look, context: &mut Context<'_>) -> Poll<Result<Awake, End>> {
        let connection = self.connection();
        if connection.bell.poll_rung(context).is_ready() {
            return Poll::Ready(Ok(Awake::ToLook));
        }
        if look.has_pending
            && let Poll::Ready(drained) = connection.poll_drain(context, self.hub().tick())
        {
            return Poll::Ready(drained.map(|()| Awake::ToLook).map_err(|_| End::Gone));
        }
        if look.may_read
            && let Poll::Ready(readable) = connection.socket.poll_readable(context)
        {
            return Poll::Ready(readable.map(|()| Awake::Readable).map_err(|_| End::Gone));
        }
        Poll::Pending
    }

    fn index(&self, id: ConversationId) -> Result<usize, usize> {
        self.seats.binary_search_by_key(&id, |seated| seated.seat.room.id)
    }

    fn seated(&self, id: ConversationId) -> Option<&Seated> {
        self.seats.get(self.index(id).ok()?)
    }

    /// Writes a frame that must not be lost, and waits while too much waits for the socket.
    pub(crate) async fn answer(&self, frame: &Frame<'_>) -> Result<(), End> {
        self.answer_bytes(&encode_frame(frame)).await
    }

    /// Writes an old message again, as the answer to its sender, who repeats it. It is marked, because it has
    /// no place in the order of live ones.
    pub(crate) async fn echo(&self, message: Arc<Message>) -> Result<(), End> {
        self.answer_bytes(&encode_echo(message)).await
    }

    pub(crate) async fn answer_bytes(&self, frame: &Bytes) -> Result<(), End> {
        let connection = self.connection();
        connection.answer(frame, self.hub().tick());
        while !connection.may_read() {
            let rung_or_drained = poll_fn(|context| match connection.bell.poll_rung(context) {
                Poll::Ready(()) => Poll::Ready(Ok(())),
                Poll::Pending => connection.poll_drain(context, self.hub().tick()),
            });
            rung_or_drained.await.map_err(|_| End::Gone)?;
            if let Some(code) = connection.closing() {
                return Err(code.into());
            }
        }
        Ok(())
    }

    /// For work that continues while further commands are read.
    pub(crate) fn reporter(&self) -> Reporter {
        Reporter { hub: Arc::clone(self.hub()), connection: Arc::clone(self.connection()) }
    }

    /// Reserves a seat in a conversation, so that nothing committed from now on is missed.
    pub(crate) fn reserve(&self, id: ConversationId) -> Seat {
        Seat::reserve(self.hub(), id)
    }

    /// Takes the seat: every event after `after` comes, once and in order.
    pub(crate) fn take(&mut self, id: ConversationId, seat: Seat, after: Seq, interest: Interest) {
        // A connection has one seat: keep an earlier one, or the others would see the user leave.
        let index = self.index(id).unwrap_or_else(|index| {
            self.seats.reserve_exact(usize::from(self.seats.is_empty()));
            self.seats.insert(index, Seated { seat, interest });
            index
        });
        if let Some(seated) = self.seats.get_mut(index) {
            seated.seat.take(&self.registration.connection, after, interest);
            seated.interest = interest;
        }
    }

    /// Stops the events of a conversation, but keeps the seat in it.
    pub(crate) fn quieten(&mut self, id: ConversationId) {
        let index = self.index(id).ok();
        if let Some(seated) = index.and_then(|index| self.seats.get_mut(index)) {
            seated.seat.quieten();
            seated.interest = Interest::Counts;
        }
    }

    pub(crate) fn leave(&mut self, id: ConversationId) {
        if let Ok(index) = self.index(id) {
            self.seats.remove(index);
        }
    }

    /// Which events of a conversation come here; `None` without a seat in it.
    pub(crate) fn interest(&self, id: ConversationId) -> Option<Interest> {
        self.seated(id).map(|seated| seated.interest)
    }

    /// Whether this connection gets a conversation's events as they are fanned out.
    pub(crate) fn is_live(&self, id: ConversationId) -> bool {
        self.seated(id).is_some_and(|seated| {
            seated.interest == Interest::Full && seated.seat.room.is_live(self.connection())
        })
    }

    /// Tells this connection how far everybody in a conversation has received and read.
    pub(crate) fn tell_receipts(&self, id: ConversationId, receipts: &[Receipt]) {
        if let Some(Seated { seat, interest: Interest::Full }) = self.seated(id) {
            seat.room.tell_receipts(self.connection(), receipts, self.hub());
        }
    }

    pub(super) fn leave_all(&mut self) {
        self.seats.clear();
    }

    /// Takes one step for the conversations that are behind: queues a page, or goes live.
    pub(super) async fn catch_up(&self, handler: &mut impl Handler) -> Result<(), End> {
        let mut index = 0;
        while !self.connection().has_pending()
            && let Some((id, next)) = self.connection().behind(index)
        {
            let Some(seated) = self.seated(id) else {
                self.connection().forget(id);
                continue;
            };
            let run = match seated.seat.room.catch_up(self.connection(), next) {
                Next::Live => continue,
                Next::Wait => {
                    index += 1;
                    continue;
                }
                Next::Write(run) => Some(run),
                Next::ReadLog { after, through } => {
                    self.hub().metrics().log_pages.inc();
                    let events = handler.log(id, after, through).await?;
                    Run::of(events.iter().map(|event| (event.entry().seq, encode(event))))
                }
            };
            if let Some(run) = run {
                self.connection().queue_page(id, &run, self.hub().tick());
            }
        }
        Ok(())
    }
}
