//! A place in a room, held from before its log is read until the connection leaves.

use std::sync::Arc;

use chinwag_protocol::{ConversationId, Seq};

use super::connection::Connection;
use super::hub::Hub;
use super::room::{Level, Room};

/// A connection's place in a room. Dropping it leaves, and tells the others if it was the user's last.
pub(crate) struct Seat {
    hub: Arc<Hub>,
    pub(super) room: Arc<Room>,
    connection: Option<Arc<Connection>>,
}

impl Seat {
    /// Reserves the room, so that no event committed from now on is missed.
    pub(crate) fn reserve(hub: &Arc<Hub>, id: ConversationId) -> Self {
        Self { hub: Arc::clone(hub), room: hub.hold_room(id), connection: None }
    }

    /// Joins: the connection gets every event after `after`, once and in order. If it is not live then, its
    /// user may have been removed since: the caller has to ask.
    pub(crate) fn take(&mut self, connection: &Arc<Connection>, after: Seq, level: Level) {
        self.connection = Some(Arc::clone(connection));
        self.room.join(connection, crate::seeded_bugs::seam(after), level, &self.hub);
    }

    /// Gets no more events, only counts, until the place is taken anew. For the others nobody has left.
    pub(super) fn quieten(&self) {
        if let Some(connection) = &self.connection {
            self.room.quieten(connection);
        }
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
