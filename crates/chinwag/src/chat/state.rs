//! The present state of a user's conversations, and where a cursor stands in a log.
//!
//! A client that comes back names a cursor, `seq` and `stamp`. This module judges it: resume from it, or
//! `gap` with the reason. The replay runs from the cursor to the head that was read, page by page, at the
//! socket's pace; then the connection takes its seat at that head.

use chinwag_protocol::rest::{ConversationState, User};
use chinwag_protocol::{ConversationId, Cursor, Event, GapReason, Seq, UserId, limits};

use super::Chat;
use super::access::{Action, authorize};
use super::presence::{Company, acquaintance};
use crate::auth::Actor;
use crate::error::Refusal;
use crate::store::{Chunk, CursorState, Entrance, StoreError, Stretch, View};

/// One read of the log. Bounds the memory of a connection that is behind or resumes.
pub(crate) const LOG_PAGE: Chunk = Chunk { events: 200, content_bytes: 32 * 1024 };

/// Where a client continues in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// From the newest event, without a replay.
    Head,
    /// From the client's cursor.
    After(Cursor),
    /// From where its user joined the conversation.
    Joining,
}

impl From<Option<Cursor>> for Start {
    fn from(cursor: Option<Cursor>) -> Self {
        cursor.map_or(Self::Head, Self::After)
    }
}

/// How a conversation continues for a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resume {
    /// With the events after this seq.
    From(Seq),
    /// Anew, at the head: continuity is lost.
    Gap(GapReason),
}

/// What a socket learns when it enters a conversation.
#[derive(Debug)]
pub(crate) struct Entered {
    pub head: Cursor,
    pub resume: Option<Resume>,
    /// The first page of the events after the cursor, up to the head.
    pub missed: Vec<Event>,
    pub participants: usize,
}

/// Why a socket may not enter a conversation.
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
    /// Admits the caller's socket to a conversation; returns the end of its log, and how to continue from the
    /// client's start.
    ///
    /// Checks again whether the account may enter. The socket is in its user's table by now, so a session
    /// that is revoked from here on closes it, and one that was revoked earlier is seen here.
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

    /// Like [`Chat::enter`], for the first of several conversations: as many as one page of missed events
    /// allows. `None` if the caller does not take part.
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
                Ok(enter_some(view, actor.user_id, &wanted, Some(replay_limit))?)
            })
            .await
    }

    /// Like [`Chat::enter`], and also reads who is there. If `is_new`, tells the others that the user came.
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
            company.read(view, user_id, &[(id, true)])?;
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
                // Not admitted here, but perhaps elsewhere: another socket was not the first.
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

    /// The caller's account and conversations, without those that they no longer take part in.
    pub(crate) async fn overview(
        &self,
        actor: &Actor,
        ids: Vec<ConversationId>,
    ) -> Result<(User, Vec<ConversationState>), Refusal> {
        let user_id = actor.user_id;
        self.store()
            .read(move |view| {
                let user = view.user(user_id)?.ok_or(Refusal::Unauthenticated("Unknown account"))?;
                Ok((user, view.conversation_states(user_id, &ids)?))
            })
            .await
    }

    /// One conversation of a user in its present state; `None` if they do not take part.
    pub(crate) async fn conversation_state(
        &self,
        user_id: UserId,
        id: ConversationId,
    ) -> Result<Option<ConversationState>, Refusal> {
        self.store().read(move |view| Ok(view.conversation_states(user_id, &[id])?.pop())).await
    }

    /// Those of these conversations that the caller takes part in, by id. Checks again whether the account
    /// may enter, as [`Chat::enter`] does.
    pub(crate) async fn taken_part_in(
        &self,
        actor: &Actor,
        ids: Vec<ConversationId>,
    ) -> Result<Vec<ConversationId>, EnterError> {
        let actor = actor.clone();
        self.store()
            .read(move |view| {
                admit(view, &actor)?;
                Ok(view.taken_part_in(actor.user_id, &ids)?)
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
    let mut entered = enter_some(view, actor.user_id, &[(id, start)], replay_limit)?;
    match entered.pop().flatten() {
        Some(entered) => Ok(entered),
        // This decides which of two refusals it is.
        None => {
            authorize(view.membership(id, actor.user_id)?, Action::Read)?;
            Err(Refusal::NotParticipant.into())
        }
    }
}

fn admit(view: &View, actor: &Actor) -> Result<(), EnterError> {
    let session = actor.session.as_deref();
    let row = view.auth_row(actor.user_id, session)?;
    if row.is_some_and(|row| row.admits(session)) { Ok(()) } else { Err(EnterError::Account) }
}

/// Enters the first conversations: as many as one page of missed events allows, but at least one.
fn enter_some(
    view: &View,
    user_id: UserId,
    wanted: &[(ConversationId, Start)],
    replay_limit: Option<u32>,
) -> Result<Vec<Option<Entered>>, StoreError> {
    let cursors: Vec<_> = wanted
        .iter()
        .map(|(id, start)| match start {
            Start::After(cursor) => (*id, Some(*cursor)),
            Start::Head | Start::Joining => (*id, None),
        })
        .collect();
    let entrances = view.entrances(user_id, &cursors)?;
    let places: Vec<_> = wanted
        .iter()
        .map(|(id, start)| (*id, entrances.get(id).map(|at| (at, resume(at, *start, replay_limit)))))
        .collect();
    let stretches: Vec<Stretch> = places
        .iter()
        .filter_map(|(id, place)| match place {
            Some((at, Some(Resume::From(after)))) if *after < at.head.seq => {
                Some(Stretch { conversation_id: *id, after: *after, through: at.head.seq })
            }
            _ => None,
        })
        .collect();
    let mut missed = view.missed(&stretches, LOG_PAGE)?;
    let mut entered = Vec::with_capacity(places.len());
    for (id, place) in places {
        let Some((at, resume)) = place else {
            entered.push(None);
            continue;
        };
        let events = missed.events.remove(&id).unwrap_or_default();
        let is_behind = matches!(resume, Some(Resume::From(after)) if after < at.head.seq);
        if is_behind && events.is_empty() && !missed.is_whole {
            break;
        }
        entered.push(Some(Entered { head: at.head, resume, missed: events, participants: at.participants }));
    }
    Ok(entered)
}

/// How a client with this start continues.
fn resume(at: &Entrance, start: Start, replay_limit: Option<u32>) -> Option<Resume> {
    match start {
        Start::Head => None,
        Start::After(cursor) => Some(match at.cursor {
            Some(CursorState::Diverged) => Resume::Gap(GapReason::Diverged),
            Some(CursorState::Expired) => Resume::Gap(GapReason::Retention),
            Some(CursorState::Known) | None => within(cursor.seq, at.head.seq, replay_limit),
        }),
        Start::Joining => Some(within(at.joined_after, at.head.seq, replay_limit)),
    }
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
