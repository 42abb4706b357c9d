//! Push notifications: who subscribes, whom a message notifies, and the content.
//!
//! A message adds no job to its own transaction. `push/` follows the log behind it, and asks here twice: when
//! a message comes, whom to notify; and when a notification is sent, what it says. So nobody is notified of a
//! message that was read or deleted in between.

use std::time::Duration;

use chinwag_protocol::rest::{
    ConversationKind, Message, NewPushSubscription, NotificationLevel, PresenceStatus, PushContent, PushKey,
    PushPayload, PushSubscription,
};
use chinwag_protocol::{ConversationId, ErrorCode, Timestamp, UserId};

use super::Chat;
use super::access::{Action, authorize};
use super::once::{Once, once};
use crate::auth::Actor;
use crate::error::Refusal;
use crate::outbound::{DeviceKeys, Target, Vapid};
use crate::store::{Candidate, Change, JobKey, NewSubscription, Part, PushJob, Which};

/// The most devices of one user; one more removes the oldest.
const MAX_DEVICES: usize = 20;
/// The most jobs that wait. Further ones are dropped: their messages are in the log anyway.
const MAX_JOBS: usize = 100_000;
/// Events to look at in one step.
const STEP: i64 = 2_000;
/// How far the stored position may lag if no job was queued.
const MAX_DRIFT: i64 = 1_000;
/// Older messages notify nobody, and no push service keeps a notification longer.
pub(crate) const TTL: Duration = Duration::from_secs(24 * 60 * 60);
/// Characters of a message in a notification.
const MAX_BODY_CHARS: usize = 240;

/// What a device receives.
pub(crate) struct Notification {
    pub payload: PushPayload,
    /// Whether it concerns the user personally.
    pub is_personal: bool,
}

impl Chat {
    /// The public key of this server's push messages.
    ///
    /// # Errors
    /// `NotFound` if push is off.
    pub(crate) fn push_key(&self) -> Result<PushKey, Refusal> {
        Ok(PushKey { public_key: self.vapid()?.public_key().to_owned() })
    }

    pub(crate) fn vapid(&self) -> Result<&Vapid, Refusal> {
        let off = || Refusal::NotFound("Push notifications are off on this server".to_owned());
        self.inner.vapid.as_ref().ok_or_else(off)
    }

    /// Notifies a device from now on, while the caller's session lasts.
    ///
    /// # Errors
    /// `Invalid` for an endpoint that may not be called, or invalid keys.
    pub(crate) async fn subscribe_push(
        &self,
        actor: &Actor,
        new: NewPushSubscription,
        key: Option<String>,
    ) -> Result<PushSubscription, Refusal> {
        self.limit(actor)?;
        self.vapid()?;
        let key = key.map(|key| Once::new(actor.user_id, key, "push subscription", &new));
        let target = self.valid_target("endpoint", &new.endpoint)?;
        // The payload is encrypted in any case, but the recipient is not.
        if !target.is_encrypted() {
            return Err(invalid("endpoint", "the URL must begin with https://"));
        }
        let keys = DeviceKeys::parse(&new.keys.p256dh, &new.keys.auth)
            .map_err(|field| invalid(field, "this is not a key of a device"))?;
        let subscription = NewSubscription {
            user_id: actor.user_id,
            session: actor.session.as_deref().map(str::to_owned),
            endpoint: target.as_str().to_owned(),
            host: target.host_name(),
            p256dh: keys.p256dh,
            auth: keys.auth,
            content: new.content,
        };
        let owner_id = actor.user_id;
        let again = move |change: &mut Change, id| {
            let mut known = change.push_subscriptions(owner_id)?.into_iter();
            known
                .find(|known| known.id == id)
                .ok_or_else(|| Refusal::NotFound("This subscription has ended".to_owned()))
        };
        self.store()
            .write(move |change| {
                once(change, key.as_ref(), again, |change| {
                    let made = change.put_push_subscription(&subscription, MAX_DEVICES)?;
                    Ok((made.id, made))
                })
            })
            .await
    }

    /// A URL that somebody wants the server to call.
    pub(super) fn valid_target(&self, field: &'static str, url: &str) -> Result<Target, Refusal> {
        Target::parse(url, &self.inner.outbound).map_err(|what| invalid(field, what))
    }

