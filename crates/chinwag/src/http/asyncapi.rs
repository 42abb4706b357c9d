//! The AsyncAPI document at `/asyncapi.json`, built once per process.

use std::sync::OnceLock;

use bytes::Bytes;

static DOCUMENT: OnceLock<Bytes> = OnceLock::new();

/// The document of this version.
pub(super) fn document() -> Bytes {
    DOCUMENT.get_or_init(|| Bytes::from(asyncapi_document())).clone()
}

/// The AsyncAPI document of the sockets, as served at `/asyncapi.json`.
#[must_use]
pub fn asyncapi_document() -> String {
    chinwag_protocol::asyncapi::document(env!("CARGO_PKG_VERSION")).to_string()
}
