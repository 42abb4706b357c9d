//! Who is here. A user is here while a socket of theirs is open, unless they chose to be invisible.
//!
//! Presence combines whether a user has a connection with their chosen status, which is stored. It is
//! sent once to each connection in their conversations, and to a connection that enters a conversation, for
//! everybody there. A departure waits a second, so that nobody sees a reload. Departures are stored together,
//! a hundred in a step of the writer.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Weak;
use std::time::{Duration, Instant};

use chinwag_protocol::rest::{PresenceStatus, Receipt};
use chinwag_protocol::{ConversationId, Frame, Seq, Timestamp, UserId};
use tokio::sync::mpsc;

use super::{Chat, Inner, names};
use crate::auth::Actor;
use crate::error::Refusal;
use crate::realtime::{Departure, Move};
use crate::store::{Notice, ParticipantState, Status, StoreError, View};

/// A page that reloads comes back within this time, and nobody sees it go.
const GRACE: Duration = Duration::from_millis(1_000);
/// Another node has stored by then when somebody who left it was last here.
const STORED_AFTER: Duration = Duration::from_millis(1_500);
/// How many departures are stored in one step of the writer.
const MAX_GONE: usize = 100;

/// Tells of users who left and did not come back at once. Ends with the chat.
pub(super) async fn look_after_departures(
    chat: Weak<Inner>,
    mut departures: mpsc::UnboundedReceiver<Departure>,
) {
    let mut waiting = VecDeque::new();
    loop {
        if waiting.is_empty() {
            let Some(departure) = departures.recv().await else { return };
            waiting.push_back(departure);
        }
        if let Some(first) = waiting.front() {
            tokio::time::sleep_until((first.at + GRACE).into()).await;
        }
        waiting.extend(std::iter::from_fn(|| departures.try_recv().ok()));
        let now = Instant::now();
        let due = waiting.partition_point(|departure| departure.at + GRACE <= now).min(MAX_GONE);
        let gone = waiting.drain(..due).collect();
        let Some(inner) = chat.upgrade() else { return };
        Chat { inner }.tell_departures(gone).await;
    }
}

/// Tells of users who came to another node or went from it, and of statuses that were chosen on any node. Ends with the chat.
pub(super) async fn look_after_moves(chat: Weak<Inner>, mut moves: mpsc::UnboundedReceiver<Move>) {
    // Those who went, each with the time when their node has stored when they were last here.
    let mut gone: VecDeque<(Instant, Move)> = VecDeque::new();
    loop {
        let due = gone.front().map(|(due, _)| tokio::time::Instant::from(*due));
        let mut ready = Vec::new();
        tokio::select! {
            moved = moves.recv() => {
                let Some(moved) = moved else { return };
                ready.push(moved);
                ready.extend(std::iter::from_fn(|| moves.try_recv().ok()).take(MAX_GONE));
            }
            () = tokio::time::sleep_until(due.unwrap_or_else(tokio::time::Instant::now)), if due.is_some() => {}
        }
        let Some(inner) = chat.upgrade() else { return };
        let (chat, now) = (Chat { inner }, Instant::now());
        let went =
            |moved: &Move| matches!(moved, Move::Passed(user_id) if !chat.connections().is_here(*user_id));
        let (went, mut ready): (Vec<Move>, Vec<Move>) = ready.into_iter().partition(went);
        gone.extend(went.into_iter().map(|moved| (now + STORED_AFTER, moved)));
        let due = gone.partition_point(|(due, _)| *due <= now).min(MAX_GONE);
        ready.extend(gone.drain(..due).map(|(_, moved)| moved));
        chat.tell_moves(ready).await;
    }
}

/// A user's status, as others see it.
pub(crate) struct Presence {
    pub user_id: UserId,
    pub status: PresenceStatus,
    pub text: String,
    pub last_seen: Option<Timestamp>,
}

impl Presence {
    pub(crate) fn frame(&self) -> Frame<'_> {
        Frame::Presence {
            user_id: self.user_id,
            status: self.status,
            text: &self.text,
            last_seen: self.last_seen,
        }
    }
}

/// What a client may have missed besides events, as it was read: how far everybody is in the conversations
/// that it resumes, if they have begun, and the others of its small conversations.
#[derive(Debug)]
pub(crate) struct Company {
    pub receipts: Vec<(ConversationId, Vec<Receipt>)>,
    others: BTreeMap<UserId, Other>,
    /// The count, taken before they were read.
    status_changes: u64,
}

