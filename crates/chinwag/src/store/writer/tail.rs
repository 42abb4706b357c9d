//! The writer as the tail of a log that other nodes write, too.
//!
//! A batch begins behind the lock with a look at where the log ends. If that is not where this node has left it, others have
//! written: what they wrote is read, corrects the writer's memory, and is published here, before the batch's own events.
//! Without jobs a bell or a poll wakes the writer, and it does only that. So one thread publishes on each node, in the order
//! of the log, and nothing that others tell is needed for anything but haste.

use std::collections::VecDeque;

use chinwag_protocol::{Event, Stamp};

use super::super::StoreError;
use super::super::log::{COLUMNS, event};
use super::super::postgres::{LogEnd, Trace};
use super::super::sql::values;
use super::{Change, Commit, Notice};
use crate::seeded_bugs::{self, Bug};

/// The most events that are read at once.
const CHUNK: usize = 1_000;
/// Behind the lock no more than this is read. Who is further behind first reads on without it.
const MAX_UNDER_LOCK: i64 = 4_000;
/// So often a batch with notices removes old ones.
const SWEEP_EVERY: i64 = 500;

/// The newest event of a batch.
pub(super) type Newest = Option<(i64, Stamp)>;

impl Change {
    /// Begins the transaction of a batch, which knows what others wrote before it.
    pub(super) fn begin_behind_others(&mut self, publish: &mut impl FnMut(Commit)) -> Result<(), StoreError> {
        self.heads.begin_batch();
        loop {
            let Some(end) = self.view.sql.begin_writing()? else { return Ok(()) };
            if end.position() - self.seen.position() <= MAX_UNDER_LOCK {
                self.catch_up(end, publish)?;
                self.last_position = Some(end.position());
                self.newest = end.newest;
                self.changes_before = self.sql.total_changes();
                return Ok(());
            }
            self.view.sql.roll_back()?;
            self.look_around(publish)?;
        }
    }

    /// Reads and publishes what others have written.
    pub(super) fn look_around(&mut self, publish: &mut impl FnMut(Commit)) -> Result<(), StoreError> {
        if seeded_bugs::is(Bug::DeafTail) {
            return Ok(());
        }
        match self.view.sql.log_end()? {
            Some(end) => self.catch_up(end, publish),
            None => Ok(()),
        }
    }

    /// An event of the running batch is the newest.
    pub(in crate::store) fn note_newest(&mut self, position: i64, stamp: Stamp) {
        self.newest = Some((position, stamp));
    }

    /// Writes what the batch tells beside events, for the other nodes. Says by which row the batch is known again: its
    /// newest event, or what it tells, if only that it was there.
    pub(super) fn keep_notices(&mut self) -> Result<Option<Trace>, StoreError> {
        self.notice = self.seen.notice;
        let own = self.newest.filter(|newest| self.seen.newest != Some(*newest));
        let has_changed = self.sql.total_changes() != self.changes_before;
        let event = own.map(|(position, stamp)| Trace::Event(position, stamp));
        if !self.sql.is_remote() || (self.commit.notices.is_empty() && (event.is_some() || !has_changed)) {
            return Ok(event);
        }
        self.notice += 1;
        let stamp = Stamp::from_bits(rand::random());
        let told = serde_json::to_string(&self.commit.notices).unwrap_or_default();
        self.sql.change(
            "INSERT INTO notices (id, stamp, notices) VALUES (?1, ?2, ?3)",
            values![self.notice, &stamp, &told],
        )?;
        if self.notice % SWEEP_EVERY == 0 {
            self.sql.change(
                "DELETE FROM notices WHERE id < ?1 AND at < now() - INTERVAL '2 minutes'",
                values![self.notice],
            )?;
        }
        Ok(Some(Trace::Notice(self.notice, stamp)))
    }

    /// The batch is committed, so its end is known.
    pub(super) fn note_committed(&mut self) {
        self.seen.newest = self.newest;
        self.seen.notice = self.notice;
    }

