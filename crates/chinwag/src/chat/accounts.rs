//! Accounts: signing in, registering, and the first administrator.

use std::hash::Hash;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chinwag_protocol::rest::{Register, Token, User, UserChange, UserRole};
use chinwag_protocol::{ErrorCode, Timestamp, UserId, limits};

use super::sessions::hash;
use super::{Chat, names};
use crate::auth::{Actor, PasswordError};
use crate::error::Refusal;
use crate::limits::{Attempt, Attempts, Held};
use crate::store::{Account, Change, Identity, Store, TokenPurpose, View, random_token};
use crate::unicode::{fold, nfc};

/// The lifetime of the link that `serve` prints.
const SETUP_LIFETIME: Duration = Duration::from_secs(30 * 60);

/// The most that a username of 64 characters or an e-mail address needs.
const MAX_SIGN_IN_NAME_BYTES: usize = 256;

const PASSWORD_RULE: &str = "password must have 8 to 256 bytes";

const WRONG_CREDENTIALS: &str = "Incorrect username or password";

const NO_ADMINISTRATOR: &str = "This server waits for its first administrator: open the setup link that it printed \
                                where it was started";

/// What a sign-in waits for before it is refused.
#[derive(Clone, Copy)]
enum Patience {
    /// Other attempts in progress to end.
    OfOthers,
    /// Also for failures to be forgotten.
    OfAll,
}

/// The one-time link for the first administrator, and this server's knowledge whether there is one.
pub(super) struct SetupLink {
    open: Option<(String, Instant)>,
    /// Whether registration waits for the first administrator.
    is_awaited: AtomicBool,
}

impl SetupLink {
    /// A link that any server of the database takes, if one is offered and there is no administrator.
    pub(super) async fn open(store: &Store, is_offered: bool) -> Result<Self, Refusal> {
        if !is_offered || store.read(View::has_administrator).await? {
            return Ok(Self { open: None, is_awaited: AtomicBool::new(false) });
        }
        let token = random_token();
        let (hash, expires_at) = (hash(&token), Timestamp::now().after(SETUP_LIFETIME));
        store
            .write(move |change| {
                Ok::<_, Refusal>(change.keep_one_time_token(TokenPurpose::Setup, &hash, &[], expires_at)?)
            })
            .await?;
        Ok(Self { open: Some((token, Instant::now() + SETUP_LIFETIME)), is_awaited: AtomicBool::new(true) })
    }
}

impl Chat {
    /// Signs in with a password.
    ///
    /// # Errors
    /// `Unauthenticated` for an unknown name, a wrong password or a disabled account: the same words after
    /// the same time. `RateLimited` after too many failures from this address; after too many for this
    /// account the answer only takes longer, so that nobody can lock a user out. `Forbidden` if passwords are
    /// off.
    pub(crate) async fn sign_in(
        &self,
        name: &str,
        password: String,
        address: Option<IpAddr>,
        user_agent: &str,
    ) -> Result<Token, Refusal> {
        self.require_password_login()?;
        self.learn_failures(name, address).await?;
        let limits = &self.inner.limits;
        let from_address = match address {
            Some(address) => {
                Some(self.attempt(&limits.logins_per_address, address, Patience::OfOthers).await?)
            }
            None => None,
        };
        // No user has such a name, and as a key of the rate limit it would only cost memory.
        if name.len() > MAX_SIGN_IN_NAME_BYTES {
            if let Some(attempt) = from_address {
                attempt.fail();
                self.tell_failure(None, address).await;
            }
            return Err(Refusal::Unauthenticated(WRONG_CREDENTIALS));
        }
        match self.check_password(name.to_owned(), password, from_address).await? {
            Some(identity) => self.open_session(identity.user, user_agent).await,
            None => Err(Refusal::Unauthenticated(WRONG_CREDENTIALS)),
        }
    }

    /// Returns the enabled account with this name and password. A wrong password counts against the account
    /// and the address.
    async fn check_password(
        &self,
        name: String,
        password: String,
        from_address: Option<Attempt<IpAddr>>,
    ) -> Result<Option<Identity>, Refusal> {
        let of_account = &self.inner.limits.logins_per_account;
        let of_account = self.attempt(of_account, fold(&name), Patience::OfAll).await?;
        let chat = self.clone();
        // A caller who leaves in between would learn nothing, but the hash would be computed uncounted. A
        // separate task always finishes and counts it.
        let check = tokio::spawn(async move {
            let tried = name.clone();
            let identity = chat.store().read(move |view| Ok::<_, Refusal>(view.identity(&name)?)).await?;
            let hash = identity.as_ref().and_then(|identity| identity.password_hash.clone());
            let is_right = chat.inner.passwords.verify(password, hash).await?;
            let identity = identity.filter(|identity| is_right && identity.user.is_active);
            if identity.is_none() {
                of_account.fail();
                let address = from_address.as_ref().map(|attempt| *attempt.key());
                if let Some(attempt) = from_address {
                    attempt.fail();
                }
                chat.tell_failure(Some(&tried), address).await;
            }
            Ok(identity)
        });
        check.await.unwrap_or(Err(Refusal::Internal))
    }

