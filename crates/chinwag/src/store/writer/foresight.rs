//! What the jobs of a batch will need. If the database is at the other end of a network, the writer looks it up once for
//! all of them, so that no job waits for answers of its own.

use std::collections::{HashMap, HashSet};

use chinwag_protocol::{ConversationId, UserId};

use super::super::conversations::{STANDING, standing};
use super::super::log::{HEAD, NEWEST};
use super::super::postgres::{PAIRS, USED_CLIENT_IDS};
use super::super::spelling::{list, rows};
use super::super::sql::values;
use super::super::{StoreError, View};
use super::{Change, Job};

/// A message that a job will append.
#[derive(Clone, Debug)]
pub(crate) struct Foreseen {
    pub conversation_id: ConversationId,
    pub sender_id: UserId,
    pub client_id: Option<String>,
}

/// Which client ids of this batch are used.
#[derive(Debug, Default)]
pub(super) struct ClientIds {
    is_used: HashMap<(UserId, String), bool>,
    /// Those that the running job used.
    used: Vec<(UserId, String)>,
}

impl ClientIds {
    pub(super) fn begin_job(&mut self) {
        self.used.clear();
    }

    pub(super) fn undo_job(&mut self) {
        for key in self.used.drain(..) {
            self.is_used.insert(key, false);
        }
    }
}

impl Change {
    /// Looks up what the jobs of a batch will need, if each of them would otherwise ask a remote database for itself.
    pub(super) fn foresee(&mut self, batch: &[Job]) -> Result<(), StoreError> {
        self.client_ids = ClientIds::default();
        if !self.sql.is_remote() {
            return Ok(());
        }
        let foreseen: Vec<&Foreseen> = batch.iter().filter_map(|job| job.foreseen()).collect();
        self.learn_client_ids(&foreseen)?;
        self.learn_heads(&foreseen)?;
        self.learn_standings(&foreseen)
    }

    fn learn_client_ids(&mut self, foreseen: &[&Foreseen]) -> Result<(), StoreError> {
        let keys: Vec<(i64, &str)> =
            foreseen.iter().filter_map(|one| Some((one.sender_id.0, one.client_id.as_deref()?))).collect();
        if keys.is_empty() {
            return Ok(());
        }
        let used: HashSet<(UserId, String)> = self
            .sql
            .all(USED_CLIENT_IDS, values![&rows(&keys)], |row| Ok((row.get(0)?, row.get(1)?)))?
            .into_iter()
            .collect();
        self.client_ids.is_used = keys
            .into_iter()
            .map(|(sender, client_id)| (UserId(sender), client_id.to_owned()))
            .map(|key| (key.clone(), used.contains(&key)))
            .collect();
        Ok(())
    }

    fn learn_heads(&mut self, foreseen: &[&Foreseen]) -> Result<(), StoreError> {
        let ids = foreseen.iter().map(|one| one.conversation_id).filter(|id| !self.heads.knows(*id));
        let ids: HashSet<ConversationId> = ids.collect();
        if ids.is_empty() {
            return Ok(());
        }
        let listed = self.sql.spelling().listed;
        let heads = self.sql.all(
            &format!("SELECT conversations.id, {HEAD} FROM conversations {NEWEST} WHERE conversations.id IN {listed}"),
            values![&list(ids.into_iter().map(|id| id.0))],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        self.heads.learn(heads);
        Ok(())
    }

    fn learn_standings(&mut self, foreseen: &[&Foreseen]) -> Result<(), StoreError> {
        let pairs: HashSet<(i64, i64)> = foreseen
            .iter()
            .filter(|one| self.standings.get(one.conversation_id, one.sender_id).is_none())
            .map(|one| (one.conversation_id.0, one.sender_id.0))
            .collect();
        if pairs.is_empty() {
            return Ok(());
        }
        let found = self.sql.all(
            &format!(
                "SELECT {STANDING}, conversation_id, user_id FROM {PAIRS} \
                 JOIN participants ON conversation_id = listed.one AND user_id = listed.other \
                 JOIN conversations ON conversations.id = conversation_id"
            ),
            values![&rows(&pairs)],
            |row| Ok((row.get(3)?, row.get(4)?, standing(row)?)),
        )?;
        for (conversation_id, user_id, standing) in found {
            self.standings.keep(conversation_id, user_id, standing);
        }
        Ok(())
    }

    /// Whether a message has this sender's client id already. From now on it counts as used.
    pub(in crate::store) fn use_client_id(
        &mut self,
        sender_id: UserId,
        client_id: &str,
    ) -> Result<bool, StoreError> {
        let key = (sender_id, client_id.to_owned());
        let is_used = match self.client_ids.is_used.get(&key) {
            Some(is_used) => *is_used,
            None => View::is_used(self, sender_id, client_id)?,
        };
        if !is_used {
            self.client_ids.is_used.insert(key.clone(), true);
            self.client_ids.used.push(key);
        }
        Ok(is_used)
    }
}
