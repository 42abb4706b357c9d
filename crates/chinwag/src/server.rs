//! Wires the parts: data folder, secrets, store, hub, chat, routes.
//!
//! Threads: the async runtime; one writer, which also fans out small commits; the fan-out threads; and
//! blocking threads for database reads (at most four at a time), password hashes, files, and pictures (one at
//! a time). The binary turns off huge pages, which can't be returned in part, and nudges its allocator, which
//! otherwise returns nothing while the server is idle.
//!
//! Stopping: the listening socket closes; each WebSocket gets `goaway` with its own delay, out of a span that
//! grows with their number, and 1012; event streams end; requests and commits in flight finish.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use tokio::sync::{mpsc, watch};

use crate::auth::{Passwords, Tokens};
use crate::blobs::Blobs;
use crate::bus::{Bus, Line};
use crate::chat::{self, Chat, Membership, Parts};
use crate::config::{Auth, BusKind, Config, Mode, Secret};
use crate::error::Refusal;
use crate::http::{self, ServeError};
use crate::listener::Listener;
use crate::metrics::Metrics;
use crate::node;
use crate::outbound::Client;
use crate::push;
use crate::realtime::{Connections, Hub, HubSettings};
use crate::secrets;
use crate::store::{BatchReport, Channel, Commit, OpenError, Store, View};
use crate::store_url::StoreUrl;

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder can't be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A secret can't be read or created.
    #[error("can't use the secret in {path}: {reason}")]
    Secret {
        /// The secret's file.
        path: PathBuf,
        /// The cause.
        reason: String,
    },
    /// The configured store of files can't be used.
    #[error("can't use the store of files: {0}")]
    Storage(String),
    /// The configuration contradicts itself.
    #[error("{0}")]
    Config(&'static str),
    /// The extra certificate authorities can't be read.
    #[error("can't use the certificates in {0}")]
    Certificates(String),
    /// The operating system refused something.
    #[error("can't start: {0}")]
    System(String),
}

impl From<secrets::Unusable> for StartError {
    fn from(secret: secrets::Unusable) -> Self {
        Self::Secret { path: secret.path, reason: secret.reason }
    }
}

/// Makes a [`Server`].
#[derive(Debug)]
pub struct Builder {
    config: Config,
}

/// A chat server, ready to serve.
#[derive(Clone)]
pub struct Server {
    chat: Chat,
    hub: Arc<Hub>,
    metrics: Arc<Metrics>,
}

impl Server {
    /// Starts with a configuration.
    #[must_use]
    pub fn builder(config: Config) -> Builder {
        Builder { config }
    }

    /// The routes, for [`Server::serve`] or to nest in your own application.
    ///
    /// Nested under a path, the web page finds its files and routes below it. With `public_url` in the
    /// configuration, it looks for them below that URL's path, wherever the routes are.
    pub fn router(&self) -> Router {
        http::router(&self.chat, &self.hub, &self.metrics)
    }

    /// The chat itself: the same functions that the routes call.
    #[must_use]
    pub fn chat(&self) -> Chat {
        self.chat.clone()
    }

    /// The one-time token of the link that creates the first administrator; `None` once there is one, and
    /// after 30 minutes.
    #[must_use]
    pub fn setup_token(&self) -> Option<String> {
        self.chat.setup_token()
    }

    /// Serves until `shutdown` resolves, then drains: accepts no new connections, closes sockets with 1012,
    /// finishes requests, for at most the configured `drain`.
    ///
    /// # Errors
    /// If the listening socket fails for good.
    pub async fn serve(
        &self,
        listener: Listener,
        shutdown: impl Future<Output = ()> + Send,
    ) -> Result<(), ServeError> {
        let served = http::serve(&self.chat, &self.hub, self.router(), listener, shutdown).await;
        self.chat.leave().await;
        served
    }

    /// Closes every WebSocket with 1012 and refuses new ones, for hosts that serve the router themselves.
    /// Returns when all are gone, or after the configured `drain`. Other servers of the database take over what this one
    /// did for all: pushes, webhooks.
    pub async fn drain(&self) {
        let limit = self.chat.config().limits.drain;
        if tokio::time::timeout(limit, self.hub.drain()).await.is_err() {
            tracing::warn!("some connections did not close in time");
        }
        self.chat.leave().await;
    }
}

