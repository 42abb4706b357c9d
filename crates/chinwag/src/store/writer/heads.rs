//! The writer's memory of where logs end: read once, and advanced by each append.

use std::collections::HashMap;

use chinwag_protocol::{ConversationId, Seq};

use super::super::StoreError;
use super::Change;

/// The most heads in memory. Each of the others costs a query.
const MAX_HEADS: usize = 100_000;

#[derive(Default)]
pub(super) struct Heads {
    known: HashMap<ConversationId, Seq>,
    /// The heads before the running job moved them.
    before: Vec<(ConversationId, Seq)>,
}

impl Heads {
    pub(super) fn begin_batch(&mut self) {
        if self.known.len() >= MAX_HEADS {
            self.known.clear();
        }
    }

    pub(super) fn knows(&self, id: ConversationId) -> bool {
        self.known.contains_key(&id)
    }

    pub(super) fn learn(&mut self, heads: impl IntoIterator<Item = (ConversationId, Seq)>) {
        self.known.extend(heads);
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
    }
}

impl Change {
    /// The seq of a conversation's newest event, including what this batch has appended; zero before the first.
    pub(crate) fn head_seq(&mut self, id: ConversationId) -> Result<Seq, StoreError> {
        if let Some(head) = self.heads.known.get(&id) {
            return Ok(*head);
        }
        let head = self.head(id)?.seq;
        self.heads.known.insert(id, head);
        Ok(head)
    }

    /// The seq of the conversation's next event.
    pub(in crate::store) fn next_seq(&mut self, id: ConversationId) -> Result<Seq, StoreError> {
        Ok(self.head_seq(id)?.next())
    }

    /// Advances a log from `before` to the next seq.
    pub(in crate::store) fn move_head(&mut self, id: ConversationId, before: Seq) {
        self.heads.before.push((id, before));
        self.heads.known.insert(id, before.next());
    }

    /// The next event's position among the events of all conversations, which is its id.
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
