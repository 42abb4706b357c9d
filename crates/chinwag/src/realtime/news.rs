//! Tells those who read a conversation's log themselves, such as event streams, when to look again.

use chinwag_protocol::UserId;
use tokio::sync::{broadcast, watch};

use super::seat::Seat;

/// Announces new events in a room without delivering them. Holds the room.
pub(crate) struct News {
    /// Only reserved: it keeps the room open.
    _seat: Seat,
    user_id: UserId,
    changes: watch::Receiver<()>,
    endings: broadcast::Receiver<UserId>,
    draining: watch::Receiver<bool>,
}

impl News {
    pub(super) fn new(
        seat: Seat,
        user_id: UserId,
        endings: broadcast::Receiver<UserId>,
        draining: watch::Receiver<bool>,
    ) -> Self {
        let changes = seat.room.watch();
        Self { _seat: seat, user_id, changes, endings, draining }
    }

    /// Waits until there may be new events, or a session of the user ended. False if the server stops.
    pub(crate) async fn changed(&mut self) -> bool {
        loop {
            tokio::select! {
                changed = self.changes.changed() => return changed.is_ok(),
                ended = self.endings.recv() => match ended {
                    Ok(user_id) if user_id != self.user_id => {}
                    // A session of this user, or too many to tell.
                    Ok(_) | Err(_) => return true,
                },
                _ = self.draining.wait_for(|is_draining| *is_draining) => return false,
            }
        }
    }
}
