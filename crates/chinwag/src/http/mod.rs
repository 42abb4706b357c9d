//! HTTP and WebSocket: parses requests, calls the chat, builds answers. No rules live here.

mod accounts;
mod admission;
mod asyncapi;
mod conditional;
mod conversations;
#[cfg(feature = "ui")]
mod docs;
mod error;
mod events;
mod extract;
mod files;
mod form;
mod forwarded;
mod guard;
mod listening;
mod marks;
mod messages;
mod openapi;
mod ops;
mod origins;
mod participants;
mod patience;
mod prefix;
mod push;
mod receipts;
mod routes;
mod search;
mod serve;
#[cfg(feature = "ui")]
mod ui;
mod users;
mod webhooks;
mod ws;

use std::sync::Arc;

use crate::chat::Chat;
use crate::metrics::Metrics;
use crate::realtime::Hub;

pub use asyncapi::asyncapi_document;
pub use openapi::openapi_document;
pub(crate) use routes::{is_taken, router};
pub use serve::ServeError;
pub(crate) use serve::serve;

/// What every handler can use.
#[derive(Clone)]
pub(crate) struct Shared {
    pub chat: Chat,
    pub hub: Arc<Hub>,
    pub metrics: Arc<Metrics>,
    /// The OpenAPI document, as served.
    pub openapi: bytes::Bytes,
    /// The AsyncAPI document, as served.
    pub asyncapi: bytes::Bytes,
}
