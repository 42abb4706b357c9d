//! One open socket: whose it is, and what could not be written to it yet.
//!
//! Fan-out calls `deliver`, which never waits. The connection's own task (`drive`) does the rest. Lock order:
//! a room's `live` before a connection's `outbox`.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::{Context, Poll};

use super::bell::Bell;
use super::ring::Run;
use super::seam::{Place, Places, Taken};
use super::socket::Socket;
use crate::auth::Actor;
use bytes::Bytes;
use chinwag_protocol::{CloseCode, ConversationId, Seq, Timestamp, UserId};
use parking_lot::Mutex;

/// How many bytes of answers may wait for the socket before reading commands stops.
const MAX_PENDING_BYTES: usize = 64 * 1024;

/// The protocol that a connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// What the original document describes: only messages among the events.
    Original,
    /// Everything, for one conversation.
    Room,
    /// Everything, for all conversations of a user.
    User,
}

pub(crate) struct Connection {
    pub(super) id: u64,
    pub(crate) actor: Actor,
    pub(crate) dialect: Dialect,
    pub(super) socket: Socket,
    /// The credentials that `auth` brought, which replace the actor's.
    renewed: Mutex<Option<Box<Credentials>>>,
    is_warned: AtomicBool,
    outbox: Mutex<Outbox>,
    /// Rung when the driver has work that the socket does not announce.
    pub(super) bell: Bell,
    /// The sweeper's tick of the last received byte, and of the last ping.
    pub(super) heard_at: AtomicU32,
    pub(super) pinged_at: AtomicU32,
}

struct Credentials {
    session: Option<Arc<str>>,
    expires_at: Timestamp,
}

/// Something that fan-out leaves to the driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Errand {
    /// The user was added to a conversation.
    Join(ConversationId),
    /// The user no longer takes part.
    Left(ConversationId),
    /// State frames of this conversation were dropped: send the state anew.
    Refresh(ConversationId),
    /// The user's counts in this conversation changed.
    Count(ConversationId),
}

#[derive(Default)]
struct Outbox {
    /// `None` while the socket keeps up and nothing is left to do, which is nearly always.
    backlog: Option<Box<Backlog>>,
    closing: Option<CloseCode>,
}

/// What waits for the socket or the driver.
#[derive(Default)]
struct Backlog {
    /// Whole frames, except that the beginning of the first may be sent already.
    pending: VecDeque<Bytes>,
    pending_bytes: usize,
    /// True if the first pending frame is partly written: it must be finished, whatever happens.
    is_mid_frame: bool,
    places: Places,
    errands: Vec<Errand>,
    /// Presence that the socket did not accept: the latest of each user.
    presences: Vec<(UserId, Bytes)>,
    /// The tick at which the oldest pending byte began to wait.
    stalled_at: Option<u32>,
}

/// A driver's view of its connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    /// The code to close with.
    pub closing: Option<CloseCode>,
    /// Whether there are errands, waiting presence, or conversations that are behind.
    pub has_chores: bool,
    /// Whether something waits for the socket.
    pub has_pending: bool,
    /// Whether another command may be read, that is, whether answers are not piling up.
    pub may_read: bool,
}

/// The outcome of a live frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    /// The socket has it, or will get it without further help.
    Written,
    /// The connection will read it from the ring or the log.
    Behind,
}

impl Connection {
    pub(super) fn new(id: u64, actor: Actor, dialect: Dialect, socket: Socket, tick: u32) -> Self {
        Self {
            id,
            actor,
            dialect,
            socket,
            renewed: Mutex::default(),
            is_warned: AtomicBool::new(false),
            outbox: Mutex::default(),
            bell: Bell::default(),
            heard_at: AtomicU32::new(tick),
            pinged_at: AtomicU32::new(tick),
        }
    }

    /// Writes live events of a conversation, or records that this connection needs them later.
    pub(super) fn deliver(&self, conversation_id: ConversationId, run: &Run, tick: u32) -> Delivery {
        let mut outbox = self.outbox.lock();
        let place = outbox.place(conversation_id);
        if place == Place::Live {
            if crate::seeded_bugs::is_dropped() {
                return Delivery::Written;
            }
            let taken = self.offer(&mut outbox, run.frames(self.dialect), tick);
            let place = place.offered(run.first, taken);
            if place == Place::Live {
                return Delivery::Written;
            }
            outbox.change(|backlog| backlog.places.set(conversation_id, place));
        }
        // With something pending, the driver comes anyway. Otherwise it may be waiting for just this event.
        if !outbox.has_pending() {
            self.bell.ring();
        }
        Delivery::Behind
    }

