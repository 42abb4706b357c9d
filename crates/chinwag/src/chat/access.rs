//! Who may do what in a conversation: the only place that decides this, for every transport.

use chinwag_protocol::rest::{ConversationKind, Role, UserRole};

use crate::auth::Actor;
use crate::error::Refusal;
use crate::store::{Part, Standing};

/// What a user wants to do in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// See it: its messages, participants and live frames. Mark it as read.
    Read,
    /// Write, react, pin.
    Take,
    /// Delete another user's message.
    Moderate,
    /// Add people, change title and topic, archive.
    Manage,
    /// Remove a participant with this role.
    Remove(Role),
    /// Change a participant's role.
    Appoint,
    /// Leave.
    Leave,
}

/// Returns the user's standing if this membership allows the action.
///
/// # Errors
/// `NoConversation` comes before `NotParticipant`, as in the original's answers.
pub(crate) fn authorize(membership: Part, action: Action) -> Result<Standing, Refusal> {
    let standing = match membership {
        Part::NoConversation => return Err(Refusal::NoConversation),
        Part::Outsider => return Err(Refusal::NotParticipant),
        Part::Participant(standing) => standing,
    };
    let is_group = standing.kind == ConversationKind::Group;
    let runs_it = matches!(standing.role, Role::Owner | Role::Admin);
    let is_allowed = match action {
        Action::Read => return Ok(standing),
        Action::Take => true,
        // In a direct conversation both are equal: nobody runs it, and both stay in it.
        Action::Moderate | Action::Manage => is_group && runs_it,
        Action::Remove(role) => {
            is_group && (standing.role == Role::Owner || (runs_it && role == Role::Member))
        }
        Action::Appoint => is_group && standing.role == Role::Owner,
        Action::Leave => is_group,
    };
    if !is_allowed {
        return Err(Refusal::Forbidden("Your role in this conversation does not allow this"));
    }
    // In an archived conversation, participants may still leave, and those who run it may reopen it.
    let is_change = matches!(action, Action::Take | Action::Moderate);
    if standing.is_archived && is_change { Err(Refusal::Archived) } else { Ok(standing) }
}

/// Checks that a user may administer the server itself.
pub(super) fn authorize_admin(actor: &Actor) -> Result<(), Refusal> {
    match actor.role {
        UserRole::Admin => Ok(()),
        UserRole::User => Err(Refusal::Forbidden("Only an administrator of the server may do this")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(role: Role, kind: ConversationKind, action: Action) -> bool {
        authorize(Part::Participant(Standing { role, kind, is_archived: false }), action).is_ok()
    }

    #[test]
    fn every_role_may_do_what_the_table_says() {
        use ConversationKind::{Direct, Group};
        for (action, owner, admin, member, direct) in [
            (Action::Read, true, true, true, true),
            (Action::Take, true, true, true, true),
            (Action::Moderate, true, true, false, false),
            (Action::Manage, true, true, false, false),
            (Action::Remove(Role::Member), true, true, false, false),
            (Action::Remove(Role::Admin), true, false, false, false),
            (Action::Remove(Role::Owner), true, false, false, false),
            (Action::Appoint, true, false, false, false),
            (Action::Leave, true, true, true, false),
        ] {
            let found = [
                allows(Role::Owner, Group, action),
                allows(Role::Admin, Group, action),
                allows(Role::Member, Group, action),
                allows(Role::Member, Direct, action),
            ];
            assert_eq!(found, [owner, admin, member, direct], "{action:?}");
        }
    }

    #[test]
    fn outsiders_may_nothing() {
        for action in [Action::Read, Action::Take, Action::Manage, Action::Leave] {
            assert!(matches!(authorize(Part::Outsider, action), Err(Refusal::NotParticipant)));
            assert!(matches!(authorize(Part::NoConversation, action), Err(Refusal::NoConversation)));
        }
    }
}
