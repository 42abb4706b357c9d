//! All configuration of a server. The command line fills it in from flags, environment and file; an embedding
//! application fills it in by hand. Defaults are the documented limits.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::node_name::NodeName;
use crate::peers::{Names, Peer};
use crate::public_url::PublicUrl;
use crate::store_url::StoreUrl;

/// The configuration of one server.
#[derive(Clone, Debug)]
pub struct Config {
    /// The folder with the database, the secrets, and files on their way; created if it is missing.
    pub data_dir: PathBuf,
    /// The PostgreSQL database that has the data. `None`: a SQLite database in the folder.
    pub store: Option<StoreUrl>,
    /// How the nodes of a PostgreSQL database hear of each other.
    pub bus: BusKind,
    /// The server's name among those of its PostgreSQL database. `None`: the host's name and a random part.
    pub node: Option<NodeName>,
    /// Real users, or sample ones.
    pub mode: Mode,
    /// How tokens are made and checked.
    pub auth: Auth,
    /// The address at which browsers reach the server, if a proxy gives it another address or a path: links
    /// lead there, and its pages count as the server's own. The server answers both below that path and
    /// without it.
    pub public_url: Option<PublicUrl>,
    /// Browser origins that may use it, besides the server's own: `https://app.example.com`.
    pub allowed_origins: Vec<String>,
    /// Browser origins whose pages may show the chat in a frame, as the widget does. They need not be in
    /// `allowed_origins`: the frame itself is a page of this server.
    pub embed_origins: Vec<String>,
    /// Trust the proxy's `X-Forwarded-For`, or its `Forwarded` if the former is missing.
    pub behind_proxy: bool,
    /// Serve `/metrics` to everybody: it needs no token, and contains counts but no names.
    pub metrics: bool,
    /// Where the bytes of files are kept.
    pub storage: Storage,
    /// Rates and counts.
    pub limits: Limits,
    /// Push notifications.
    pub push: Push,
    /// Calls to other servers: push services and webhooks.
    pub outbound: Outbound,
}

/// Where the bytes of files are kept. In either case they arrive in the data folder.
#[derive(Clone, Debug, Default)]
pub enum Storage {
    /// In the data folder.
    #[default]
    Folder,
    /// In this folder, in `files` as in the data folder. Every server of the database has it, as on a network file
    /// system.
    Shared(PathBuf),
    /// In a bucket of any server that speaks S3.
    S3(S3),
}

/// A bucket. Values that are missing here come from the environment, as for AWS' own tools.
#[derive(Clone, Debug)]
pub struct S3 {
    /// Its name. The bucket must exist.
    pub bucket: String,
    /// `https://s3.example.com`; AWS itself if missing.
    pub endpoint: Option<String>,
    /// Such as `eu-central-1`.
    pub region: Option<String>,
    /// Access key and secret key.
    pub keys: Option<(String, Secret)>,
    /// The bucket is part of the path instead of the host name.
    pub path_style: bool,
}

/// How the nodes of a PostgreSQL database hear of each other. Whatever it is, a node reads the others' messages from the
/// database, at the latest half a second after they are stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum BusKind {
    /// By the database's own notifications.
    #[default]
    Notify,
    /// Not at all: half a second later.
    None,
}

/// Real users, or sample ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Starts empty, for real users.
    Serve,
    /// Starts with sample users, whose passwords are public, and conversations.
    Demo,
}

/// How tokens are made and checked.
#[derive(Clone, Debug)]
pub struct Auth {
    /// The HS256 secret with which another application signs its tokens: they let its users in. This server
    /// never signs with it. `None`: only tokens of this server are accepted.
    pub shared_secret: Option<Secret>,
    /// The required `aud` of the other application's tokens, or one of their several. Without it, every token
    /// of that application opens the chat, including those for other purposes.
    pub audience: Option<String>,
    /// The required `iss` of the other application's tokens.
    pub issuer: Option<String>,
    /// A token with an unknown `sub` creates that user. Needs `shared_secret`.
    pub provision: bool,
    /// Anybody may register.
    pub registration: bool,
    /// While there is no administrator, offer a link that makes the first one ([`Server::setup_token`]), and
    /// let nobody register. Needs passwords.
    ///
    /// [`Server::setup_token`]: crate::Server::setup_token
    pub setup_link: bool,
    /// Whether accounts of this server may sign in by password. `None`: only if no secret is shared.
    pub password_login: Option<bool>,
    /// How long a token is valid.
    pub token_lifetime: Duration,
    /// Accept `/ws?token=`, too. Proxies log URLs.
    pub token_in_query: bool,
}

