//! Who is connected to other nodes, as those say, and what this node tells them of its own people.
//!
//! Each node owns the set of its own people and tells every change of it. Whoever misses a frame of a node, or does not know
//! it, asks for its roll: all of its people. A node that is silent has gone: at first its people only leave the rooms, since
//! they may come back elsewhere; later they are away.
//!
//! Decisions only: what is to be done about a frame comes back as a list of [`Effect`]s.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chinwag_protocol::{ConversationId, UserId};
use parking_lot::{Mutex, MutexGuard};

use crate::bus::{Bus, Frame, Signal};

#[cfg(test)]
mod tests;

/// A node that was silent for this long has gone.
const GONE_AFTER: Duration = Duration::from_secs(5);
/// The people of a node that has gone are away when it was silent for this long.
const AWAY_AFTER: Duration = Duration::from_secs(20);

/// What other nodes are known to have, and what they were told.
pub(super) struct Elsewhere {
    bus: Bus,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    own: People,
    nodes: HashMap<Arc<str>, Node>,
}

/// The people of one node.
#[derive(Default)]
struct People(HashMap<UserId, Visitor>);

struct Visitor {
    username: Arc<str>,
    conversations: HashSet<ConversationId>,
}

struct Node {
    heard_at: Instant,
    /// The count of its newest frame.
    count: u64,
    people: People,
    /// A roll that has begun and not ended.
    roll: Option<People>,
    has_gone: bool,
}

/// What is to be done here.
#[derive(Debug, PartialEq)]
pub(super) enum Effect {
    /// Somebody's first connection in a conversation was opened elsewhere; they had none here.
    Entered(ConversationId, UserId, Arc<str>),
    /// Somebody's last connection in a conversation is gone; they have none here.
    Left(ConversationId, UserId, Arc<str>),
    /// Somebody came to another node, or went from it.
    Moved(UserId),
    /// Somebody's node has gone, and they did not come back: it is for this node to note it.
    Departed(UserId),
    /// Somebody types, or no longer.
    Typing { conversation_id: ConversationId, user_id: UserId, username: Arc<str>, on: bool },
}

impl Elsewhere {
    pub(super) fn new(bus: Bus) -> Self {
        Self { bus, known: Mutex::default() }
    }

    /// Where the other nodes are told something.
    pub(super) fn bus(&self) -> &Bus {
        &self.bus
    }

    /// What is known, if there may be other nodes.
    fn known(&self) -> Option<MutexGuard<'_, Known>> {
        self.bus.is_shared().then(|| self.known.lock())
    }

    /// Whether a user is connected to another node.
    pub(super) fn is_here(&self, user_id: UserId) -> bool {
        self.known().is_some_and(|known| known.is_elsewhere(user_id))
    }

    /// A user's first connection to this node was opened.
    pub(super) fn arrive(&self, user_id: UserId, username: &Arc<str>) {
        let Some(mut known) = self.known() else { return };
        known.own.arrive(user_id, username);
        self.bus.signal(Signal::Here { user_id, username: Arc::clone(username) });
    }

    /// A user's last connection to this node is gone.
    pub(super) fn depart(&self, user_id: UserId) {
        let Some(mut known) = self.known() else { return };
        known.own.0.remove(&user_id);
        self.bus.signal(Signal::Gone { user_id });
    }

    /// A user's first connection of this node in a conversation. Whether they have none there on another node.
    pub(super) fn enter(&self, id: ConversationId, user_id: UserId) -> bool {
        let Some(mut known) = self.known() else { return true };
        known.own.enter(id, user_id);
        self.bus.signal(Signal::Entered { user_id, conversations: vec![id] });
        !known.is_elsewhere_in(id, user_id)
    }

    /// A user's last connection of this node in a conversation is gone. Whether they have none there on another node.
    pub(super) fn leave(&self, id: ConversationId, user_id: UserId) -> bool {
        let Some(mut known) = self.known() else { return true };
        known.own.leave(id, user_id);
        self.bus.signal(Signal::Left { user_id, conversations: vec![id] });
        !known.is_elsewhere_in(id, user_id)
    }

    /// Tells the others that this node is there; looks who has been silent for too long.
    pub(super) fn beat(&self, now: Instant) -> Vec<Effect> {
        self.bus.signal(Signal::Alive);
        self.known.lock().sweep(&self.bus.node, now)
    }

    /// Hears what another node tells.
    pub(super) fn hear(&self, frame: Frame, now: Instant) -> Vec<Effect> {
        let Frame { node: name, count, signals } = frame;
        let mut known = self.known.lock();
        let mut effects = Vec::new();
        let is_new = !known.nodes.contains_key(&name);
        let node = known.nodes.entry(Arc::clone(&name)).or_insert_with(|| Node {
            heard_at: now,
            count: 0,
            people: People::default(),
            roll: None,
            has_gone: false,
        });
        // It calls the roll by itself if it begins with one.
        let has_hole = count != node.count + 1 || node.has_gone;
        node.heard_at = now;
        node.count = count;
        node.has_gone = false;
        if (is_new || has_hole) && signals.first() != Some(&Signal::RollBegins) {
            node.roll = None;
            self.bus.signal(Signal::Ask(Arc::clone(&name)));
        }
        for signal in signals {
            match signal {
                Signal::Alive => {}
                Signal::Ask(asked) if asked == self.bus.node => self.call_roll(&known.own),
                Signal::Ask(_) => {}
                signal => known.take(&name, signal, &mut effects),
            }
        }
        effects
    }

    /// Tells who is connected to this node. All of it behind one lock, so that no change comes in between.
    fn call_roll(&self, own: &People) {
        self.bus.signal(Signal::RollBegins);
        for (user_id, visitor) in &own.0 {
            let user_id = *user_id;
            self.bus.signal(Signal::Here { user_id, username: Arc::clone(&visitor.username) });
            for id in &visitor.conversations {
                self.bus.signal(Signal::Entered { user_id, conversations: vec![*id] });
            }
        }
        self.bus.signal(Signal::RollEnds);
    }
}

