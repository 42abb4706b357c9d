//! A seat in a room, held from before the log is read until the connection leaves.

use std::sync::Arc;

use chinwag_protocol::{ConversationId, Seq};

use super::connection::Connection;
use super::hub::Hub;
use super::room::{Interest, Room};

/// A connection's place in a room. Dropping it leaves the room, and tells the others if it was the user's
/// last.
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

    /// Joins: the connection gets every event after `after`, once and in order. If it is then not live, its
    /// user may have been removed meanwhile: the caller must check.
    pub(crate) fn take(&mut self, connection: &Arc<Connection>, after: Seq, interest: Interest) {
        self.connection = Some(Arc::clone(connection));
        self.room.join(connection, crate::seeded_bugs::seam(after), interest, &self.hub);
    }

    /// Gets no more events, only counts, until the seat is taken again. The others do not see the user
    /// leave.
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
