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
use super::room::Interest;

#[derive(Default)]
pub(super) struct Occupants(Vec<Occupant>);

pub(super) struct Occupant {
    pub connection: Arc<Connection>,
    pub interest: Interest,
    /// The log's head when it was admitted: a removal up to there does not concern it.
    pub after: Seq,
}

impl Occupants {
    fn index(&self, id: u64) -> Result<usize, usize> {
        self.0.binary_search_by_key(&id, |occupant| occupant.connection.id)
    }

    pub(super) fn contains(&self, id: u64) -> bool {
        self.index(id).is_ok()
    }

    pub(super) fn get_mut(&mut self, id: u64) -> Option<&mut Occupant> {
        let index = self.index(id).ok()?;
        self.0.get_mut(index)
    }

    pub(super) fn insert(&mut self, occupant: Occupant) {
        match self.index(occupant.connection.id) {
            Ok(index) => self.0.splice(index..=index, [occupant]).for_each(drop),
            Err(index) => self.0.insert(index, occupant),
        }
    }

    /// False if it was not there.
    pub(super) fn remove(&mut self, id: u64) -> bool {
        self.index(id).map(|index| self.0.remove(index)).is_ok()
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, Occupant> {
        self.0.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
