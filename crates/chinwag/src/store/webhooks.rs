//! Webhooks, and the events of all conversations in commit order.
//!
//! An event's id is its position. One thread appends rows and never removes them, so ids grow in
//! commit order, and nothing appears below an id that was read.

use chinwag_protocol::rest::{Webhook, WebhookState};
use chinwag_protocol::{ConversationId, Event, Timestamp};

use super::log::{COLUMNS, event};
use super::sql::{DatabaseError, Row, values};
use super::{Change, StoreError, View};

/// A webhook to create.
#[derive(Clone)]
pub(crate) struct NewHook {
    pub url: String,
    pub secret: Vec<u8>,
    pub conversation_id: Option<ConversationId>,
    pub events: Option<Vec<String>>,
}

/// A webhook, as the worker uses it.
#[derive(Clone)]
pub(crate) struct Hook {
    pub id: i64,
    pub url: String,
    pub secret: Vec<u8>,
    pub conversation_id: Option<ConversationId>,
    pub events: Option<Vec<String>>,
    pub position: i64,
    pub attempts: u32,
    pub due_at: Timestamp,
    pub failing_since: Option<Timestamp>,
    pub last_error: Option<String>,
    pub is_disabled: bool,
    pub created_at: Timestamp,
}

/// What to change about a webhook; `None` keeps the value.
#[derive(Clone)]
pub(crate) struct HookChange {
    pub is_enabled: Option<bool>,
    pub url: Option<String>,
    /// These types, or all.
    pub events: Option<Option<Vec<String>>>,
}

/// What a failed call changes.
#[derive(Clone)]
pub(crate) struct HookFailure {
    pub error: String,
    /// The position up to which it needs nothing more.
    pub position: i64,
    pub due_at: Timestamp,
    pub now: Timestamp,
    pub is_final: bool,
}

const HOOK: &str = "id, url, secret, conversation_id, events, position, attempts, due_at, failing_since, \
                    last_error, disabled_at IS NOT NULL, created_at";

fn hook(row: &Row<'_>) -> Result<Hook, DatabaseError> {
    let events: Option<String> = row.get(4)?;
    Ok(Hook {
        id: row.get(0)?,
        url: row.get(1)?,
        secret: row.get(2)?,
        conversation_id: row.get(3)?,
        events: events
            .map(|text| serde_json::from_str(&text))
            .transpose()
            .map_err(|error| DatabaseError::unreadable(4, error))?,
        position: row.get(5)?,
        attempts: row.get(6)?,
        due_at: row.get(7)?,
        failing_since: row.get(8)?,
        last_error: row.get(9)?,
        is_disabled: row.get(10)?,
        created_at: row.get(11)?,
    })
}

impl Hook {
    /// As its administrator sees it, with the server's newest event at `head`.
    pub(crate) fn shown(&self, head: i64) -> Webhook {
        let state = match (self.is_disabled, self.failing_since) {
            (true, _) => WebhookState::Disabled,
            (false, Some(_)) => WebhookState::Failing,
            (false, None) => WebhookState::Active,
        };
        Webhook {
            id: self.id,
            url: self.url.clone(),
            conversation_id: self.conversation_id,
            events: self.events.clone(),
            state,
            position: self.position,
            lag: (head - self.position).max(0),
            failing_since: self.failing_since.map(Timestamp::created_at),
            last_error: self.last_error.clone(),
            created_at: self.created_at.created_at(),
        }
    }
}

/// Event types as they are stored.
fn types_text(events: &[String]) -> Option<String> {
    serde_json::to_string(events).ok()
}

impl View {
    /// The position of the newest event; 0 if there is none.
    pub(crate) fn newest_position(&self) -> Result<i64, StoreError> {
        self.sql.single("SELECT coalesce(max(id), 0) FROM events", &[], |row| row.get(0))
    }

