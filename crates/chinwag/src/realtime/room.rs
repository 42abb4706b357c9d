//! One conversation's connections on this server, and the order in which they get its events.
//!
//! Commits put events into the inbox and never wait. Fan-out drains the inbox: it encodes each event
//! once, keeps it in the ring and writes it to every connection that is live. `delivered` is the seam:
//! a live connection has had every event up to it; one that is behind reads up to it, and no further,
//! from ring or log, and then goes live under the same lock. So nothing is missed and nothing comes twice.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use chinwag_protocol::{ConversationId, Frame, Seq, UserId};
use indexmap::IndexMap;
use parking_lot::Mutex;

use super::connection::{Connection, Delivery};
use super::hub::Hub;
use super::ring::{MAX_EVENTS, MAX_PAGE_BYTES, Ring, Run};
use crate::store::{Event, EventBody};

/// Events that may wait for fan-out. More are dropped here, and everybody reads them from the log.
const MAX_INBOX: usize = 4096;

pub(super) struct Room {
    pub(super) id: ConversationId,
    inbox: Mutex<Inbox>,
    live: Mutex<Live>,
}

#[derive(Default)]
struct Inbox {
    events: VecDeque<Event>,
    /// True while a fan-out thread has, or is about to get, this room.
    is_scheduled: bool,
}

#[derive(Default)]
struct Live {
    /// The newest event that was fanned out; `None` until anything is known.
    delivered: Option<Seq>,
    ring: Ring,
    connections: IndexMap<u64, Arc<Connection>>,
    /// Open sockets of each user.
    users: HashMap<UserId, usize>,
}

/// Events that are in the ring and not yet written: one page of it at most.
#[derive(Default)]
struct Unwritten {
    first: Option<Seq>,
    events: usize,
    bytes: usize,
}

/// What a connection that is behind should do next.
pub(super) enum CatchUp {
    /// Nothing: it is live now.
    Live,
    /// Nothing yet: it has read ahead of fan-out, which will ring.
    Wait,
    /// Write these.
    Run(Run),
    /// Read the log after the first position, up to and with the second.
    Log(Seq, Seq),
}

/// A connection's place in a room. Dropping it leaves, and tells the others if it was the user's last.
pub(crate) struct Seat {
    hub: Arc<Hub>,
    pub(super) room: Arc<Room>,
    connection: Option<Arc<Connection>>,
}

impl Room {
    pub(super) fn new(id: ConversationId) -> Self {
        Self { id, inbox: Mutex::default(), live: Mutex::default() }
    }

    /// Takes a committed event. True if the caller has to schedule the room for fan-out.
    pub(super) fn push(&self, event: Event) -> bool {
        let mut inbox = self.inbox.lock();
        if inbox.events.len() >= MAX_INBOX {
            // Fan-out sees the hole and sends everybody to the log.
            inbox.events.clear();
        }
        inbox.events.push_back(event);
        !std::mem::replace(&mut inbox.is_scheduled, true)
    }

    /// Fans out everything that waits.
    pub(super) fn drain(&self, hub: &Hub) {
        let mut live = self.live.lock();
        self.drain_locked(&mut live, hub);
    }

    fn drain_locked(&self, live: &mut Live, hub: &Hub) {
        loop {
            let events = {
                let mut inbox = self.inbox.lock();
                if inbox.events.is_empty() {
                    inbox.is_scheduled = false;
                    return;
                }
                std::mem::take(&mut inbox.events)
            };
            live.fan_out(self.id, events, hub);
        }
    }

    /// Adds a connection that has had, or does not want, the events up to `after`.
    fn join(&self, connection: &Arc<Connection>, after: Seq, hub: &Hub) {
        let mut live = self.live.lock();
        // What was committed before this moment is not news for a connection that starts here.
        self.drain_locked(&mut live, hub);
        let delivered = *live.delivered.get_or_insert(after);
        if delivered != after {
            connection.fall_behind(self.id, after.next());
        }
        let user_id = connection.actor.user_id;
        let sockets = live.users.entry(user_id).or_default();
        *sockets += 1;
        if *sockets == 1 {
            let username = &connection.actor.username;
            live.signal(&Frame::UserJoined { user_id, username }, hub);
        }
        live.connections.insert(connection.id, Arc::clone(connection));
    }

    fn leave(&self, connection: &Connection, hub: &Hub) {
        let mut live = self.live.lock();
        if live.connections.swap_remove(&connection.id).is_none() {
            return;
        }
        let user_id = connection.actor.user_id;
        let Some(sockets) = live.users.get_mut(&user_id) else { return };
        *sockets -= 1;
        if *sockets == 0 {
            live.users.remove(&user_id);
            live.signal(&Frame::UserLeft { user_id, username: &connection.actor.username }, hub);
        }
    }

