//! The connections of a room, for the holder of its lock. Found by their ids, which grow: a new connection
//! goes to the end.
//!
//! Removal is ordered like everything else. When fan-out meets `participant_removed`, it first writes what
//! precedes it, then removes the user's seats, then continues: what follows, including this event, never
//! reaches them. A connection that was admitted before the removal may sit down after it; it is then behind.
//! So a connection that takes a seat and is not live checks once more whether its user still takes part. One
//! more check is enough, because the participants and the end of the log are read at one moment.

use std::sync::Arc;

use chinwag_protocol::Seq;

use super::connection::Connection;
use super::room::Level;

#[derive(Default)]
pub(super) struct Members(Vec<Member>);

pub(super) struct Member {
    pub connection: Arc<Connection>,
    pub level: Level,
    /// The log's head when it was admitted: a removal up to there does not concern it.
    pub after: Seq,
}

impl Members {
    fn place(&self, id: u64) -> Result<usize, usize> {
        self.0.binary_search_by_key(&id, |member| member.connection.id)
    }

    pub(super) fn contains(&self, id: u64) -> bool {
        self.place(id).is_ok()
    }

    pub(super) fn get_mut(&mut self, id: u64) -> Option<&mut Member> {
        let place = self.place(id).ok()?;
        self.0.get_mut(place)
    }

    pub(super) fn insert(&mut self, member: Member) {
        match self.place(member.connection.id) {
            Ok(place) => self.0.splice(place..=place, [member]).for_each(drop),
            Err(place) => self.0.insert(place, member),
        }
    }

    /// False if it was not there.
    pub(super) fn remove(&mut self, id: u64) -> bool {
        self.place(id).map(|place| self.0.remove(place)).is_ok()
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, Member> {
        self.0.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
