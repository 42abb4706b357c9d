//! Devices that want notifications, and the jobs to notify them. `chat/push.rs` decides who gets one; this
//! file has the facts.

use chinwag_protocol::rest::{
    ConversationKind, NotificationLevel, PresenceStatus, PushContent, PushSubscription,
};
use chinwag_protocol::{ConversationId, MessageId, Seq, Timestamp, UserId};

use super::conversations::KIND;
use super::sql::{DatabaseError, Row, values};
use super::users::PRESENCE;
use super::words::{text, word};
use super::{Change, StoreError, View};

/// A device to add.
#[derive(Clone)]
pub(crate) struct NewSubscription {
    pub user_id: UserId,
    pub session: Option<String>,
    pub endpoint: String,
    pub host: String,
    pub p256dh: Vec<u8>,
    pub auth: Vec<u8>,
    pub content: PushContent,
}

/// New messages of one conversation, among a part of the server's events.
#[derive(Clone, Copy, Debug)]
pub(crate) struct News {
    pub conversation_id: ConversationId,
    pub first: Seq,
    pub last: Seq,
}

/// A device of a participant in a conversation with news.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub subscription: i64,
    pub user_id: UserId,
    pub level: NotificationLevel,
    pub kind: ConversationKind,
    pub presence: PresenceStatus,
    /// Whether a new message names the user.
    pub is_mentioned: bool,
}

/// Which device is to be notified of which conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct JobKey {
    pub subscription: i64,
    pub conversation_id: ConversationId,
}

/// A due job, with its device.
#[derive(Clone)]
pub(crate) struct PushJob {
    pub key: JobKey,
    pub seq: Seq,
    pub attempts: u32,
    pub created_at: Timestamp,
    pub user_id: UserId,
    pub endpoint: String,
    pub host: String,
    pub p256dh: Vec<u8>,
    pub auth: Vec<u8>,
    pub content: PushContent,
    /// Whether its user and session are still valid.
    pub is_live: bool,
}

/// Whether the session of a device is live at this time.
const SESSION_IS_LIVE: &str = "(push_subscriptions.session_id IS NULL OR EXISTS ( \
     SELECT 1 FROM sessions WHERE sessions.id = push_subscriptions.session_id AND sessions.revoked_at IS NULL \
     AND (sessions.expires_at > ?2 OR EXISTS ( \
         SELECT 1 FROM refresh_tokens WHERE refresh_tokens.session_id = sessions.id \
         AND refresh_tokens.used_at IS NULL AND refresh_tokens.expires_at > ?2))))";

const CONTENT: &str = "push_subscriptions.content";
pub(super) const NOTIFICATIONS: &str = "participants.notifications";

fn subscription(row: &Row<'_>) -> Result<PushSubscription, DatabaseError> {
    Ok(PushSubscription {
        id: row.get(0)?,
        endpoint_host: row.get(1)?,
        content: word(row, 2, CONTENT)?,
        created_at: row.get::<Timestamp>(3)?.created_at(),
    })
}

impl View {
    /// A user's devices, oldest first.
    pub(crate) fn push_subscriptions(&self, user_id: UserId) -> Result<Vec<PushSubscription>, StoreError> {
        self.sql.all(
            "SELECT id, host, content, created_at FROM push_subscriptions WHERE user_id = ?1 ORDER BY id",
            values![user_id],
            subscription,
        )
    }

    /// Which messages of a conversation notify a participant.
    pub(crate) fn notification_level(
        &self,
        conversation_id: ConversationId,
        user_id: UserId,
    ) -> Result<NotificationLevel, StoreError> {
        let level = self.sql.one(
            "SELECT notifications FROM participants WHERE conversation_id = ?1 AND user_id = ?2",
            values![conversation_id, user_id],
            |row| word(row, 0, NOTIFICATIONS),
        )?;
        Ok(level.unwrap_or_default())
    }

    /// The event up to which devices have their jobs.
    pub(crate) fn push_position(&self) -> Result<i64, StoreError> {
        let value: String =
            self.sql.single("SELECT value FROM meta WHERE key = 'push_position'", &[], |row| row.get(0))?;
        Ok(value.parse().unwrap_or_default())
    }

    /// Whether anybody has a device.
    pub(crate) fn has_push_subscriptions(&self) -> Result<bool, StoreError> {
        self.sql.single("SELECT EXISTS (SELECT 1 FROM push_subscriptions)", &[], |row| row.get(0))
    }

    /// Conversations with new messages among the events after one id and up to another.
    pub(crate) fn news(&self, after: i64, through: i64, since: Timestamp) -> Result<Vec<News>, StoreError> {
        self.sql.all(
            "SELECT conversation_id, min(seq), max(seq) FROM events \
             WHERE id > ?1 AND id <= ?2 AND kind = 'message' AND deleted_at IS NULL AND ts > ?3 \
             GROUP BY conversation_id",
            values![after, through, since],
            |row| Ok(News { conversation_id: row.get(0)?, first: row.get(1)?, last: row.get(2)? }),
        )
    }

