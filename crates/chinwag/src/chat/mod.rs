//! The rules of the chat. WebSocket, REST and an embedding host all enter here, with an
//! [`Actor`](crate::auth::Actor).
//!
//! Every change runs *limit, authorize, validate, append*, the last three inside the log's transaction.
//! Publishing is a step of the commit, so no function here can forget it. Nothing here knows HTTP, SQL or
//! sockets.

mod access;
mod accounts;
mod conversations;
mod failures;
mod file_names;
mod files;
mod marks;
mod mentions;
mod messages;
mod names;
mod nodes;
mod once;
mod outbox;
mod participants;
mod people;
mod presence;
mod prose;
mod provisioning;
mod push;
mod receipts;
mod sample;
mod search;
mod sessions;
mod state;
mod text;
mod tickets;
mod uploads;
mod webhooks;

use std::net::IpAddr;
use std::sync::{Arc, Weak};
use std::time::Duration;

use chinwag_protocol::{ConversationId, UserId};
use tokio::sync::{Notify, Semaphore, mpsc};

pub(crate) use accounts::{insert_account, is_password, username, validate as validate_account};
pub(crate) use files::give_up_unfinished;
pub(crate) use messages::Wanted;
pub use messages::{Edited, Sent};
pub(crate) use nodes::{Lease, Membership};
pub(crate) use presence::Company;
pub(crate) use push::{Notification, TTL};
pub(crate) use sample::fill as fill_sample;
pub(crate) use sessions::AuthError;
pub(crate) use state::{EnterError, Entered, LOG_PAGE, Resume, Start, is_small};
pub(crate) use uploads::Upload;
pub(crate) use webhooks::Due;

use crate::auth::{Actor, Passwords, Refusals, Tokens};
use crate::blobs::Blobs;
use crate::config::{Config, Mode};
use crate::error::Refusal;
use crate::limits::{Attempts, RateLimiter};
use crate::metrics::Metrics;
use crate::outbound::{Policy, Vapid};
use crate::realtime::{Connections, Departure, Move};
use crate::store::{Store, View};

/// The chat, for embedding applications. Cheap to clone.
#[derive(Clone)]
pub struct Chat {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    blobs: Blobs,
    /// Notified when bytes are to be removed.
    files_gone: Arc<Notify>,
    membership: Membership,
    connections: Connections,
    metrics: Arc<Metrics>,
    passwords: Passwords,
    tokens: Tokens,
    refusals: Refusals,
    config: Config,
    limits: Limiters,
    setup: accounts::SetupLink,
    outbound: Policy,
    /// `None` if push is off.
    vapid: Option<Vapid>,
}

/// What a chat is made of.
pub(crate) struct Parts {
    pub(crate) store: Store,
    pub(crate) blobs: Blobs,
    pub(crate) membership: Membership,
    pub(crate) connections: Connections,
    /// Hears whose last connection is gone.
    pub(crate) departures: mpsc::UnboundedReceiver<Departure>,
    /// Hears whose presence looks different without that.
    pub(crate) moves: mpsc::UnboundedReceiver<Move>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) passwords: Passwords,
    pub(crate) tokens: Tokens,
    /// `None` if push is off.
    pub(crate) vapid: Option<Vapid>,
}

/// The chat, for tasks that must not keep it alive.
#[derive(Clone)]
pub(crate) struct WeakChat(Weak<Inner>);

impl WeakChat {
    /// The chat, while it still exists.
    pub(crate) fn upgrade(&self) -> Option<Chat> {
        self.0.upgrade().map(|inner| Chat { inner })
    }
}

struct Limiters {
    sends: RateLimiter<UserId>,
    logins_per_account: Arc<Attempts<String>>,
    logins_per_address: Arc<Attempts<IpAddr>>,
    registrations: RateLimiter<IpAddr>,
    searches: RateLimiter<UserId>,
    uploads: RateLimiter<UserId>,
    resumed_uploads: RateLimiter<UserId>,
    delayed_logins: Semaphore,
}

