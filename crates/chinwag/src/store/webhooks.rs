//! Webhooks, and the events of all conversations in the order of their commits.
//!
//! An event's row id is its global position. Rows are appended by one thread and never removed, so ids grow
//! in the order of the commits, and nothing appears below an id that was read.

use chinwag_protocol::rest::{Webhook, WebhookState};
use chinwag_protocol::{ConversationId, Event, Timestamp};
use rusqlite::{OptionalExtension as _, Row, named_params};

use super::log::{COLUMNS, event};
use super::words::unreadable;
use super::{Change, StoreError, View};

/// A webhook to be.
#[derive(Clone)]
pub(crate) struct NewHook {
    pub url: String,
    pub secret: Vec<u8>,
    pub conversation_id: Option<ConversationId>,
    pub events: Option<Vec<String>>,
}

/// A webhook, as it is worked for.
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

/// What to change about a webhook; `None` stays.
#[derive(Clone)]
pub(crate) struct HookChange {
    pub is_enabled: Option<bool>,
    pub url: Option<String>,
    /// Of these types, or of all.
    pub events: Option<Option<Vec<String>>>,
}

/// What a failed call changes.
#[derive(Clone)]
pub(crate) struct HookFailure {
    pub error: String,
    /// Up to here it has nothing more to be told.
    pub position: i64,
    pub due_at: Timestamp,
    pub now: Timestamp,
    pub is_final: bool,
}

const HOOK: &str = "id, url, secret, conversation_id, events, position, attempts, due_at, failing_since, \
                    last_error, disabled_at IS NOT NULL, created_at";

fn hook(row: &Row<'_>) -> Result<Hook, rusqlite::Error> {
    let events: Option<String> = row.get(4)?;
    Ok(Hook {
        id: row.get(0)?,
        url: row.get(1)?,
        secret: row.get(2)?,
        conversation_id: row.get::<_, Option<i64>>(3)?.map(ConversationId),
        events: events
            .map(|text| serde_json::from_str(&text))
            .transpose()
            .map_err(|error| unreadable(4, error))?,
        position: row.get(5)?,
        attempts: row.get(6)?,
        due_at: Timestamp(row.get(7)?),
        failing_since: row.get::<_, Option<i64>>(8)?.map(Timestamp),
        last_error: row.get(9)?,
        is_disabled: row.get(10)?,
        created_at: Timestamp(row.get(11)?),
    })
}

impl Hook {
    /// As its administrator sees it, with the newest event of the server at `head`.
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

/// Types of events as they are stored.
fn types_text(events: &[String]) -> Option<String> {
    serde_json::to_string(events).ok()
}

impl View {
    /// The global position of the newest event; 0 without any.
    pub(crate) fn newest_position(&self) -> Result<i64, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT max(id) FROM events")?;
        Ok(statement.query_row([], |row| row.get::<_, Option<i64>>(0))?.unwrap_or_default())
    }

    /// The next event that a webhook wants, with its position, up to and with `through`.
    pub(crate) fn next_event(&self, hook: &Hook, through: i64) -> Result<Option<(i64, Event)>, StoreError> {
        // The unary plus keeps the walk along the ids: the other indexes are in another order.
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM events JOIN users ON users.id = events.actor_id \
             WHERE events.id > ?1 AND events.id <= ?2 \
               AND (?3 IS NULL OR +events.conversation_id = ?3) \
               AND (?4 IS NULL OR events.kind IN (SELECT value FROM json_each(?4))) \
             ORDER BY events.id LIMIT 1"
        ))?;
        let kinds = hook.events.as_deref().and_then(types_text);
        let parameters = (hook.position, through, hook.conversation_id.map(|id| id.0), kinds);
        Ok(statement.query_row(parameters, |row| Ok((row.get(0)?, event(row)?))).optional()?)
    }

    /// One webhook.
    pub(crate) fn webhook(&self, id: i64) -> Result<Option<Hook>, StoreError> {
        let mut statement =
            self.connection.prepare_cached(&format!("SELECT {HOOK} FROM webhooks WHERE id = ?1"))?;
        Ok(statement.query_row([id], hook).optional()?)
    }

    /// Every webhook, oldest first.
    pub(crate) fn webhooks(&self) -> Result<Vec<Hook>, StoreError> {
        let mut statement =
            self.connection.prepare_cached(&format!("SELECT {HOOK} FROM webhooks ORDER BY id"))?;
        let hooks = statement.query_map([], hook)?.collect::<Result<_, _>>()?;
        Ok(hooks)
    }
}

impl Change {
    /// Makes a webhook that begins with the next event.
    pub(crate) fn insert_webhook(&mut self, new: &NewHook) -> Result<Hook, StoreError> {
        let position = self.newest_position()?;
        let events = new.events.as_deref().and_then(types_text);
        Ok(self
            .connection
            .prepare_cached(&format!(
                "INSERT INTO webhooks (url, secret, conversation_id, events, position, created_at) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING {HOOK}"
            ))?
            .query_row(
                (
                    &new.url,
                    &new.secret,
                    new.conversation_id.map(|id| id.0),
                    events,
                    position,
                    Timestamp::now().0,
                ),
                hook,
            )?)
    }

    /// Removes a webhook. False if there is none.
    pub(crate) fn delete_webhook(&mut self, id: i64) -> Result<bool, StoreError> {
        Ok(self.connection.execute("DELETE FROM webhooks WHERE id = ?1", [id])? > 0)
    }

    /// Changes a webhook. What it failed at before is forgotten: it is called anew at once, unless it is
    /// disabled. `None` if there is none.
    pub(crate) fn update_webhook(
        &mut self,
        id: i64,
        change: &HookChange,
    ) -> Result<Option<Hook>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "UPDATE webhooks SET attempts = 0, due_at = 0, failing_since = NULL, last_error = NULL, \
             url = coalesce(:url, url), events = iif(:has_events, :events, events), \
             disabled_at = iif(:is_enabled IS NULL, disabled_at, iif(:is_enabled, NULL, :now)) \
             WHERE id = :id RETURNING {HOOK}"
        ))?;
        let parameters = named_params! {
            ":id": id,
            ":url": change.url,
            ":has_events": change.events.is_some(),
            ":events": change.events.as_ref().and_then(Option::as_deref).and_then(types_text),
            ":is_enabled": change.is_enabled,
            ":now": Timestamp::now().0,
        };
        Ok(statement.query_row(parameters, hook).optional()?)
    }

    /// A webhook has passed everything up to `position`.
    pub(crate) fn advance_webhook(&mut self, id: i64, position: i64) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "UPDATE webhooks SET position = max(position, ?2), attempts = 0, due_at = 0, \
                 failing_since = NULL, last_error = NULL WHERE id = ?1",
            )?
            .execute((id, position))?;
        Ok(())
    }

    /// A call of a webhook failed.
    pub(crate) fn fail_webhook(&mut self, id: i64, failure: &HookFailure) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "UPDATE webhooks SET attempts = attempts + 1, due_at = ?2, last_error = ?3, \
                 failing_since = coalesce(failing_since, ?4), \
                 position = max(position, ?6), \
                 disabled_at = CASE WHEN ?5 THEN ?4 ELSE disabled_at END WHERE id = ?1",
            )?
            .execute((
                id,
                failure.due_at.0,
                &failure.error,
                failure.now.0,
                failure.is_final,
                failure.position,
            ))?;
        Ok(())
    }
}
