//! Calls webhooks: for each, one event at a time, in commit order. The next event waits until the receiver
//! accepts the current one, however many attempts that takes.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chinwag_protocol::{Event, Timestamp};
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::follower::{Ended, Worker};
use super::{back_off, until};
use crate::chat::{Chat, Due, WeakChat};
use crate::config::Outbound;
use crate::metrics::Metrics;
use crate::outbound::{CallError, Client, Target, WebhookSecret, sign};
use crate::store::Hook;

/// How far the stored position may lag if only unwanted events were passed.
const MAX_DRIFT: i64 = 1_000;

pub(super) struct Webhooks {
    chat: WeakChat,
    client: Client,
    metrics: Arc<Metrics>,
    config: Outbound,
    calls: JoinSet<Called>,
    busy: HashSet<i64>,
    /// The position up to which each webhook has passed unwanted events, beyond what the database knows.
    passed: HashMap<i64, i64>,
}

/// A call that ended.
pub(super) struct Called {
    hook: Hook,
    position: i64,
    outcome: Result<(), Failure>,
}

/// Why a call failed.
struct Failure {
    reason: String,
    retry_after: Option<Duration>,
    is_gone: bool,
}

impl Webhooks {
    pub(super) fn new(chat: &Chat, client: &Client, metrics: &Arc<Metrics>) -> Self {
        Self {
            chat: chat.downgrade(),
            client: client.clone(),
            metrics: Arc::clone(metrics),
            config: chat.config().outbound.clone(),
            calls: JoinSet::new(),
            busy: HashSet::new(),
            passed: HashMap::new(),
        }
    }

    fn chat(&self) -> Result<Chat, Ended> {
        self.chat.upgrade().ok_or(Ended)
    }

    /// Passes the events that a webhook does not want, then calls it for the next one that it wants.
    async fn advance(&mut self, chat: &Chat, hook: &mut Hook, stored: i64) {
        loop {
            match chat.due_for_webhook(hook).await {
                Ok(Due::Pass(position)) => {
                    hook.position = position;
                    self.passed.insert(hook.id, position);
                }
                Ok(Due::Tell(position, event)) => {
                    self.call(chat, hook.clone(), position, &event);
                    return;
                }
                Ok(Due::Nothing) => {
                    if hook.position - stored >= MAX_DRIFT
                        && let Err(error) = chat.advance_webhook(hook.id, hook.position).await
                    {
                        tracing::warn!(%error, webhook = hook.id, "can't store the position of a webhook");
                    }
                    return;
                }
                Err(error) => {
                    tracing::warn!(%error, webhook = hook.id, "can't read the next event of a webhook");
                    return;
                }
            }
        }
    }

    fn call(&mut self, chat: &Chat, hook: Hook, position: i64, event: &Event) {
        let target = chat.target(&hook.url);
        let (headers, body) = signed(&hook, position, event);
        let client = self.client.clone();
        self.busy.insert(hook.id);
        self.calls.spawn(async move {
            let outcome = match target {
                Some(target) => call(&client, &target, headers, body).await,
                None => Err(Failure::because("its address may not be called")),
            };
            Called { hook, position, outcome }
        });
    }
}

impl Worker for Webhooks {
    type Called = Called;

    fn calls(&mut self) -> &mut JoinSet<Called> {
        &mut self.calls
    }

    /// Each webhook has its own position, and reads on from it in its turn.
    async fn read_on(&mut self) -> Result<bool, Ended> {
        Ok(false)
    }

    async fn note(&mut self, called: Called) -> Result<(), Ended> {
        let chat = self.chat()?;
        let Called { hook, position, outcome } = called;
        self.busy.remove(&hook.id);
        let noted = match outcome {
            Ok(()) => {
                // If it can't be stored, at least this process does not send it again.
                self.passed.insert(hook.id, position);
                let noted = chat.advance_webhook(hook.id, position).await;
                self.metrics.note_webhook(hook.id, "delivered");
                noted
            }
            Err(failure) => {
                self.metrics.note_webhook(hook.id, "failed");
                let own = back_off(self.config.retry, self.config.retry_max, hook.attempts);
                let wait = own.max(failure.retry_after.unwrap_or_default());
                let (id, reason) = (hook.id, failure.reason);
                match chat.fail_webhook(&hook, reason.clone(), wait, failure.is_gone).await {
                    Ok(true) => {
                        tracing::error!(
                            webhook = id,
                            reason,
                            "a webhook was disabled: it failed for too long"
                        );
                        Ok(())
                    }
                    Ok(false) => {
                        tracing::warn!(webhook = id, reason, "a webhook failed and will be retried");
                        Ok(())
                    }
                    Err(error) => Err(error),
                }
            }
        };
        if let Err(error) = noted {
            tracing::warn!(%error, webhook = hook.id, "can't store the outcome of a webhook's call");
        }
        Ok(())
    }

    /// Starts one call for each webhook that is not waiting and has something to send.
    async fn call_what_is_due(&mut self) -> Result<Option<Instant>, Ended> {
        let chat = self.chat()?;
        let (hooks, head) = match chat.hooks().await {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(%error, "can't look for webhooks");
                return Ok(Some(Instant::now() + self.config.retry));
            }
        };
        self.passed.retain(|id, _| hooks.iter().any(|hook| hook.id == *id));
        let (mut lags, mut next) = (Vec::new(), None);
        for mut hook in hooks {
            let stored = hook.position;
            hook.position = stored.max(self.passed.get(&hook.id).copied().unwrap_or_default());
            if !hook.is_disabled && !self.busy.contains(&hook.id) {
                match until(hook.due_at) {
                    Duration::ZERO => self.advance(&chat, &mut hook, stored).await,
                    wait => next = next.into_iter().chain([Instant::now() + wait]).min(),
                }
            }
            lags.push((hook.id, (head - hook.position).max(0)));
        }
        self.metrics.note_webhook_lags(&lags);
        Ok(next)
    }
}

impl Failure {
    fn because(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), retry_after: None, is_gone: false }
    }
}

/// The event as sockets send it, and the headers that prove that it is ours.
fn signed(hook: &Hook, position: i64, event: &Event) -> (HeaderMap, Bytes) {
    // Nothing in an event can fail to serialize.
    let body = serde_json::to_vec(event).unwrap_or_default();
    // The position alone would repeat for another event after a restore of an older copy.
    let id = format!("event-{position}-{}", event.entry().stamp.as_str());
    let seconds = Timestamp::now().0 / 1000;
    let signature = sign(&WebhookSecret::from_bytes(hook.secret.clone()), &id, seconds, &body);
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert("webhook-timestamp", HeaderValue::from(seconds));
    for (name, value) in [("webhook-id", id), ("webhook-signature", signature)] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    (headers, body.into())
}

async fn call(client: &Client, target: &Target, headers: HeaderMap, body: Bytes) -> Result<(), Failure> {
    match client.post(target, headers, body).await {
        Ok(answer) if answer.is_success() => Ok(()),
        Ok(answer) => Err(Failure {
            reason: format!("HTTP {}", answer.status),
            retry_after: answer.retry_after.filter(|_| matches!(answer.status, 429 | 503)),
            is_gone: answer.status == 410,
        }),
        Err(error @ CallError::Http(_)) => {
            // The error's own text may contain what the receiver sent.
            tracing::debug!(%error, "a webhook does not speak HTTP");
            Err(Failure::because("does not speak HTTP"))
        }
        Err(error) => Err(Failure::because(error.to_string())),
    }
}
