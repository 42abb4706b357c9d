//! Notifies devices. Follows the log and queues jobs; takes those that are due, encrypts what the device is
//! told, and calls its push service.
//!
//! A job is in the database until the push service took it: after a crash it may be sent twice (and replaces
//! itself on the device), but it is not forgotten.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hyper::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::breakers::{Breakers, Health};
use super::{back_off, until, wait_until};
use crate::chat::{Chat, Notification, TTL, WeakChat};
use crate::config::Outbound;
use crate::error::Refusal;
use crate::metrics::Metrics;
use crate::outbound::{Answer, CallError, Client, DeviceKeys, MAX_PLAINTEXT, Target, encrypt};
use crate::store::{JobKey, PushJob};

/// Calls at the same time, of all push services.
const MAX_CALLS: usize = 16;

pub(super) struct Devices {
    chat: WeakChat,
    client: Client,
    metrics: Arc<Metrics>,
    config: Outbound,
    breakers: Breakers,
    calls: JoinSet<(PushJob, Outcome)>,
    in_flight: HashSet<JobKey>,
}

/// What a call came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// The push service took it.
    Sent,
    /// The push service does not know the device any more.
    Gone,
    /// It will never be taken.
    Refused,
    /// Not now. `None`: at our own pace.
    Later(Option<Duration>),
    /// The push service does not work.
    Failed(Option<Duration>),
}

/// The chat is gone: the worker ends.
struct Ended;

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
        }
    }

    /// Works until the chat is gone.
    pub(super) async fn run(mut self, commits: watch::Receiver<()>) {
        // The only way out is that the chat ended.
        let _ = self.work(commits).await;
    }

    async fn work(&mut self, mut commits: watch::Receiver<()>) -> Result<(), Ended> {
        let mut position = self.begin().await?;
        let mut stored = position;
        let (mut is_behind, mut follow_at) = (true, Instant::now());
        let mut wake_at = None;
        loop {
            tokio::select! {
                rung = commits.changed(), if !is_behind => {
                    rung.map_err(|_| Ended)?;
                    is_behind = true;
                    // Under load this is many times a second: the look at the log gathers them.
                    continue;
                }
                () = wait_until(Some(follow_at)), if is_behind => {
                    let step = self.chat()?.queue_pushes(position, stored).await;
                    follow_at = Instant::now() + self.config.gather;
                    match step {
                        Ok(step) => {
                            (position, stored) = (step.position, step.stored);
                            is_behind = step.left > 0;
                            self.metrics.push_dropped.inc_by(u64::try_from(step.dropped).unwrap_or(u64::MAX));
                        }
                        Err(error) => tracing::warn!(%error, "can't look who is to be notified"),
                    }
                }
                Some(ended) = self.calls.join_next() => {
                    // A call that panicked stays in flight until the next start: it would panic again.
                    if let Ok((job, outcome)) = ended {
                        self.settle(&job, outcome).await?;
                    }
                }
                () = wait_until(wake_at) => {}
            }
            wake_at = self.call_what_is_due().await?;
        }
    }

    fn chat(&self) -> Result<Chat, Ended> {
        self.chat.upgrade().ok_or(Ended)
    }

    async fn begin(&self) -> Result<i64, Ended> {
        loop {
            match self.chat()?.push_position().await {
                Ok(position) => return Ok(position),
                Err(error) => tracing::warn!(%error, "can't look where notifications stand"),
            }
            tokio::time::sleep(self.config.retry).await;
        }
    }

    /// Starts as many calls as there is room for. Says when to look again, if nothing happens before.
    async fn call_what_is_due(&mut self) -> Result<Option<Instant>, Ended> {
        let chat = self.chat()?;
        loop {
            let now = Instant::now();
            let room = MAX_CALLS.saturating_sub(self.calls.len());
            if room == 0 {
                return Ok(None);
            }
            // Those in flight are due as well, until they are settled.
            let due = chat.due_pushes(self.breakers.blocked(now), room + self.in_flight.len()).await;
            let (jobs, next, waiting) = match due {
                Ok(due) => due,
                Err(error) => {
                    tracing::warn!(%error, "can't look what is to be sent");
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

    /// Calls for a job, unless there is nothing to tell any more.
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
                None => self.note(chat.finish_push(&job).await, "refused"),
            },
            Ok(None) => self.note(chat.finish_push(&job).await, "outdated"),
            Err(error) => {
                tracing::warn!(%error, "can't read what a device is to be told");
                let wait = back_off(self.config.retry, self.config.retry_max, job.attempts);
                self.note(chat.postpone_push(&job, wait).await, "postponed");
            }
        }
    }

    async fn settle(&mut self, job: &PushJob, outcome: Outcome) -> Result<(), Ended> {
        let chat = self.chat()?;
        self.in_flight.remove(&job.key);
        let is_failing = matches!(outcome, Outcome::Failed(_));
        let health = if is_failing { Health::Failing } else { Health::Fine };
        self.breakers.end(&job.host, health, Instant::now());
        match outcome {
            Outcome::Sent => self.note(chat.finish_push(job).await, "sent"),
            Outcome::Refused => self.note(chat.finish_push(job).await, "refused"),
            Outcome::Gone => self.note(chat.forget_device(job).await, "gone"),
            Outcome::Later(asked) | Outcome::Failed(asked) => {
                let own = back_off(self.config.retry, self.config.retry_max, job.attempts);
                let wait = own.max(asked.unwrap_or_default());
                let outcome = if is_failing { "failed" } else { "postponed" };
                self.note(chat.postpone_push(job, wait).await, outcome);
            }
        }
        Ok(())
    }

    /// A job whose end can't be noted is due still, and comes again.
    fn note(&self, result: Result<(), Refusal>, outcome: &'static str) {
        self.metrics.note_push(outcome);
        if let Err(error) = result {
            tracing::warn!(%error, outcome, "can't note what became of a notification");
        }
    }
}

/// `None` if this server can't send it at all: its configuration, or the row, is not what it was.
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

/// The payload as JSON, its text cut further if it does not fit. What else is in it always does.
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
/// which conversation that is, nor that two devices share one: hence the device's own secret.
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