/// A database that takes longer to answer is away, as far as readiness goes.
const READY_IN: Duration = Duration::from_secs(5);
/// The most sign-ins that are delayed at the same time; more are refused.
const MAX_DELAYED_LOGINS: usize = 64;

impl Chat {
    /// Wires the chat, and starts its background tasks for accounts and files on the current runtime.
    pub(crate) async fn new(config: Config, parts: Parts) -> Result<Self, Refusal> {
        let Parts {
            store,
            blobs,
            membership,
            connections,
            departures,
            moves,
            metrics,
            passwords,
            tokens,
            vapid,
        } = parts;
        let limits = &config.limits;
        let limits = Limiters {
            sends: RateLimiter::new(limits.sends, limits.is_enforced),
            logins_per_account: Attempts::new(limits.logins_per_account, limits.is_enforced),
            logins_per_address: Attempts::new(limits.logins_per_address, limits.is_enforced),
            registrations: RateLimiter::new(limits.registrations, limits.is_enforced),
            searches: RateLimiter::new(limits.searches, limits.is_enforced),
            uploads: RateLimiter::new(limits.uploads, limits.is_enforced),
            resumed_uploads: RateLimiter::new(limits.uploads, limits.is_enforced),
            delayed_logins: Semaphore::new(MAX_DELAYED_LOGINS),
        };
        let auth = &config.auth;
        let is_offered = config.mode == Mode::Serve && auth.setup_link && auth.has_password_login();
        let setup = accounts::SetupLink::open(&store, is_offered).await?;
        let outbound = Policy::new(config.outbound.allowed.clone());
        let inner = Inner {
            store,
            blobs,
            files_gone: Arc::default(),
            membership,
            connections,
            metrics,
            passwords,
            tokens,
            refusals: Refusals::default(),
            config,
            limits,
            setup,
            outbound,
            vapid,
        };
        let inner = Arc::new(inner);
        tokio::spawn(nodes::look_after_nodes(Arc::downgrade(&inner)));
        tokio::spawn(sessions::look_after_accounts(Arc::downgrade(&inner)));
        tokio::spawn(presence::look_after_departures(Arc::downgrade(&inner), departures));
        tokio::spawn(presence::look_after_moves(Arc::downgrade(&inner), moves));
        tokio::spawn(files::look_after_files(Arc::downgrade(&inner), Arc::clone(&inner.files_gone)));
        if let Some(channel) = inner.store.channel() {
            tokio::spawn(outbox::look_after_outbox(Arc::downgrade(&inner), channel));
        }
        Ok(Self { inner })
    }

    pub(crate) fn downgrade(&self) -> WeakChat {
        WeakChat(Arc::downgrade(&self.inner))
    }

    pub(crate) fn config(&self) -> &Config {
        &self.inner.config
    }

    fn store(&self) -> &Store {
        &self.inner.store
    }

    fn blobs(&self) -> &Blobs {
        &self.inner.blobs
    }

    fn connections(&self) -> &Connections {
        &self.inner.connections
    }

    /// Whether the server accepts work and its database answers, as `/readyz` reports.
    pub async fn is_ready(&self) -> bool {
        let asked = self.store().read(View::has_users);
        let is_there = tokio::time::timeout(READY_IN, asked).await.is_ok_and(|answer| answer.is_ok());
        !self.connections().are_ending() && is_there
    }

    /// The interval of the server's pings.
    pub(crate) fn heartbeat_ms(&self) -> u64 {
        u64::try_from(self.config().limits.heartbeat.as_millis()).unwrap_or(u64::MAX)
    }

    /// The most bytes in a file.
    pub(crate) fn upload_bytes(&self) -> u64 {
        self.config().limits.upload_bytes
    }

    /// Tells a conversation that the caller types, or has stopped. The caller takes part in it.
    pub(crate) fn note_typing(&self, actor: &Actor, id: ConversationId, is_typing: bool) {
        self.connections().tell_typing(id, actor, is_typing);
    }

    /// Statements that have read the database.
    pub(crate) fn read_statements(&self) -> u64 {
        self.store().read_statements()
    }

    /// Changes that wait for the writer.
    pub(crate) fn queued_writes(&self) -> usize {
        self.store().queued()
    }
}
