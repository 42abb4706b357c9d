//! What a connection's handler works with: the connection, and its seats in rooms.
//!
//! Answers and replays go out here, with the backpressure of the socket: whoever writes faster than the
//! peer reads waits here, and holds no more than a page.

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::Arc;

use bytes::Bytes;
use chinwag_protocol::rest::{Message, Receipt};
use chinwag_protocol::{CloseCode, ConversationId, Cursor, Event, Frame, Seq};

use super::connection::Connection;
use super::hub::Hub;
use super::ring::{MAX_PAGE_BYTES, Run};
use super::room::{Level, Seat, Step, encode, encode_echo, encode_frame};
use crate::chat::Chat;
use crate::store::Chunk;

/// One read of the log. Bounds what a connection that is behind, or resumes, holds in memory.
const LOG_PAGE: Chunk = Chunk { events: 200, content_bytes: MAX_PAGE_BYTES };

/// Tells a connection what became of work that went on beside its driver.
#[derive(Clone)]
pub(crate) struct Reporter {
    pub(crate) chat: Chat,
    connection: Arc<Connection>,
}

impl Reporter {
    pub(crate) fn report(&self, frame: &Frame<'_>) {
        self.connection.report(&encode_frame(frame), self.chat.hub().tick());
    }
}

/// How a connection ends.
#[derive(Debug)]
pub(crate) enum End {
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

pub(crate) struct Line<'a> {
    pub(crate) chat: &'a Chat,
    pub(crate) connection: &'a Arc<Connection>,
    seats: HashMap<ConversationId, (Seat, Level)>,
}

impl<'a> Line<'a> {
    pub(super) fn new(chat: &'a Chat, connection: &'a Arc<Connection>) -> Self {
        Self { chat, connection, seats: HashMap::new() }
    }

    fn hub(&self) -> &'a Arc<Hub> {
        self.chat.hub()
    }

    /// Writes a frame that must not be lost, and waits while too much waits for the socket.
    pub(crate) async fn answer(&self, frame: &Frame<'_>) -> Result<(), End> {
        self.answer_bytes(&encode_frame(frame)).await
    }

    /// Writes an old message once more, as the answer to its sender who repeats it. It is marked: it keeps no
    /// order with those that come live.
    pub(crate) async fn echo(&self, message: Message) -> Result<(), End> {
        self.answer_bytes(&encode_echo(message)).await
    }

    pub(super) async fn answer_bytes(&self, frame: &Bytes) -> Result<(), End> {
        self.connection.answer(frame, self.hub().tick());
        while !self.connection.may_read() {
            tokio::select! {
                biased;
                () = self.connection.bell.notified() => {}
                drained = poll_fn(|context| self.connection.poll_drain(context, self.hub().tick())) => {
                    drained.map_err(|_| End::Gone)?;
                }
            }
            if let Some(code) = self.connection.closing() {
                return Err(code.into());
            }
        }
        Ok(())
    }

    /// For work that goes on while further commands are read.
    pub(crate) fn reporter(&self) -> Reporter {
        Reporter { chat: self.chat.clone(), connection: Arc::clone(self.connection) }
    }

    /// Reserves a place in a conversation, so that nothing committed from now on is missed.
    pub(crate) fn reserve(&self, id: ConversationId) -> Seat {
        Seat::reserve(self.hub(), id)
    }

    /// Takes the place: every event after `after` comes, once and in order.
    pub(crate) fn take(&mut self, id: ConversationId, seat: Seat, after: Seq, level: Level) {
        // One connection has one place: an earlier one is kept, or the others would see the user go.
        let (seat, present) = self.seats.entry(id).or_insert((seat, level));
        seat.take(self.connection, after, level);
        *present = level;
    }

    /// Stops the events of a conversation, and keeps the place in it.
    pub(crate) fn quieten(&mut self, id: ConversationId) {
        if let Some((seat, level)) = self.seats.get_mut(&id) {
            seat.quieten();
            *level = Level::Counts;
        }
    }

    pub(crate) fn leave(&mut self, id: ConversationId) {
        self.seats.remove(&id);
    }

    /// How much of a conversation comes here; `None` without a place in it.
    pub(crate) fn level(&self, id: ConversationId) -> Option<Level> {
        self.seats.get(&id).map(|(_, level)| *level)
    }

    /// Whether a conversation's events come here as they are fanned out: nothing lies between.
    pub(crate) fn is_live(&self, id: ConversationId) -> bool {
        self.seats
            .get(&id)
            .is_some_and(|(seat, level)| *level == Level::Full && seat.room.is_live(self.connection))
    }

    /// Tells this connection how far everybody in a conversation is.
    pub(crate) fn tell_receipts(&self, id: ConversationId, receipts: &[Receipt]) {
        if let Some((seat, Level::Full)) = self.seats.get(&id) {
            seat.room.tell_receipts(self.connection, receipts, self.hub());
        }
    }

    pub(super) fn leave_all(&mut self) {
        self.seats.clear();
    }

    /// Sends the events after `after` up to and with `head` as `replay` frames, then `caught_up`.
    pub(crate) async fn replay(&self, id: ConversationId, after: Seq, head: Cursor) -> Result<(), End> {
        let mut after = after;
        while after < head.seq {
            if let Some(code) = self.connection.closing() {
                return Err(code.into());
            }
            let events = self.log(id, after, head.seq).await?;
            let Some(last) = events.last() else { break };
            after = last.entry().seq;
            let events: Vec<_> =
                events.iter().filter_map(|event| serde_json::value::to_raw_value(event).ok()).collect();
            self.answer(&Frame::Replay { conversation_id: id, events: &events, head }).await?;
        }
        self.answer(&Frame::CaughtUp { conversation_id: id, seq: head.seq }).await
    }

    /// Takes one step for the conversations that are behind: queues a page, or goes live.
    pub(super) async fn catch_up(&self) -> Result<(), End> {
        let mut place = 0;
        while !self.connection.has_pending()
            && let Some((id, next)) = self.connection.behind(place)
        {
            let Some((seat, _)) = self.seats.get(&id) else {
                self.connection.forget(id);
                continue;
            };
            let run = match seat.room.catch_up(self.connection, next) {
                Step::Live => continue,
                Step::Wait => {
                    place += 1;
                    continue;
                }
                Step::Write(run) => Some(run),
                Step::ReadLog { after, through } => {
                    self.hub().metrics().log_pages.inc();
                    let events = self.log(id, after, through).await?;
                    Run::of(events.iter().map(|event| (event.entry().seq, encode(event))))
                }
            };
            if let Some(run) = run {
                self.connection.queue_page(id, &run, self.hub().tick());
            }
        }
        Ok(())
    }

    async fn log(&self, id: ConversationId, after: Seq, through: Seq) -> Result<Vec<Event>, End> {
        let page = self.chat.events_for_lagging(id, after, through, LOG_PAGE).await;
        match page {
            // The log is dense: where it says that there is something, there is.
            Ok(events) if events.first().is_some_and(|first| first.entry().seq == after.next()) => Ok(events),
            Ok(_) => {
                tracing::error!(conversation_id = %id, after = %after, through = %through, "the log has a hole");
                Err(CloseCode::Overloaded.into())
            }
            Err(error) => {
                tracing::warn!(conversation_id = %id, %error, "can't read the log for a connection");
                // It resumes with its cursor later; going on here could only lose events.
                Err(CloseCode::Overloaded.into())
            }
        }
    }
}
