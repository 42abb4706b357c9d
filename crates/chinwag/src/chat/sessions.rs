//! Sessions: from a token to an actor, and the end of a sign-in.
//!
//! Other processes may change accounts while a server runs. Twice a second the watch reads a counter in the
//! database, which `chinwag user` raises, and closes the sockets of users who may not stay, and of those who
//! have been renamed. Groups whose only owner's account was removed get another owner then: only the server
//! itself writes events. Changes by the server itself close sockets at once.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use chinwag_protocol::rest::{Session, Token, User};
use chinwag_protocol::{CloseCode, Timestamp, UserId};
use tokio::time::MissedTickBehavior;

use super::{Chat, Inner};
use crate::auth::{Actor, Holder};
use crate::error::Refusal;
use crate::store::{AuthRow, Exchange, NewSession, SHARED_SECRET, Spent, Stay, View, random_token};

/// A refresh token that is unused for this long is void: 90 days.
const REFRESH_LIFETIME: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Why a token lets nobody in.
#[derive(Debug)]
pub(crate) enum AuthError {
    /// It is missing, malformed, badly signed or expired.
    Token,
    /// It is genuine, but its account is unknown or disabled, or its session was revoked.
    Account,
    /// The store could not say.
    Store(Refusal),
}

/// How many connections one read checks.
const STAYS_AT_ONCE: usize = 10_000;

/// The owner of a genuine token.
enum Found {
    /// The account, and the session of this server, if it is one of its own tokens.
    Account(AuthRow, Option<Arc<str>>),
    /// A token that claims to be another application's, but is ours from the time when both shared a key.
    Impostor,
    /// No account, and why.
    Nobody(&'static str),
}

fn find(view: &View, user_id: Option<UserId>) -> Result<Found, Refusal> {
    let row = match user_id {
        Some(user_id) => view.auth_row(user_id, None)?,
        None => None,
    };
    let unknown = "its subject has no account (provision_users is off; `chinwag user link` gives it one)";
    Ok(row.map_or(Found::Nobody(unknown), |row| Found::Account(row, None)))
}

/// How often the server checks whether another process changed accounts.
const LOOK_AFTER: Duration = Duration::from_millis(500);

/// Closes the sockets of users who may no longer stay, whenever another process changed accounts. Ends with
/// the chat.
pub(super) async fn look_after_accounts(chat: Weak<Inner>) {
    let mut seen = None;
    let mut interval = tokio::time::interval(LOOK_AFTER);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        let Some(inner) = chat.upgrade() else { return };
        let chat = Chat { inner };
        let Ok(count) = chat.store().read(View::account_changes).await else { continue };
        if seen == Some(count) {
            continue;
        }
        if seen.is_some() {
            chat.look_after_everybody().await;
        }
        // If this can't be known now, the next question asks again.
        let _ = chat.awaits_administrator().await;
        // Also of what was changed before the server ran.
        match chat.appoint_successors().await {
            Ok(()) => seen = Some(count),
            Err(error) => tracing::warn!(%error, "can't give groups another owner yet"),
        }
    }
}

impl Chat {
    /// Checks many at once: one query for each of a hundred thousand connections would take longer than the
    /// promised second.
    async fn look_after_everybody(&self) {
        let stay = |actor: &Actor| (actor.user_id, actor.session.clone());
        let actors = self.connections().actors();
        let stays: Vec<Stay> = actors.iter().map(stay).collect::<HashSet<_>>().into_iter().collect();
        let mut ended: HashMap<Stay, CloseCode> = HashMap::new();
        for some in stays.chunks(STAYS_AT_ONCE) {
            let some = some.to_vec();
            match self.store().read(move |view| view.those_who_may_not_stay(&some)).await {
                Ok(found) => ended.extend(found.into_iter().map(|(stay, is_active)| {
                    (stay, if is_active { CloseCode::SessionRevoked } else { CloseCode::Account })
                })),
                Err(error) => tracing::warn!(%error, "can't check who may stay connected"),
            }
        }
        self.connections().end(|actor| ended.get(&stay(actor)).copied());
        // Called last: a removed user has another name, too, and the first close code stands.
        self.call_back_the_renamed(&actors).await;
    }

