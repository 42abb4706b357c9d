//! Sessions: from a token to an actor, and the end of a sign-in.

use std::sync::Arc;

use chinwag_protocol::rest::{Session, Token, User, UserRole};
use chinwag_protocol::{CloseCode, Timestamp};

use super::{Chat, accounts};
use crate::auth::Actor;
use crate::error::Refusal;
use crate::store::{Account, NewSession};

/// Why a token lets nobody in.
#[derive(Debug)]
pub(crate) enum AuthError {
    /// There is none, or it is malformed, badly signed or expired.
    Token,
    /// It is genuine, but its account is unknown or disabled, or its session was revoked.
    Account,
    /// The store could not say.
    Store(Refusal),
}

impl Chat {
    /// Finds out who a token belongs to.
    pub(crate) async fn authenticate(&self, token: &str) -> Result<Actor, AuthError> {
        let claims = self.inner.tokens.verify(token).map_err(|_| AuthError::Token)?;
        let (username, session) = (claims.sub.clone(), claims.sid.clone());
        let row = self
            .store()
            .read(move |view| Ok::<_, Refusal>(view.auth_row(&username, session.as_deref())?))
            .await
            .map_err(AuthError::Store)?;
        let user = match row {
            Some(row) if row.admits(claims.sid.as_deref()) => row.user,
            None if claims.sid.is_none() && self.config().auth.provision => {
                self.provision(&claims.sub).await?
            }
            _ => return Err(AuthError::Account),
        };
        Ok(Actor {
            user_id: user.id,
            username: user.username.into(),
            role: user.role,
            expires_at: claims.expires_at(),
            session: claims.sid.map(Arc::from),
        })
    }

    /// Makes the user that another application's token vouches for.
    async fn provision(&self, name: &str) -> Result<User, AuthError> {
        let is_storable = name.chars().count() <= chinwag_protocol::limits::MAX_NAME_CHARS
            && !name.chars().any(|character| character.is_control() || character.is_whitespace());
        if !is_storable {
            return Err(AuthError::Account);
        }
        let account = Account {
            username: name.to_owned(),
            email: None,
            first_name: String::new(),
            last_name: String::new(),
            password_hash: None,
            role: UserRole::User,
        };
        self.store()
            .write(move |change| {
                // Two first requests may come at once.
                if let Some(row) = change.auth_row(&account.username, None)? {
                    return Ok(row.user);
                }
                accounts::insert_account(change, &account)
            })
            .await
            .map_err(|refusal| match refusal {
                Refusal::BadRequest(_) => AuthError::Account,
                other => AuthError::Store(other),
            })
    }

    /// Notes a sign-in and signs its token.
    pub(super) async fn open_session(&self, user: User, user_agent: &str) -> Result<Token, Refusal> {
        let now = Timestamp::now();
        let lifetime_ms = i64::try_from(self.config().auth.token_lifetime.as_millis()).unwrap_or(i64::MAX);
        let session = NewSession::new(user.id, now, lifetime_ms, user_agent);
        let access_token = self
            .inner
            .tokens
            .sign(&user.username, &session.id, now, session.expires_at)
            .map_err(|_| Refusal::Internal)?;
        self.store().write(move |change| Ok::<_, Refusal>(change.insert_session(&session)?)).await?;
        Ok(Token { access_token, token_type: "bearer", user })
    }

    /// The caller's sign-ins that are still good, newest first.
    pub(crate) async fn sessions(&self, actor: &Actor) -> Result<Vec<Session>, Refusal> {
        let user_id = actor.user_id;
        let mut sessions = self
            .store()
            .read(move |view| Ok::<_, Refusal>(view.sessions(user_id, Timestamp::now())?))
            .await?;
        for session in &mut sessions {
            session.current = actor.session.as_deref() == Some(&*session.id);
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
        self.hub().close_user(user_id, Some(id), CloseCode::SessionRevoked);
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
