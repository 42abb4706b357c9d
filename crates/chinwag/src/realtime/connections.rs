//! What the chat asks of live delivery, and what it hears from there: who is here, what they are told beside the
//! log, and whose connections end.
//!
//! The chat knows nothing else of `realtime`, and `realtime` nothing of the chat. It is about this server's
//! connections; what several servers would have to tell each other are these few verbs.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use chinwag_protocol::{CloseCode, ConversationId, Frame, Timestamp, UserId};

use super::hub::Hub;
use super::room::encode_frame;
use super::typing;
use crate::auth::Actor;

/// All connections, for the chat.
pub(crate) struct Connections {
    hub: Arc<Hub>,
    /// How often somebody chose another status.
    status_changes: AtomicU64,
}

/// The last connection of a user is gone. Not told while the server stops.
pub(crate) struct Departure {
    pub(crate) user_id: UserId,
    pub(crate) at: Instant,
    pub(crate) last_seen: Timestamp,
}

impl Departure {
    pub(super) fn now(user_id: UserId) -> Self {
        Self { user_id, at: Instant::now(), last_seen: Timestamp::now() }
    }
}

impl Connections {
    pub(crate) fn new(hub: &Arc<Hub>) -> Self {
        Self { hub: Arc::clone(hub), status_changes: AtomicU64::new(0) }
    }

    /// Whether a user has any.
    pub(crate) fn is_here(&self, user_id: UserId) -> bool {
        self.hub.with_user(user_id, |connections| !connections.is_empty())
    }

    /// Whether a user has one that this session let in.
    pub(crate) fn is_session_here(&self, user_id: UserId, session: &str) -> bool {
        self.hub.with_user(user_id, |connections| {
            connections.iter().any(|connection| connection.is_of_session(session))
        })
    }

    /// Whether the server stops: nobody is let in any more.
    pub(crate) fn are_ending(&self) -> bool {
        self.hub.is_draining()
    }

    /// Whose they are: with the session of the newest token.
    pub(crate) fn actors(&self) -> Vec<Actor> {
        self.hub.everybody().iter().map(|connection| connection.present_actor()).collect()
    }

    /// Closes those of whoever gets a code.
    pub(crate) fn end(&self, code_for: impl Fn(&Actor) -> Option<CloseCode>) {
        for connection in self.hub.everybody() {
            if let Some(code) = code_for(&connection.present_actor()) {
                connection.close(code);
            }
        }
    }

    /// Tells a conversation that somebody types there, or no longer.
    pub(crate) fn tell_typing(&self, id: ConversationId, actor: &Actor, is_typing: bool) {
        if let Some(room) = self.hub.open_room(id) {
            typing::note(&self.hub, &room, actor, is_typing);
        }
    }

    /// Tells everybody who is connected to one of these conversations, once each, but not the user.
    pub(crate) fn tell_presence(&self, conversations: &[ConversationId], user_id: UserId, frame: &Frame<'_>) {
        let mut told = HashSet::new();
        let frame = encode_frame(frame);
        for id in conversations {
            for connection in self.hub.open_room(*id).iter().flat_map(|room| room.connections()) {
                if connection.actor.user_id != user_id && told.insert(connection.id) {
                    connection.tell_presence(user_id, &frame, self.hub.tick());
                }
            }
        }
    }

    /// Somebody's new status is stored, and is about to be told.
    pub(crate) fn note_status_change(&self) {
        self.status_changes.fetch_add(1, Ordering::SeqCst);
    }

    /// A status that was read is told to whoever took a seat before this changes, and may be old for others.
    pub(crate) fn status_changes(&self) -> u64 {
        self.status_changes.load(Ordering::SeqCst)
    }
}
