//! Webhooks: addresses to which an administrator wants events posted. Decides what is called, in which order,
//! and when to give up.

use std::time::Duration;

use chinwag_protocol::rest::{MadeWebhook, NewWebhook, Webhook, WebhookChange};
use chinwag_protocol::{ErrorCode, Event, EventKind, Timestamp};

use super::Chat;
use super::access::authorize_admin;
use super::once::{Once, once};
use crate::auth::Actor;
use crate::error::Refusal;
use crate::outbound::WebhookSecret;
use crate::store::{Change, Hook, HookChange, HookFailure, NewHook};

/// The most webhooks of the server: each costs a look at every event.
const MAX_WEBHOOKS: usize = 32;
/// Unwanted events to look at in one step.
const STEP: i64 = 2_000;

/// The next work for a webhook.
pub(crate) enum Due {
    /// Nothing, until there are new events.
    Nothing,
    /// It has passed unwanted events, up to this position.
    Pass(i64),
    /// It should receive this event, at this position.
    Tell(i64, Event),
}

impl Chat {
    /// Creates a webhook. Events from now on are posted to it, in commit order. With a key, a repeat returns
    /// the webhook that the first request created, and its secret.
    ///
    /// # Errors
    /// `Forbidden` unless the caller is an administrator of the server, and for one webhook too many;
    /// `Invalid`; `NoConversation`.
    pub(crate) async fn create_webhook(
        &self,
        actor: &Actor,
        new: NewWebhook,
        key: Option<String>,
    ) -> Result<MadeWebhook, Refusal> {
        self.limit(actor)?;
        authorize_admin(actor)?;
        let key = key.map(|key| Once::new(actor.user_id, key, "webhook", &new));
        let url = self.valid_target("url", &new.url)?.as_str().to_owned();
        let events = new.events.map(valid_events).transpose()?;
        let secret = WebhookSecret::generate();
        let hook =
            NewHook { url, secret: secret.as_bytes().to_vec(), conversation_id: new.conversation_id, events };
        let made = self.store().write(move |change| {
            let again = |change: &mut Change, id| {
                let mut known = change.webhooks()?.into_iter();
                known.find(|hook| hook.id == id).ok_or_else(no_webhook)
            };
            once(change, key.as_ref(), again, |change| {
                if let Some(id) = hook.conversation_id {
                    change.conversation(id)?.ok_or(Refusal::NoConversation)?;
                }
                if change.webhooks()?.len() >= MAX_WEBHOOKS {
                    return Err(Refusal::Forbidden("This server has 32 webhooks already"));
                }
                let made = change.insert_webhook(&hook)?;
                Ok((made.id, made))
            })
        });
        let made = made.await?;
        let secret = WebhookSecret::from_bytes(made.secret.clone()).to_text();
        Ok(MadeWebhook { webhook: made.shown(made.position), secret })
    }

    /// Every webhook, oldest first.
    ///
    /// # Errors
    /// `Forbidden` unless the caller is an administrator of the server.
    pub(crate) async fn webhooks(&self, actor: &Actor) -> Result<Vec<Webhook>, Refusal> {
        authorize_admin(actor)?;
        self.store()
            .read(|view| {
                let head = view.newest_position()?;
                Ok(view.webhooks()?.iter().map(|hook| hook.shown(head)).collect())
            })
            .await
    }

    /// One webhook.
    ///
    /// # Errors
    /// `Forbidden` unless the caller is an administrator of the server, `NotFound`.
    pub(crate) async fn webhook(&self, actor: &Actor, id: i64) -> Result<Webhook, Refusal> {
        authorize_admin(actor)?;
        self.store()
            .read(move |view| {
                let hook = view.webhook(id)?.ok_or_else(no_webhook)?;
                Ok(hook.shown(view.newest_position()?))
            })
            .await
    }