    /// Writes frames if they may go now, that is, if nothing waits that must go before them.
    fn offer(&self, outbox: &mut Outbox, frames: &Bytes, tick: u32) -> Taken {
        // An empty write succeeds: a dialect may not know these events.
        let is_taken =
            frames.is_empty() || (!outbox.has_pending() && self.write_now(outbox, frames, tick) > 0);
        if is_taken { Taken::Some } else { Taken::Nothing }
    }

    /// Writes a frame of which only the latest value matters; if the socket can't take it now, the state is
    /// sent again when it can.
    pub(super) fn tell(&self, conversation_id: ConversationId, frame: &Bytes, tick: u32) {
        let mut outbox = self.outbox.lock();
        if self.offer(&mut outbox, frame, tick) == Taken::Nothing {
            outbox.change(|backlog| backlog.add_errand(Errand::Refresh(conversation_id)));
            // Nothing may be pending, and then only the bell wakes the driver.
            self.bell.ring();
        }
    }

    /// Writes somebody's presence; if the socket can't take it now, their latest presence is written when it
    /// can.
    pub(super) fn tell_presence(&self, user_id: UserId, frame: &Bytes, tick: u32) {
        let mut outbox = self.outbox.lock();
        let mut waiting = outbox.backlog.iter_mut().flat_map(|backlog| &mut backlog.presences);
        if let Some((_, older)) = waiting.find(|(user, _)| *user == user_id) {
            // If written at once, it would be followed by the older one that still waits.
            *older = frame.clone();
        } else if self.offer(&mut outbox, frame, tick) == Taken::Nothing {
            outbox.change(|backlog| backlog.presences.push((user_id, frame.clone())));
            self.bell.ring();
        }
    }

    /// Writes waiting presence, while nothing else waits for the socket.
    pub(super) fn send_presences(&self, tick: u32) {
        let mut outbox = self.outbox.lock();
        while !outbox.has_pending()
            && let Some((_, frame)) = outbox.change(|backlog| backlog.presences.pop())
        {
            if self.offer(&mut outbox, &frame, tick) == Taken::Nothing {
                outbox.change(|backlog| backlog.push(frame, tick));
            }
        }
    }

    /// Leaves an errand for the driver.
    pub(super) fn send_on_errand(&self, errand: Errand) {
        self.outbox.lock().change(|backlog| backlog.add_errand(errand));
        self.bell.ring();
    }

    /// The next errand, once nothing waits for the socket.
    pub(super) fn next_errand(&self) -> Option<Errand> {
        self.outbox.lock().change(|backlog| {
            let may_go = backlog.pending.is_empty() && !backlog.errands.is_empty();
            may_go.then(|| backlog.errands.remove(0))
        })
    }

    /// The session that let this connection in.
    pub(super) fn session(&self) -> Option<Arc<str>> {
        self.with_credentials(|session, _| session.cloned())
    }

    /// Whose it is: `auth` may have brought a token of another session than the one that opened it.
    pub(crate) fn present_actor(&self) -> Actor {
        Actor { session: self.session(), ..self.actor.clone() }
    }

    /// Whether this connection was let in by that session.
    pub(super) fn is_of_session(&self, session: &str) -> bool {
        self.with_credentials(|own, _| own.is_some_and(|own| **own == *session))
    }

    pub(super) fn expires_at(&self) -> Timestamp {
        self.with_credentials(|_, expires_at| expires_at)
    }

    /// Reads the session and its end, according to the newest token.
    fn with_credentials<T>(&self, look: impl FnOnce(Option<&Arc<str>>, Timestamp) -> T) -> T {
        match self.renewed.lock().as_deref() {
            Some(renewed) => look(renewed.session.as_ref(), renewed.expires_at),
            None => look(self.actor.session.as_ref(), self.actor.expires_at),
        }
    }

    /// True on the first call, and again after a renewal.
    pub(super) fn has_to_be_warned(&self) -> bool {
        self.dialect != Dialect::Original && !self.is_warned.swap(true, Ordering::Relaxed)
    }