/// Rates, counts and times. Sizes are fixed: see `chinwag_protocol::limits`.
#[derive(Clone, Debug)]
pub struct Limits {
    /// False turns off the rate limits, and the counts per address and user, for load tests.
    pub is_enforced: bool,
    /// Messages of one user.
    pub sends: Rate,
    /// Frames of one socket.
    pub frames: Rate,
    /// Failed sign-ins of one account; further ones are delayed.
    pub logins_per_account: Rate,
    /// Failed sign-ins from one address; further ones are refused.
    pub logins_per_address: Rate,
    /// New accounts from one address.
    pub registrations: Rate,
    /// Searches of one user.
    pub searches: Rate,
    /// Uploads that one user begins; the same number of resumed ones is allowed besides.
    pub uploads: Rate,
    /// Bytes of one file.
    pub upload_bytes: u64,
    /// Bytes of all files of one user.
    pub stored_bytes_per_user: u64,
    /// Pixels of a picture.
    pub image_pixels: u64,
    /// When unfinished uploads, and files without a message, are removed.
    pub upload_expiry: Duration,
    /// Open sockets of one user.
    pub sockets_per_user: usize,
    /// Open WebSockets of one address.
    pub sockets_per_address: usize,
    /// Sockets of one address that have not authenticated yet.
    pub unauthenticated_per_address: usize,
    /// Connections of the whole server.
    pub connections: usize,
    /// Time for a request's head.
    pub head_timeout: Duration,
    /// Time for a request's body.
    pub body_timeout: Duration,
    /// Time between two pings of the server on a WebSocket.
    pub heartbeat: Duration,
    /// Closes a WebSocket, or an answer's connection, that takes no byte for this long.
    pub write_stall: Duration,
    /// A user who has not repeated `typing` for this long has stopped.
    pub typing_expiry: Duration,
    /// The time for everything to finish when the server stops.
    pub drain: Duration,
}

/// Push notifications.
#[derive(Clone, Debug)]
pub struct Push {
    /// Off: no device gets notifications, and none can subscribe.
    pub is_enabled: bool,
    /// The contact for push services: `mailto:admin@example.com`, or an https URL. Some services require it.
    pub contact: Option<String>,
}

/// Calls to other servers.
#[derive(Clone, Debug)]
pub struct Outbound {
    /// Servers that may be called although they are not on the public internet.
    pub allowed: Vec<Peer>,
    /// A PEM file with certificate authorities to trust besides the system's.
    pub extra_roots: Option<PathBuf>,
    /// How names become addresses.
    pub names: Names,
    /// The time for one call, from resolving the name to the end of the answer.
    pub timeout: Duration,
    /// The shortest time between two looks for new events.
    pub gather: Duration,
    /// The longest pause before a failed call is repeated; it doubles with each further failure.
    pub retry: Duration,
    /// The upper bound of [`Outbound::retry`].
    pub retry_max: Duration,
    /// A webhook whose calls all failed for this long is disabled.
    pub give_up: Duration,
}

/// A burst, and a steady rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many at once.
    pub burst: u32,
    /// How long until one more is allowed.
    pub every: Duration,
}

/// A secret that no log shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("chinwag-data"),
            store: None,
            bus: BusKind::default(),
            node: None,
            mode: Mode::Serve,
            auth: Auth::default(),
            public_url: None,
            allowed_origins: Vec::new(),
            embed_origins: Vec::new(),
            behind_proxy: false,
            metrics: true,
            storage: Storage::default(),
            limits: Limits::default(),
            push: Push::default(),
            outbound: Outbound::default(),
        }
    }
}

impl Default for Push {
    fn default() -> Self {
        Self { is_enabled: true, contact: None }
    }
}

impl Default for Outbound {
    fn default() -> Self {
        Self {
            allowed: Vec::new(),
            extra_roots: None,
            names: Names::default(),
            timeout: Duration::from_secs(10),
            gather: Duration::from_millis(250),
            retry: Duration::from_secs(10),
            retry_max: Duration::from_secs(30 * 60),
            give_up: Duration::from_secs(3 * 24 * 60 * 60),
        }
    }
}

impl Default for Auth {
    fn default() -> Self {
        Self {
            shared_secret: None,
            audience: None,
            issuer: None,
            provision: false,
            registration: false,
            setup_link: false,
            password_login: None,
            token_lifetime: Duration::from_secs(3000 * 60),
            token_in_query: false,
        }
    }
}

impl Auth {
    /// Whether accounts of this server may sign in by password.
    pub(crate) fn has_password_login(&self) -> bool {
        self.password_login.unwrap_or(self.shared_secret.is_none())
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            is_enforced: true,
            sends: Rate { burst: 40, every: Duration::from_millis(100) },
            frames: Rate { burst: 90, every: Duration::from_nanos(33_333_333) },
            logins_per_account: Rate { burst: 5, every: Duration::from_secs(12) },
            logins_per_address: Rate { burst: 20, every: Duration::from_secs(3) },
            registrations: Rate { burst: 20, every: Duration::from_secs(3) },
            searches: Rate { burst: 4, every: Duration::from_millis(500) },
            uploads: Rate { burst: 60, every: Duration::from_secs(2) },
            upload_bytes: 25 * 1024 * 1024,
            stored_bytes_per_user: 1024 * 1024 * 1024,
            image_pixels: 40_000_000,
            upload_expiry: Duration::from_secs(24 * 3600),
            sockets_per_user: 10,
            sockets_per_address: 1000,
            unauthenticated_per_address: 20,
            connections: 1_000_000,
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(10),
            heartbeat: Duration::from_secs(25),
            write_stall: Duration::from_secs(60),
            typing_expiry: Duration::from_secs(6),
            drain: Duration::from_secs(20),
        }
    }
}

impl Secret {
    /// A shorter HS256 secret can be guessed (RFC 7518 section 3.2); the server warns.
    pub const RECOMMENDED_BYTES: usize = 32;

    /// Makes a secret from bytes.
    ///
    /// # Errors
    /// A sentence, if there are no bytes.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self, String> {
        let bytes = bytes.into();
        if bytes.is_empty() { Err("the secret is empty".to_owned()) } else { Ok(Self(bytes)) }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}
