//! Notifies devices. Follows the log and queues jobs; for each job that is due, encrypts the notification and
//! calls the device's push service.
//!
//! A job stays in the database until the push service accepts it. After a crash it may be sent twice (it then
//! replaces itself on the device), but it is never lost.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hyper::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::breakers::{Breakers, Health};
use super::follower::{Ended, Worker};
use super::{back_off, until};
use crate::chat::{Chat, Notification, TTL, WeakChat};
use crate::config::Outbound;
use crate::error::Refusal;
use crate::metrics::Metrics;
use crate::outbound::{Answer, CallError, Client, DeviceKeys, MAX_PLAINTEXT, Target, encrypt};
use crate::store::{JobKey, PushJob};

/// Simultaneous calls, over all push services.
const MAX_CALLS: usize = 16;

pub(super) struct Devices {
    chat: WeakChat,
    client: Client,
    metrics: Arc<Metrics>,
    config: Outbound,
    breakers: Breakers,
    calls: JoinSet<(PushJob, Outcome)>,
    in_flight: HashSet<JobKey>,
    /// The position up to which the log was read, and the one in the database. `None` until the database was
    /// asked.
    position: Option<(i64, i64)>,
}

/// The outcome of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The push service accepted it.
    Sent,
    /// The push service no longer knows the device.
    Gone,
    /// The push service will never accept it.
    Refused,
    /// Not now. `None`: retry at our own pace.
    Later(Option<Duration>),
    /// The push service is failing.
    Failed(Option<Duration>),
}

impl Devices {
    pub(super) fn new(chat: &Chat, client: &Client, metrics: &Arc<Metrics>) -> Self {
        let config = chat.config().outbound.clone();
        Self {
            chat: chat.downgrade(),
            client: client.clone(),
            metrics: Arc::clone(metrics),
            breakers: Breakers::new(config.retry, config.retry_max),
            config,
            calls: JoinSet::new(),
            in_flight: HashSet::new(),
            position: None,
        }
    }

    fn chat(&self) -> Result<Chat, Ended> {
        self.chat.upgrade().ok_or(Ended)
    }

    /// Makes the call for a job, unless there is nothing to send any longer.
    async fn begin_call(&mut self, chat: &Chat, job: PushJob) {
        match chat.notification(&job).await {
            Ok(Some(notification)) => match prepare(chat, &job, &notification) {
                Some((target, headers, body)) => {
                    self.breakers.begin(&job.host);
                    self.in_flight.insert(job.key);
                    let client = self.client.clone();
                    self.calls.spawn(async move {
                        let outcome = judge(client.post(&target, headers, body.into()).await);
                        (job, outcome)
                    });
                }
                None => self.noted(chat.finish_push(&job).await, "refused"),
            },
            Ok(None) => self.noted(chat.finish_push(&job).await, "outdated"),
            Err(error) => {
                tracing::warn!(%error, "can't read a notification");
                let wait = back_off(self.config.retry, self.config.retry_max, job.attempts);
                self.noted(chat.postpone_push(&job, wait).await, "postponed");
            }
        }
    }

    /// A job whose end can't be stored is still due, and comes again.
    fn noted(&self, result: Result<(), Refusal>, outcome: &'static str) {
        self.metrics.note_push(outcome);
        if let Err(error) = result {
            tracing::warn!(%error, outcome, "can't store the outcome of a notification");
        }
    }
}

impl Worker for Devices {
    type Called = (PushJob, Outcome);

    fn calls(&mut self) -> &mut JoinSet<Self::Called> {
        &mut self.calls
    }

    /// Queues jobs for new events.
    async fn read_on(&mut self) -> Result<bool, Ended> {
        let chat = self.chat()?;
        let (position, stored) = match self.position {
            Some(position) => position,
            None => match chat.push_position().await {
                Ok(stored) => (stored, stored),
                Err(error) => {
                    tracing::warn!(%error, "can't read the position of notifications");
                    return Ok(true);
                }
            },
        };
        match chat.queue_pushes(position, stored).await {
            Ok(followed) => {
                self.position = Some((followed.position, followed.stored));
                self.metrics.push_dropped.inc_by(u64::try_from(followed.dropped).unwrap_or(u64::MAX));
                Ok(followed.left > 0)
            }
            Err(error) => {
                tracing::warn!(%error, "can't find out whom to notify");
                Ok(true)
            }
        }
    }

