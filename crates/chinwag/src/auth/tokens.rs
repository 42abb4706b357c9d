//! JSON Web Tokens (RFC 7519), HS256 only: the algorithm comes from here, never from the token.

use std::time::Duration;

use chinwag_protocol::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use crate::config::Secret;

/// Clocks may differ by this much.
const LEEWAY: Duration = Duration::from_secs(30);
/// A token longer than this is none of ours, nor of any sane application.
const MAX_TOKEN_BYTES: usize = 4096;

pub(crate) struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    /// Whether another application signs with the same secret: its tokens name no session of ours.
    accepts_foreign: bool,
}

/// What a token says, once its signature is verified.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Claims {
    /// The username.
    pub sub: String,
    /// Seconds since 1970. Other applications may write fractions.
    pub exp: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iat: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<f64>,
    /// The session, in tokens of this server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
}

/// The token is malformed, badly signed, expired or not yet valid. Which of them is nobody's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TokenError;

impl Tokens {
    pub(crate) fn new(secret: &Secret, accepts_foreign: bool) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = LEEWAY.as_secs();
        validation.validate_nbf = true;
        // Tokens of other applications may name an audience; which one is theirs to decide.
        validation.validate_aud = false;
        validation.set_required_spec_claims(&["exp", "sub"]);
        Self {
            encoding: EncodingKey::from_secret(secret.as_bytes()),
            decoding: DecodingKey::from_secret(secret.as_bytes()),
            validation,
            accepts_foreign,
        }
    }

    /// Signs a token for a session.
    pub(crate) fn sign(
        &self,
        username: &str,
        session: &str,
        issued_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<String, TokenError> {
        let claims = serde_json::json!({
            "sub": username,
            "iat": issued_at.0 / 1000,
            "exp": expires_at.0 / 1000,
            "sid": session,
        });
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding).map_err(|_| TokenError)
    }

    /// Checks a token and gives what it says.
    pub(crate) fn verify(&self, token: &str) -> Result<Claims, TokenError> {
        if token.len() > MAX_TOKEN_BYTES || names_critical_extension(token) {
            return Err(TokenError);
        }
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &self.validation)
            .map_err(|_| TokenError)?
            .claims;
        let is_from_future = claims.iat.is_some_and(|iat| iat > seconds_now() + seconds(LEEWAY.as_secs()));
        let is_foreign = claims.sid.is_none();
        let is_over = over_at(claims.expires_at()) <= Timestamp::now();
        if is_over || claims.sub.is_empty() || is_from_future || (is_foreign && !self.accepts_foreign) {
            return Err(TokenError);
        }
        Ok(claims)
    }
}

/// When a token that expires then is refused, and what it has opened is closed.
pub(crate) fn over_at(expires_at: Timestamp) -> Timestamp {
    expires_at.after_ms(i64::try_from(LEEWAY.as_millis()).unwrap_or_default())
}

impl Claims {
    /// When the token stops being valid.
    pub(crate) fn expires_at(&self) -> Timestamp {
        // A float saturates on the way to an integer, so a far future stays a far future.
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds; saturates")]
        Timestamp((self.exp * 1000.0) as i64)
    }
}

/// RFC 7515 section 4.1.11: a token whose header lists extensions that must be understood is refused by
/// whoever understands none.
fn names_critical_extension(token: &str) -> bool {
    use base64::Engine as _;

    let header = token.split('.').next().unwrap_or_default();
    let Ok(bytes) = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(header) else { return true };
    let Ok(header) = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&bytes) else {
        return true;
    };
    header.contains_key("crit")
}

fn seconds_now() -> f64 {
    seconds(u64::try_from(Timestamp::now().0 / 1000).unwrap_or_default())
}

fn seconds(whole: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are far below 2^52")]
    let seconds = whole as f64;
    seconds
}

#[cfg(test)]
mod tests {
    // A failed expectation is the point of a test.
    #![allow(clippy::unwrap_used)]

    use base64::Engine as _;
    use serde_json::{Value, json};

    use super::*;

    const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