impl Known {
    fn is_elsewhere(&self, user_id: UserId) -> bool {
        self.nodes.values().any(|node| node.people.0.contains_key(&user_id))
    }

    fn is_elsewhere_in(&self, id: ConversationId, user_id: UserId) -> bool {
        self.nodes.values().any(|node| node.people.is_in(id, user_id))
    }

    /// Whether somebody is in a conversation on any node.
    fn is_in(&self, id: ConversationId, user_id: UserId) -> bool {
        self.own.is_in(id, user_id) || self.is_elsewhere_in(id, user_id)
    }

    fn take(&mut self, name: &Arc<str>, signal: Signal, effects: &mut Vec<Effect>) {
        let Some(node) = self.nodes.get_mut(name) else { return };
        if let Some(roll) = &mut node.roll {
            match signal {
                Signal::Here { user_id, username } => return roll.arrive(user_id, &username),
                Signal::Entered { user_id, conversations } => {
                    return conversations.into_iter().for_each(|id| roll.enter(id, user_id));
                }
                Signal::RollEnds => {
                    let roll = node.roll.take().unwrap_or_default();
                    return self.replace(name, roll, effects);
                }
                _ => {}
            }
        }
        match signal {
            Signal::RollBegins => node.roll = Some(People::default()),
            Signal::Here { user_id, username } => {
                node.people.arrive(user_id, &username);
                effects.push(Effect::Moved(user_id));
            }
            Signal::Gone { user_id } => {
                effects.push(Effect::Moved(user_id));
                if let Some(visitor) = node.people.0.remove(&user_id) {
                    self.tell_left(user_id, &visitor.username, visitor.conversations, effects);
                }
            }
            Signal::Entered { user_id, conversations } => {
                for id in conversations {
                    let is_first = !self.is_in(id, user_id);
                    let Some(visitor) =
                        self.nodes.get_mut(name).and_then(|node| node.people.0.get_mut(&user_id))
                    else {
                        continue;
                    };
                    visitor.conversations.insert(id);
                    if is_first {
                        effects.push(Effect::Entered(id, user_id, Arc::clone(&visitor.username)));
                    }
                }
            }
            Signal::Left { user_id, conversations } => {
                let Some(visitor) = node.people.0.get_mut(&user_id) else { return };
                let left: Vec<_> =
                    conversations.into_iter().filter(|id| visitor.conversations.remove(id)).collect();
                let username = Arc::clone(&visitor.username);
                self.tell_left(user_id, &username, left, effects);
            }
            Signal::Typing { conversation_id, user_id, username, on } => {
                effects.push(Effect::Typing { conversation_id, user_id, username, on });
            }
            Signal::Alive | Signal::Ask(_) | Signal::RollEnds => {}
        }
    }