    /// The devices of participants to whom this is news: somebody else wrote, and they have not read it.
    pub(crate) fn candidates(&self, news: News) -> Result<Vec<Candidate>, StoreError> {
        self.sql.all(
            "SELECT push_subscriptions.id, users.id, participants.notifications, conversations.kind, \
                    users.presence, \
                    EXISTS (SELECT 1 FROM mentions WHERE mentions.user_id = users.id \
                            AND mentions.conversation_id = ?1 AND mentions.seq BETWEEN ?2 AND ?3) \
             FROM participants \
             JOIN push_subscriptions ON push_subscriptions.user_id = participants.user_id \
             JOIN users ON users.id = participants.user_id AND users.is_active \
             JOIN conversations ON conversations.id = participants.conversation_id \
             WHERE participants.conversation_id = ?1 AND participants.read_seq < ?3 \
               AND EXISTS (SELECT 1 FROM events WHERE events.conversation_id = ?1 \
                           AND events.seq BETWEEN ?2 AND ?3 AND events.kind = 'message' \
                           AND events.deleted_at IS NULL AND events.actor_id != participants.user_id)",
            values![news.conversation_id, news.first, news.last],
            |row| {
                Ok(Candidate {
                    subscription: row.get(0)?,
                    user_id: row.get(1)?,
                    level: word(row, 2, NOTIFICATIONS)?,
                    kind: word(row, 3, KIND)?,
                    presence: word(row, 4, PRESENCE)?,
                    is_mentioned: row.get(5)?,
                })
            },
        )
    }

    /// Due jobs, longest due first, except those for these hosts.
    pub(crate) fn due_push_jobs(
        &self,
        now: Timestamp,
        without_hosts: &[String],
        limit: usize,
    ) -> Result<Vec<PushJob>, StoreError> {
        let hosts = serde_json::to_string(without_hosts).unwrap_or_default();
        let listed = self.sql.spelling().listed_texts;
        self.sql.all(&format!(
            "SELECT push_jobs.subscription_id, push_jobs.conversation_id, push_jobs.seq, push_jobs.attempts, \
                    push_jobs.created_at, push_subscriptions.user_id, endpoint, host, p256dh, auth, content, \
                    users.is_active AND {SESSION_IS_LIVE} \
             FROM push_jobs \
             JOIN push_subscriptions ON push_subscriptions.id = push_jobs.subscription_id \
             JOIN users ON users.id = push_subscriptions.user_id \
             WHERE due_at <= ?2 AND host NOT IN {listed} \
             ORDER BY due_at LIMIT ?3"
        ), values![&hosts, now, limit], |row| {
                Ok(PushJob {
                    key: JobKey { subscription: row.get(0)?, conversation_id: row.get(1)? },
                    seq: row.get(2)?,
                    attempts: row.get(3)?,
                    created_at: row.get(4)?,
                    user_id: row.get(5)?,
                    endpoint: row.get(6)?,
                    host: row.get(7)?,
                    p256dh: row.get(8)?,
                    auth: row.get(9)?,
                    content: word(row, 10, CONTENT)?,
                    is_live: row.get(11)?,
                })
            })
    }

    /// When the next job that is not yet due will be, and how many jobs there are in all.
    pub(crate) fn push_backlog(&self, now: Timestamp) -> Result<(Option<Timestamp>, usize), StoreError> {
        self.sql.single(
            "SELECT (SELECT min(due_at) FROM push_jobs WHERE due_at > ?1), \
                                    (SELECT count(*) FROM push_jobs)",
            values![now],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
    }

    /// The newest message by others after a seq; with `mentions`, only those that name the user.
    pub(crate) fn newest_unread(
        &self,
        conversation_id: ConversationId,
        user_id: UserId,
        after: Seq,
        which: Which,
    ) -> Result<Option<MessageId>, StoreError> {
        let condition = match which {
            Which::Any => "",
            Which::Mentions => {
                "AND EXISTS (SELECT 1 FROM mentions WHERE mentions.user_id = ?2 \
                             AND mentions.conversation_id = ?1 AND mentions.seq = events.seq)"
            }
        };
        self.sql.one(
            &format!(
                "SELECT id FROM events WHERE conversation_id = ?1 AND seq > ?3 AND kind = 'message' \
             AND deleted_at IS NULL AND actor_id != ?2 {condition} ORDER BY seq DESC LIMIT 1"
            ),
            values![conversation_id, user_id, after],
            |row| row.get(0),
        )
    }
}

/// Which unread messages count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    Any,
    Mentions,
}

