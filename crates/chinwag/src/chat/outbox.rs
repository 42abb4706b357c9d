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
use crate::store::{Appended, Change, Channel, Left, Listener, View};

/// How often the outbox is looked into without a notification.
const POLL: Duration = Duration::from_millis(500);

/// Takes what was left, while the chat exists.
pub(super) async fn look_after_outbox(inner: Weak<Inner>, channel: Channel) {
    let mut line: Option<Listener> = None;
    loop {
        if line.is_none() {
            // Without it, messages are found by the poll.
            line = channel.listen_to_outbox().await.ok();
        }
        loop {
            let Some(inner) = inner.upgrade() else { return };
            match (Chat { inner }).take_outbox().await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    tracing::debug!(%error, "can't take yet what applications have left");
                    break;
                }
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

/// What became of some messages of the outbox.
#[derive(Default)]
struct Taken {
    messages: usize,
    refused: u64,
}

impl Chat {
    /// Takes the next messages of the outbox; false if none waits.
    async fn take_outbox(&self) -> Result<bool, Refusal> {
        if !self.store().read(|view: &View| Ok::<_, Refusal>(view.has_outbox()?)).await? {
            return Ok(false);
        }
        let taken = self.store().write(take_all).await?;
        self.inner.metrics.outbox_refusals.inc_by(taken.refused);
        Ok(taken.messages > 0)
    }
}

fn take_all(log: &mut Change) -> Result<Taken, Refusal> {
    let left = log.outbox()?;
    let mut taken = Taken { messages: left.len(), refused: 0 };
    let mut done = Vec::with_capacity(left.len());
    for message in left {
        let id = message.id;
        match take_one(log, message) {
            Ok(Appended::New(_) | Appended::Duplicate(_)) => done.push(id),
            Ok(Appended::Mismatch) => refuse(log, &mut taken, id, &Refusal::IdempotencyMismatch)?,
            // The database is away or full: all of it comes again.
            Err(refusal @ (Refusal::Unavailable | Refusal::Internal)) => return Err(refusal),
            Err(refusal) => refuse(log, &mut taken, id, &refusal)?,
        }
    }
    if !done.is_empty() {
        log.clear_outbox(&done)?;
    }
    Ok(taken)
}

fn take_one(log: &mut Change, left: Left) -> Result<Appended, Refusal> {
    let Some(username) = left.sender_name else {
        return Err(Refusal::NotFound("the sender is no user, or disabled".to_owned()));
    };
    let send = Send { client_id: Some(left.key), content: left.content, ..Send::default() };
    let valid = check(&send);
    take(log, draft(left.sender_id, username, left.conversation_id, send), valid)
}

fn refuse(log: &mut Change, taken: &mut Taken, id: i64, refusal: &Refusal) -> Result<(), Refusal> {
    taken.refused += 1;
    Ok(log.refuse_in_outbox(id, &refusal.to_string())?)
}