    /// Extends the connection to the end of this newer token of the same user.
    pub(crate) fn renew(&self, actor: &Actor) {
        let credentials = Credentials { session: actor.session.clone(), expires_at: actor.expires_at };
        *self.renewed.lock() = Some(Box::new(credentials));
        self.is_warned.store(false, Ordering::Relaxed);
    }

    /// Writes a frame that may be lost, if the socket takes it now.
    pub(super) fn signal(&self, frame: &Bytes, tick: u32) {
        self.offer(&mut self.outbox.lock(), frame, tick);
    }

    /// Writes a frame that must not be lost, now or as soon as the socket takes it: answers to commands, and
    /// frames sent once per token. The driver bounds the answers by no longer reading commands while too many
    /// wait; any other caller must bound its frames itself, since nothing here waits for the socket.
    pub(crate) fn answer(&self, frame: &Bytes, tick: u32) {
        let mut outbox = self.outbox.lock();
        if self.offer(&mut outbox, frame, tick) == Taken::Nothing {
            outbox.change(|backlog| backlog.push(frame.clone(), tick));
            self.bell.ring();
        }
    }

    /// Writes what the socket takes; the rest of a partial write becomes pending. Returns how much it took.
    fn write_now(&self, outbox: &mut Outbox, frames: &Bytes, tick: u32) -> usize {
        // The driver will find an error, because it reads or writes next.
        let taken = self.socket.try_write(frames).unwrap_or(0);
        if taken > 0 && taken < frames.len() {
            outbox.change(|backlog| {
                backlog.push(frames.slice(taken..), tick);
                backlog.is_mid_frame = true;
            });
            self.bell.ring();
        } else if self.socket.is_unflushed() {
            self.bell.ring();
        }
        taken
    }

    /// The user no longer takes part: closes a room's own socket, and tells a user's.
    pub(super) fn expel(&self, conversation_id: ConversationId) {
        match self.dialect {
            Dialect::Original | Dialect::Room => self.close(CloseCode::NotParticipant),
            Dialect::User => self.send_on_errand(Errand::Left(conversation_id)),
        }
    }

    /// Asks the driver to close the socket. The first reason stands.
    pub(super) fn close(&self, code: CloseCode) {
        self.outbox.lock().closing.get_or_insert(code);
        self.bell.ring();
    }

    pub(crate) fn closing(&self) -> Option<CloseCode> {
        self.outbox.lock().closing
    }

    /// Drops what waits, except for the rest of a partly written frame, and adds a last frame.
    pub(super) fn replace_pending(&self, last: Bytes, tick: u32) {
        self.outbox.lock().change(|backlog| {
            let keep = usize::from(backlog.is_mid_frame);
            backlog.pending.truncate(keep);
            backlog.pending_bytes = backlog.pending.iter().map(Bytes::len).sum();
            backlog.places.clear();
            backlog.push(last, tick);
        });
    }

