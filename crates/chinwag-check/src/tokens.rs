//! Users of our own making, as an application does that shares the server's secret.

use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, EncodingKey, Header};

use crate::client::api::Api;
use crate::client::device::Person;
use crate::client::frames::number;
use crate::error::CheckError;
use crate::target::Target;

/// Longer than any run.
const LIFETIME_S: u64 = 24 * 3600;

pub(crate) struct Signer {
    key: EncodingKey,
    /// Begins the name of every user, so that a server that runs already has no such user yet.
    tag: String,
}

impl Signer {
    pub(crate) fn new(secret: &[u8], part: &str) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { key: EncodingKey::from_secret(secret), tag: format!("{part}{:x}", now.as_micros()) }
    }

    /// A user, whom the server makes when it first sees the token.
    pub(crate) async fn person(&self, target: &Target, name: usize) -> Result<Person, CheckError> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let claims =
            serde_json::json!({"sub": format!("{}-{name}", self.tag), "iat": now, "exp": now + LIFETIME_S});
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.key)
            .map_err(|error| CheckError::Protocol(format!("can't sign a token: {error}")))?;
        let user = Api::new(target, &token).get("/users/me").await?;
        Ok(Person { id: number(&user, "id"), token })
    }
}
