//! Reactions, pins, and how far people have read.

use chinwag_protocol::rest::{Message, Receipt};
use chinwag_protocol::{ConversationId, ErrorCode, Event, MessageId, Op, Seq, limits};

use super::Chat;
use super::access::{Action, authorize};
use super::messages::existing;
use super::presence::{begun, companions};
use crate::auth::Actor;
use crate::error::Refusal;

impl Chat {
    /// Adds or removes the caller's reaction. `None` if it was so already.
    ///
    /// # Errors
    /// `Invalid` for what is no emoji or one too many on this message; `NotFound`, `NotParticipant`,
    /// `Archived`, `RateLimited`.
    pub async fn react(
        &self,
        actor: &Actor,
        conversation_id: ConversationId,
        message_id: MessageId,
        emoji: String,
        op: Op,
    ) -> Result<Option<Event>, Refusal> {
        self.limit(actor)?;
        let user_id = actor.user_id;
        // In its full spelling: with and without U+FE0F it is the same reaction.
        let known = emojis::get(&emoji).map(emojis::Emoji::as_str);
        self.store()
            .write(move |log| {
                authorize(log.membership(conversation_id, user_id)?, Action::Take)?;
                existing(log, conversation_id, message_id)?;
                let emoji = known.ok_or_else(|| invalid_emoji("this is no emoji"))?;
                let is_one_too_many =
                    op == Op::Add && log.other_emoji(message_id, emoji)? >= limits::MAX_EMOJI_PER_MESSAGE;
                if is_one_too_many {
                    return Err(invalid_emoji("this message has 50 different emoji already"));
                }
                Ok(log.react(conversation_id, user_id, message_id, emoji, op)?)
            })
            .await
    }

    /// Pins or unpins a message. `None` if it was so already.
    ///
    /// # Errors
    /// `NotFound`, `NotParticipant`, `Archived`, `RateLimited`; `Forbidden` for one pin too many.
    pub async fn pin(
        &self,
        actor: &Actor,
        conversation_id: ConversationId,
        message_id: MessageId,
        op: Op,
    ) -> Result<Option<Event>, Refusal> {
        self.limit(actor)?;
        let user_id = actor.user_id;
        self.store()
            .write(move |log| {
                authorize(log.membership(conversation_id, user_id)?, Action::Take)?;
                existing(log, conversation_id, message_id)?;
                if op == Op::Add {
                    let pins = log.pins(conversation_id)?;
                    if pins.len() >= limits::MAX_PINS && !pins.contains(&message_id) {
                        return Err(Refusal::Forbidden("This conversation has 100 pinned messages already"));
                    }
                }
                Ok(log.pin(conversation_id, user_id, message_id, op)?)
            })
            .await
    }

    /// The pinned messages of a conversation, oldest first.
    pub(crate) async fn pins(&self, actor: &Actor, id: ConversationId) -> Result<Vec<Message>, Refusal> {
        let user_id = actor.user_id;
        self.store()
            .read(move |view| {
                authorize(view.membership(id, user_id)?, Action::Read)?;
                let mut messages = Vec::new();
                for message_id in view.pins(id)? {
                    messages.extend(view.message(message_id)?);
                }
                Ok(messages)
            })
            .await
    }

    /// How far the caller has received and read; `None` if they do not take part.
    pub(crate) async fn own_receipt(
        &self,
        actor: &Actor,
        id: ConversationId,
    ) -> Result<Option<Receipt>, Refusal> {
        let user_id = actor.user_id;
        self.store().read(move |view| Ok(view.receipt(id, user_id)?)).await
    }

    /// Notes that the caller has read everything up to `seq`. It never moves back, and never past the
    /// newest event: what is beyond counts as that. `None` if nothing moved.
    ///
    /// # Errors
    /// `NoConversation`, `NotParticipant`; `Invalid` for a negative position.
    pub async fn read(
        &self,
        actor: &Actor,
        conversation_id: ConversationId,
        seq: Seq,
    ) -> Result<Option<Receipt>, Refusal> {
        self.advance(actor, conversation_id, seq, seq).await
    }

    /// Notes that everything up to `seq` is on a device of the caller. As [`Chat::read`].
    pub async fn acknowledge(
        &self,
        actor: &Actor,
        conversation_id: ConversationId,
        seq: Seq,
    ) -> Result<Option<Receipt>, Refusal> {
        self.advance(actor, conversation_id, seq, Seq::ZERO).await
    }

    async fn advance(
        &self,
        actor: &Actor,
        conversation_id: ConversationId,
        delivered: Seq,
        read: Seq,
    ) -> Result<Option<Receipt>, Refusal> {
        if delivered < Seq::ZERO {
            let message = "seq is negative".to_owned();
            let (field, kind, code) = ("seq", "greater_than_equal", ErrorCode::InvalidFrame);
            return Err(Refusal::Invalid { field, kind, code, message });
        }
        let user_id = actor.user_id;
        self.store()
            .write(move |log| {
                authorize(log.membership(conversation_id, user_id)?, Action::Read)?;
                let head = log.head_seq(conversation_id)?;
                Ok(log.advance_receipt(conversation_id, user_id, delivered.min(head), read.min(head))?)
            })
            .await
    }

    /// Everybody's receipts in a small conversation, for a connection that may have missed some.
    pub(crate) async fn receipts(&self, id: ConversationId) -> Result<Vec<Receipt>, Refusal> {
        self.store().read(move |view| Ok(begun(&companions(view, id)?))).await
    }
}

fn invalid_emoji(message: &str) -> Refusal {
    let message = message.to_owned();
    Refusal::Invalid { field: "emoji", kind: "value_error", code: ErrorCode::InvalidContent, message }
}
