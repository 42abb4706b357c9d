//! The one computation in the opening handshake (RFC 6455 4.2.2).
//!
//! Reading the request and writing the 101 response belong to the HTTP server.

use base64::{Engine, engine::general_purpose::STANDARD};
use sha1::{Digest, Sha1};

/// RFC 6455 1.3: proves that the server meant to speak this protocol.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Returns the `Sec-WebSocket-Accept` for a client's `Sec-WebSocket-Key`.
///
/// `None` unless `key` is the padded base64 of exactly 16 bytes (RFC 6455 4.2.1), without
/// whitespace around it.
#[must_use]
pub fn accept_key(key: &str) -> Option<String> {
    // 16 bytes have 24 characters. Checked first, so that a long header costs nothing.
    if key.len() != 24 || STANDARD.decode(key).ok()?.len() != 16 {
        return None;
    }
    // The hash is over the characters of the key, not over the bytes it stands for.
    let digest = Sha1::new().chain_update(key).chain_update(GUID).finalize();
    Some(STANDARD.encode(digest))
}

#[cfg(test)]
mod tests {
    use super::accept_key;

    #[test]
    fn key_of_rfc_6455_section_1_3_gives_its_accept() {
        assert_eq!(accept_key("dGhlIHNhbXBsZSBub25jZQ==").as_deref(), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    }

    #[test]
    fn keys_that_are_not_16_bytes_of_base64_are_refused() {
        for key in [
            "",
            "dGhlIHNhbXBsZSBub25jZQ",
            "dGhlIHNhbXBsZSBub25jZQ== ",
            "dGhlIHNhbXBsZSBub25jZTE=",
            "dGhlIHNhbXBsZSBub25jZTEy",
            "dGhlIHNhbXBsZSBub25jZ*==",
            "dGhlIHNhbXBsZSBub25j",
        ] {
            assert_eq!(accept_key(key), None, "{key:?}");
        }
    }
}