    /// What a connection of this room that needs `next` should do.
    pub(super) fn catch_up(&self, connection: &Connection, next: Seq) -> CatchUp {
        let live = self.live.lock();
        let Some(delivered) = live.delivered else { return CatchUp::Wait };
        if next == delivered.next() {
            connection.go_live(self.id);
            return CatchUp::Live;
        }
        if next > delivered {
            return CatchUp::Wait;
        }
        match live.ring.run_from(next) {
            Some(run) => CatchUp::Run(run),
            None => CatchUp::Log(Seq(next.0 - 1), delivered),
        }
    }
}

impl Live {
    fn fan_out(&mut self, id: ConversationId, events: VecDeque<Event>, hub: &Hub) {
        let mut unwritten = Unwritten::default();
        for event in events {
            if self.delivered.is_some_and(|delivered| event.seq <= delivered) {
                continue;
            }
            let frame = encode(&event);
            hub.metrics().encodings.inc();
            let is_next = self.delivered.is_none_or(|delivered| event.seq == delivered.next());
            // Written before the ring lets go of it, or sends everybody to the log: a live connection
            // that is not told of an event never asks for it.
            if !is_next || !unwritten.has_room_for(&frame) {
                self.write_to_all(id, &std::mem::take(&mut unwritten), hub);
            }
            if !is_next {
                self.send_to_log(id);
            }
            unwritten.add(event.seq, &frame);
            self.ring.push(event.seq, frame);
            self.delivered = Some(event.seq);
        }
        self.write_to_all(id, &unwritten, hub);
    }

    /// Everybody who is live stands at the same place, so one run serves all.
    fn write_to_all(&self, id: ConversationId, unwritten: &Unwritten, hub: &Hub) {
        let Some(run) = unwritten.first.and_then(|first| self.ring.run_from(first)) else { return };
        let first = unwritten.first.unwrap_or(Seq::ZERO);
        let tick = hub.tick();
        let mut written = 0;
        for connection in self.connections.values() {
            if connection.deliver(id, first, &run.frames, tick) == Delivery::Written {
                written += run.events;
            }
        }
        hub.metrics().deliveries.inc_by(written);
    }

    /// Events are missing between what was fanned out and what came: everybody reads them from the log.
    fn send_to_log(&self, id: ConversationId) {
        let next = self.delivered.map_or(Seq(1), Seq::next);
        for connection in self.connections.values() {
            connection.fall_behind(id, next);
        }
    }

    fn signal(&self, frame: &Frame<'_>, hub: &Hub) {
        if self.connections.is_empty() {
            return;
        }
        let frame = encode_frame(frame);
        for connection in self.connections.values() {
            connection.signal(&frame, hub.tick());
        }
    }
}

impl Unwritten {
    fn has_room_for(&self, frame: &Bytes) -> bool {
        self.events == 0 || (self.events < MAX_EVENTS && self.bytes + frame.len() <= MAX_PAGE_BYTES)
    }

    fn add(&mut self, seq: Seq, frame: &Bytes) {
        self.first.get_or_insert(seq);
        self.events += 1;
        self.bytes += frame.len();
    }
}

impl Seat {
    /// Reserves the room, so that no event committed from now on is missed.
    pub(crate) fn reserve(hub: &Arc<Hub>, id: ConversationId) -> Self {
        Self { hub: Arc::clone(hub), room: hub.hold_room(id), connection: None }
    }

    /// Joins: the connection gets every event after `after`, once and in order.
    pub(crate) fn take(&mut self, connection: &Arc<Connection>, after: Seq) {
        self.connection = Some(Arc::clone(connection));
        self.room.join(connection, after, &self.hub);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(connection) = &self.connection {
            self.room.leave(connection, &self.hub);
        }
        self.hub.release_room(&self.room);
    }
}

/// The wire form of an event. Both dialects share it: a message has the same fields in each.
pub(super) fn encode(event: &Event) -> Bytes {
    match &event.body {
        EventBody::Message(message) => encode_frame(&Frame::Message(message)),
    }
}

/// A frame as one text message.
pub(crate) fn encode_frame(frame: &Frame<'_>) -> Bytes {
    chinwag_ws::text_frame(|payload| {
        // Our own types always serialise, and a Vec takes any number of bytes.
        let result = serde_json::to_writer(payload, frame);
        debug_assert!(result.is_ok());
    })
}
