//! One conversation's connections on this server, and the order in which they get its events.
//!
//! Commits put events into the inbox and never wait. Fan-out drains the inbox: it encodes each event once,
//! keeps it in the ring and writes it to every live connection. Those that are behind ask what to do. The
//! [`seam`](super::seam) decides who gets what from where; it moves, and connections go live at it, under one
//! lock.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use chinwag_protocol::event::Echo;
use chinwag_protocol::rest::{Message, Receipt};
use chinwag_protocol::{ConversationId, Event, Frame, Seq, UserId};
use indexmap::IndexMap;
use parking_lot::Mutex;
use tokio::sync::watch;

use super::connection::{Connection, Delivery, Dialect, Errand};
use super::deletions;
use super::hub::Hub;
use super::occupants::{Occupant, Occupants};
use super::ring::{self, PageBuilder, Ring, Run};
use super::seam::{Accept, CatchUp, Place, Seam};
use super::typing::Typing;

#[cfg(test)]
mod tests;

/// The most events that wait for fan-out. Beyond that, events other than removals are dropped here, and
/// everybody reads them from the log.
const MAX_INBOX: usize = 4096;
/// The most connections of a room that the committing thread writes to itself.
const SMALL_ROOM: usize = 16;

pub(super) struct Room {
    pub(super) id: ConversationId,
    inbox: Mutex<Inbox>,
    live: Mutex<Live>,
    pub(super) typing: Mutex<Typing>,
    /// Changes with every fan-out, for those who read the log themselves. Created for the first of them.
    news: OnceLock<watch::Sender<()>>,
}

#[derive(Default)]
struct Inbox {
    events: VecDeque<Event>,
    /// The latest of each user.
    receipts: IndexMap<UserId, Receipt>,
    /// True while a fan-out thread has this room, or is about to get it.
    is_scheduled: bool,
}

#[derive(Default)]
struct Live {
    seam: Seam,
    /// Up to the seam.
    ring: Ring,
    occupants: Occupants,
    /// Open sockets of each user.
    users: HashMap<UserId, usize>,
    /// How far everybody is known to be, so that no connection sees a position move back.
    receipts: HashMap<UserId, Receipt>,
}

/// Which events of a conversation a connection wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interest {
    /// Every event.
    Full,
    /// Only that its counts changed.
    Counts,
}

/// What a connection that is behind should do next.
pub(super) enum Next {
    /// Nothing: it is live now.
    Live,
    /// Nothing yet: fan-out will ring.
    Wait,
    /// Write these.
    Write(Run),
    /// Read the log after the first seq, up to and including the second.
    ReadLog { after: Seq, through: Seq },
}

impl Room {
    pub(super) fn new(id: ConversationId) -> Self {
        Self {
            id,
            inbox: Mutex::default(),
            live: Mutex::default(),
            typing: Mutex::default(),
            news: OnceLock::new(),
        }
    }

    /// Returns a receiver that sees every fan-out from now on.
    pub(super) fn watch(&self) -> watch::Receiver<()> {
        self.news.get_or_init(|| watch::Sender::new(())).subscribe()
    }

    /// Takes a committed event. True if the caller must schedule the room for fan-out.
    pub(super) fn push(&self, event: Event) -> bool {
        let mut inbox = self.inbox.lock();
        if inbox.events.len() >= MAX_INBOX {
            inbox.drop_events();
        }
        inbox.events.push_back(event);
        !std::mem::replace(&mut inbox.is_scheduled, true)
    }

    /// Takes a new receipt, as [`Room::push`] takes an event.
    pub(super) fn push_receipt(&self, receipt: Receipt) -> bool {
        let mut inbox = self.inbox.lock();
        inbox.receipts.insert(receipt.user_id, receipt);
        !std::mem::replace(&mut inbox.is_scheduled, true)
    }

    /// Fans out everything that waits.
    pub(super) fn drain(&self, hub: &Hub) {
        self.drain_all(&mut self.live.lock(), hub);
    }

    /// The same, but only if the room is small and no other thread is serving it. False: nothing was done.
    pub(super) fn drain_if_small(&self, hub: &Hub) -> bool {
        match self.live.try_lock() {
            Some(mut live) if live.occupants.len() <= SMALL_ROOM => {
                self.drain_all(&mut live, hub);
                true
            }
            Some(_) | None => false,
        }
    }