    /// Reads and publishes what lies between what is known and the end.
    fn catch_up(&mut self, end: LogEnd, publish: &mut impl FnMut(Commit)) -> Result<(), StoreError> {
        while self.seen.newest != end.newest {
            publish(self.read_events(&end)?);
        }
        if self.seen.notice != end.notice {
            publish(self.read_notices(&end)?);
        }
        Ok(())
    }

    /// Reads the next events of others, up to the end if they are not too many.
    fn read_events(&mut self, end: &LogEnd) -> Result<Commit, StoreError> {
        let known = self.seen.newest;
        // From what is known on: that is still there, unless it was removed since, or the database has lost it.
        let text = format!(
            "SELECT {COLUMNS} FROM events JOIN users ON users.id = events.actor_id \
             WHERE events.id >= ?1 AND events.id <= ?2 ORDER BY events.id LIMIT ?3"
        );
        let (from, through) = (known.map_or(0, |(position, _)| position), end.newest.map_or(0, |(id, _)| id));
        let mut read: VecDeque<(i64, Event)> =
            self.sql.all(&text, values![from, through, CHUNK], |row| Ok((row.get(0)?, event(row)?)))?.into();
        let name = |(position, event): &(i64, Event)| (*position, event.entry().stamp);
        if let Some(known) = known {
            if read.front().map(name) == Some(known) {
                read.pop_front();
            } else if known.0 > end.removed {
                return Ok(self.begin_anew(end));
            }
        }
        // If nothing is left, the end of the log was removed.
        self.seen.newest = read.back().map_or(end.newest, |last| Some(name(last)));
        let events: Vec<Event> = read.into_iter().map(|(_, event)| event).collect();
        events.iter().for_each(|event| self.learn(event));
        Ok(Commit { events, notices: Vec::new() })
    }

    fn read_notices(&mut self, end: &LogEnd) -> Result<Commit, StoreError> {
        let rows = self.sql.all(
            "SELECT id, notices FROM notices WHERE id > ?1 AND id <= ?2 ORDER BY id",
            values![self.seen.notice, end.notice],
            |row| Ok((row.get::<i64>(0)?, row.get::<String>(1)?)),
        )?;
        if rows.first().is_none_or(|(first, _)| *first != self.seen.notice + 1) {
            // They were removed before this node read them, or the database has lost them.
            return Ok(self.begin_anew(end));
        }
        self.seen.notice = end.notice;
        let told = rows
            .into_iter()
            .flat_map(|(_, told)| serde_json::from_str::<Vec<serde_json::Value>>(&told).unwrap_or_default());
        // What a later release tells is passed over: it can mean nothing here.
        let notices = told.filter_map(|notice| serde_json::from_value(notice).ok()).collect();
        Ok(Commit { events: Vec::new(), notices })
    }

    /// What is known here is not what the database says: whoever is connected begins anew, with their cursors.
    fn begin_anew(&mut self, end: &LogEnd) -> Commit {
        tracing::warn!(
            known = ?self.seen,
            there = ?end,
            "the database has another log than this node knew; its connections begin anew"
        );
        self.forget_all();
        self.seen = *end;
        Commit { events: Vec::new(), notices: vec![Notice::BeginAnew] }
    }

    /// Corrects the writer's memory by what another node wrote.
    fn learn(&mut self, event: &Event) {
        if seeded_bugs::is(Bug::KeepMemory) {
            return;
        }
        let entry = event.entry();
        self.heads.learn([(entry.conversation_id, entry.seq)]);
        match event {
            Event::ParticipantRemoved(membership) | Event::ParticipantUpdated(membership) => {
                self.standings.forget(entry.conversation_id, membership.user_id);
            }
            Event::ConversationUpdated { .. } => self.standings.forget_conversation(entry.conversation_id),
            Event::Unknown(_) => self.standings.forget_all(),
            _ => {}
        }
    }
}
