//! One open socket: who it belongs to, and what could not be written to it yet.
//!
//! `deliver` is called by fan-out and never waits. The connection's own task (`drive`) does the rest.
//! Lock order: a room's `live` before a connection's `outbox`.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use chinwag_protocol::{CloseCode, ConversationId, Seq};
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::socket::Socket;
use crate::auth::Actor;

/// Answers that may wait for the socket before no further command is read from it.
const MAX_PENDING_BYTES: usize = 64 * 1024;

pub(crate) struct Connection {
    pub(super) id: u64,
    pub(crate) actor: Actor,
    pub(super) socket: Socket,
    outbox: Mutex<Outbox>,
    /// Rung when the driver has something to do that the socket does not tell.
    pub(super) bell: Notify,
    /// The sweeper's tick at which a byte was last read, and a ping last sent.
    pub(super) heard_at: AtomicU32,
    pub(super) pinged_at: AtomicU32,
}

/// What waits for the socket. Empty, without memory of its own, while the socket keeps up.
#[derive(Default)]
struct Outbox {
    /// Whole frames, but for the first one's beginning, which may be gone already.
    pending: VecDeque<Bytes>,
    pending_bytes: usize,
    /// True if the first pending frame is partly written: it has to be finished, whatever happens.
    is_mid_frame: bool,
    /// Conversations that are not live here, with the next event each needs.
    behind: Vec<(ConversationId, Seq)>,
    closing: Option<CloseCode>,
    /// The tick at which the oldest pending byte began to wait.
    stalled_at: Option<u32>,
}

/// What became of a live frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    /// The socket has it, or will without further help.
    Written,
    /// The connection will read it from the ring or the log.
    Behind,
}

impl Connection {
    pub(super) fn new(id: u64, actor: Actor, socket: Socket, tick: u32) -> Self {
        Self {
            id,
            actor,
            socket,
            outbox: Mutex::default(),
            bell: Notify::new(),
            heard_at: AtomicU32::new(tick),
            pinged_at: AtomicU32::new(tick),
        }
    }

    /// Writes live events of a conversation, whose first has position `first`, or notes that this
    /// connection needs them later.
    pub(super) fn deliver(
        &self,
        conversation_id: ConversationId,
        first: Seq,
        frames: &Bytes,
        tick: u32,
    ) -> Delivery {
        let mut outbox = self.outbox.lock();
        if outbox.is_behind(conversation_id) {
            // The driver may be waiting for just this event at the seam.
            if outbox.pending.is_empty() {
                self.bell.notify_one();
            }
            return Delivery::Behind;
        }
        let taken = if outbox.pending.is_empty() { self.write_now(&mut outbox, frames, tick) } else { 0 };
        if taken == 0 {
            outbox.behind.push((conversation_id, first));
            self.bell.notify_one();
            return Delivery::Behind;
        }
        Delivery::Written
    }

    /// Writes a frame that may be lost, if the socket takes it now.
    pub(super) fn signal(&self, frame: &Bytes, tick: u32) {
        let mut outbox = self.outbox.lock();
        if outbox.pending.is_empty() {
            self.write_now(&mut outbox, frame, tick);
        }
    }

    /// Writes a frame that must not be lost, now or as soon as the socket takes it: answers to commands.
    /// The driver stops reading commands while too many wait, which bounds them.
    pub(crate) fn answer(&self, frame: &Bytes, tick: u32) {
        let mut outbox = self.outbox.lock();
        let taken = if outbox.pending.is_empty() { self.write_now(&mut outbox, frame, tick) } else { 0 };
        if taken == 0 {
            outbox.push(frame.clone(), tick);
        }
    }

    /// Writes what the socket takes; if that is a part, the rest becomes pending. Returns the part.
    fn write_now(&self, outbox: &mut Outbox, frames: &Bytes, tick: u32) -> usize {
        // An error is for the driver to find: it reads or writes next.
        let taken = self.socket.try_write(frames).unwrap_or(0);
        if taken > 0 && taken < frames.len() {
            outbox.push(frames.slice(taken..), tick);
            outbox.is_mid_frame = true;
            self.bell.notify_one();
        } else if self.socket.is_unflushed() {
            self.bell.notify_one();
        }
        taken
    }

    /// Asks the driver to close the socket. The first reason stands.
    pub(crate) fn close(&self, code: CloseCode) {
        self.outbox.lock().closing.get_or_insert(code);
        self.bell.notify_one();
    }