    /// Writes pending bytes until none are left and the transport holds none back.
    pub(super) fn poll_drain(&self, context: &mut Context<'_>, tick: u32) -> Poll<io::Result<()>> {
        let mut outbox = self.outbox.lock();
        while let Some(first) = outbox.backlog.as_ref().and_then(|backlog| backlog.pending.front()) {
            let taken = match self.socket.poll_write(context, first) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(taken)) => taken,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            };
            outbox.change(|backlog| backlog.took(taken, tick));
            // A peer that takes bytes is alive, even while a long replay keeps the driver from reading.
            self.note_heard(tick);
        }
        self.socket.poll_flush(context)
    }

    /// The driver's next work, in one look.
    pub(super) fn look(&self) -> Look {
        let outbox = self.outbox.lock();
        let backlog = outbox.backlog.as_deref();
        Look {
            closing: outbox.closing,
            has_chores: backlog.is_some_and(Backlog::has_chores),
            has_pending: outbox.has_pending() || self.socket.is_unflushed(),
            may_read: backlog.is_none_or(|backlog| backlog.pending_bytes < MAX_PENDING_BYTES),
        }
    }

    /// Whether there is something for [`Connection::poll_drain`] to do.
    pub(super) fn has_pending(&self) -> bool {
        self.look().has_pending
    }

    /// Whether another command may be read, that is, whether answers are not piling up.
    pub(super) fn may_read(&self) -> bool {
        self.look().may_read
    }

    /// Since when the socket has taken none of the waiting bytes.
    pub(super) fn stalled_at(&self) -> Option<u32> {
        self.outbox.lock().backlog.as_ref().and_then(|backlog| backlog.stalled_at)
    }

    /// The conversations that are behind here, with the next event that each needs.
    pub(super) fn behind(&self, at: usize) -> Option<(ConversationId, Seq)> {
        self.outbox.lock().backlog.as_ref().and_then(|backlog| backlog.places.behind(at))
    }

    pub(super) fn place(&self, conversation_id: ConversationId) -> Place {
        self.outbox.lock().place(conversation_id)
    }

    /// Sets the connection's place in a conversation. Only a room calls this, under its lock.
    pub(super) fn stand(&self, conversation_id: ConversationId, place: Place) {
        self.outbox.lock().change(|backlog| backlog.places.set(conversation_id, place));
        if place != Place::Live {
            self.bell.ring();
        }
    }

    /// From now on this conversation is not live here: events from `next` on come from the ring or the log.
    pub(super) fn send_to_log(&self, conversation_id: ConversationId, next: Seq) {
        self.outbox.lock().change(|backlog| {
            let place = backlog.places.get(conversation_id).sent_to_log(next);
            backlog.places.set(conversation_id, place);
        });
        self.bell.ring();
    }

    /// Forgets that this conversation is behind here, because the connection left it.
    pub(super) fn forget(&self, conversation_id: ConversationId) {
        self.outbox.lock().change(|backlog| backlog.places.set(conversation_id, Place::Live));
    }

    /// Queues a page of a conversation that is behind, unless the connection left it meanwhile.
    pub(super) fn queue_page(&self, conversation_id: ConversationId, run: &Run, tick: u32) {
        self.outbox.lock().change(|backlog| {
            let Some(place) = backlog.places.get(conversation_id).read(run.first, run.next) else { return };
            backlog.places.set(conversation_id, place);
            let frames = run.frames(self.dialect);
            if !frames.is_empty() {
                backlog.push(frames.clone(), tick);
            }
        });
    }

    pub(super) fn note_heard(&self, tick: u32) {
        self.heard_at.store(tick, Ordering::Relaxed);
    }
}

impl Outbox {
    fn has_pending(&self) -> bool {
        self.backlog.as_ref().is_some_and(|backlog| !backlog.pending.is_empty())
    }

    fn place(&self, id: ConversationId) -> Place {
        self.backlog.as_ref().map_or(Place::Live, |backlog| backlog.places.get(id))
    }

    /// Changes what waits. Frees the memory when nothing waits any longer: an idle connection owns none.
    fn change<T>(&mut self, change: impl FnOnce(&mut Backlog) -> T) -> T {
        let mut backlog = self.backlog.take().unwrap_or_default();
        let result = change(&mut backlog);
        if !backlog.is_empty() {
            self.backlog = Some(backlog);
        }
        result
    }
}

impl Backlog {
    fn is_empty(&self) -> bool {
        self.pending.is_empty() && !self.has_chores()
    }

    /// Whether there is work to do once the socket has taken what is pending.
    fn has_chores(&self) -> bool {
        !self.errands.is_empty() || !self.presences.is_empty() || self.places.behind(0).is_some()
    }

    /// Errands of the same kind and conversation are done once.
    fn add_errand(&mut self, errand: Errand) {
        if !self.errands.contains(&errand) {
            self.errands.push(errand);
        }
    }

    fn push(&mut self, frames: Bytes, tick: u32) {
        self.pending_bytes += frames.len();
        self.pending.push_back(frames);
        self.stalled_at.get_or_insert(tick);
    }

    /// Removes bytes that the socket took from the first pending frames.
    fn took(&mut self, bytes: usize, tick: u32) {
        self.pending_bytes -= bytes;
        self.stalled_at = Some(tick);
        if let Some(first) = self.pending.front_mut() {
            // `bytes` never exceeds the frame: the socket was offered no more.
            let rest = first.split_off(bytes.min(first.len()));
            self.is_mid_frame = !rest.is_empty();
            *first = rest;
            if first.is_empty() {
                self.pending.pop_front();
            }
        }
        if self.pending.is_empty() {
            self.pending = VecDeque::new();
            self.stalled_at = None;
        }
    }
}