    /// A URL from the database, if it may still be called.
    pub(crate) fn target(&self, url: &str) -> Option<Target> {
        Target::parse(url, &self.inner.outbound).ok()
    }

    /// The caller's devices, oldest first.
    pub(crate) async fn push_subscriptions(&self, actor: &Actor) -> Result<Vec<PushSubscription>, Refusal> {
        let user_id = actor.user_id;
        self.store().read(move |view| Ok(view.push_subscriptions(user_id)?)).await
    }

    /// Stops notifying one of the caller's devices.
    ///
    /// # Errors
    /// `NotFound` if the caller has no such device.
    pub(crate) async fn unsubscribe_push(&self, actor: &Actor, id: i64) -> Result<(), Refusal> {
        let user_id = actor.user_id;
        let is_deleted = self
            .store()
            .write(move |change| Ok::<_, Refusal>(change.delete_push_subscription(user_id, id)?))
            .await?;
        if is_deleted { Ok(()) } else { Err(Refusal::NotFound("Subscription not found".to_owned())) }
    }

    /// Sets which messages of a conversation notify the caller.
    ///
    /// # Errors
    /// `NoConversation`, `NotParticipant`, `RateLimited`.
    pub async fn set_notifications(
        &self,
        actor: &Actor,
        id: ConversationId,
        level: NotificationLevel,
    ) -> Result<(), Refusal> {
        self.limit(actor)?;
        let user_id = actor.user_id;
        self.store()
            .write(move |change| {
                authorize(change.membership(id, user_id)?, Action::Read)?;
                Ok(change.set_notification_level(id, user_id, level)?)
            })
            .await
    }

    /// The position from which to follow the log.
    pub(crate) async fn push_position(&self) -> Result<i64, Refusal> {
        self.store().read(|view| Ok(view.push_position()?)).await
    }

    /// Follows the log one step: queues a job for each device to notify of a message after `position`, in one
    /// transaction with the new position. `stored` is the position in the database.
    pub(crate) async fn queue_pushes(&self, position: i64, stored: i64) -> Result<Followed, Refusal> {
        let since = Timestamp::now().before(TTL);
        let chat = self.clone();
        let (jobs, through, head) = self
            .store()
            .read(move |view| {
                let head = view.newest_position()?;
                if !view.has_push_subscriptions()? {
                    return Ok::<_, Refusal>((Vec::new(), head, head));
                }
                let through = head.min(position.saturating_add(STEP));
                let mut jobs = Vec::new();
                for news in view.news(position, through, since)? {
                    for candidate in view.candidates(news)? {
                        if chat.is_told(&candidate) {
                            let (subscription, conversation_id) =
                                (candidate.subscription, news.conversation_id);
                            jobs.push((JobKey { subscription, conversation_id }, news.last));
                        }
                    }
                }
                Ok((jobs, through, head))
            })
            .await?;
        let mut followed = Followed { position: through, stored, left: head - through, dropped: 0 };
        if !jobs.is_empty() || through - stored >= MAX_DRIFT {
            followed.dropped = self
                .store()
                .write(move |change| Ok::<_, Refusal>(change.add_push_jobs(&jobs, through, MAX_JOBS)?))
                .await?;
            followed.stored = through;
        }
        Ok(followed)
    }

    /// Whether this device gets a notification.
    fn is_told(&self, candidate: &Candidate) -> bool {
        let is_wanted = match which(candidate.level, candidate.kind) {
            None => false,
            Some(Which::Any) => true,
            Some(Which::Mentions) => candidate.is_mentioned,
        };
        is_wanted && self.is_elsewhere(candidate.user_id, candidate.presence)
    }

    /// Whether a user needs a notification: they are not connected, or are away. A user who does not want to
    /// be disturbed gets none.
    fn is_elsewhere(&self, user_id: UserId, presence: PresenceStatus) -> bool {
        match presence {
            PresenceStatus::Dnd => false,
            PresenceStatus::Away => true,
            PresenceStatus::Online | PresenceStatus::Invisible | PresenceStatus::Offline => {
                !self.connections().is_here(user_id)
            }
        }
    }