    pub(super) fn closing(&self) -> Option<CloseCode> {
        self.outbox.lock().closing
    }

    /// Drops what waits, except for the rest of a frame that is partly written, and adds a last one.
    pub(super) fn replace_pending(&self, last: Bytes, tick: u32) {
        let mut outbox = self.outbox.lock();
        let keep = usize::from(outbox.is_mid_frame);
        outbox.pending.truncate(keep);
        outbox.pending_bytes = outbox.pending.iter().map(Bytes::len).sum();
        outbox.behind.clear();
        outbox.push(last, tick);
    }

    /// Writes pending bytes until none are left and the transport holds none back.
    pub(super) fn poll_drain(&self, context: &mut Context<'_>, tick: u32) -> Poll<io::Result<()>> {
        let mut outbox = self.outbox.lock();
        while let Some(first) = outbox.pending.front() {
            let taken = match self.socket.poll_write(context, first) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(taken)) => taken,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            };
            outbox.took(taken, tick);
            // Room in a buffer that was full: the peer takes bytes, so it is there.
            self.note_heard(tick);
        }
        self.socket.poll_flush(context)
    }

    /// Whether there is something for [`Connection::poll_drain`] to do.
    pub(super) fn has_pending(&self) -> bool {
        !self.outbox.lock().pending.is_empty() || self.socket.is_unflushed()
    }

    /// Whether another command may be read: the answers so far are not piling up.
    pub(super) fn may_read(&self) -> bool {
        self.outbox.lock().pending_bytes < MAX_PENDING_BYTES
    }

    /// Since when the socket has taken nothing of what waits.
    pub(super) fn stalled_at(&self) -> Option<u32> {
        self.outbox.lock().stalled_at
    }

    /// The conversations that are behind here, with the next event each needs.
    pub(super) fn behind(&self, place: usize) -> Option<(ConversationId, Seq)> {
        self.outbox.lock().behind.get(place).copied()
    }

    /// From now on this conversation is not live here: events from `next` on come from ring or log.
    pub(super) fn fall_behind(&self, conversation_id: ConversationId, next: Seq) {
        let mut outbox = self.outbox.lock();
        if !outbox.is_behind(conversation_id) {
            outbox.behind.push((conversation_id, next));
        }
        self.bell.notify_one();
    }

    /// Live again. Only a room calls this, under its lock, when nothing lies between.
    pub(super) fn go_live(&self, conversation_id: ConversationId) {
        let mut outbox = self.outbox.lock();
        outbox.behind.retain(|(behind, _)| *behind != conversation_id);
        if outbox.behind.is_empty() {
            outbox.behind = Vec::new();
        }
    }

    /// Queues a page of a conversation that is behind; `next` is the event after the page.
    pub(super) fn queue_page(&self, conversation_id: ConversationId, page: Bytes, next: Seq, tick: u32) {
        let mut outbox = self.outbox.lock();
        let place = outbox.behind.iter_mut().find(|(behind, _)| *behind == conversation_id);
        // Gone if the conversation was left meanwhile; then the page is nobody's any more.
        let Some((_, needed)) = place else { return };
        *needed = next;
        if !page.is_empty() {
            outbox.push(page, tick);
        }
    }

    pub(super) fn note_heard(&self, tick: u32) {
        self.heard_at.store(tick, Ordering::Relaxed);
    }
}

impl Outbox {
    fn is_behind(&self, conversation_id: ConversationId) -> bool {
        self.behind.iter().any(|(behind, _)| *behind == conversation_id)
    }

    fn push(&mut self, frames: Bytes, tick: u32) {
        self.pending_bytes += frames.len();
        self.pending.push_back(frames);
        self.stalled_at.get_or_insert(tick);
    }

    /// Accounts for bytes of the first pending frames that the socket took.
    fn took(&mut self, bytes: usize, tick: u32) {
        self.pending_bytes -= bytes;
        self.stalled_at = Some(tick);
        if let Some(first) = self.pending.front_mut() {
            // `bytes` is never more than the frame: the socket was offered no more.
            let rest = first.split_off(bytes.min(first.len()));
            self.is_mid_frame = !rest.is_empty();
            *first = rest;
            if first.is_empty() {
                self.pending.pop_front();
            }
        }
        if self.pending.is_empty() {
            // An idle connection owns no write buffer.
            self.pending = VecDeque::new();
            self.stalled_at = None;
        }
    }
}