    /// Takes a roll for what is known of a node.
    fn replace(&mut self, name: &Arc<str>, roll: People, effects: &mut Vec<Effect>) {
        let entered: Vec<(ConversationId, UserId, Arc<str>)> = roll
            .0
            .iter()
            .flat_map(|(user_id, visitor)| {
                visitor.conversations.iter().map(|id| (*id, *user_id, Arc::clone(&visitor.username)))
            })
            .filter(|(id, user_id, _)| !self.is_in(*id, *user_id))
            .collect();
        let Some(node) = self.nodes.get_mut(name) else { return };
        let before = std::mem::replace(&mut node.people, roll);
        effects.extend(
            entered.into_iter().map(|(id, user_id, username)| Effect::Entered(id, user_id, username)),
        );
        let now = &node.people.0;
        let mut moved: Vec<UserId> =
            now.keys().filter(|user_id| !before.0.contains_key(user_id)).copied().collect();
        moved.extend(before.0.keys().filter(|user_id| !now.contains_key(user_id)));
        moved.sort_unstable();
        effects.extend(moved.into_iter().map(Effect::Moved));
        for (user_id, visitor) in before.0 {
            self.tell_left(user_id, &visitor.username, visitor.conversations, effects);
        }
    }

    /// Tells of those conversations where a user is no longer on any node.
    fn tell_left(
        &self,
        user_id: UserId,
        username: &Arc<str>,
        conversations: impl IntoIterator<Item = ConversationId>,
        effects: &mut Vec<Effect>,
    ) {
        let left = conversations.into_iter().filter(|id| !self.is_in(*id, user_id));
        effects.extend(left.map(|id| Effect::Left(id, user_id, Arc::clone(username))));
    }

    /// Looks who has been silent for too long.
    fn sweep(&mut self, own: &Arc<str>, now: Instant) -> Vec<Effect> {
        let mut effects = Vec::new();
        let silent = |node: &Node| now.saturating_duration_since(node.heard_at);
        let gone: Vec<Arc<str>> = self
            .nodes
            .iter()
            .filter(|(_, node)| !node.has_gone && silent(node) >= GONE_AFTER)
            .map(|(name, _)| Arc::clone(name))
            .collect();
        for name in gone {
            let Some(node) = self.nodes.get_mut(&name) else { continue };
            (node.has_gone, node.roll) = (true, None);
            let people = node.people.0.iter_mut();
            let left: Vec<(UserId, Arc<str>, HashSet<ConversationId>)> = people
                .map(|(id, visitor)| {
                    (*id, Arc::clone(&visitor.username), std::mem::take(&mut visitor.conversations))
                })
                .collect();
            for (user_id, username, conversations) in left {
                self.tell_left(user_id, &username, conversations, &mut effects);
            }
        }
        // One of those who are left notes who is away.
        let is_first = self.nodes.iter().all(|(name, node)| node.has_gone || own < name);
        let away: Vec<Arc<str>> = self
            .nodes
            .iter()
            .filter(|(_, node)| silent(node) >= AWAY_AFTER)
            .map(|(name, _)| Arc::clone(name))
            .collect();
        for name in away {
            let Some(node) = self.nodes.remove(&name) else { continue };
            let away = node.people.0.into_keys();
            effects.extend(away.map(if is_first { Effect::Departed } else { Effect::Moved }));
        }
        effects
    }
}

impl People {
    fn arrive(&mut self, user_id: UserId, username: &Arc<str>) {
        self.0
            .entry(user_id)
            .or_insert_with(|| Visitor { username: Arc::clone(username), conversations: HashSet::new() });
    }

    fn enter(&mut self, id: ConversationId, user_id: UserId) {
        if let Some(visitor) = self.0.get_mut(&user_id) {
            visitor.conversations.insert(id);
        }
    }

    fn leave(&mut self, id: ConversationId, user_id: UserId) {
        if let Some(visitor) = self.0.get_mut(&user_id) {
            visitor.conversations.remove(&id);
        }
    }

    fn is_in(&self, id: ConversationId, user_id: UserId) -> bool {
        self.0.get(&user_id).is_some_and(|visitor| visitor.conversations.contains(&id))
    }
}