impl Builder {
    /// Opens the data folder and starts the writer and the fan-out threads.
    ///
    /// # Errors
    /// If the folder, its secrets or the configuration can't be used.
    pub async fn build(self) -> Result<Server, StartError> {
        let config = self.config;
        if config.auth.provision && config.auth.shared_secret.is_none() {
            return Err(StartError::Config("auth.provision needs a secret that another application shares"));
        }
        if config.public_url.as_ref().is_some_and(|url| http::is_taken(url.path())) {
            return Err(StartError::Config(
                "the path of public_url begins like one of the server's own paths",
            ));
        }
        let client = Client::new(&config.outbound).map_err(StartError::Certificates)?;
        let metrics = Arc::new(Metrics::new());
        let (committed, commits) = watch::channel(());
        let (departed, departures) = mpsc::unbounded_channel();
        let (moved, moves) = mpsc::unbounded_channel();
        let (bus, exchange) = if config.store.is_some() { Bus::shared() } else { Bus::alone() };
        let (settings, metrics_of_hub) = (hub_settings(&config), Arc::clone(&metrics));
        let hub = Hub::start(settings, metrics_of_hub, departed, moved, bus.clone()).map_err(system)?;
        let (hub_of_store, metrics_of_store) = (Arc::clone(&hub), Arc::clone(&metrics));
        let publish = move |commit: Commit, report: Option<BatchReport>| {
            if let Some(report) = report {
                metrics_of_store.committed(report.jobs, &commit.events, report.commit);
                bus.ring();
            }
            hub_of_store.publish(commit);
            committed.send_replace(());
        };
        let opened = config.clone();
        let open = move || {
            let store = Store::open(&opened.data_dir, opened.store.as_ref().map(StoreUrl::secret), publish)?;
            let token_key = secrets::token_key(&store, &opened.data_dir)?;
            let vapid = secrets::push_key(&store, &opened)?;
            Ok::<_, StartError>((store, token_key, vapid))
        };
        let (store, token_key, vapid) = tokio::task::spawn_blocking(open).await.map_err(system)??;
        if let (Some(exchange), Some(channel), Some(bell)) = (exchange, store.channel(), store.bell()) {
            let hub = Arc::downgrade(&hub);
            let hear = move |frame| {
                if let Some(hub) = hub.upgrade() {
                    hub.hear(frame);
                }
            };
            exchange.start(line(&config.bus, channel), bell, hear);
        }
        let blobs = Blobs::open(&config.data_dir, &config.storage)
            .map_err(|error| StartError::Storage(error.to_string()))?;
        let membership = join(&store, &blobs, &config).await?;
        claim(&store, &blobs, &membership, &config).await?;
        chat::give_up_unfinished(&store, &membership).await.map_err(system)?;
        let tokens = tokens(&config.auth, &token_key)?;
        let passwords =
            Passwords::new().map_err(|_| StartError::Config("the password hasher does not work"))?;
        let parts = Parts {
            store,
            blobs,
            membership,
            connections: Connections::new(&hub),
            departures,
            moves,
            metrics: Arc::clone(&metrics),
            passwords,
            tokens,
            vapid,
        };
        let chat = Chat::new(config, parts).await.map_err(system)?;
        if let Some(name) = chat.node() {
            metrics.note_node(name);
        }
        push::start(&chat, &client, &metrics, &commits);
        Ok(Server { chat, hub, metrics })
    }
}

fn line(kind: &BusKind, channel: Channel) -> Line {
    match kind {
        BusKind::Notify => Line::Notify(channel),
        BusKind::None => Line::Log,
    }
}

/// Tokens of this server, and of the application that shares its secret, if any.
fn tokens(auth: &Auth, own: &Secret) -> Result<Tokens, StartError> {
    match &auth.shared_secret {
        Some(shared) if shared == own => {
            return Err(StartError::Config(
                "the shared secret is this server's own key: anybody who verifies with it could forge tokens; \
                 give the other application its own secret",
            ));
        }
        Some(shared) => {
            if shared.as_bytes().len() < Secret::RECOMMENDED_BYTES {
                tracing::warn!("the shared token secret has fewer than 32 bytes and could be guessed");
            }
            if auth.audience.is_none() {
                tracing::warn!(
                    "any token of the application that shares its secret opens the chat, including those for \
                     other purposes; give the chat's tokens an audience (aud) of their own, and set jwt_audience to it"
                );
            }
        }
        None if auth.audience.is_some() || auth.issuer.is_some() => {
            return Err(StartError::Config(
                "auth.audience and auth.issuer apply to tokens of another application, but none shares its secret",
            ));
        }
        None => {}
    }
    Ok(Tokens::new(own, auth))
}

fn hub_settings(config: &Config) -> HubSettings {
    let limits = &config.limits;
    HubSettings {
        sockets_per_user: if limits.is_enforced { limits.sockets_per_user } else { usize::MAX },
        sockets_per_address: if limits.is_enforced { limits.sockets_per_address } else { usize::MAX },
        heartbeat: limits.heartbeat,
        write_stall: limits.write_stall,
        typing_expiry: limits.typing_expiry,
        frames: limits.is_enforced.then_some(limits.frames),
    }
}

/// Joins the other servers of the database, if it may have others.
async fn join(store: &Store, blobs: &Blobs, config: &Config) -> Result<Membership, StartError> {
    if !store.is_shared() {
        return Ok(Membership::alone());
    }
    Membership::join(store, node::this_one(config, blobs)?).await.map_err(system)
}

/// Makes sure that no folder of sample users is served for real, and none of real users as a demo.
async fn claim(
    store: &Store,
    blobs: &Blobs,
    membership: &Membership,
    config: &Config,
) -> Result<(), StartError> {
    let wanted_by = match config.mode {
        Mode::Serve => "serve",
        Mode::Demo => "demo",
    };
    let made_by: Option<String> = store.read(|view| Ok::<_, Refusal>(view.mode()?)).await.map_err(system)?;
    match made_by {
        Some(made_by) if made_by == wanted_by => Ok(()),
        Some(made_by) => Err(OpenError::Mode { path: config.data_dir.clone(), made_by, wanted_by }.into()),
        None if config.mode == Mode::Demo => {
            if store.read(View::has_users).await.map_err(system)? {
                let made_by = "serve".to_owned();
                return Err(OpenError::Mode { path: config.data_dir.clone(), made_by, wanted_by }.into());
            }
            chat::fill_sample(store, blobs, membership).await.map_err(system)
        }
        None => store.write(|change| Ok::<_, Refusal>(change.set_mode("serve")?)).await.map_err(system),
    }
}

fn system(error: impl std::fmt::Display) -> StartError {
    StartError::System(error.to_string())
}