impl Change {
    /// Stores a device. The same endpoint again is the same device, whoever uses it now; jobs for its
    /// previous user are dropped. Beyond `limit` devices of a user, the oldest are removed.
    pub(crate) fn put_push_subscription(
        &mut self,
        new: &NewSubscription,
        limit: usize,
    ) -> Result<PushSubscription, StoreError> {
        self.sql.change(
            "DELETE FROM push_subscriptions WHERE endpoint = ?1 AND user_id != ?2",
            values![&new.endpoint, new.user_id],
        )?;
        let made = self.sql.single(
            "INSERT INTO push_subscriptions \
                     (user_id, session_id, endpoint, host, p256dh, auth, content, created_at) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) \
                 ON CONFLICT (endpoint) DO UPDATE SET session_id = excluded.session_id, \
                     p256dh = excluded.p256dh, auth = excluded.auth, content = excluded.content \
                 RETURNING id, host, content, created_at",
            values![
                new.user_id,
                new.session.as_deref(),
                &new.endpoint,
                &new.host,
                &new.p256dh,
                &new.auth,
                text(new.content),
                Timestamp::now()
            ],
            subscription,
        )?;
        self.sql.change(
            "DELETE FROM push_subscriptions WHERE user_id = ?1 AND id != ?2 AND id NOT IN ( \
                     SELECT id FROM push_subscriptions WHERE user_id = ?1 AND id != ?2 \
                     ORDER BY id DESC LIMIT ?3)",
            values![new.user_id, made.id, limit.saturating_sub(1)],
        )?;
        Ok(made)
    }

    /// Removes a device of a user. False if they have no such device.
    pub(crate) fn delete_push_subscription(&mut self, user_id: UserId, id: i64) -> Result<bool, StoreError> {
        let deleted = self
            .sql
            .change("DELETE FROM push_subscriptions WHERE id = ?2 AND user_id = ?1", values![user_id, id])?;
        Ok(deleted > 0)
    }

    /// Sets which messages of a conversation notify a participant.
    pub(crate) fn set_notification_level(
        &mut self,
        conversation_id: ConversationId,
        user_id: UserId,
        level: NotificationLevel,
    ) -> Result<(), StoreError> {
        self.sql.change(
            "UPDATE participants SET notifications = ?3 WHERE conversation_id = ?1 AND user_id = ?2",
            values![conversation_id, user_id, text(level)],
        )?;
        Ok(())
    }

    /// Queues jobs, and stores the event up to which devices have theirs. A device and a conversation share
    /// one job: a second one only moves its `seq`. Beyond `limit` jobs, new ones are dropped; returns how
    /// many.
    pub(crate) fn add_push_jobs(
        &mut self,
        jobs: &[(JobKey, Seq)],
        position: i64,
        limit: usize,
    ) -> Result<usize, StoreError> {
        // Only forward: whoever has read further has queued these, too.
        let moved = self.sql.change(
            "UPDATE meta SET value = ?1 WHERE key = 'push_position' AND CAST(value AS BIGINT) < CAST(?1 AS BIGINT)",
            values![&position.to_string()],
        )?;
        if moved == 0 {
            return Ok(0);
        }
        let now = Timestamp::now();
        let (_, mut waiting) = self.push_backlog(now)?;
        let mut dropped = 0;
        for (key, seq) in jobs {
            let moved = self.sql.change(
                "UPDATE push_jobs SET seq = CASE WHEN seq < ?3 THEN ?3 ELSE seq END \
                     WHERE subscription_id = ?1 AND conversation_id = ?2",
                values![key.subscription, key.conversation_id, *seq],
            )?;
            if moved > 0 {
                continue;
            }
            if waiting >= limit {
                dropped += 1;
                continue;
            }
            // The device may be gone by now.
            waiting += self.sql.change(
                "INSERT INTO push_jobs (subscription_id, conversation_id, seq, due_at, created_at) \
                     SELECT id, ?2, ?3, ?4, ?4 FROM push_subscriptions WHERE id = ?1",
                values![key.subscription, key.conversation_id, *seq, now],
            )?;
        }
        Ok(dropped)
    }

    /// Ends a job up to `seq`. Messages written meanwhile turn it into a new job.
    pub(crate) fn finish_push_job(&mut self, key: JobKey, seq: Seq) -> Result<(), StoreError> {
        let deleted = self.sql.change(
            "DELETE FROM push_jobs WHERE subscription_id = ?1 AND conversation_id = ?2 AND seq <= ?3",
            values![key.subscription, key.conversation_id, seq],
        )?;
        if deleted == 0 {
            self.sql.change(
                "UPDATE push_jobs SET attempts = 0, due_at = ?3, created_at = ?3 \
                     WHERE subscription_id = ?1 AND conversation_id = ?2",
                values![key.subscription, key.conversation_id, Timestamp::now()],
            )?;
        }
        Ok(())
    }

    /// Schedules a job again for later.
    pub(crate) fn postpone_push_job(&mut self, key: JobKey, due_at: Timestamp) -> Result<(), StoreError> {
        self.sql.change(
            "UPDATE push_jobs SET attempts = attempts + 1, due_at = ?3 \
                 WHERE subscription_id = ?1 AND conversation_id = ?2",
            values![key.subscription, key.conversation_id, due_at],
        )?;
        Ok(())
    }

    /// Removes a device that its push service no longer knows, with its jobs.
    pub(crate) fn forget_push_subscription(&mut self, id: i64) -> Result<(), StoreError> {
        self.sql.change("DELETE FROM push_subscriptions WHERE id = ?1", values![id])?;
        Ok(())
    }
}