    fn tokens(accepts_foreign: bool) -> Tokens {
        Tokens::new(&Secret::new(SECRET).unwrap(), accepts_foreign)
    }

    /// Signs any header and claims, as an attacker with or another application with the secret could.
    fn forge(header: &Value, claims: &Value, secret: &[u8]) -> String {
        let encode =
            |value: &Value| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(header), encode(claims));
        let key = EncodingKey::from_secret(secret);
        let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), &key, Algorithm::HS256).unwrap();
        format!("{signed}.{signature}")
    }

    fn hs256() -> Value {
        json!({"alg": "HS256", "typ": "JWT"})
    }

    #[test]
    fn what_is_signed_here_is_accepted_here() {
        let now = Timestamp::now();
        let token = tokens(false).sign("alice", "s1", now, Timestamp(now.0 + 60_000)).unwrap();
        let claims = tokens(false).verify(&token).unwrap();
        assert_eq!((claims.sub.as_str(), claims.sid.as_deref()), ("alice", Some("s1")));
        assert_eq!(claims.expires_at().0, (now.0 + 60_000) / 1000 * 1000);
    }

    #[test]
    fn a_foreign_token_needs_a_shared_secret() {
        let token = forge(&hs256(), &json!({"sub": "alice", "exp": seconds_now() + 60.0}), SECRET);
        assert!(tokens(true).verify(&token).is_ok());
        assert_eq!(tokens(false).verify(&token).unwrap_err(), TokenError);
    }

    #[test]
    fn every_bad_token_is_refused() {
        let now = seconds_now();
        let good = json!({"sub": "alice", "exp": now + 60.0, "sid": "s1"});
        let tokens = tokens(true);
        let with = |changes: Value| {
            let mut claims = good.as_object().unwrap().clone();
            claims.extend(changes.as_object().unwrap().clone());
            claims.retain(|_, value| !value.is_null());
            Value::Object(claims)
        };
        assert!(tokens.verify(&forge(&hs256(), &good, SECRET)).is_ok(), "the base of this table is good");
        for (why, header, claims, secret) in [
            ("other secret", hs256(), good.clone(), b"another secret, 32 bytes or more.".as_slice()),
            ("alg none", json!({"alg": "none"}), good.clone(), SECRET),
            ("alg HS512", json!({"alg": "HS512"}), good.clone(), SECRET),
            ("crit", json!({"alg": "HS256", "crit": ["exp"]}), good.clone(), SECRET),
            ("expired", hs256(), with(json!({"exp": now - 31.0})), SECRET),
            ("no exp", hs256(), with(json!({"exp": null})), SECRET),
            ("exp is text", hs256(), with(json!({"exp": "tomorrow"})), SECRET),
            ("no sub", hs256(), with(json!({"sub": null})), SECRET),
            ("sub is empty", hs256(), with(json!({"sub": ""})), SECRET),
            ("sub is a number", hs256(), with(json!({"sub": 1})), SECRET),
            ("sid is a number", hs256(), with(json!({"sid": 1})), SECRET),
            ("not yet valid", hs256(), with(json!({"nbf": now + 300.0})), SECRET),
            ("nbf is text", hs256(), with(json!({"nbf": "now"})), SECRET),
            ("from the future", hs256(), with(json!({"iat": now + 300.0})), SECRET),
        ] {
            assert_eq!(tokens.verify(&forge(&header, &claims, secret)).unwrap_err(), TokenError, "{why}");
        }
        let token = forge(&hs256(), &good, SECRET);
        let cut = &token[..token.len() - 2];
        for text in ["", "x", "a.b.c", "..", cut, &format!("{token}.x"), &"x".repeat(5000)] {
            assert_eq!(tokens.verify(text).unwrap_err(), TokenError, "{text}");
        }
    }

    #[test]
    fn clocks_may_differ_by_half_a_minute() {
        let token = forge(&hs256(), &json!({"sub": "alice", "exp": seconds_now() - 20.0}), SECRET);
        assert!(tokens(true).verify(&token).is_ok());
    }
}
