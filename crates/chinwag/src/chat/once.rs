//! Requests that create something, with a key: a repeat returns what the first one created.
//!
//! Messages do not use this. Their keys are the `client_id` of the log, which sockets have, too.

use aws_lc_rs::digest::{SHA256, digest};
use chinwag_protocol::UserId;
use serde::Serialize;

use crate::error::Refusal;
use crate::store::{Change, MadeOnce, View};

/// The key of one request, and what it asked for.
#[derive(Clone, Debug)]
pub(crate) struct Once {
    user_id: UserId,
    key: String,
    request: Vec<u8>,
}

impl Once {
    /// `kind` distinguishes requests of different routes with the same content.
    pub(crate) fn new(user_id: UserId, key: String, kind: &str, content: &impl Serialize) -> Self {
        // Bodies are plain structs, which can't fail to serialize.
        let text = serde_json::to_string(&(kind, content)).unwrap_or_default();
        Self { user_id, key, request: digest(&SHA256, text.as_bytes()).as_ref().to_vec() }
    }

    /// What the first request with this key created.
    ///
    /// # Errors
    /// `IdempotencyMismatch` if it asked for something else.
    pub(crate) fn earlier(&self, view: &View) -> Result<Option<i64>, Refusal> {
        match view.made_once(self.user_id, &self.key)? {
            Some(made) if made.request == self.request => Ok(Some(made.id)),
            Some(_) => Err(Refusal::IdempotencyMismatch),
            None => Ok(None),
        }
    }

    /// Records what was created, in the same job.
    pub(crate) fn note(&self, change: &mut Change, id: i64) -> Result<(), Refusal> {
        let made = MadeOnce { request: self.request.clone(), id };
        Ok(change.note_made_once(self.user_id, &self.key, &made)?)
    }
}

/// Creates something, or returns what an earlier request with the same key created.
pub(super) fn once<T>(
    change: &mut Change,
    once: Option<&Once>,
    again: impl FnOnce(&mut Change, i64) -> Result<T, Refusal>,
    make: impl FnOnce(&mut Change) -> Result<(i64, T), Refusal>,
) -> Result<T, Refusal> {
    let Some(once) = once else { return make(change).map(|(_, made)| made) };
    if let Some(id) = once.earlier(change)? {
        return again(change, id);
    }
    let (id, made) = make(change)?;
    once.note(change, id)?;
    Ok(made)
}
