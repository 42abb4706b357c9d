//! Sending and reading messages.

use std::time::Instant;

use chinwag_protocol::rest::Message;
use chinwag_protocol::{ConversationId, ErrorCode, Send, Seq, limits};

use super::Chat;
use super::access::{Action, authorize};
use crate::auth::Actor;
use crate::error::Refusal;
use crate::store::{Appended, Chunk, Event, MessageDraft, Page};

/// What became of a message that was sent.
#[derive(Clone, Debug)]
pub struct Sent {
    /// As it stands in the log.
    pub message: Message,
    /// True if it was there already, under the same `client_id`.
    pub is_duplicate: bool,
}

impl Chat {
    /// Appends a message to a conversation's log. When this answers, the message is on disk and on its
    /// way to every participant's sockets.
    ///
    /// With a `client_id` it is safe to repeat after an error or without an answer: the same id and
    /// content give the first result.
    ///
    /// # Errors
    /// `RateLimited` before anything else, except for repeats; then `NoConversation`, `NotParticipant`,
    /// `Invalid`, `IdempotencyMismatch`; `Unavailable` if the store can't take it now.
    pub async fn send(
        &self,
        actor: &Actor,
        conversation_id: ConversationId,
        send: Send,
    ) -> Result<Sent, Refusal> {
        if let Err(wait) = self.inner.limits.sends.take(&actor.user_id, Instant::now()) {
            return self.repeat_or_refuse(actor, conversation_id, send, Refusal::RateLimited(wait)).await;
        }
        let valid = validate(&send);
        let draft = draft(actor, conversation_id, send);
        let appended = self
            .store()
            .write(move |log| {
                authorize(log.membership(draft.conversation_id, draft.sender_id)?, Action::Send)?;
                valid?;
                Ok::<_, Refusal>(log.append_message(draft)?)
            })
            .await?;
        match appended {
            Appended::New(message) => Ok(Sent { message, is_duplicate: false }),
            Appended::Duplicate(message) => Ok(Sent { message, is_duplicate: true }),
            Appended::Mismatch => Err(Refusal::IdempotencyMismatch),
        }
    }

    /// A repeat is answered whatever limit would refuse it now: it adds nothing.
    async fn repeat_or_refuse(
        &self,
        actor: &Actor,
        conversation_id: ConversationId,
        send: Send,
        refusal: Refusal,
    ) -> Result<Sent, Refusal> {
        let sender_id = actor.user_id;
        let Some(client_id) = send.client_id else { return Err(refusal) };
        let first = self
            .store()
            .read(move |view| {
                authorize(view.membership(conversation_id, sender_id)?, Action::Send)?;
                Ok::<_, Refusal>(view.message_by_client_id(sender_id, &client_id)?)
            })
            .await?;
        match first {
            Some(message)
                if message.conversation_id == conversation_id && message.content == send.content =>
            {
                Ok(Sent { message, is_duplicate: true })
            }
            _ => Err(refusal),
        }
    }

    /// A page of a conversation's messages, oldest first. See [`Page`] for the bounds; without any it is
    /// the newest [`limits::MAX_WHOLE_HISTORY`].
    pub(crate) async fn history(
        &self,
        actor: &Actor,
        conversation_id: ConversationId,
        page: Page,
    ) -> Result<Vec<Message>, Refusal> {
        let user_id = actor.user_id;
        self.store()
            .read(move |view| {
                authorize(view.membership(conversation_id, user_id)?, Action::Read)?;
                Ok(view.messages(conversation_id, page)?)
            })
            .await
    }

    /// Events for a connection that fell behind. It was let in when it attached, so this asks no more.
    pub(crate) async fn events_for_lagging(
        &self,
        conversation_id: ConversationId,
        after: Seq,
        through: Seq,
        chunk: Chunk,
    ) -> Result<Vec<Event>, Refusal> {
        self.store().read(move |view| Ok(view.events(conversation_id, after, through, chunk)?)).await
    }
}

fn draft(actor: &Actor, conversation_id: ConversationId, send: Send) -> MessageDraft {
    MessageDraft {
        conversation_id,
        sender_id: actor.user_id,
        sender_name: actor.username.to_string(),
        content: send.content,
        client_id: send.client_id,
    }
}

/// What may be stored must be readable again by everybody, in every database.
fn validate(send: &Send) -> Result<(), Refusal> {
    let invalid = |field, kind, code, message: &str| {
        Err(Refusal::Invalid { field, kind, code, message: message.to_owned() })
    };
    let content = &send.content;
    if content.len() > limits::MAX_CONTENT_BYTES || content.chars().count() > limits::MAX_CONTENT_CHARS {
        return invalid(
            "content",
            "string_too_long",
            ErrorCode::TooLarge,
            "content has more than 4,000 characters or 16 KiB",
        );
    }
    if content.trim().is_empty() {
        return invalid("content", "string_too_short", ErrorCode::InvalidContent, "content is empty");
    }
    if content.contains('\0') {
        return invalid("content", "value_error", ErrorCode::InvalidContent, "content has a U+0000");
    }
    match &send.client_id {
        Some(id) if id.is_empty() || id.len() > limits::MAX_CLIENT_ID_BYTES || id.contains('\0') => {
            invalid("client_id", "value_error", ErrorCode::InvalidFrame, "client_id needs 1 to 128 bytes")
        }
        _ => Ok(()),
    }
}