    /// Refuses if accounts of this server can't sign in by password.
    pub(super) fn require_password_login(&self) -> Result<(), Refusal> {
        let auth = &self.config().auth;
        match (auth.has_password_login(), &auth.shared_secret) {
            (true, _) => Ok(()),
            (false, Some(_)) => Err(Refusal::Forbidden(
                "Sign-in by password is off on this server: sign in through its application",
            )),
            (false, None) => Err(Refusal::Forbidden("Sign-in by password is off on this server")),
        }
    }

    /// Begins a sign-in attempt as soon as it may.
    async fn attempt<K: Clone + Eq + Hash>(
        &self,
        attempts: &Arc<Attempts<K>>,
        key: K,
        patience: Patience,
    ) -> Result<Attempt<K>, Refusal> {
        let mut place = None;
        loop {
            let ended = attempts.ended();
            let held = match attempts.begin(&key, Instant::now()) {
                Ok(attempt) => return Ok(attempt),
                Err(held) => held,
            };
            let is_too_long = matches!((held, patience), (Held::ByFailures(_), Patience::OfOthers));
            place = place.or_else(|| self.inner.limits.delayed_logins.try_acquire().ok());
            if is_too_long || place.is_none() {
                return Err(Refusal::RateLimited(held.at_most()));
            }
            // Either event is a reason to check again.
            let _ = tokio::time::timeout(held.at_most(), ended).await;
        }
    }

    /// Creates an account and signs it in.
    ///
    /// # Errors
    /// `Forbidden` if registration is closed or waits for the first administrator; `Invalid` for a field;
    /// `BadRequest` if the name or address is taken; `RateLimited`.
    pub(crate) async fn register(
        &self,
        register: Register,
        address: Option<IpAddr>,
        user_agent: &str,
    ) -> Result<Token, Refusal> {
        if !self.config().auth.registration {
            let is_shared = self.config().auth.shared_secret.is_some();
            return Err(Refusal::Forbidden(if is_shared {
                "Registration is closed on this server: its users come from another application"
            } else {
                "Registration is closed on this server"
            }));
        }
        if let Some(address) = address {
            self.inner.limits.registrations.take(&address, Instant::now()).map_err(Refusal::RateLimited)?;
        }
        if self.awaits_administrator().await? {
            return Err(Refusal::Forbidden(NO_ADMINISTRATOR));
        }
        let account = self.account(register, UserRole::User).await?;
        let user = self.store().write(move |change| insert_account(change, &account)).await?;
        self.open_session(user, user_agent).await
    }

    /// Whether registration waits for the server's first administrator. Another process may have made
    /// one, so the database is asked until there is; registration stays
    /// open then, even if that administrator is demoted later.
    pub(crate) async fn awaits_administrator(&self) -> Result<bool, Refusal> {
        let is_awaited = &self.inner.setup.is_awaited;
        if is_awaited.load(Ordering::Relaxed)
            && self.store().read(|view| Ok::<_, Refusal>(view.has_administrator()?)).await?
        {
            is_awaited.store(false, Ordering::Relaxed);
        }
        Ok(is_awaited.load(Ordering::Relaxed))
    }

    /// The setup link's token, while it is valid. An administrator whom another process has made is noticed within a
    /// second.
    pub(crate) fn setup_token(&self) -> Option<String> {
        let setup = &self.inner.setup;
        let (token, until) = setup.open.as_ref()?;
        let is_valid = setup.is_awaited.load(Ordering::Relaxed) && Instant::now() < *until;
        is_valid.then(|| token.clone())
    }

    /// Creates the first administrator. The link works once, and only while there is no administrator.
    pub(crate) async fn set_up(
        &self,
        token: &str,
        register: Register,
        user_agent: &str,
    ) -> Result<Token, Refusal> {
        const REFUSED: Refusal = Refusal::Forbidden("This setup link was used or is too old");
        self.require_password_login()?;
        let (hash, now) = (hash(token), Timestamp::now());
        let is_good = {
            let hash = hash.clone();
            move |view: &View| Ok::<_, Refusal>(view.is_one_time_token(TokenPurpose::Setup, &hash, now)?)
        };
        // Only a good link may cost a password's hash.
        if !self.store().read(is_good).await? {
            return Err(REFUSED);
        }
        let account = self.account(register, UserRole::Admin).await?;
        let user = self.store().write(move |change| {
            let is_spent = change.spend_one_time_token(TokenPurpose::Setup, &hash, now)?.is_some();
            if !is_spent || change.has_administrator()? {
                return Err(REFUSED);
            }
            let user = insert_account(change, &account)?;
            // Other servers stop waiting for it, too.
            change.count_account_change()?;
            Ok(user)
        });
        let user = user.await?;
        self.inner.setup.is_awaited.store(false, Ordering::Relaxed);
        self.open_session(user, user_agent).await
    }

