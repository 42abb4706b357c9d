//! How far people have received and read.

use chinwag_protocol::rest::Receipt;
use chinwag_protocol::{ConversationId, ErrorCode, Seq};

use super::Chat;
use super::access::{Action, authorize};
use super::presence::begun;
use crate::auth::Actor;
use crate::error::Refusal;

impl Chat {
    /// How far the caller has received and read; `None` if they do not take part.
    pub(crate) async fn own_receipt(
        &self,
        actor: &Actor,
        id: ConversationId,
    ) -> Result<Option<Receipt>, Refusal> {
        let user_id = actor.user_id;
        self.store().read(move |view| Ok(view.receipt(id, user_id)?)).await
    }

    /// Marks everything up to `seq` as read by the caller. The position only moves forward, and is capped at
    /// the newest event. `None` if nothing moved.
    ///
    /// # Errors
    /// `NoConversation`, `NotParticipant`; `Invalid` for a negative seq.
    pub async fn read(
        &self,
        actor: &Actor,
        conversation_id: ConversationId,
        seq: Seq,
    ) -> Result<Option<Receipt>, Refusal> {
        self.advance(actor, conversation_id, seq, seq).await
    }

    /// Marks everything up to `seq` as delivered to a device of the caller, as [`Chat::read`] does.
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
            let (kind, code) = ("greater_than_equal", ErrorCode::InvalidFrame);
            return Err(Refusal::invalid_as("seq", kind, code, "seq is negative"));
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
        self.store().read(move |view| Ok(begun(&view.participant_states(&[id])?))).await
    }
}