    /// The due jobs except those for these hosts, when the next one is due, and how many wait.
    pub(crate) async fn due_pushes(
        &self,
        without_hosts: Vec<String>,
        limit: usize,
    ) -> Result<(Vec<PushJob>, Option<Timestamp>, usize), Refusal> {
        self.store()
            .read(move |view| {
                let now = Timestamp::now();
                let (next, waiting) = view.push_backlog(now)?;
                Ok((view.due_push_jobs(now, &without_hosts, limit)?, next, waiting))
            })
            .await
    }

    /// What a device should receive now; `None` if there is nothing to send any longer.
    pub(crate) async fn notification(&self, job: &PushJob) -> Result<Option<Notification>, Refusal> {
        let (id, user_id, content) = (job.key.conversation_id, job.user_id, job.content);
        let is_too_old = job.created_at.after(TTL) < Timestamp::now();
        if !job.is_live || is_too_old {
            return Ok(None);
        }
        let chat = self.clone();
        self.store()
            .read(move |view| {
                let Part::Participant(standing) = view.membership(id, user_id)? else {
                    return Ok(None);
                };
                let Some(which) = which(view.notification_level(id, user_id)?, standing.kind) else {
                    return Ok(None);
                };
                if !chat.is_elsewhere(user_id, view.status(user_id)?.chosen) {
                    return Ok(None);
                }
                let Some(receipt) = view.receipt(id, user_id)? else { return Ok(None) };
                let Some(newest) = view.newest_unread(id, user_id, receipt.read_seq, which)? else {
                    return Ok(None);
                };
                let Some(message) = view.message(newest)? else { return Ok(None) };
                let unread = view.unread(&receipt)?;
                let is_direct = standing.kind == ConversationKind::Direct;
                let sender = view.user(message.sender_id)?;
                let display_name = sender.map_or(message.sender_name.clone(), |user| user.display_name());
                let title = match view.conversation(id)? {
                    Some(conversation) if !is_direct => conversation.title,
                    _ => display_name.clone(),
                };
                let is_full = content == PushContent::Full;
                Ok(Some(Notification {
                    is_personal: is_direct || unread.mentions > 0,
                    payload: PushPayload {
                        kind: "message",
                        conversation_id: id,
                        message_id: message.id,
                        seq: message.seq,
                        title: is_full.then_some(title),
                        sender_name: is_full.then(|| message.sender_name.clone()),
                        sender_display_name: is_full.then_some(display_name),
                        body: is_full.then(|| shortened(summary(&message))),
                        unread: unread.messages,
                        tag: format!("conversation-{id}"),
                        url: format!("/c/{id}?m={}", message.id),
                    },
                }))
            })
            .await
    }

    /// Ends a job: it was sent, had nothing to send, or was refused for good.
    pub(crate) async fn finish_push(&self, job: &PushJob) -> Result<(), Refusal> {
        let (key, seq) = (job.key, job.seq);
        self.store().write(move |change| Ok(change.finish_push_job(key, seq)?)).await
    }

    /// Schedules a job again for later.
    pub(crate) async fn postpone_push(&self, job: &PushJob, wait: Duration) -> Result<(), Refusal> {
        let key = job.key;
        let due_at = Timestamp::now().after(wait);
        self.store().write(move |change| Ok(change.postpone_push_job(key, due_at)?)).await
    }

    /// Removes a device that its push service no longer knows.
    pub(crate) async fn forget_device(&self, job: &PushJob) -> Result<(), Refusal> {
        let id = job.key.subscription;
        self.store().write(move |change| Ok(change.forget_push_subscription(id)?)).await
    }
}

/// The result of one step along the log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Followed {
    pub position: i64,
    pub stored: i64,
    pub left: i64,
    pub dropped: usize,
}

/// Which messages notify a user. In a direct conversation, every message is personal.
fn which(level: NotificationLevel, kind: ConversationKind) -> Option<Which> {
    match (level, kind) {
        (NotificationLevel::None, _) => None,
        (NotificationLevel::All, _) | (_, ConversationKind::Direct) => Some(Which::Any),
        (NotificationLevel::Mentions, ConversationKind::Group) => Some(Which::Mentions),
    }
}

/// The text of a message, or the name of its first file if it has no text.
fn summary(message: &Message) -> &str {
    match message.extras.attachments.first() {
        Some(file) if message.content.is_empty() => &file.name,
        _ => &message.content,
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_BODY_CHARS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn invalid(field: &'static str, message: &str) -> Refusal {
    Refusal::invalid(field, ErrorCode::InvalidFrame, message)
}
