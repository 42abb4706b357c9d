//! Does here what other nodes tell of their people, and tells them that this node is there.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use chinwag_protocol::{ConversationId, Frame, UserId};

use super::connections::Move;
use super::elsewhere::Effect;
use super::hub::Hub;
use crate::bus;

/// Between two signs of life.
const BEAT: Duration = Duration::from_secs(1);

/// Starts the task that tells the other nodes that this one is there. It ends when the hub is dropped.
pub(super) fn start(hub: &Arc<Hub>) {
    tokio::spawn(beat(Arc::downgrade(hub)));
}

async fn beat(hub: Weak<Hub>) {
    let mut interval = tokio::time::interval(BEAT);
    loop {
        interval.tick().await;
        let Some(hub) = hub.upgrade() else { return };
        hub.act(hub.elsewhere().beat(Instant::now()));
    }
}

impl Hub {
    /// Hears what another node tells.
    pub(crate) fn hear(&self, frame: bus::Frame) {
        if frame.node != self.elsewhere().bus().node {
            self.act(self.elsewhere().hear(frame, Instant::now()));
        }
    }

    fn act(&self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Entered(id, user_id, username) => {
                    let frame = Frame::UserJoined { user_id, username: &username };
                    self.tell_passage(id, user_id, &frame);
                }
                Effect::Left(id, user_id, username) => {
                    let frame = Frame::UserLeft { user_id, username: &username };
                    self.tell_passage(id, user_id, &frame);
                }
                Effect::Moved(user_id) => self.move_user(Move::Passed(user_id)),
                Effect::Departed(user_id) => self.depart(user_id),
                Effect::Typing { conversation_id, user_id, username, on } => {
                    let frame = Frame::Typing { conversation_id, user_id, username: &username, on };
                    if let Some(room) = self.open_room(conversation_id) {
                        room.signal(&frame, user_id, self);
                    }
                }
            }
        }
    }

    fn tell_passage(&self, id: ConversationId, user_id: UserId, frame: &Frame<'_>) {
        if let Some(room) = self.open_room(id) {
            room.tell_passage(user_id, frame, self);
        }
    }
}
