//! A user's conversations as they stand, and where a cursor stands in one.
//!
//! A client that comes back names a cursor, `seq` and `stamp`. It is judged here: resume from it, or `gap` with the
//! reason. The replay runs from the cursor to the head that was read, page by page, as fast as the socket takes it; then
//! the connection takes its seat at that head.

use chinwag_protocol::rest::{ConversationState, User};
use chinwag_protocol::{ConversationId, Cursor, Event, GapReason, Seq, UserId, limits};

use super::Chat;
use super::access::{Action, authorize};
use super::presence::{Company, acquaintance};
use crate::auth::Actor;
use crate::error::Refusal;
use crate::store::{Chunk, CursorState, Membership, StoreError, View};

/// One read of the log. Bounds what a connection that is behind, or resumes, holds in memory.
pub(crate) const LOG_PAGE: Chunk = Chunk { events: 200, content_bytes: 32 * 1024 };

/// From where a client goes on in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// From the newest event, without a replay.
    Head,
    /// From what it has.
    After(Cursor),
    /// From where its user's part in the conversation began.
    Joining,
}

impl From<Option<Cursor>> for Start {
    fn from(cursor: Option<Cursor>) -> Self {
        cursor.map_or(Self::Head, Self::After)
    }
}

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
    /// where the client starts.
    ///
    /// Asks again whether the account may enter: the socket is in the table of its user by now, so a
    /// session that is revoked from here on closes it, and one that was revoked before is seen here.
    pub(crate) async fn enter(
        &self,
        actor: &Actor,
        id: ConversationId,
        start: Start,
        replay_limit: Option<u32>,
    ) -> Result<Entered, EnterError> {
        let actor = actor.clone();
        self.store().read(move |view| enter(view, &actor, id, start, replay_limit)).await
    }

    /// As [`Chat::enter`], for the first of several conversations: as many as one page of missed events allows.
    /// `None` where the caller does not take part.
    pub(crate) async fn enter_some(
        &self,
        actor: &Actor,
        wanted: Vec<(ConversationId, Start)>,
        replay_limit: u32,
    ) -> Result<Vec<Option<Entered>>, EnterError> {
        let actor = actor.clone();
        self.store()
            .read(move |view| {
                admit(view, &actor)?;
                let (mut entered, mut missed_bytes) = (Vec::new(), 0);
                let mut wanted = wanted.into_iter();
                while missed_bytes < LOG_PAGE.content_bytes
                    && let Some((id, start)) = wanted.next()
                {
                    entered.push(match enter_one(view, &actor, id, start, Some(replay_limit)) {
                        Ok(one) => {
                            missed_bytes += one.missed.iter().map(content_bytes).sum::<usize>();
                            Some(one)
                        }
                        Err(Refusal::NotParticipant | Refusal::NoConversation) => None,
                        Err(refusal) => return Err(refusal.into()),
                    });
                }
                Ok(entered)
            })
            .await
    }

    /// As [`Chat::enter`], and reads at once who is there. Where `is_new`, the others are told that the user came.
    pub(crate) async fn arrive(
        &self,
        actor: &Actor,
        id: ConversationId,
        start: Start,
        is_new: bool,
    ) -> Result<(Entered, Company), EnterError> {
        let (actor, user_id, mut company) = (actor.clone(), actor.user_id, self.nobody());
        let arrived = self.store().read(move |view| {
            let entered = enter(view, &actor, id, start, None)?;
            company.read(view, user_id, id, true)?;
            let own = if is_new { Some(acquaintance(view, user_id)?) } else { None };
            Ok::<_, EnterError>((entered, company, own))
        });
        match arrived.await {
            Ok((entered, company, own)) => {
                if let Some((conversations, status)) = own {
                    self.announce(user_id, status, &conversations);
                }
                Ok((entered, company))
            }
            Err(error) => {
                // Not let in here, but maybe elsewhere: another socket was not the first.
                if is_new {
                    self.arrived(user_id);
                }
                Err(error)
            }
        }
    }

    /// The ids of the conversations that a user takes part in.
    pub(crate) async fn conversation_ids(&self, user_id: UserId) -> Result<Vec<ConversationId>, Refusal> {
        self.store().read(move |view| Ok(view.conversation_ids_of(user_id)?)).await
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

fn enter(
    view: &View,
    actor: &Actor,
    id: ConversationId,
    start: Start,
    replay_limit: Option<u32>,
) -> Result<Entered, EnterError> {
    admit(view, actor)?;
    Ok(enter_one(view, actor, id, start, replay_limit)?)
}

fn admit(view: &View, actor: &Actor) -> Result<(), EnterError> {
    let session = actor.session.as_deref();
    let row = view.auth_row(actor.user_id, session)?;
    if row.is_some_and(|row| row.admits(session)) { Ok(()) } else { Err(EnterError::Account) }
}

fn enter_one(
    view: &View,
    actor: &Actor,
    id: ConversationId,
    start: Start,
    replay_limit: Option<u32>,
) -> Result<Entered, Refusal> {
    authorize(view.membership(id, actor.user_id)?, Action::Read)?;
    let head = view.head(id)?;
    let resume = match start {
        Start::Head => None,
        Start::After(cursor) => Some(match view.cursor_state(id, cursor)? {
            CursorState::Diverged => Resume::Gap(GapReason::Diverged),
            CursorState::Expired => Resume::Gap(GapReason::Retention),
            CursorState::Known => within(cursor.seq, head.seq, replay_limit),
        }),
        Start::Joining => {
            let joined_after = view.joined_after(id, actor.user_id)?.ok_or(Refusal::NotParticipant)?;
            Some(within(joined_after, head.seq, replay_limit))
        }
    };
    let missed = match resume {
        Some(Resume::From(after)) if after < head.seq => view.events(id, after, head.seq, LOG_PAGE)?,
        _ => Vec::new(),
    };
    Ok(Entered { head, resume, missed, participants: view.participant_count(id)? })
}

/// What an event holds in memory, roughly: its text, and as much for the rest as is usual.
fn content_bytes(event: &Event) -> usize {
    const USUAL_BYTES: usize = LOG_PAGE.content_bytes / LOG_PAGE.events;
    let text = match event {
        Event::Message(message) => message.content.len(),
        Event::MessageEdited { content, .. } => content.len(),
        _ => 0,
    };
    USUAL_BYTES + text
}

fn within(after: Seq, head: Seq, replay_limit: Option<u32>) -> Resume {
    let missing = head.0 - after.0;
    let is_too_far = replay_limit.is_some_and(|limit| missing > i64::from(limit));
    if is_too_far { Resume::Gap(GapReason::TooFar) } else { Resume::From(after) }
}

/// Whether a user's socket gets every event of a conversation of this size without asking.
pub(crate) fn is_small(participants: usize) -> bool {
    participants <= limits::SMALL_CONVERSATION
}