    fn drain_all(&self, live: &mut Live, hub: &Hub) {
        loop {
            self.drain_locked(live, hub);
            let mut inbox = self.inbox.lock();
            if inbox.is_empty() {
                // Only here: a connection that joins and drains leaves the room in the threads' queue.
                inbox.is_scheduled = false;
                return;
            }
        }
    }

    fn drain_locked(&self, live: &mut Live, hub: &Hub) {
        while let Some((events, receipts)) = self.take_inbox() {
            live.fan_out(self.id, events, hub);
            // Later subscribers also read the log later.
            if let Some(news) = self.news.get() {
                news.send_replace(());
            }
            for receipt in receipts.values() {
                if let Some(receipt) = live.advance(receipt) {
                    live.tell(self.id, &Frame::Receipt(&receipt), hub);
                }
            }
        }
    }

    /// Tells one connection how far everybody is, from receipts that were read from the store while it held
    /// the room. Under the room's lock, and never less than before, because positions only move forward. For
    /// users who began since then, only the room knows them.
    pub(super) fn tell_receipts(&self, connection: &Connection, receipts: &[Receipt], hub: &Hub) {
        let mut live = self.live.lock();
        self.drain_locked(&mut live, hub);
        for receipt in receipts {
            live.advance(receipt);
        }
        let frames = live.receipts.values().flat_map(|receipt| encode_frame(&Frame::Receipt(receipt)));
        connection.tell(self.id, &frames.collect::<Vec<u8>>().into(), hub.tick());
    }

    /// Takes what waits. A separate function, so that its lock is released before fan-out.
    fn take_inbox(&self) -> Option<(VecDeque<Event>, IndexMap<UserId, Receipt>)> {
        let mut inbox = self.inbox.lock();
        let is_empty = inbox.is_empty();
        (!is_empty).then(|| (std::mem::take(&mut inbox.events), std::mem::take(&mut inbox.receipts)))
    }

    /// Adds a connection that has the events up to `after`, or does not want them.
    pub(super) fn join(&self, connection: &Arc<Connection>, after: Seq, interest: Interest, hub: &Hub) {
        let mut live = self.live.lock();
        // What was committed before this moment is not news for a connection that starts here.
        self.drain_locked(&mut live, hub);
        let place = live.seam.join(after);
        if interest == Interest::Full {
            connection.stand(self.id, place);
        }
        // It may already be here, with another interest.
        if !live.occupants.contains(connection.id) {
            live.count_up(self.id, connection, hub);
        }
        live.occupants.insert(Occupant { connection: Arc::clone(connection), interest, after });
    }

    /// Stops sending events to a connection that stays here.
    pub(super) fn quieten(&self, connection: &Connection) {
        if let Some(occupant) = self.live.lock().occupants.get_mut(connection.id) {
            occupant.interest = Interest::Counts;
            connection.forget(self.id);
        }
    }

    pub(super) fn leave(&self, connection: &Connection, hub: &Hub) {
        let mut live = self.live.lock();
        if live.occupants.remove(connection.id) {
            connection.forget(self.id);
            live.count_down(self.id, connection, hub);
        }
    }

    /// Writes a frame that may be lost to everybody here except one user.
    pub(super) fn signal(&self, frame: &Frame<'_>, except: UserId, hub: &Hub) {
        let live = self.live.lock();
        let frame = encode_frame(frame);
        for occupant in live.occupants.iter() {
            let connection = &occupant.connection;
            let is_meant = connection.actor.user_id != except && connection.dialect != Dialect::Original;
            if is_meant && occupant.interest == Interest::Full {
                connection.signal(&frame, hub.tick());
            }
        }
    }

    /// Tells that somebody came to another node, or went from it, unless they are here, too.
    pub(super) fn tell_passage(&self, user_id: UserId, frame: &Frame<'_>, hub: &Hub) {
        let live = self.live.lock();
        if !live.users.contains_key(&user_id) {
            live.signal(frame, Dialect::is_room, hub);
        }
    }

    /// The connections here that understand more than messages.
    pub(super) fn connections(&self) -> Vec<Arc<Connection>> {
        let live = self.live.lock();
        let occupants = live.occupants.iter().map(|occupant| &occupant.connection);
        occupants.filter(|connection| connection.dialect != Dialect::Original).map(Arc::clone).collect()
    }

