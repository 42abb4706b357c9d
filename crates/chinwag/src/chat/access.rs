//! Who may do what in a conversation: the one place that decides, for every transport.

use chinwag_protocol::rest::Role;

use crate::error::Refusal;
use crate::store::Membership;

/// What somebody wants to do in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// See it: its messages, its participants, its live frames.
    Read,
    /// Write a message.
    Send,
}

/// Says whether somebody with this membership may do it.
///
/// # Errors
/// `NoConversation` comes before `NotParticipant`, as in the original's answers.
pub(crate) fn authorize(membership: Membership, action: Action) -> Result<Role, Refusal> {
    match membership {
        Membership::NoConversation => Err(Refusal::NoConversation),
        Membership::Outsider => Err(Refusal::NotParticipant),
        Membership::Participant(role) => match action {
            Action::Read | Action::Send => Ok(role),
        },
    }
}
