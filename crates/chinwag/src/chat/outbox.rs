//! Messages that applications leave in transactions of their own: taken into the log as soon as those are committed, by
//! the rules of every other message, once, and in the order in which they were left.
//!
//! An application holds no lock of the log, however long its transaction lasts. Every server of the database looks; the
//! lock of the log decides who takes them.

use std::sync::Weak;
use std::time::Duration;

use chinwag_protocol::Send;

use super::messages::{check, draft, take};
use super::{Chat, Inner};
use crate::error::Refusal;
use crate::store::{Appended, Change, Channel, Left, Listener};

/// How often the outbox is looked into without a notification.
const POLL: Duration = Duration::from_millis(500);

/// Takes what was left, while the chat exists.
pub(super) async fn look_after_outbox(inner: Weak<Inner>, channel: Channel) {
    let mut line: Option<Listener> = None;
    while inner.strong_count() > 0 {
        if line.is_none() {
            line = channel.listen_to_outbox().await.ok();
        }
        while has_news(&mut line).await {
            let Some(inner) = inner.upgrade() else { return };
            if let Err(error) = (Chat { inner }).take_outbox().await {
                tracing::debug!(%error, "can't take yet what applications have left");
                break;
            }
        }
        let heard = async {
            match &mut line {
                Some(listener) => listener.heard().await.is_some(),
                None => std::future::pending().await,
            }
        };
        if let Ok(false) = tokio::time::timeout(POLL, heard).await {
            line = None;
        }
    }
}

/// Whether messages wait. Asked on the line's own connection: it is asked all the time, and no reader waits for it.
async fn has_news(line: &mut Option<Listener>) -> bool {
    let Some(listener) = line else { return false };
    let asked = listener.has_outbox().await;
    if asked.is_err() {
        *line = None;
    }
    asked.unwrap_or_default()
}

impl Chat {
    /// Takes the next messages of the outbox.
    async fn take_outbox(&self) -> Result<(), Refusal> {
        let refused = self.store().write(take_all).await?;
        self.inner.metrics.outbox_refusals.inc_by(refused);
        Ok(())
    }
}

/// Says how many were refused.
fn take_all(log: &mut Change) -> Result<u64, Refusal> {
    let (mut taken, mut refused) = (Vec::new(), 0);
    for message in log.outbox()? {
        let id = message.id;
        let refusal = match take_one(log, message) {
            Ok(Appended::New(_) | Appended::Duplicate(_)) => {
                taken.push(id);
                continue;
            }
            Ok(Appended::Mismatch) => Refusal::IdempotencyMismatch,
            // The database is away or full: all of it comes again.
            Err(refusal @ (Refusal::Unavailable | Refusal::Internal)) => return Err(refusal),
            Err(refusal) => refusal,
        };
        refused += 1;
        log.refuse_in_outbox(id, &refusal.to_string())?;
    }
    if !taken.is_empty() {
        log.clear_outbox(&taken)?;
    }
    Ok(refused)
}

fn take_one(log: &mut Change, left: Left) -> Result<Appended, Refusal> {
    let Some(username) = left.sender_name else {
        return Err(Refusal::NotFound("the sender is no user, or disabled".to_owned()));
    };
    let send = Send { client_id: Some(left.key), content: left.content, ..Send::default() };
    let valid = check(&send);
    take(log, draft(left.sender_id, username, left.conversation_id, send), valid)
}
