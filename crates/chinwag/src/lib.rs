//! A real-time messaging server as a library.
//!
//! Run it alone with [`Server::serve`], or nest [`Server::router`] in your own axum application and send
//! messages from it through [`Server::chat`]. The `chinwag` binary is this library's first embedder.

mod admin;
mod auth;
mod blobs;
mod bus;
mod chat;
mod config;
mod error;
mod http;
mod limits;
mod listener;
mod metrics;
mod moving;
mod node;
mod node_name;
mod outbound;
mod peers;
mod public_url;
mod push;
mod realtime;
mod secrets;
mod seeded_bugs;
mod server;
mod store;
mod store_url;
mod unicode;

pub use admin::{AccountError, Accounts, NewAccount};
pub use auth::Actor;
pub use chat::{Chat, Edited, Sent};
pub use chinwag_protocol as protocol;
pub use config::{Auth, BusKind, Config, Limits, Mode, Outbound, Push, Rate, S3, Secret, Storage};
pub use error::{Answer, Refusal};
pub use http::{ServeError, asyncapi_document, openapi_document};
pub use listener::{ClientAddress, Listener, TlsFiles};
pub use moving::{Move, Moved};
pub use node_name::NodeName;
pub use peers::{Names, Peer};
pub use public_url::PublicUrl;
pub use server::{Builder, Server, StartError};
pub use store::{MoveError, MovedTable, OpenError, Place};
pub use store_url::StoreUrl;

/// The code blocks of the documentation, so that they are compiled.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../../../README.md")]
    struct Readme;
    #[doc = include_str!("../../../docs/embedding.md")]
    struct Embedding;
}
