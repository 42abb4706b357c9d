//! The participants of a group, and their roles.

use chinwag_protocol::rest::{NewParticipant, Role};
use chinwag_protocol::{ConversationId, Event, UserId, limits};

use super::Chat;
use super::access::{Action, authorize};
use super::conversations::no_user;
use super::once::{Once, once};
use crate::auth::Actor;
use crate::error::Refusal;
use crate::store::{Change, Part, Person, Standing};

impl Chat {
    /// Adds a participant to a group. `None` if they already take part.
    ///
    /// # Errors
    /// `Forbidden` for members, and for admins who add an owner or admin; `NotFound` for an unknown user.
    pub async fn add_participant(
        &self,
        actor: &Actor,
        id: ConversationId,
        new: NewParticipant,
    ) -> Result<Option<Event>, Refusal> {
        self.add_participant_once(actor, id, new, None).await
    }

    /// The same; with a key, a repeat does not add a user who has left since.
    ///
    /// # Errors
    /// As for [`Chat::add_participant`]; `IdempotencyMismatch`.
    pub(crate) async fn add_participant_once(
        &self,
        actor: &Actor,
        id: ConversationId,
        new: NewParticipant,
        key: Option<String>,
    ) -> Result<Option<Event>, Refusal> {
        self.limit(actor)?;
        let actor_id = actor.user_id;
        let key = key.map(|key| Once::new(actor.user_id, key, "participant", &(id, &new)));
        let role = new.role.unwrap_or(Role::Member);
        let added = self
            .store()
            .write(move |change| {
                once(
                    change,
                    key.as_ref(),
                    |_, _| Ok(None),
                    |change| Ok((new.user_id.0, add(change, id, actor_id, new.user_id, role)?)),
                )
            })
            .await?;
        if added.is_some() {
            self.introduce(new.user_id, id).await;
        }
        Ok(added)
    }

    /// Removes a participant from a group, or the caller. If the last owner goes, the group gets another one:
    /// an admin if there is one.
    ///
    /// # Errors
    /// `Forbidden` by role and in direct conversations, `NotFound` if the user does not take part.
    pub async fn remove_participant(
        &self,
        actor: &Actor,
        id: ConversationId,
        user_id: UserId,
    ) -> Result<Event, Refusal> {
        self.limit(actor)?;
        let actor_id = actor.user_id;
        self.store()
            .write(move |change| {
                let membership = change.membership(id, actor_id)?;
                authorize(membership, Action::Read)?;
                let standing = standing(change, id, user_id)?;
                let action = if user_id == actor_id { Action::Leave } else { Action::Remove(standing.role) };
                authorize(membership, action)?;
                let person = person(change, user_id)?;
                let event = change.remove_participant(id, actor_id, &person, standing.role)?;
                appoint_successor(change, id, actor_id)?;
                Ok(event)
            })
            .await
    }

    /// Gives groups another owner whose owners' accounts were ended for good, as if these had left.
    pub(super) async fn appoint_successors(&self) -> Result<(), Refusal> {
        let groups = self.store().read(|view| Ok::<_, Refusal>(view.groups_without_owner()?)).await?;
        for (id, owner_id) in groups {
            self.store().write(move |change| appoint_successor(change, id, owner_id)).await?;
        }
        Ok(())
    }

    /// Who last ended a user's participation; perhaps the user.
    pub(crate) async fn who_removed(
        &self,
        user_id: UserId,
        id: ConversationId,
    ) -> Result<Option<UserId>, Refusal> {
        self.store().read(move |view| Ok(view.who_removed(id, user_id)?)).await
    }

    /// Changes a participant's role. `None` if they already have it.
    ///
    /// # Errors
    /// `Forbidden` for everybody but owners, and for the only owner's own role.
    pub async fn set_role(
        &self,
        actor: &Actor,
        id: ConversationId,
        user_id: UserId,
        role: Role,
    ) -> Result<Option<Event>, Refusal> {
        self.limit(actor)?;
        let actor_id = actor.user_id;
        self.store()
            .write(move |change| {
                authorize(change.membership(id, actor_id)?, Action::Appoint)?;
                let standing = standing(change, id, user_id)?;
                if standing.role == role {
                    return Ok(None);
                }
                let is_last_owner = standing.role == Role::Owner && change.owner_count(id)? == 1;
                if is_last_owner {
                    return Err(Refusal::Forbidden("A group needs an owner: appoint another one first"));
                }
                let person = person(change, user_id)?;
                Ok(Some(change.set_participant_role(id, actor_id, &person, role)?))
            })
            .await
    }
}

fn add(
    change: &mut Change,
    id: ConversationId,
    actor_id: UserId,
    user_id: UserId,
    role: Role,
) -> Result<Option<Event>, Refusal> {
    let membership = change.membership(id, actor_id)?;
    authorize(membership, Action::Manage)?;
    if role != Role::Member {
        authorize(membership, Action::Appoint)?;
    }
    let person = person(change, user_id)?;
    if matches!(change.membership(id, person.id)?, Part::Participant(_)) {
        return Ok(None);
    }
    if change.participant_count(id)? >= limits::MAX_PARTICIPANTS {
        return Err(Refusal::Forbidden("This conversation has 10,000 participants already"));
    }
    Ok(Some(change.add_participant(id, actor_id, &person, role)?))
}

fn person(change: &Change, user_id: UserId) -> Result<Person, Refusal> {
    let user = change.user(user_id)?.ok_or_else(|| no_user(user_id))?;
    Ok(Person { id: user.id, username: user.username })
}

fn standing(change: &mut Change, id: ConversationId, user_id: UserId) -> Result<Standing, Refusal> {
    match change.membership(id, user_id)? {
        Part::Participant(standing) => Ok(standing),
        _ => Err(Refusal::NotFound("This user does not take part in the conversation".to_owned())),
    }
}

fn appoint_successor(change: &mut Change, id: ConversationId, actor_id: UserId) -> Result<(), Refusal> {
    if change.owner_count(id)? == 0
        && let Some(successor) = change.successor(id)?
    {
        change.set_participant_role(id, actor_id, &successor, Role::Owner)?;
    }
    Ok(())
}