    /// Whether a connection is here, at the seam.
    pub(super) fn is_live(&self, connection: &Connection) -> bool {
        let live = self.live.lock();
        live.occupants.contains(connection.id) && connection.place(self.id) == Place::Live
    }

    /// What a connection of this room that needs `next` should do.
    pub(super) fn catch_up(&self, connection: &Connection, next: Seq) -> Next {
        let live = self.live.lock();
        if !live.occupants.contains(connection.id) {
            return Next::Wait;
        }
        match live.seam.catch_up(next) {
            CatchUp::Live => {
                connection.stand(self.id, Place::Live);
                Next::Live
            }
            CatchUp::Wait => Next::Wait,
            CatchUp::Read { after, through } => match live.ring.run_from(next) {
                Some(run) => Next::Write(run),
                None => Next::ReadLog { after, through },
            },
        }
    }
}

impl Inbox {
    fn is_empty(&self) -> bool {
        self.events.is_empty() && self.receipts.is_empty()
    }

    /// Drops what waits: fan-out sees the hole and sends everybody to the log. The last removal of each user
    /// stays, or removed users would be sent there, too.
    fn drop_events(&mut self) {
        let mut users = HashSet::new();
        let mut is_last =
            |event: &Event| matches!(event, Event::ParticipantRemoved(gone) if users.insert(gone.user_id));
        let mut kept: Vec<_> = self.events.drain(..).rev().filter(|event| is_last(event)).collect();
        kept.reverse();
        self.events = kept.into();
    }
}

impl Live {
    /// Moves a user's positions forward. `None` if these are not ahead of what is known here.
    fn advance(&mut self, receipt: &Receipt) -> Option<Receipt> {
        let known = self.receipts.entry(receipt.user_id).or_insert(Receipt {
            delivered_seq: Seq::ZERO,
            read_seq: Seq::ZERO,
            ..*receipt
        });
        let ahead = Receipt {
            delivered_seq: known.delivered_seq.max(receipt.delivered_seq),
            read_seq: known.read_seq.max(receipt.read_seq),
            ..*receipt
        };
        (ahead != *known).then(|| {
            *known = ahead;
            ahead
        })
    }

    fn fan_out(&mut self, id: ConversationId, mut events: VecDeque<Event>, hub: &Hub) {
        deletions::blank(&mut events);
        // In the ring, but not yet written: at most one page, so that the ring still has it then.
        let mut page = PageBuilder::default();
        for event in events {
            let seq = event.entry().seq;
            if let Event::ParticipantRemoved(removed) = &event
                && !crate::seeded_bugs::is(crate::seeded_bugs::Bug::KeepRemoved)
            {
                // Up to here they took part; they get nothing of what follows, not even this event. Even if
                // it is old: somebody else may have joined after it, and so have moved the seam.
                self.write_to_all(id, std::mem::take(&mut page), hub);
                self.remove(id, removed.user_id, seq, hub);
            }
            if let Event::MessageDeleted { message_id, .. } = &event {
                self.ring.forget(*message_id);
            }
            let accept = self.seam.accept(seq);
            if accept == Accept::Old {
                continue;
            }
            let frame = encode(&event);
            hub.metrics().encodings.inc();
            // Written before everybody is sent to the log: a live connection that does not hear of an event
            // never asks for it.
            if !page.takes(seq, &frame) {
                self.write_to_all(id, std::mem::take(&mut page), hub);
            }
            if let Accept::Hole { next } = accept {
                self.send_to_log(id, next);
            }
            page.add(seq, frame.clone());
            self.ring.push(seq, frame);
        }
        self.write_to_all(id, page, hub);
    }

    /// Writes the next events. All live connections stand at the same place, so one run serves all.
    fn write_to_all(&mut self, id: ConversationId, page: PageBuilder, hub: &Hub) {
        let Some(run) = page.finish() else { return };
        let tick = hub.tick();
        let (mut written, mut are_all_live) = (0, true);
        for occupant in self.occupants.iter() {
            if occupant.interest == Interest::Counts {
                occupant.connection.send_on_errand(Errand::Count(id));
            } else if occupant.connection.deliver(id, &run, tick) == Delivery::Written {
                written += run.events;
            } else {
                are_all_live = false;
            }
        }
        if are_all_live {
            // Nobody needs these again: connections that fall behind or join later ask for later events.
            self.ring = Ring::default();
        }
        hub.metrics().deliveries.inc_by(written);
    }