    /// The next event that a webhook wants, with its position, up to and including `through`.
    pub(crate) fn next_event(&self, hook: &Hook, through: i64) -> Result<Option<(i64, Event)>, StoreError> {
        // The unary plus keeps the scan on the ids: the other indexes have another order.
        let kinds = hook.events.as_deref().and_then(types_text);
        let listed = self.sql.spelling().listed_texts;
        self.sql.one(
            &format!(
                "SELECT {COLUMNS} FROM events JOIN users ON users.id = events.actor_id \
                 WHERE events.id > ?2 AND events.id <= ?3 \
                   AND (?4 IS NULL OR +events.conversation_id = ?4) \
                   AND (?1 IS NULL OR events.kind IN {listed}) \
                 ORDER BY events.id LIMIT 1"
            ),
            values![kinds.as_deref(), hook.position, through, hook.conversation_id],
            |row| Ok((row.get(0)?, event(row)?)),
        )
    }

    /// One webhook.
    pub(crate) fn webhook(&self, id: i64) -> Result<Option<Hook>, StoreError> {
        self.sql.one(&format!("SELECT {HOOK} FROM webhooks WHERE id = ?1"), values![id], hook)
    }

    /// Every webhook, oldest first.
    pub(crate) fn webhooks(&self) -> Result<Vec<Hook>, StoreError> {
        self.sql.all(&format!("SELECT {HOOK} FROM webhooks ORDER BY id"), &[], hook)
    }
}

impl Change {
    /// Creates a webhook that begins with the next event.
    pub(crate) fn insert_webhook(&mut self, new: &NewHook) -> Result<Hook, StoreError> {
        let position = self.newest_position()?;
        let events = new.events.as_deref().and_then(types_text);
        self.sql.single(
            &format!(
                "INSERT INTO webhooks (url, secret, conversation_id, events, position, created_at) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING {HOOK}"
            ),
            values![
                &new.url,
                &new.secret,
                new.conversation_id,
                events.as_deref(),
                position,
                Timestamp::now()
            ],
            hook,
        )
    }

    /// Removes a webhook. False if there is none.
    pub(crate) fn delete_webhook(&mut self, id: i64) -> Result<bool, StoreError> {
        Ok(self.sql.change("DELETE FROM webhooks WHERE id = ?1", values![id])? > 0)
    }

    /// Changes a webhook. Earlier failures are forgotten: it is called at once, unless it is disabled. `None`
    /// if there is none.
    pub(crate) fn update_webhook(
        &mut self,
        id: i64,
        change: &HookChange,
    ) -> Result<Option<Hook>, StoreError> {
        let events = change.events.as_ref().and_then(Option::as_deref).and_then(types_text);
        self.sql.one(
            &format!(
                "UPDATE webhooks SET attempts = 0, due_at = 0, failing_since = NULL, last_error = NULL, \
                 url = coalesce(?2, url), events = CASE WHEN ?3 THEN ?4 ELSE events END, \
                 disabled_at = CASE WHEN ?5 IS NULL THEN disabled_at WHEN ?5 THEN NULL ELSE ?6 END \
                 WHERE id = ?1 RETURNING {HOOK}"
            ),
            values![
                id,
                change.url.as_deref(),
                change.events.is_some(),
                events.as_deref(),
                change.is_enabled,
                Timestamp::now(),
            ],
            hook,
        )
    }

    /// Records that a webhook has passed everything up to `position`.
    pub(crate) fn advance_webhook(&mut self, id: i64, position: i64) -> Result<(), StoreError> {
        self.sql.change("UPDATE webhooks SET position = CASE WHEN position < ?2 THEN ?2 ELSE position END, attempts = 0, due_at = 0, \
                 failing_since = NULL, last_error = NULL WHERE id = ?1", values![id, position])?;
        Ok(())
    }

    /// Records a failed call of a webhook.
    pub(crate) fn fail_webhook(&mut self, id: i64, failure: &HookFailure) -> Result<(), StoreError> {
        self.sql.change(
            "UPDATE webhooks SET attempts = attempts + 1, due_at = ?2, last_error = ?3, \
                 failing_since = coalesce(failing_since, ?4), \
                 position = CASE WHEN position < ?6 THEN ?6 ELSE position END, \
                 disabled_at = CASE WHEN ?5 THEN ?4 ELSE disabled_at END WHERE id = ?1",
            values![id, failure.due_at, &failure.error, failure.now, failure.is_final, failure.position],
        )?;
        Ok(())
    }
}
