//! The AsyncAPI document at `/asyncapi.json`, made once for the whole process.

use std::sync::OnceLock;

use bytes::Bytes;

static DOCUMENT: OnceLock<Bytes> = OnceLock::new();

/// The document of this version.
pub(super) fn document() -> Bytes {
    let make = || Bytes::from(chinwag_protocol::asyncapi::document(env!("CARGO_PKG_VERSION")).to_string());
    DOCUMENT.get_or_init(make).clone()
}