    /// Closes the sockets of renamed users, because what they send must carry the name in the log.
    async fn call_back_the_renamed(&self, actors: &[Actor]) {
        let ids: HashSet<i64> = actors.iter().map(|actor| actor.user_id.0).collect();
        let mut names: HashMap<UserId, String> = HashMap::new();
        for some in ids.into_iter().collect::<Vec<_>>().chunks(STAYS_AT_ONCE) {
            match self.users_by_id(some.to_vec()).await {
                Ok(found) => names.extend(found.into_iter().map(|user| (user.id, user.username))),
                Err(error) => tracing::warn!(%error, "can't check who has another name"),
            }
        }
        self.connections().end(|actor| {
            let has_another = names.get(&actor.user_id).is_some_and(|name| *name != *actor.username);
            has_another.then_some(CloseCode::Restart)
        });
    }

    /// Finds the owner of a token. The log tells which rule refused one.
    pub(crate) async fn authenticate(&self, token: &str) -> Result<Actor, AuthError> {
        let refused = |error: AuthError, rule: &dyn fmt::Display| {
            self.inner.refusals.note(&rule.to_string());
            error
        };
        let claims = self.inner.tokens.verify(token).map_err(|flaw| refused(AuthError::Token, &flaw))?;
        let found = match &claims.holder {
            Holder::Session(id) => self.holder_of_session(id.clone()).await,
            Holder::Subject { subject, session } => self.holder_of_subject(subject, session.clone()).await,
        };
        let (row, session) = match found.map_err(AuthError::Store)? {
            Found::Account(row, session) => (row, session),
            Found::Impostor => {
                return Err(refused(
                    AuthError::Token,
                    &"an earlier version of this server signed it with the shared secret; replace that secret",
                ));
            }
            Found::Nobody(rule) => return Err(refused(AuthError::Account, &rule)),
        };
        if !row.admits(session.as_deref()) {
            let rule = if row.user.is_active { "its session has ended" } else { "its account is disabled" };
            return Err(refused(AuthError::Account, &rule));
        }
        let AuthRow { user, .. } = row;
        Ok(Actor {
            user_id: user.id,
            username: user.username.into(),
            role: user.role,
            expires_at: claims.expires_at,
            session,
        })
    }

    async fn holder_of_session(&self, id: String) -> Result<Found, Refusal> {
        self.store()
            .read(move |view| {
                let row = match view.user_of_session(&id)? {
                    Some(user_id) => view.auth_row(user_id, Some(&id))?,
                    None => None,
                };
                Ok(row.map_or(Found::Nobody("its session is unknown"), |row| {
                    Found::Account(row, Some(id.into()))
                }))
            })
            .await
    }

    async fn holder_of_subject(&self, subject: &str, session: Option<String>) -> Result<Found, Refusal> {
        let named = subject.to_owned();
        let found = self.store().read(move |view| {
            // Nobody draws one of our ids by chance.
            if let Some(session) = session
                && view.user_of_session(&session)?.is_some()
            {
                return Ok::<_, Refusal>(Found::Impostor);
            }
            find(view, view.user_of_subject(SHARED_SECRET, &named)?)
        });
        match found.await? {
            Found::Nobody(_) if self.config().auth.provision => {
                let user_id = self.provision(subject.to_owned()).await?;
                self.store().read(move |view| find(view, Some(user_id))).await
            }
            found => Ok(found),
        }
    }

    /// Stores a sign-in and signs its token.
    pub(super) async fn open_session(&self, user: User, user_agent: &str) -> Result<Token, Refusal> {
        let now = Timestamp::now();
        let session = NewSession::new(user.id, now, self.config().auth.token_lifetime, user_agent);
        let token = self.sign(user, &session.id, now, random_token())?;
        let hash = hash(&token.refresh_token);
        let refresh_until = now.after(REFRESH_LIFETIME);
        self.store()
            .write(move |change| {
                change.insert_session(&session)?;
                Ok::<_, Refusal>(change.insert_refresh_token(&hash, &session.id, refresh_until)?)
            })
            .await?;
        Ok(token)
    }

