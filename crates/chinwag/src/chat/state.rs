//! A user's conversations as they stand, and where a cursor stands in one.

use chinwag_protocol::rest::{ConversationState, User};
use chinwag_protocol::{ConversationId, Cursor, Event, GapReason, Seq, UserId, limits};

use super::Chat;
use super::access::{Action, authorize};
use crate::auth::Actor;
use crate::error::Refusal;
use crate::store::{Chunk, CursorState, Membership, StoreError};

/// One read of the log. Bounds what a connection that is behind, or resumes, holds in memory.
pub(crate) const LOG_PAGE: Chunk = Chunk { events: 200, content_bytes: 32 * 1024 };

/// How a conversation goes on for a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resume {
    /// With the events after this position.
    From(Seq),
    /// Afresh, at the head: continuity is lost.
    Gap(GapReason),
}

/// What a socket learns when it is let into a conversation.
#[derive(Debug)]
pub(crate) struct Entered {
    pub head: Cursor,
    pub resume: Option<Resume>,
    /// The first page of what follows the cursor, up to the head.
    pub missed: Vec<Event>,
    pub participants: usize,
}

/// Why a socket is not let into a conversation.
#[derive(Debug)]
pub(crate) enum EnterError {
    /// The account or its session ended meanwhile.
    Account,
    /// The conversation does not exist, is not the caller's, or can't be read now.
    Refused(Refusal),
}

impl From<Refusal> for EnterError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<StoreError> for EnterError {
    fn from(error: StoreError) -> Self {
        Self::Refused(error.into())
    }
}

impl Chat {
    /// Lets the caller's socket into a conversation, and says where its log ends now and how to go on from
    /// the client's cursor.
    ///
    /// Asks again whether the account may enter: the socket is in the table of its user by now, so a
    /// session that is revoked from here on closes it, and one that was revoked before is seen here.
    pub(crate) async fn enter(
        &self,
        actor: &Actor,
        id: ConversationId,
        cursor: Option<Cursor>,
        replay_limit: Option<u32>,
    ) -> Result<Entered, EnterError> {
        let actor = actor.clone();
        self.store()
            .read(move |view| {
                let row = view.auth_row(&actor.username, actor.session.as_deref())?;
                if row.is_none_or(|row| !row.admits(actor.session.as_deref())) {
                    return Err(EnterError::Account);
                }
                authorize(view.membership(id, actor.user_id)?, Action::Read)?;
                let head = view.head(id)?;
                let resume = match cursor {
                    None => None,
                    Some(cursor) => Some(match view.cursor_state(id, cursor)? {
                        CursorState::Diverged => Resume::Gap(GapReason::Diverged),
                        CursorState::Expired => Resume::Gap(GapReason::Retention),
                        CursorState::Known => within(cursor, head, replay_limit),
                    }),
                };
                let missed = match resume {
                    Some(Resume::From(after)) if after < head.seq => {
                        view.events(id, after, head.seq, LOG_PAGE)?
                    }
                    _ => Vec::new(),
                };
                Ok(Entered { head, resume, missed, participants: view.participant_count(id)? })
            })
            .await
    }

    /// The ids of the conversations that a user takes part in.
    pub(crate) async fn conversation_ids(&self, user_id: UserId) -> Result<Vec<ConversationId>, Refusal> {
        self.store()
            .read(move |view| {
                let conversations = view.conversations_of(user_id)?;
                Ok(conversations.into_iter().map(|conversation| conversation.id).collect())
            })
            .await
    }

    /// The caller's account and conversations; those that they no longer take part in are left out.
    pub(crate) async fn overview(
        &self,
        actor: &Actor,
        ids: Vec<ConversationId>,
    ) -> Result<(User, Vec<ConversationState>), Refusal> {
        let user_id = actor.user_id;
        self.store()
            .read(move |view| {
                let user = view.user(user_id)?.ok_or(Refusal::Unauthenticated("Unknown account"))?;
                let mut states = Vec::with_capacity(ids.len());
                for id in ids {
                    states.extend(view.conversation_state(id, user_id)?);
                }
                Ok((user, states))
            })
            .await
    }

    /// One conversation of a user as it stands; `None` if they do not take part.
    pub(crate) async fn conversation_state(
        &self,
        user_id: UserId,
        id: ConversationId,
    ) -> Result<Option<ConversationState>, Refusal> {
        self.store()
            .read(move |view| match view.membership(id, user_id)? {
                Membership::Participant(_) => Ok(view.conversation_state(id, user_id)?),
                _ => Ok(None),
            })
            .await
    }
}

fn within(cursor: Cursor, head: Cursor, replay_limit: Option<u32>) -> Resume {
    let missing = head.seq.0 - cursor.seq.0;
    let is_too_far = replay_limit.is_some_and(|limit| missing > i64::from(limit));
    if is_too_far { Resume::Gap(GapReason::TooFar) } else { Resume::From(cursor.seq) }
}

/// Whether a user's socket gets every event of a conversation of this size without asking.
pub(crate) fn is_small(participants: usize) -> bool {
    participants <= limits::SMALL_CONVERSATION
}
