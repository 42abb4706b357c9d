//! Creates and lists conversations.

use chinwag_protocol::rest::{
    Conversation, ConversationChange, ConversationState, NewConversation, Participant,
};
use chinwag_protocol::{ConversationId, ErrorCode, UserId, limits};

use super::access::{Action, authorize};
use super::once::{Once, once};
use super::{Chat, names};
use crate::auth::Actor;
use crate::error::Refusal;
use crate::store::{Change, NewGroup, View};

impl Chat {
    /// Creates a group with the caller as its owner, or returns the one direct conversation of two people,
    /// which it creates if necessary.
    ///
    /// # Errors
    /// `Invalid` for a body that is neither or both, `BadRequest` for a direct conversation with oneself,
    /// `NotFound` for an unknown participant.
    pub async fn create_conversation(
        &self,
        actor: &Actor,
        new: NewConversation,
    ) -> Result<Conversation, Refusal> {
        self.create_conversation_once(actor, new, None).await
    }

    /// The same; with a key, a repeat returns the conversation that the first request created.
    ///
    /// # Errors
    /// As for [`Chat::create_conversation`]; `IdempotencyMismatch`; `NotParticipant` if the caller has left
    /// it since.
    pub(crate) async fn create_conversation_once(
        &self,
        actor: &Actor,
        new: NewConversation,
        key: Option<String>,
    ) -> Result<Conversation, Refusal> {
        self.limit(actor)?;
        let caller = actor.user_id;
        let key = key.map(|key| Once::new(actor.user_id, key, "conversation", &new));
        let again = move |change: &mut Change, id| seen_by(change, ConversationId(id), caller);
        match (new.participant_id, new.title, new.participant_ids) {
            (Some(other), None, None) => {
                if other == caller {
                    return Err(Refusal::BadRequest("Cannot create a conversation with yourself"));
                }
                let make = move |change: &mut Change| direct(change, caller, other);
                self.store().write(move |change| once(change, key.as_ref(), again, with_id(make))).await
            }
            (None, title, participant_ids) => {
                let title = names::title(title)?;
                let members = valid_members(caller, participant_ids.unwrap_or_default())?;
                let make = move |change: &mut Change| group(change, title, caller, members);
                self.store().write(move |change| once(change, key.as_ref(), again, with_id(make))).await
            }
            (Some(_), _, _) => {
                let message = "participant_id can't be combined with title or participant_ids";
                Err(Refusal::invalid("participant_id", ErrorCode::InvalidFrame, message))
            }
        }
    }

    /// The caller's conversations after `after`, oldest first, at most `limit`, in their present state.
    pub async fn conversations(
        &self,
        actor: &Actor,
        after: ConversationId,
        limit: usize,
    ) -> Result<Vec<ConversationState>, Refusal> {
        let user_id = actor.user_id;
        self.store()
            .read(move |view| {
                let ids = view.conversation_ids_after(user_id, after, limit)?;
                Ok(view.conversation_states(user_id, &ids)?)
            })
            .await
    }

    /// One of the caller's conversations, in its present state.
    pub async fn conversation(
        &self,
        actor: &Actor,
        id: ConversationId,
    ) -> Result<ConversationState, Refusal> {
        let user_id = actor.user_id;
        self.store()
            .read(move |view| {
                authorize(view.membership(id, user_id)?, Action::Read)?;
                view.conversation_states(user_id, &[id])?.pop().ok_or(Refusal::NoConversation)
            })
            .await
    }

    /// The participants of one of the caller's conversations: public profiles only.
    pub async fn participants(&self, actor: &Actor, id: ConversationId) -> Result<Vec<Participant>, Refusal> {
        let user_id = actor.user_id;
        self.store()
            .read(move |view| {
                authorize(view.membership(id, user_id)?, Action::Read)?;
                Ok(view.participants(id)?)
            })
            .await
    }

    /// Changes a group's title, topic or archive, and returns the result.
    ///
    /// # Errors
    /// `Forbidden` for members and in direct conversations, `Invalid`.
    pub async fn update_conversation(
        &self,
        actor: &Actor,
        id: ConversationId,
        wanted: ConversationChange,
    ) -> Result<Conversation, Refusal> {
        self.limit(actor)?;
        let actor_id = actor.user_id;
        self.store()
            .write(move |change| {
                authorize(change.membership(id, actor_id)?, Action::Manage)?;
                let present = change.conversation(id)?.ok_or(Refusal::NoConversation)?;
                let mut updated = present.clone();
                updated.notifications = change.notification_level(id, actor_id)?;
                if wanted.title.is_some() {
                    updated.title = names::title(wanted.title)?;
                }
                if let Some(topic) = wanted.topic {
                    updated.topic = names::line("topic", &topic)?;
                }
                updated.archived = wanted.archived.unwrap_or(present.archived);
                let is_same = (&updated.title, &updated.topic, updated.archived)
                    == (&present.title, &present.topic, present.archived);
                if !is_same {
                    change.update_conversation(actor_id, &updated)?;
                }
                Ok(updated)
            })
            .await
    }
}

/// A conversation as one of its participants sees it.
fn seen_by(view: &View, id: ConversationId, user_id: UserId) -> Result<Conversation, Refusal> {
    authorize(view.membership(id, user_id)?, Action::Read)?;
    let conversation = view.conversation(id)?.ok_or(Refusal::NoConversation)?;
    Ok(Conversation { notifications: view.notification_level(id, user_id)?, ..conversation })
}

fn with_id(
    make: impl FnOnce(&mut Change) -> Result<Conversation, Refusal>,
) -> impl FnOnce(&mut Change) -> Result<(i64, Conversation), Refusal> {
    |change| make(change).map(|made| (made.id.0, made))
}

fn direct(change: &mut Change, caller: UserId, other: UserId) -> Result<Conversation, Refusal> {
    let Some(person) = change.user(other)? else { return Err(no_user(other)) };
    if let Some(existing) = change.direct_conversation(caller, other)? {
        let notifications = change.notification_level(existing.id, caller)?;
        return Ok(Conversation { notifications, ..existing });
    }
    Ok(change.insert_direct(caller, other, &format!("Chat with {}", person.username))?)
}

fn group(
    change: &mut Change,
    title: String,
    owner: UserId,
    members: Vec<UserId>,
) -> Result<Conversation, Refusal> {
    for member in &members {
        if change.user(*member)?.is_none() {
            return Err(no_user(*member));
        }
    }
    Ok(change.insert_group(&NewGroup { title, owner, members })?)
}

pub(super) fn no_user(id: UserId) -> Refusal {
    Refusal::NotFound(format!("User with ID {id} not found"))
}

/// The other members, each once.
fn valid_members(owner: UserId, mut members: Vec<UserId>) -> Result<Vec<UserId>, Refusal> {
    members.sort_unstable();
    members.dedup();
    members.retain(|member| *member != owner);
    if members.len() >= limits::MAX_PARTICIPANTS {
        let message = "a conversation may have at most 10,000 participants";
        return Err(Refusal::invalid_as("participant_ids", "too_long", ErrorCode::TooLarge, message));
    }
    Ok(members)
}