    /// Stops a webhook, resumes it where it stood, or changes its address or events.
    ///
    /// # Errors
    /// `Forbidden`, `NotFound`, `Invalid`.
    pub(crate) async fn update_webhook(
        &self,
        actor: &Actor,
        id: i64,
        wanted: WebhookChange,
    ) -> Result<Webhook, Refusal> {
        self.limit(actor)?;
        authorize_admin(actor)?;
        let url = wanted.url.map(|url| self.valid_target("url", &url)).transpose()?;
        let wanted = HookChange {
            is_enabled: wanted.enabled,
            url: url.map(|url| url.as_str().to_owned()),
            events: wanted.events.map(|events| events.map(valid_events).transpose()).transpose()?,
        };
        self.store()
            .write(move |change| {
                let hook = change.update_webhook(id, &wanted)?.ok_or_else(no_webhook)?;
                Ok(hook.shown(change.newest_position()?))
            })
            .await
    }

    /// Removes a webhook. A call in progress is finished.
    ///
    /// # Errors
    /// `Forbidden`, `NotFound`.
    pub(crate) async fn delete_webhook(&self, actor: &Actor, id: i64) -> Result<(), Refusal> {
        self.limit(actor)?;
        authorize_admin(actor)?;
        let is_deleted =
            self.store().write(move |change| Ok::<_, Refusal>(change.delete_webhook(id)?)).await?;
        if is_deleted { Ok(()) } else { Err(no_webhook()) }
    }

    /// The webhooks, as the worker uses them, and the position of the newest event.
    pub(crate) async fn hooks(&self) -> Result<(Vec<Hook>, i64), Refusal> {
        self.store().read(|view| Ok((view.webhooks()?, view.newest_position()?))).await
    }

    /// The next work for a webhook, behind `hook.position`.
    pub(crate) async fn due_for_webhook(&self, hook: &Hook) -> Result<Due, Refusal> {
        let hook = hook.clone();
        self.store()
            .read(move |view| {
                let through = view.newest_position()?.min(hook.position.saturating_add(STEP));
                if through <= hook.position {
                    return Ok(Due::Nothing);
                }
                Ok(match view.next_event(&hook, through)? {
                    Some((position, event)) => Due::Tell(position, event),
                    None => Due::Pass(through),
                })
            })
            .await
    }

    /// Records that a webhook has passed everything up to `position`.
    pub(crate) async fn advance_webhook(&self, id: i64, position: i64) -> Result<(), Refusal> {
        self.store().write(move |change| Ok(change.advance_webhook(id, position)?)).await
    }

    /// Records a failed call of a webhook. It is retried after `wait`, unless the receiver is gone or has
    /// failed for too long; then the webhook is disabled. Returns whether it was.
    pub(crate) async fn fail_webhook(
        &self,
        hook: &Hook,
        error: String,
        wait: Duration,
        is_gone: bool,
    ) -> Result<bool, Refusal> {
        let now = Timestamp::now();
        let give_up = self.config().outbound.give_up;
        let is_final = is_gone || hook.failing_since.is_some_and(|since| since.after(give_up) <= now);
        let failure = HookFailure { error, position: hook.position, due_at: now.after(wait), now, is_final };
        let id = hook.id;
        self.store().write(move |change| Ok::<_, Refusal>(change.fail_webhook(id, &failure)?)).await?;
        Ok(is_final)
    }
}

fn valid_events(events: Vec<String>) -> Result<Vec<String>, Refusal> {
    let is_known = |event: &String| event.parse::<EventKind>().is_ok();
    if (1..=EventKind::ALL.len()).contains(&events.len()) && events.iter().all(is_known) {
        return Ok(events);
    }
    let all: Vec<&str> = EventKind::ALL.iter().map(|kind| kind.as_str()).collect();
    let message = format!("events must name some of: {}", all.join(", "));
    Err(Refusal::invalid("events", ErrorCode::InvalidFrame, message))
}

fn no_webhook() -> Refusal {
    Refusal::NotFound("Webhook not found".to_owned())
}
