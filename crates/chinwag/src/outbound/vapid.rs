//! Proves who sends a push message: a token signed with the key that browsers subscribed to (RFC 8292).

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chinwag_protocol::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;

use super::target::Target;

/// A token is used once, right away. A lifetime above a day is refused (RFC 8292 2).
const LIFETIME_SECONDS: i64 = 12 * 60 * 60;

/// This server's key, and the contact for push services.
pub(crate) struct Vapid {
    key: EncodingKey,
    public: String,
    contact: Option<String>,
}

#[derive(Serialize)]
struct Claims<'a> {
    aud: String,
    exp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<&'a str>,
}

impl Vapid {
    /// A new private key, in the form that is stored: PKCS #8, DER.
    pub(crate) fn generate() -> Result<Vec<u8>, String> {
        EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
            .map(|document| document.as_ref().to_vec())
            .map_err(|error| error.to_string())
    }

    /// # Errors
    /// A sentence, if the bytes are not such a key.
    pub(crate) fn new(pkcs8: &[u8], contact: Option<String>) -> Result<Self, String> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8)
            .map_err(|error| format!("the file does not hold a key: {error}"))?;
        let public = BASE64_URL_SAFE_NO_PAD.encode(pair.public_key());
        Ok(Self { key: EncodingKey::from_ec_der(pkcs8), public, contact })
    }

    /// What browsers need to subscribe: the uncompressed point in base64url.
    pub(crate) fn public_key(&self) -> &str {
        &self.public
    }

    /// The `Authorization` header of one message (RFC 8292 3).
    pub(crate) fn authorization(&self, target: &Target) -> Result<String, jsonwebtoken::errors::Error> {
        let claims = Claims {
            aud: target.origin(),
            exp: Timestamp::now().0 / 1000 + LIFETIME_SECONDS,
            sub: self.contact.as_deref(),
        };
        let token = jsonwebtoken::encode(&Header::new(Algorithm::ES256), &claims, &self.key)?;
        Ok(format!("vapid t={token}, k={}", self.public))
    }
}
