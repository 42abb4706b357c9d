//! Everything that a server can be told. The command line fills this in from flags, environment and
//! file; an embedding application fills it in by hand. Defaults are the documented limits.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::peers::{Names, Peer};
use crate::public_url::PublicUrl;

/// The configuration of one server.
#[derive(Clone, Debug)]
pub struct Config {
    /// The folder with the database and the secrets; made if missing.
    pub data_dir: PathBuf,
    /// Real users, or sample ones.
    pub mode: Mode,
    /// How tokens are made and checked.
    pub auth: Auth,
    /// Where browsers reach the server, if a proxy in front gives it another address or a path: links lead there,
    /// and its pages count as the server's own. It answers below that path and without it.
    pub public_url: Option<PublicUrl>,
    /// Browser origins, beside the server's own, that may use it: `https://app.example.com`.
    pub allowed_origins: Vec<String>,
    /// Browser origins whose pages may show the chat in a frame, as the widget does. They need no place in
    /// `allowed_origins`: the frame itself is a page of this server.
    pub embed_origins: Vec<String>,
    /// Trust `X-Forwarded-For` of the proxy in front; `Forwarded` where the other is not there.
    pub behind_proxy: bool,
    /// `/metrics` is served, to whoever asks: it needs no token, and has counts but no names.
    pub metrics: bool,
    /// Where the bytes of files are kept.
    pub storage: Storage,
    /// Rates and counts.
    pub limits: Limits,
    /// Notifications of devices.
    pub push: Push,
    /// Calls to servers of others: push services and webhooks.
    pub outbound: Outbound,
}

/// Where the bytes of files are kept. They arrive in the data folder in either case.
#[derive(Clone, Debug, Default)]
pub enum Storage {
    /// In the data folder.
    #[default]
    Folder,
    /// In a bucket of anything that speaks S3.
    S3(S3),
}

/// A bucket. What is not named here comes from the environment, as for AWS' own tools.
#[derive(Clone, Debug)]
pub struct S3 {
    /// Its name. It has to be there.
    pub bucket: String,
    /// `https://s3.example.com`; AWS' own without.
    pub endpoint: Option<String>,
    /// Such as `eu-central-1`.
    pub region: Option<String>,
    /// Access key and secret key.
    pub keys: Option<(String, Secret)>,
    /// The bucket is a part of the path, not of the host's name.
    pub path_style: bool,
}

/// Real users, or sample ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Starts without users.
    Serve,
    /// Starts with sample users and conversations, whose passwords everybody knows.
    Demo,
}

/// How tokens are made and checked.
#[derive(Clone, Debug)]
pub struct Auth {
    /// The HS256 secret that another application signs its tokens with: they let its users in. Nothing is ever
    /// signed with it here. `None`: only tokens of this server are accepted.
    pub shared_secret: Option<Secret>,
    /// What the other application's tokens must have as, or among, their `aud`. Without it all of them open the
    /// chat, also those that it makes for other ends.
    pub audience: Option<String>,
    /// What the other application's tokens must have as their `iss`.
    pub issuer: Option<String>,
    /// A token with an unknown `sub` makes that user. Needs `shared_secret`.
    pub provision: bool,
    /// Anybody may register.
    pub registration: bool,
    /// While there is no administrator, offer a link that makes the first one ([`Server::setup_token`]) and let
    /// nobody register. Needs passwords.
    ///
    /// [`Server::setup_token`]: crate::Server::setup_token
    pub setup_link: bool,
    /// Accounts of this server may sign in by password. `None`: unless a secret is shared.
    pub password_login: Option<bool>,
    /// How long a token is valid.
    pub token_lifetime: Duration,
    /// `/ws?token=` lets in, too. URLs end up in the logs of proxies.
    pub token_in_query: bool,
}

/// Rates, counts and times. Sizes are fixed: see `chinwag_protocol::limits`.
#[derive(Clone, Debug)]
pub struct Limits {
    /// False turns the rate limits and the counts per address and user off, for load tests.
    pub is_enforced: bool,
    /// Messages a second and user.
    pub sends: Rate,
    /// Frames a second and socket.
    pub frames: Rate,
    /// Failed sign-ins of one account; further ones are delayed.
    pub logins_per_account: Rate,
    /// Failed sign-ins from one address; further ones are refused.
    pub logins_per_address: Rate,
    /// New accounts from one address.
    pub registrations: Rate,
    /// Searches of one user.
    pub searches: Rate,
    /// Uploads that one user begins, and as many more that go on where they stopped.
    pub uploads: Rate,
    /// Bytes of one file.
    pub upload_bytes: u64,
    /// Bytes of all files of one user.
    pub stored_bytes_per_user: u64,
    /// Pixels of a picture.
    pub image_pixels: u64,
    /// Uploads that nobody finishes, and files that no message gets, go after this.
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
    /// A WebSocket, or the reader of an answer, that takes no byte for this long is closed.
    pub write_stall: Duration,
    /// Somebody who says no more that they type has stopped after this.
    pub typing_expiry: Duration,
    /// Time for everything to finish when the server stops.
    pub drain: Duration,
}

/// Notifications of devices.
#[derive(Clone, Debug)]
pub struct Push {
    /// Off: no device is notified, and none can subscribe.
    pub is_enabled: bool,
    /// Whom push services may write to: `mailto:admin@example.com`, or an https URL. Some insist on it.
    pub contact: Option<String>,
}

/// Calls to servers of others.
#[derive(Clone, Debug)]
pub struct Outbound {
    /// Servers that may be called although they are none of the public internet.
    pub allowed: Vec<Peer>,
    /// A PEM file with certificates of authorities to trust beside the system's.
    pub extra_roots: Option<PathBuf>,
    /// How names become addresses.
    pub names: Names,
    /// Time for one call, from the name to the end of the answer.
    pub timeout: Duration,
    /// New events are looked for at most this often.
    pub gather: Duration,
    /// A call that failed is tried again after at most this; twice as much after each further failure.
    pub retry: Duration,
    /// The most that [`Outbound::retry`] grows to.
    pub retry_max: Duration,
    /// A webhook whose calls all failed for this long is disabled.
    pub give_up: Duration,
}

/// So many at once, and so many in a time.
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
    /// Below this an HS256 secret can be guessed (RFC 7518 section 3.2); the server warns.
    pub const RECOMMENDED_BYTES: usize = 32;

    /// Takes the secret's bytes.
    ///
    /// # Errors
    /// A sentence, if there are none.
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