    async fn note(&mut self, (job, outcome): (PushJob, Outcome)) -> Result<(), Ended> {
        let chat = self.chat()?;
        self.in_flight.remove(&job.key);
        let is_failing = matches!(outcome, Outcome::Failed(_));
        let health = if is_failing { Health::Failing } else { Health::Fine };
        self.breakers.end(&job.host, health, Instant::now());
        match outcome {
            Outcome::Sent => self.noted(chat.finish_push(&job).await, "sent"),
            Outcome::Refused => self.noted(chat.finish_push(&job).await, "refused"),
            Outcome::Gone => self.noted(chat.forget_device(&job).await, "gone"),
            Outcome::Later(asked) | Outcome::Failed(asked) => {
                let own = back_off(self.config.retry, self.config.retry_max, job.attempts);
                let wait = own.max(asked.unwrap_or_default());
                let outcome = if is_failing { "failed" } else { "postponed" };
                self.noted(chat.postpone_push(&job, wait).await, outcome);
            }
        }
        Ok(())
    }

    /// Starts as many calls as there is room for.
    async fn call_what_is_due(&mut self) -> Result<Option<Instant>, Ended> {
        let chat = self.chat()?;
        loop {
            let now = Instant::now();
            let room = MAX_CALLS.saturating_sub(self.calls.len());
            if room == 0 {
                return Ok(None);
            }
            // Those in flight stay due until they are settled.
            let due = chat.due_pushes(self.breakers.blocked(now), room + self.in_flight.len()).await;
            let (jobs, next, waiting) = match due {
                Ok(due) => due,
                Err(error) => {
                    tracing::warn!(%error, "can't read the due notifications");
                    return Ok(Some(now + self.config.retry));
                }
            };
            self.metrics.push_jobs.set(i64::try_from(waiting).unwrap_or(i64::MAX));
            let mut has_begun = false;
            for job in jobs {
                if self.in_flight.contains(&job.key) || !self.breakers.admits(&job.host, now) {
                    continue;
                }
                has_begun = true;
                self.begin_call(&chat, job).await;
                if self.calls.len() >= MAX_CALLS {
                    break;
                }
            }
            if !has_begun {
                let due_at = next.map(|time| now + until(time));
                return Ok(due_at.into_iter().chain(self.breakers.next_close(now)).min());
            }
        }
    }
}

/// `None` if this server can't send it: its configuration, or the row, has changed.
fn prepare(chat: &Chat, job: &PushJob, notification: &Notification) -> Option<(Target, HeaderMap, Vec<u8>)> {
    let target = chat.target(&job.endpoint)?;
    let keys = DeviceKeys { p256dh: job.p256dh.clone(), auth: job.auth.clone() };
    let body = encrypt(&keys, &plaintext(notification)).ok()?;
    let authorization = chat.vapid().ok()?.authorization(&target).ok()?;
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static("aes128gcm"));
    headers.insert(AUTHORIZATION, HeaderValue::from_str(&authorization).ok()?);
    headers.insert("ttl", HeaderValue::from(TTL.as_secs()));
    let urgency = if notification.is_personal { "high" } else { "normal" };
    headers.insert("urgency", HeaderValue::from_static(urgency));
    headers.insert("topic", HeaderValue::from_str(&topic(job)).ok()?);
    Some((target, headers, body))
}

/// The payload as JSON, with its text shortened if necessary. The rest always fits.
fn plaintext(notification: &Notification) -> Vec<u8> {
    let mut payload = notification.payload.clone();
    loop {
        let json = serde_json::to_vec(&payload).unwrap_or_default();
        if json.len() <= MAX_PLAINTEXT {
            return json;
        }
        let Some(body) = payload.body.take() else { return json };
        payload.body = Some(body.chars().take(body.chars().count() / 2).collect());
    }
}

/// Messages of one conversation replace each other at the push service (RFC 8030 5.4). It must not learn
/// which conversation that is, nor that two devices share one; hence the device's own secret.
fn topic(job: &PushJob) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &job.auth);
    let tag = hmac::sign(&key, format!("conversation {}", job.key.conversation_id).as_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(tag.as_ref().get(..24).unwrap_or_default())
}

fn judge(called: Result<Answer, CallError>) -> Outcome {
    match called {
        Ok(answer) if answer.is_success() => Outcome::Sent,
        Ok(Answer { status: 404 | 410, .. }) => Outcome::Gone,
        Ok(Answer { status: 429, retry_after }) => Outcome::Later(retry_after),
        Ok(Answer { status: 408 | 500..=599, retry_after }) => Outcome::Failed(retry_after),
        Ok(Answer { status, .. }) => {
            tracing::warn!(status, "a push service refused a notification");
            Outcome::Refused
        }
        Err(CallError::Forbidden) => Outcome::Refused,
        Err(CallError::Unusable(reason)) => {
            tracing::error!(reason, "notifications can't be sent");
            Outcome::Later(None)
        }
        Err(CallError::TimedOut | CallError::Unreachable(_) | CallError::Http(_)) => Outcome::Failed(None),
    }
}
