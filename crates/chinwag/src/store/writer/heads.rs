//! Where logs end, as the writer remembers it: read once, moved on by each append, and written to the conversations
//! that have moved before a batch is committed, once each.

use std::collections::HashMap;

use chinwag_protocol::{ConversationId, MessageId, Seq, Stamp};

use super::super::StoreError;
use super::super::sql::values;
use super::Change;

/// Conversations whose head is kept in memory; the rest is one look-up away.
const MAX_HEADS: usize = 100_000;

/// The end of a log.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct Head {
    pub seq: Seq,
    /// `None` as long as nothing has happened.
    pub stamp: Option<Stamp>,
    /// The newest event's, among those of all conversations.
    pub position: i64,
    pub last_message: Option<MessageId>,
}

impl Head {
    /// Of a log in which nothing has happened.
    const START: Self = Self { seq: Seq::ZERO, stamp: None, position: 0, last_message: None };
}

#[derive(Default)]
pub(super) struct Heads {
    known: HashMap<ConversationId, Head>,
    /// In this batch.
    moved: Vec<ConversationId>,
    /// What the running job moved, as it was before.
    before: Vec<(ConversationId, Head)>,
}

impl Heads {
    pub(super) fn begin_batch(&mut self) {
        self.moved.clear();
        if self.known.len() >= MAX_HEADS {
            self.known.clear();
        }
    }

    pub(super) fn begin_job(&mut self) {
        self.before.clear();
    }

    pub(super) fn undo_job(&mut self) {
        for (id, head) in self.before.drain(..).rev() {
            self.known.insert(id, head);
        }
    }

    pub(super) fn forget_all(&mut self) {
        self.known.clear();
        self.moved.clear();
    }

    /// Those that have moved in this batch, each once.
    fn take_moved(&mut self) -> Vec<(ConversationId, Head)> {
        let mut moved = std::mem::take(&mut self.moved);
        moved.sort_unstable();
        moved.dedup();
        moved.into_iter().filter_map(|id| Some((id, *self.known.get(&id)?))).collect()
    }
}

impl Change {
    /// Where a log ends: with what this batch has appended.
    pub(in crate::store) fn log_head(&mut self, id: ConversationId) -> Result<Head, StoreError> {
        if let Some(head) = self.heads.known.get(&id) {
            return Ok(*head);
        }
        let head = self.sql.one(
            "SELECT head_seq, head_stamp, head_position, last_message_id FROM conversations WHERE id = ?1",
            values![id],
            |row| {
                Ok(Head {
                    seq: row.get(0)?,
                    stamp: row.get(1)?,
                    position: row.get(2)?,
                    last_message: row.get(3)?,
                })
            },
        )?;
        let head = head.unwrap_or(Head::START);
        self.heads.known.insert(id, head);
        Ok(head)
    }

    /// A log goes on to `head`.
    pub(in crate::store) fn move_head(&mut self, id: ConversationId, head: Head) {
        let heads = &mut self.heads;
        heads.before.push((id, heads.known.insert(id, head).unwrap_or(Head::START)));
        if heads.moved.last() != Some(&id) {
            heads.moved.push(id);
        }
    }

    /// Notes in the conversations where their logs end now.
    pub(super) fn write_heads(&mut self) -> Result<(), StoreError> {
        for (id, head) in self.heads.take_moved() {
            self.sql.change(
                "UPDATE conversations SET head_seq = ?2, head_stamp = ?3, head_position = ?4, \
                 last_message_id = ?5 WHERE id = ?1",
                values![id, head.seq, head.stamp.as_ref(), head.position, head.last_message],
            )?;
        }
        Ok(())
    }

    /// The position of a conversation's newest event, zero before the first.
    pub(crate) fn head_seq(&mut self, id: ConversationId) -> Result<Seq, StoreError> {
        Ok(self.log_head(id)?.seq)
    }

    /// The position that the next event of this conversation gets.
    pub(in crate::store) fn next_seq(&mut self, id: ConversationId) -> Result<Seq, StoreError> {
        Ok(self.head_seq(id)?.next())
    }

    /// The position among the events of all conversations that the next one gets.
    pub(in crate::store) fn next_position(&mut self) -> Result<i64, StoreError> {
        let last = match self.last_position {
            Some(last) => last,
            None => self.sql.single(
                "SELECT max(position) FROM (SELECT coalesce(max(id), 0) AS position FROM events \
                 UNION ALL SELECT position FROM removed_events) AS known",
                &[],
                |row| row.get(0),
            )?,
        };
        self.last_position = Some(last + 1);
        Ok(last + 1)
    }
}
