//! Who is here. A user is as long as a socket of theirs is open, unless they chose to be invisible.

use std::time::Duration;

use chinwag_protocol::rest::{PresenceStatus, Receipt};
use chinwag_protocol::{ConversationId, ErrorCode, Frame, Timestamp, UserId, limits};

use super::Chat;
use super::marks::receipts_of;
use crate::auth::Actor;
use crate::error::Refusal;
use crate::store::Status;

/// A page that reloads comes back within this time, and nobody saw it go.
const GRACE: Duration = Duration::from_millis(1_000);

/// Somebody's status, as others see it.
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

impl Chat {
    /// The first socket of this user was opened.
    pub(crate) fn arrived(&self, user_id: UserId) {
        let chat = self.clone();
        tokio::spawn(async move { chat.announce(user_id).await });
    }

    /// A socket of this user is gone.
    pub(crate) fn departed(&self, user_id: UserId) {
        if self.hub().sockets_of(user_id) > 0 || self.hub().is_draining() {
            return;
        }
        let chat = self.clone();
        let last_seen = Timestamp::now();
        tokio::spawn(async move {
            tokio::time::sleep(GRACE).await;
            if chat.hub().sockets_of(user_id) > 0 {
                return;
            }
            let noted = chat.store().write(move |change| {
                // Whoever was invisible went when they became so.
                if change.status(user_id)?.chosen != PresenceStatus::Invisible {
                    change.set_last_seen(user_id, last_seen)?;
                }
                Ok::<_, Refusal>(())
            });
            if let Err(error) = noted.await {
                tracing::warn!(%user_id, %error, "can't note when a user was last here");
            }
            chat.announce(user_id).await;
        });
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
        if text.chars().count() > limits::MAX_TOPIC_CHARS || text.chars().any(char::is_control) {
            let message = "text has more than 250 characters, or a control character".to_owned();
            let (field, kind, code) = ("text", "string_too_long", ErrorCode::InvalidFrame);
            return Err(Refusal::Invalid { field, kind, code, message });
        }
        let user_id = actor.user_id;
        let vanishes = self
            .store()
            .write(move |change| {
                let was_invisible = change.status(user_id)?.chosen == PresenceStatus::Invisible;
                let vanishes = status == PresenceStatus::Invisible && !was_invisible;
                change.set_status(user_id, status, &text)?;
                if vanishes {
                    change.set_last_seen(user_id, Timestamp::now())?;
                }
                Ok::<_, Refusal>(vanishes)
            })
            .await?;
        if vanishes {
            self.tell_others(user_id, |_| true).await;
        } else {
            self.announce(user_id).await;
        }
        Ok(())
    }

    /// Tells a user's status to everybody they share a conversation with. Of those who are invisible,
    /// nobody hears when they come, go or change what they say.
    async fn announce(&self, user_id: UserId) {
        self.tell_others(user_id, |status| status.chosen != PresenceStatus::Invisible).await;
    }

    async fn tell_others(&self, user_id: UserId, is_told: fn(&Status) -> bool) {
        let found = self
            .store()
            .read(move |view| {
                let conversations: Vec<ConversationId> =
                    view.conversations_of(user_id)?.into_iter().map(|conversation| conversation.id).collect();
                Ok::<_, Refusal>((conversations, view.status(user_id)?))
            })
            .await;
        match found {
            Ok((conversations, status)) if is_told(&status) => {
                let presence = self.shown(user_id, status);
                self.hub().tell_presence(&conversations, user_id, &presence.frame());
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%user_id, %error, "can't tell a user's status"),
        }
    }

    fn shown(&self, user_id: UserId, status: Status) -> Presence {
        let is_here = self.hub().sockets_of(user_id) > 0 && status.chosen != PresenceStatus::Invisible;
        if is_here {
            return Presence { user_id, status: status.chosen, text: status.text, last_seen: None };
        }
        Presence { user_id, status: PresenceStatus::Offline, text: status.text, last_seen: status.last_seen }
    }

    /// What a client may have missed: how far everybody is in the conversations that it resumes, as far as
    /// anybody has begun, and the others of its small conversations who are here now.
    pub(crate) async fn state(
        &self,
        actor: &Actor,
        conversations: Vec<ConversationId>,
        resumed: Vec<ConversationId>,
    ) -> Result<(Vec<Vec<Receipt>>, Vec<Presence>), Refusal> {
        let user_id = actor.user_id;
        let (receipts, others) = self
            .store()
            .read(move |view| {
                let mut receipts = Vec::with_capacity(resumed.len());
                for id in resumed {
                    receipts.push(receipts_of(view, id)?);
                }
                let mut others = std::collections::BTreeMap::new();
                for id in conversations {
                    if view.participant_count(id)? > limits::SMALL_CONVERSATION {
                        continue;
                    }
                    for participant in view.participants(id)? {
                        if participant.id != user_id {
                            others.insert(participant.id, view.status(participant.id)?);
                        }
                    }
                }
                Ok::<_, Refusal>((receipts, others))
            })
            .await?;
        let shown = others.into_iter().map(|(user_id, status)| self.shown(user_id, status));
        Ok((receipts, shown.filter(|presence| presence.status != PresenceStatus::Offline).collect()))
    }
}
