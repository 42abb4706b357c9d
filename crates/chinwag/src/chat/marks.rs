//! Reactions and pins.

use chinwag_protocol::rest::Message;
use chinwag_protocol::{ConversationId, ErrorCode, Event, MessageId, Op, limits};

use super::Chat;
use super::access::{Action, authorize};
use super::messages::existing;
use crate::auth::Actor;
use crate::error::Refusal;

impl Chat {
    /// Adds or removes the caller's reaction. `None` if nothing changed.
    ///
    /// # Errors
    /// `Invalid` if it is not an emoji, or one too many on this message; `NotFound`, `NotParticipant`,
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
        // In its full form: with and without U+FE0F it is the same reaction.
        let known = emojis::get(&emoji).map(emojis::Emoji::as_str);
        self.store()
            .write(move |log| {
                authorize(log.membership(conversation_id, user_id)?, Action::Take)?;
                existing(log, conversation_id, message_id)?;
                let emoji = known.ok_or_else(|| invalid_emoji("this is not an emoji"))?;
                let is_one_too_many =
                    op == Op::Add && log.other_emoji(message_id, emoji)? >= limits::MAX_EMOJI_PER_MESSAGE;
                if is_one_too_many {
                    return Err(invalid_emoji("this message has 50 different emoji already"));
                }
                Ok(log.react(conversation_id, user_id, message_id, emoji, op)?)
            })
            .await
    }

    /// Pins or unpins a message. `None` if nothing changed.
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
                Ok(view.messages_by_id(&view.pins(id)?)?)
            })
            .await
    }
}

fn invalid_emoji(message: &str) -> Refusal {
    Refusal::invalid("emoji", ErrorCode::InvalidContent, message)
}
