//! Where live delivery meets the log: who gets which event from where. Decisions only, without locks, sockets
//! or bytes; a room and its connections act on them.
//!
//! A room's [`Seam`] is the newest event that fan-out has passed on. A connection's [`Place`] in that
//! conversation is live (it was handed every event up to the seam) or behind (it needs an event that it reads
//! itself, up to the seam and no further, until it meets the seam and is live again). So nothing is missed
//! and nothing comes twice: `model` explores the interleavings.

use chinwag_protocol::{ConversationId, Seq};

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;

/// The newest event that a room has passed on. Unknown until the first event or the first join.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Seam {
    delivered: Option<Seq>,
}

/// What a committed event means to a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Accept {
    /// At or before the seam: those who need it have read it, or will.
    Old,
    /// For all live connections.
    Next,
    /// Events from `next` up to this one never came: everybody reads the log from there, including this one.
    Hole { next: Seq },
}

/// What a connection that is behind should do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CatchUp {
    /// Be live from now on: nothing lies between it and the seam.
    Live,
    /// Nothing yet: it was admitted at an event that fan-out has still to pass on, and which will wake it.
    Wait,
    /// Read what follows `after`, up to and including `through`.
    Read { after: Seq, through: Seq },
}

/// Where a connection stands in one conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Place {
    /// At the seam, wherever that moves.
    Live,
    /// Needs this event next, and gets nothing live until it stands at the seam.
    Behind(Seq),
}

/// How much of an offer a socket took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// Everything, or the beginning: the rest then waits in the outbox and goes out before anything else.
    Some,
    Nothing,
}

impl Seam {
    /// Records a committed event. Events come in log order, but some may be missing.
    pub(super) fn accept(&mut self, seq: Seq) -> Accept {
        let accept = match self.delivered {
            Some(delivered) if seq <= delivered => return Accept::Old,
            Some(delivered) if seq > delivered.next() => Accept::Hole { next: delivered.next() },
            // If nothing is known, nobody has joined, so nobody can miss what came before.
            Some(_) | None => Accept::Next,
        };
        self.delivered = Some(seq);
        accept
    }

    /// The place of a connection that has the events up to `after`, or does not want them.
    ///
    /// `after` may lie on either side of the seam: fan-out continued while the connection was replaying, or
    /// the connection was admitted at a commit that fan-out has still to see.
    pub(super) fn join(&mut self, after: Seq) -> Place {
        let delivered = *self.delivered.get_or_insert(after);
        if delivered == after { Place::Live } else { Place::Behind(after.next()) }
    }

    /// What a connection that needs `next` should do.
    pub(super) fn catch_up(self, next: Seq) -> CatchUp {
        match self.delivered {
            Some(delivered) if next == delivered.next() => CatchUp::Live,
            Some(through) if next <= through => CatchUp::Read { after: Seq(next.0 - 1), through },
            Some(_) | None => CatchUp::Wait,
        }
    }
}

impl Place {
    /// Live events from `first` on were offered to the socket.
    #[must_use]
    pub(super) fn offered(self, first: Seq, taken: Taken) -> Self {
        match (self, taken) {
            (Self::Live, Taken::Nothing) => Self::Behind(first),
            (place, _) => place,
        }
    }

    /// Events from `next` on will not come live. A connection that is already behind stays where it is.
    #[must_use]
    pub(super) fn sent_to_log(self, next: Seq) -> Self {
        match self {
            Self::Live => Self::Behind(next),
            behind @ Self::Behind(_) => behind,
        }
    }

    /// The events from `first` up to, but not including, `next` were read. `None` if that is no longer what
    /// the connection needs, because it left the conversation meanwhile.
    pub(super) fn read(self, first: Seq, next: Seq) -> Option<Self> {
        (self == Self::Behind(first)).then_some(Self::Behind(next))
    }
}

/// A connection's places in its conversations. Only those that are behind take memory.
#[derive(Default)]
pub(super) struct Places {
    behind: Vec<(ConversationId, Seq)>,
}

impl Places {
    /// Live, unless something else was recorded.
    pub(super) fn get(&self, id: ConversationId) -> Place {
        let found = self.behind.iter().find(|(behind, _)| *behind == id);
        found.map_or(Place::Live, |(_, next)| Place::Behind(*next))
    }

    pub(super) fn set(&mut self, id: ConversationId, place: Place) {
        let found = self.behind.iter().position(|(behind, _)| *behind == id);
        match (place, found.and_then(|found| self.behind.get_mut(found))) {
            (Place::Behind(next), Some((_, needed))) => *needed = next,
            (Place::Behind(next), None) => self.behind.push((id, next)),
            (Place::Live, Some(_)) => self.behind.retain(|(behind, _)| *behind != id),
            (Place::Live, None) => {}
        }
        if self.behind.is_empty() {
            self.behind = Vec::new();
        }
    }

    /// The conversations that are behind, oldest first, with the event that each needs.
    pub(super) fn behind(&self, at: usize) -> Option<(ConversationId, Seq)> {
        self.behind.get(at).copied()
    }

    pub(super) fn clear(&mut self) {
        self.behind = Vec::new();
    }
}