#[derive(Debug)]
struct Other {
    status: Status,
    /// The other person of a direct conversation, who is of interest even while away.
    is_peer: bool,
}

impl Company {
    /// Adds conversations; true for those that are resumed.
    pub(super) fn read(
        &mut self,
        view: &View,
        user_id: UserId,
        conversations: &[(ConversationId, bool)],
    ) -> Result<(), StoreError> {
        let ids: Vec<ConversationId> = conversations.iter().map(|(id, _)| *id).collect();
        let states = view.participant_states(&ids)?;
        let by_conversation = states.chunk_by(|one, next| one.conversation_id() == next.conversation_id());
        let mut receipts: HashMap<ConversationId, Vec<Receipt>> =
            by_conversation.filter_map(|some| Some((some.first()?.conversation_id(), begun(some)))).collect();
        let resumed = conversations.iter().filter(|(_, is_resumed)| *is_resumed);
        self.receipts.extend(resumed.map(|(id, _)| (*id, receipts.remove(id).unwrap_or_default())));
        for ParticipantState { receipt, status, is_direct } in states {
            if receipt.user_id != user_id {
                let other = Other { status, is_peer: false };
                self.others.entry(receipt.user_id).or_insert(other).is_peer |= is_direct;
            }
        }
        Ok(())
    }
}

/// The receipts of those who have begun to receive or read.
pub(super) fn begun(states: &[ParticipantState]) -> Vec<Receipt> {
    let receipts = states.iter().map(|state| state.receipt);
    receipts.filter(|receipt| receipt.delivered_seq > Seq::ZERO).collect()
}

impl Chat {
    /// The first socket of this user was opened.
    pub(crate) fn arrived(&self, user_id: UserId) {
        let chat = self.clone();
        tokio::spawn(async move { chat.announce_now(user_id).await });
    }

    /// Stores when these users were last here, and tells the others. All clients of a server may leave at
    /// once: that must not fill the writer's queue.
    async fn tell_departures(&self, mut gone: Vec<Departure>) {
        gone.retain(|departure| !self.connections().is_here(departure.user_id));
        if gone.is_empty() {
            return;
        }
        let noted = self.store().write(move |change| {
            let note = |departure: Departure| {
                let Departure { user_id, last_seen, .. } = departure;
                // An invisible user left when they became invisible.
                if change.status(user_id)?.chosen != PresenceStatus::Invisible {
                    change.set_last_seen(user_id, last_seen)?;
                }
                Ok((user_id, acquaintance(change, user_id)?))
            };
            gone.into_iter().map(note).collect::<Result<Vec<_>, Refusal>>()
        });
        match noted.await {
            Ok(noted) => {
                for (user_id, (conversations, status)) in noted {
                    self.announce(user_id, status, &conversations);
                }
            }
            Err(error) => tracing::warn!(%error, "can't store when users were last here"),
        }
    }

    /// Sets the caller's own status.
    ///
    /// # Errors
    /// `Invalid` for a text of more than 250 characters.
    pub async fn set_presence(
        &self,
        actor: &Actor,
        status: PresenceStatus,
        text: String,
    ) -> Result<(), Refusal> {
        self.limit(actor)?;
        let text = names::line("text", &text)?;
        let user_id = actor.user_id;
        self.store()
            .write(move |change| {
                let before = change.status(user_id)?;
                // What everybody knows is not announced again.
                if (before.chosen, &before.text) == (status, &text) {
                    return Ok(());
                }
                let vanishes = status == PresenceStatus::Invisible && before.chosen != status;
                // Nobody learns what an invisible user writes into their text.
                if vanishes || status != PresenceStatus::Invisible {
                    change.tell(Notice::StatusChosen(user_id));
                }
                change.set_status(user_id, status, &text)?;
                if vanishes {
                    change.set_last_seen(user_id, Timestamp::now())?;
                }
                Ok::<_, Refusal>(())
            })
            .await
    }