    /// Exchanges a refresh token for a new pair of tokens of the same session. Within some seconds it returns
    /// the same pair again: an answer may get lost, and two tabs may ask at once.
    ///
    /// # Errors
    /// `Unauthenticated` for a token that is unknown, too old or used. A token that was used before ends its
    /// session, since somebody else must have it. `Forbidden` if passwords are off.
    pub(crate) async fn refresh(&self, refresh_token: &str) -> Result<Token, Refusal> {
        const REFUSED: Refusal = Refusal::Unauthenticated("This refresh token is not valid");
        self.require_password_login()?;
        let now = Timestamp::now();
        let next = self.inner.tokens.successor(refresh_token);
        let exchange = Exchange {
            spent: hash(refresh_token),
            next: hash(&next),
            next_expires_at: now.after(REFRESH_LIFETIME),
            session_expires_at: now.after(self.config().auth.token_lifetime),
        };
        // One job: a spent token has its successor, whatever happens to the answer.
        let spent =
            self.store().write(move |change| Ok::<_, Refusal>(change.spend_refresh_token(&exchange, now)?));
        match spent.await? {
            Spent::Good(session, user, at) => self.sign(user, &session, at, next),
            Spent::Reused(user_id) => {
                tracing::warn!(%user_id, "a refresh token was used twice; its session has ended");
                Err(REFUSED)
            }
            Spent::Unknown => Err(REFUSED),
        }
    }

    /// A pair of tokens, deterministic for a given time.
    fn sign(
        &self,
        user: User,
        session: &str,
        at: Timestamp,
        refresh_token: String,
    ) -> Result<Token, Refusal> {
        let expires_at = at.after(self.config().auth.token_lifetime);
        let signed = self.inner.tokens.sign(&user.username, session, at, expires_at);
        Ok(Token {
            access_token: signed.map_err(|_| Refusal::Internal)?,
            token_type: "bearer",
            refresh_token,
            expires_in: self.config().auth.token_lifetime.as_secs(),
            user,
        })
    }

    /// The caller's valid sign-ins, newest first.
    pub(crate) async fn sessions(&self, actor: &Actor) -> Result<Vec<Session>, Refusal> {
        let (user_id, now, lifetime) = (actor.user_id, Timestamp::now(), self.config().auth.token_lifetime);
        let mut sessions =
            self.store().read(move |view| Ok::<_, Refusal>(view.sessions(user_id, now, lifetime)?)).await?;
        for session in &mut sessions {
            session.current = actor.session.as_deref() == Some(&*session.id);
            if session.current || self.connections().is_session_here(user_id, &session.id) {
                session.last_used_at = now.created_at();
            }
        }
        Ok(sessions)
    }

    /// Ends one of the caller's sign-ins: its tokens are refused and its sockets closed.
    ///
    /// # Errors
    /// `NotFound` if the caller has no such live session.
    pub(crate) async fn revoke_session(&self, actor: &Actor, id: &str) -> Result<(), Refusal> {
        let (user_id, session) = (actor.user_id, id.to_owned());
        let is_revoked = self
            .store()
            .write(move |change| Ok::<_, Refusal>(change.revoke_session(user_id, &session)?))
            .await?;
        if is_revoked { Ok(()) } else { Err(Refusal::NotFound("Session not found".to_owned())) }
    }

    /// Ends the caller's own sign-in.
    ///
    /// # Errors
    /// `BadRequest` for a token that another application signed: only that application can end it.
    pub(crate) async fn sign_out(&self, actor: &Actor) -> Result<(), Refusal> {
        match &actor.session {
            Some(session) => self.revoke_session(actor, session).await,
            None => Err(Refusal::BadRequest("This token was signed by another application; sign out there")),
        }
    }
}

/// What is kept of a token. Tokens are random, so a plain hash is enough to make a copy of the database harmless.
pub(super) fn hash(token: &str) -> Vec<u8> {
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, token.as_bytes()).as_ref().to_vec()
}