    /// The caller's own account.
    pub(crate) async fn me(&self, actor: &Actor) -> Result<User, Refusal> {
        let user_id: UserId = actor.user_id;
        self.store()
            .read(move |view| view.user(user_id)?.ok_or(Refusal::Unauthenticated("Unknown account")))
            .await
    }

    /// Changes the caller's names or password. A new password ends all other sessions, and their sockets.
    ///
    /// # Errors
    /// `Forbidden` if the current password is wrong or missing, `Invalid`, `RateLimited`.
    pub(crate) async fn update_me(&self, actor: &Actor, wanted: UserChange) -> Result<User, Refusal> {
        self.limit(actor)?;
        let user_id = actor.user_id;
        let me = self.me(actor).await?;
        let name = |field, wanted: Option<String>, old| match wanted {
            Some(name) => names::person_name(field, &name),
            None => Ok(old),
        };
        let first = name("first_name", wanted.first_name, me.first_name)?;
        let last = name("last_name", wanted.last_name, me.last_name)?;
        let hash = match wanted.password {
            Some(password) => Some(self.replace_password(actor, password, wanted.current_password).await?),
            None => None,
        };
        let session = actor.session.clone();
        self.store()
            .write(move |change| {
                change.set_names(user_id, &first, &last)?;
                if let Some(hash) = hash {
                    change.set_password_hash(user_id, &hash)?;
                    change.revoke_other_sessions(user_id, session.as_deref())?;
                }
                Ok::<_, Refusal>(())
            })
            .await?;
        self.me(actor).await
    }

    /// Checks the current password, as slowly as a sign-in, and returns the new one's hash.
    async fn replace_password(
        &self,
        actor: &Actor,
        new: String,
        current: Option<String>,
    ) -> Result<String, Refusal> {
        if !is_password(&new) {
            return Err(invalid("password", PASSWORD_RULE));
        }
        let name = actor.username.to_string();
        self.learn_failures(&name, None).await?;
        if self.check_password(name, current.unwrap_or_default(), None).await?.is_none() {
            return Err(Refusal::Forbidden("The current password is wrong"));
        }
        Ok(self.inner.passwords.hash(new).await?)
    }

    async fn account(&self, register: Register, role: UserRole) -> Result<Account, Refusal> {
        let account = validate(&register, role)?;
        let password_hash = self.inner.passwords.hash(register.password).await?;
        Ok(Account { password_hash: Some(password_hash), ..account })
    }
}

impl From<PasswordError> for Refusal {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy => Self::Unavailable,
            PasswordError::Failed => Self::Internal,
        }
    }
}

/// Inserts an account whose names are free.
pub(crate) fn insert_account(change: &mut Change, account: &Account) -> Result<User, Refusal> {
    if change.identity(&account.username)?.is_some() {
        return Err(Refusal::UsernameTaken);
    }
    if let Some(email) = &account.email
        && change.identity(email)?.is_some()
    {
        return Err(Refusal::EmailTaken);
    }
    Ok(change.insert_user(account)?)
}

/// Validates a registration, before the password is hashed.
pub(crate) fn validate(register: &Register, role: UserRole) -> Result<Account, Refusal> {
    let username = username(&register.username)?;
    let email =
        names::email(&register.email).ok_or_else(|| invalid("email", "email is not an e-mail address"))?;
    if !is_password(&register.password) {
        return Err(invalid("password", PASSWORD_RULE));
    }
    Ok(Account {
        username,
        email: Some(email),
        first_name: names::person_name("first_name", &register.first_name)?,
        last_name: names::person_name("last_name", &register.last_name)?,
        password_hash: None,
        role,
    })
}

/// A username in its normal form.
pub(crate) fn username(text: &str) -> Result<String, Refusal> {
    names::username(text).ok_or_else(|| invalid("username", names::USERNAME_RULE))
}

fn invalid(field: &'static str, message: &str) -> Refusal {
    Refusal::invalid(field, ErrorCode::InvalidFrame, message)
}

/// Judges the form that is hashed.
pub(crate) fn is_password(text: &str) -> bool {
    limits::PASSWORD_BYTES.contains(&nfc(text).len())
}
