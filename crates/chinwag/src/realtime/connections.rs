//! What the chat asks of live delivery, and what it hears from there: who is here, what they are told beside the
//! log, and whose connections end.
//!
//! The chat knows nothing else of `realtime`, and `realtime` nothing of the chat.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use chinwag_protocol::{CloseCode, ConversationId, Frame, Timestamp, UserId};

use super::hub::Hub;
use super::room::encode_frame;
use super::typing;
use crate::auth::Actor;

/// All connections, for the chat.
pub(crate) struct Connections {
    hub: Arc<Hub>,
}

/// The last connection of a user is gone. Not told while the server stops.
pub(crate) struct Departure {
    pub(crate) user_id: UserId,
    pub(crate) at: Instant,
    pub(crate) last_seen: Timestamp,
}

/// The presence of a user looks different, although nobody's last connection to this node is gone.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Move {
    /// They came to another node, or went from it.
    Passed(UserId),
    /// They chose another status.
    Chose(UserId),
}

impl Departure {
    pub(super) fn now(user_id: UserId) -> Self {
        Self { user_id, at: Instant::now(), last_seen: Timestamp::now() }
    }
}

impl Connections {
    pub(crate) fn new(hub: &Arc<Hub>) -> Self {
        Self { hub: Arc::clone(hub) }
    }

    /// Whether a user has any, on any node.
    pub(crate) fn is_here(&self, user_id: UserId) -> bool {
        self.hub.with_user(user_id, |connections| !connections.is_empty())
            || self.hub.elsewhere().is_here(user_id)
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

    /// Tells everybody who is connected here to one of these conversations, once each, but not the user.
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

    /// A status that was read is told to whoever took a seat before this changes, and may be old for others.
    pub(crate) fn status_changes(&self) -> u64 {
        self.hub.status_changes()
    }
}
