//! Users of our own, made as an application that shares the server's secret makes them.

use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, EncodingKey, Header};

use crate::error::ClientError;

/// Longer than any run.
const LIFETIME_S: u64 = 24 * 3600;

/// Signs tokens. The server creates a user when it first sees one of their tokens.
pub struct Signer {
    key: EncodingKey,
    tag: String,
}

impl Signer {
    /// Signs with the server's secret. All names begin with `part` and the time, so that they are new to a
    /// running server.
    #[must_use]
    pub fn new(secret: &[u8], part: &str) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { key: EncodingKey::from_secret(secret), tag: format!("{part}{:x}", now.as_micros()) }
    }

    /// The name of the user with this number.
    #[must_use]
    pub fn username(&self, number: usize) -> String {
        format!("{}-{number}", self.tag)
    }

    /// A token for the user with this number.
    ///
    /// # Errors
    /// If it can't be signed.
    pub fn token(&self, number: usize) -> Result<String, ClientError> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let claims = serde_json::json!({"sub": self.username(number), "iat": now, "exp": now + LIFETIME_S});
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.key)
            .map_err(|error| ClientError::Protocol(format!("can't sign a token: {error}")))
    }
}
