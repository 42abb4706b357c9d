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

/// What a client has to keep to.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Limits {
    /// Characters in a message.
    pub content_chars: usize,
    /// Bytes in a message.
    pub content_bytes: usize,
    /// Bytes in a frame.
    pub frame_bytes: usize,
    /// Events that a resume replays at most.
    pub replay_events: u32,
    /// Bytes in a file.
    pub upload_bytes: u64,
    /// Files of one message.
    pub attachments: usize,
    /// Whether the server notifies devices (`POST /push/subscriptions`).
    pub push: bool,
}

/// That the server runs.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Health {
    /// Always `ok`.
    pub status: &'static str,
    /// Of the server.
    pub version: &'static str,
    /// True under `chinwag demo`: sample users exist.
    pub demo: bool,
    /// False when rate limits are off: for load tests only.
    pub rate_limits: bool,
    /// True if anybody may make an account with `POST /users/register`.
    pub registration: bool,
    /// True while the server waits for its first administrator, and lets nobody register: the setup link was printed
    /// where it was started.
    pub needs_setup: bool,
    /// True if accounts of this server sign in with `POST /auth/token`; false where another application signs its
    /// users in.
    pub password_login: bool,
}

/// Whether the server should get traffic, in words.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Readiness {
    /// One sentence.
    pub detail: &'static str,
}

/// A refusal in words.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Detail {
    /// One sentence, for people.
    pub detail: String,
    /// Why, for programs.
    pub code: ErrorCode,
}

/// A body, path or query that is not what the route takes.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ValidationDetail {
    /// What is wrong, piece by piece.
    pub detail: Vec<ValidationError>,
    /// Why, for programs.
    pub code: ErrorCode,
}

/// One thing that is wrong with a request.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ValidationError {
    /// Where: `["body", "content"]`.
    pub loc: Vec<Location>,
    /// For people.
    pub msg: String,
    /// For programs.
    #[serde(rename = "type")]
    pub kind: &'static str,
}

/// A step on the way to a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Location {
    /// A field's name.
    Name(String),
    /// A place in a list.
    Index(usize),
}
