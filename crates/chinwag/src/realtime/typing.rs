//! Who is typing in a room. Announced when it begins, at most every few seconds while it continues, and when
//! it ends: by the user, by their message, or because they were not heard from again.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chinwag_protocol::{Frame, UserId};

use super::hub::Hub;
use super::room::Room;
use crate::auth::Actor;
use crate::bus::Signal;

/// Clients repeat every 3 s; faster repeats are not passed on.
const MIN_GAP: Duration = Duration::from_millis(2_500);

#[derive(Default)]
pub(super) struct Typing {
    users: HashMap<UserId, Typist>,
}

struct Typist {
    until: Instant,
    told_at: Instant,
}

/// Records that a user types, or has stopped, and tells the room.
pub(super) fn note(hub: &Arc<Hub>, room: &Arc<Room>, actor: &Actor, is_typing: bool) {
    let now = Instant::now();
    let user_id = actor.user_id;
    if !is_typing {
        if room.typing.lock().users.remove(&user_id).is_some() {
            tell(hub, room, actor, false);
        }
        return;
    }
    let until = now + hub.settings.typing_expiry;
    let mut typing = room.typing.lock();
    match typing.users.get_mut(&user_id) {
        Some(typist) => {
            typist.until = until;
            if now.duration_since(typist.told_at) < MIN_GAP {
                return;
            }
            typist.told_at = now;
        }
        None => {
            typing.users.insert(user_id, Typist { until, told_at: now });
            tokio::spawn(expire(Arc::clone(hub), Arc::clone(room), actor.clone()));
        }
    }
    drop(typing);
    tell(hub, room, actor, true);
}

/// One task for each typing user, while they type.
async fn expire(hub: Arc<Hub>, room: Arc<Room>, actor: Actor) {
    loop {
        let until = {
            let mut typing = room.typing.lock();
            let Some(until) = typing.users.get(&actor.user_id).map(|typist| typist.until) else { return };
            if until <= Instant::now() {
                typing.users.remove(&actor.user_id);
                drop(typing);
                return tell(&hub, &room, &actor, false);
            }
            until
        };
        tokio::time::sleep_until(until.into()).await;
    }
}

fn tell(hub: &Hub, room: &Room, actor: &Actor, on: bool) {
    let (conversation_id, user_id, username) = (room.id, actor.user_id, &actor.username);
    room.signal(&Frame::Typing { conversation_id, user_id, username, on }, user_id, hub);
    hub.elsewhere().bus().signal(Signal::Typing {
        conversation_id,
        user_id,
        username: Arc::clone(username),
        on,
    });
}
