//! The bodies of the REST interface. A message looks the same here and on the sockets.

mod accounts;
mod conversations;
mod files;
mod messages;
mod push;
mod webhooks;

use serde::Serialize;
use utoipa::ToSchema;

use crate::ErrorCode;

pub use accounts::*;
pub use conversations::*;
pub use files::*;
pub use messages::*;
pub use push::*;
pub use webhooks::*;

/// The limits for a client.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Limits {
    /// Characters in a message.
    pub content_chars: usize,
    /// Bytes in a message.
    pub content_bytes: usize,
    /// Bytes in a frame.
    pub frame_bytes: usize,
    /// The most events that a resume replays.
    pub replay_events: u32,
    /// Bytes in a file.
    pub upload_bytes: u64,
    /// Files of one message.
    pub attachments: usize,
    /// Whether the server sends push notifications (`POST /push/subscriptions`).
    pub push: bool,
}

/// The state of a running server.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Health {
    /// Always `ok`.
    pub status: &'static str,
    /// The server's version.
    pub version: &'static str,
    /// True under `chinwag demo`: sample users exist.
    pub demo: bool,
    /// False when rate limits are off: for load tests only.
    pub rate_limits: bool,
    /// True if anybody may create an account with `POST /users/register`.
    pub registration: bool,
    /// True while the server waits for its first administrator, and lets nobody register: the setup link was
    /// printed where the server was started.
    pub needs_setup: bool,
    /// True if accounts of this server sign in with `POST /auth/token`; false if another application signs
    /// its users in.
    pub password_login: bool,
    /// The server's name among those of its database; only with PostgreSQL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
}

/// Whether the server should get traffic.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Readiness {
    /// One sentence.
    pub detail: &'static str,
}

/// A refusal.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Detail {
    /// One sentence, for people.
    pub detail: String,
    /// The reason, for programs.
    pub code: ErrorCode,
}

/// A body, path or query that is not valid for the route.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ValidationDetail {
    /// The errors, one for each problem.
    pub detail: Vec<ValidationError>,
    /// The reason, for programs.
    pub code: ErrorCode,
}

/// One problem with a request.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ValidationError {
    /// The place: `["body", "content"]`.
    pub loc: Vec<Location>,
    /// A sentence for people.
    pub msg: String,
    /// The error type for programs.
    #[serde(rename = "type")]
    pub kind: &'static str,
}

/// A step on the path to a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Location {
    /// A field's name.
    Name(String),
    /// An index in a list.
    Index(usize),
}