    /// Tells everybody who is connected here how these users look now. Not of those who leave meanwhile: that is told as
    /// any departure, if they do not come back at once.
    async fn tell_moves(&self, moves: Vec<Move>) {
        if moves.is_empty() {
            return;
        }
        let look = |moved: Move| {
            let (Move::Passed(user_id) | Move::Chose(user_id)) = moved;
            (moved, user_id, self.connections().is_here(user_id))
        };
        let moves: Vec<_> = moves.into_iter().map(look).collect();
        let read = self.store().read(move |view| {
            let read =
                |(moved, user_id, was_here)| Ok((moved, user_id, was_here, acquaintance(view, user_id)?));
            moves.into_iter().map(read).collect::<Result<Vec<_>, Refusal>>()
        });
        match read.await {
            Ok(found) => {
                for (moved, user_id, was_here, (conversations, status)) in found {
                    let is_invisible = status.chosen == PresenceStatus::Invisible;
                    if was_here && !is_invisible && !self.connections().is_here(user_id) {
                        continue;
                    }
                    match moved {
                        Move::Passed(_) => self.announce(user_id, status, &conversations),
                        Move::Chose(_) => self.tell(user_id, status, &conversations),
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "can't announce how users look now"),
        }
    }

    /// Sends a user's current status to everybody who shares a conversation with them.
    async fn announce_now(&self, user_id: UserId) {
        if let Some((conversations, status)) = self.own(user_id).await {
            self.announce(user_id, status, &conversations);
        }
    }

    async fn own(&self, user_id: UserId) -> Option<(Vec<ConversationId>, Status)> {
        let found = self.store().read(move |view| Ok::<_, Refusal>(acquaintance(view, user_id)?)).await;
        if let Err(error) = &found {
            tracing::warn!(%user_id, %error, "can't announce a user's status");
        }
        found.ok()
    }

    /// Sends everybody in a user's conversations what was just read about them. Nobody learns when an
    /// invisible user comes, goes or changes their text.
    pub(super) fn announce(&self, user_id: UserId, status: Status, conversations: &[ConversationId]) {
        if status.chosen != PresenceStatus::Invisible {
            self.tell(user_id, status, conversations);
        }
    }

    fn tell(&self, user_id: UserId, status: Status, conversations: &[ConversationId]) {
        let presence = self.shown(user_id, status);
        self.connections().tell_presence(conversations, user_id, &presence.frame());
    }

    fn shown(&self, user_id: UserId, status: Status) -> Presence {
        let is_here = self.connections().is_here(user_id) && status.chosen != PresenceStatus::Invisible;
        if is_here {
            return Presence { user_id, status: status.chosen, text: status.text, last_seen: None };
        }
        Presence { user_id, status: PresenceStatus::Offline, text: status.text, last_seen: status.last_seen }
    }

    /// An empty company.
    pub(super) fn nobody(&self) -> Company {
        Company {
            receipts: Vec::new(),
            others: BTreeMap::new(),
            status_changes: self.connections().status_changes(),
        }
    }

    /// The company of a user who enters these conversations; true for those that resume.
    pub(crate) async fn company(
        &self,
        actor: &Actor,
        conversations: Vec<(ConversationId, bool)>,
    ) -> Result<Company, Refusal> {
        let user_id = actor.user_id;
        let mut company = self.nobody();
        self.store()
            .read(move |view| {
                company.read(view, user_id, &conversations)?;
                Ok(company)
            })
            .await
    }

    /// Whether everybody's status is still as it was read.
    pub(crate) fn is_current(&self, company: &Company) -> bool {
        company.status_changes == self.connections().status_changes()
    }

    /// The present ones among a company; for a peer in a direct conversation, also when they were last here.
    pub(crate) fn present(&self, company: Company) -> Vec<Presence> {
        let others = company.others.into_iter();
        let shown = others.map(|(user_id, other)| (self.shown(user_id, other.status), other.is_peer));
        let of_interest = shown.filter(|(presence, is_peer)| match presence.status {
            PresenceStatus::Offline => *is_peer && presence.last_seen.is_some(),
            _ => true,
        });
        of_interest.map(|(presence, _)| presence).collect()
    }

    /// Tells a conversation of a new participant's presence, if they are here.
    pub(super) async fn introduce(&self, user_id: UserId, id: ConversationId) {
        if !self.connections().is_here(user_id) {
            return;
        }
        match self.store().read(move |view| Ok::<_, Refusal>(view.status(user_id)?)).await {
            Ok(status) => self.announce(user_id, status, &[id]),
            Err(error) => tracing::warn!(%user_id, %error, "can't announce a user's status"),
        }
    }
}

/// A user's conversations, and their own status.
pub(super) fn acquaintance(
    view: &View,
    user_id: UserId,
) -> Result<(Vec<ConversationId>, Status), StoreError> {
    Ok((view.conversation_ids_of(user_id)?, view.status(user_id)?))
}