    /// Ends the connections of a user who was removed at `seq`, except those admitted since.
    fn remove(&mut self, id: ConversationId, user_id: UserId, seq: Seq, hub: &Hub) {
        // A user who is added again begins anew.
        self.receipts.remove(&user_id);
        let is_theirs =
            |occupant: &Occupant| occupant.connection.actor.user_id == user_id && occupant.after < seq;
        let gone: Vec<_> = self.occupants.iter().filter(|occupant| is_theirs(occupant)).collect();
        let gone: Vec<_> = gone.into_iter().map(|occupant| Arc::clone(&occupant.connection)).collect();
        for connection in gone {
            self.occupants.remove(connection.id);
            connection.forget(id);
            connection.expel(id);
            self.count_down(id, &connection, hub);
        }
    }

    /// Counts one more socket of this user.
    fn count_up(&mut self, id: ConversationId, connection: &Connection, hub: &Hub) {
        let user_id = connection.actor.user_id;
        let sockets = self.users.entry(user_id).or_default();
        *sockets += 1;
        if *sockets == 1 && hub.elsewhere().enter(id, user_id) {
            let username = &connection.actor.username;
            self.signal(&Frame::UserJoined { user_id, username }, Dialect::is_room, hub);
        }
    }

    /// Counts one socket of this user less.
    fn count_down(&mut self, id: ConversationId, connection: &Connection, hub: &Hub) {
        let user_id = connection.actor.user_id;
        let Some(sockets) = self.users.get_mut(&user_id) else { return };
        *sockets -= 1;
        if *sockets == 0 {
            self.users.remove(&user_id);
            if hub.elsewhere().leave(id, user_id) {
                let username = &connection.actor.username;
                self.signal(&Frame::UserLeft { user_id, username }, Dialect::is_room, hub);
            }
        }
    }

    /// Events are missing between the seam and the newest one, so everybody reads them from the log.
    fn send_to_log(&self, id: ConversationId, next: Seq) {
        for occupant in self.occupants.iter().filter(|occupant| occupant.interest == Interest::Full) {
            occupant.connection.send_to_log(id, next);
        }
    }

    fn signal(&self, frame: &Frame<'_>, is_meant: fn(Dialect) -> bool, hub: &Hub) {
        if self.occupants.is_empty() {
            return;
        }
        let frame = encode_frame(frame);
        for occupant in self.occupants.iter() {
            if is_meant(occupant.connection.dialect) {
                occupant.connection.signal(&frame, hub.tick());
            }
        }
    }

    fn tell(&self, id: ConversationId, frame: &Frame<'_>, hub: &Hub) {
        let frame = encode_frame(frame);
        for occupant in self.occupants.iter() {
            if occupant.connection.dialect != Dialect::Original && occupant.interest == Interest::Full {
                occupant.connection.tell(id, &frame, hub.tick());
            }
        }
    }
}

impl Dialect {
    /// Whether it concerns one room, where joins and departures are announced.
    fn is_room(self) -> bool {
        matches!(self, Self::Original | Self::Room)
    }
}

/// The wire form of an event, for all dialects: a message has the same fields in each.
pub(super) fn encode(event: &Event) -> ring::Frame {
    let text_of = match event {
        Event::Message(message) => Some(message.id),
        Event::MessageEdited { message_id, .. } => Some(*message_id),
        _ => None,
    };
    ring::Frame { bytes: text_frame(event), is_message: event.is_message(), text_of }
}

/// A message that is repeated to its sender.
pub(super) fn encode_echo(message: Arc<Message>) -> Bytes {
    text_frame(&Echo::Message { message, duplicate: Some(true) })
}

/// A frame as one text message.
pub(crate) fn encode_frame(frame: &Frame<'_>) -> Bytes {
    text_frame(frame)
}

fn text_frame(content: &impl serde::Serialize) -> Bytes {
    chinwag_ws::text_frame(|payload| {
        // Our own types always serialise, and a Vec accepts any number of bytes.
        let result = serde_json::to_writer(payload, content);
        debug_assert!(result.is_ok());
    })
}
