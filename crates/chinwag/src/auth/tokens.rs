//! JSON Web Tokens (RFC 7519), HS256 only: this module sets the algorithm, never the token.
//!
//! There are two kinds, and neither side accepts the other's. The server's own tokens are signed with its own
//! key, are marked as ours by `typ` and `iss`, and name a session. Another application's tokens are verified
//! with the secret that it shares. Nothing is signed with that secret here: such a signature would let its
//! holder be any user over there.

use std::time::Duration;

use aws_lc_rs::hmac;
use chinwag_protocol::{Stamp, Timestamp};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::config::{Auth, Secret};

/// The largest accepted difference between clocks.
const LEEWAY: Duration = Duration::from_secs(30);
/// A longer token is not ours, nor of any sane application.
const MAX_TOKEN_BYTES: usize = 4096;
/// As in OpenID Connect (Core 1.0 section 2).
const MAX_SUBJECT_CHARS: usize = 255;

/// The `iss` of the server's own tokens.
const OWN_ISSUER: &str = "chinwag";
/// Their `typ`: a verifier that checks it takes no other application's token for ours (RFC 8725 section
/// 3.11).
const OWN_TYPE: &str = "chinwag+jwt";

/// Algorithms that the log names; any other text in their place could be anything.
const KNOWN_ALGORITHMS: [&str; 14] = [
    "none", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384",
    "PS512", "EdDSA", "ES256K",
];

/// The derivation label of the refresh tokens' key; nothing else is signed under it.
const REFRESH_PURPOSE: &[u8] = b"chinwag: the refresh token after this one";

pub(crate) struct Tokens {
    signing: EncodingKey,
    /// The key of the chain of refresh tokens.
    chaining: hmac::Key,
    own: Trust,
    /// The key of another application, if it shares one.
    foreign: Option<Trust>,
    /// Whether `iss` was checked; otherwise it only must not be ours.
    knows_issuer: bool,
}

/// A key, and what a token verified with it must say.
struct Trust {
    key: DecodingKey,
    validation: Validation,
}

/// A genuine token.
#[derive(Debug, PartialEq)]
pub(crate) struct Claims {
    pub holder: Holder,
    /// When the token expires.
    pub expires_at: Timestamp,
}

/// Whom a genuine token lets in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    /// The user who signed in here, in this session.
    Session(String),
    /// A user of another application, by their name there.
    Subject {
        subject: String,
        /// A `sid`, which is the application's. Earlier versions also signed with the shared secret, and then
        /// it is ours.
        session: Option<String>,
    },
}

/// Why a token is refused. For the operator; callers must not learn it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Flaw {
    #[error("it is not a JSON Web Token")]
    Shape,
    #[error("it is longer than {MAX_TOKEN_BYTES} bytes")]
    TooLong,
    #[error("its header lists extensions that must be understood (crit)")]
    Critical,
    #[error("its algorithm (alg) is {0}; only HS256 is accepted")]
    Algorithm(&'static str),
    #[error("its signature does not match this server's own key")]
    OwnSignature,
    #[error("its signature does not match the shared secret")]
    ForeignSignature,
    #[error("its {0} is missing, or has the wrong type")]
    Missing(&'static str),
    #[error("a claim has the wrong type")]
    Claims,
    #[error("it has expired (exp)")]
    Expired,
    #[error("it is not valid yet (nbf)")]
    Early,
    #[error("it was issued in the future (iat): do the clocks differ?")]
    FromFuture,
    #[error("its audience (aud) differs from jwt_audience")]
    Audience,
    #[error("its issuer (iss) differs from jwt_issuer")]
    Issuer,
    #[error(
        "its subject (sub) is empty, too long (over {MAX_SUBJECT_CHARS} characters), or has control characters"
    )]
    Subject,
    #[error("another application signed it, but it claims to be a token of this server (typ, iss)")]
    Pretence,
    #[error("it names no session of this server (sid), and tokens of other applications are not accepted")]
    NoSession,
    #[error("it can't be signed")]
    Signing,
}

/// The claims, once the signature is verified.
#[derive(Deserialize)]
struct Said {
    /// Seconds since 1970. Other applications may write fractions.
    exp: Option<f64>,
    iat: Option<f64>,
    sub: Option<Value>,
    iss: Option<Value>,
    sid: Option<Value>,
}

impl Trust {
    fn new(secret: &Secret, required: &[&str]) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = LEEWAY.as_secs();
        validation.validate_nbf = true;
        validation.validate_aud = false;
        validation.set_required_spec_claims(required);
        Self { key: DecodingKey::from_secret(secret.as_bytes()), validation }
    }

    fn foreign(secret: &Secret, auth: &Auth) -> Self {
        let mut required = vec!["exp"];
        required.extend(auth.audience.as_ref().map(|_| "aud"));
        required.extend(auth.issuer.as_ref().map(|_| "iss"));
        let mut trust = Self::new(secret, &required);
        if let Some(audience) = &auth.audience {
            trust.validation.validate_aud = true;
            trust.validation.set_audience(&[audience]);
        }
        if let Some(issuer) = &auth.issuer {
            trust.validation.set_issuer(&[issuer]);
        }
        trust
    }

    /// Returns a token's claims and its expiry.
    fn read(&self, token: &str, bad_signature: Flaw) -> Result<(Said, Timestamp), Flaw> {
        let said = jsonwebtoken::decode::<Said>(token, &self.key, &self.validation)
            .map_err(|error| flaw(error.kind(), bad_signature))?
            .claims;
        if said.iat.is_some_and(|iat| iat > seconds_now() + seconds(LEEWAY.as_secs())) {
            return Err(Flaw::FromFuture);
        }
        let expires_at = timestamp(said.exp.ok_or(Flaw::Missing("exp"))?);
        // The library counts in whole seconds, and would accept a token in its last second.
        if over_at(expires_at) <= Timestamp::now() { Err(Flaw::Expired) } else { Ok((said, expires_at)) }
    }
}

impl Tokens {
    /// Signs with `own`, and accepts tokens of the application that shares the configuration's secret.
    pub(crate) fn new(own: &Secret, auth: &Auth) -> Self {
        let master = hmac::Key::new(hmac::HMAC_SHA256, own.as_bytes());
        Self {
            signing: EncodingKey::from_secret(own.as_bytes()),
            chaining: hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&master, REFRESH_PURPOSE).as_ref()),
            own: Trust::new(own, &["exp"]),
            foreign: auth.shared_secret.as_ref().map(|secret| Trust::foreign(secret, auth)),
            knows_issuer: auth.issuer.is_some(),
        }
    }

    /// Signs a token for a session.
    pub(crate) fn sign(
        &self,
        username: &str,
        session: &str,
        issued_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<String, Flaw> {
        let claims = serde_json::json!({
            "iss": OWN_ISSUER,
            "sub": username,
            "iat": issued_at.0 / 1000,
            "exp": expires_at.0 / 1000,
            "sid": session,
        });
        let header = Header { typ: Some(OWN_TYPE.to_owned()), ..Header::new(Algorithm::HS256) };
        jsonwebtoken::encode(&header, &claims, &self.signing).map_err(|_| Flaw::Signing)
    }

    /// The refresh token that follows this one: always the same, and only this server can compute it. So a
    /// client that missed the answer may ask again, even after a restart, although only hashes are stored.
    pub(crate) fn successor(&self, refresh_token: &str) -> String {
        let drawn = hmac::sign(&self.chaining, refresh_token.as_bytes());
        let stamps = drawn.as_ref().chunks_exact(8).map(|bits| {
            let bits = bits.iter().fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
            Stamp::from_bits(bits).to_string()
        });
        stamps.collect()
    }

    /// Checks a token; returns its claims.
    pub(crate) fn verify(&self, token: &str) -> Result<Claims, Flaw> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Flaw::TooLong);
        }
        let header = header(token).ok_or(Flaw::Shape)?;
        // RFC 7515 section 4.1.11: a verifier that understands no extension must refuse a token that lists
        // some.
        if header.contains_key("crit") {
            return Err(Flaw::Critical);
        }
        match header.get("alg").and_then(Value::as_str) {
            Some("HS256") => {}
            Some(other) => {
                let known = KNOWN_ALGORITHMS.iter().find(|known| **known == other);
                return Err(Flaw::Algorithm(known.copied().unwrap_or("an unknown one")));
            }
            None => return Err(Flaw::Shape),
        }
        match &self.foreign {
            Some(foreign) if !is_own_type(&header) => self.read_foreign(foreign, token),
            _ => self.read_own(token, &header),
        }
    }

    fn read_own(&self, token: &str, header: &Map<String, Value>) -> Result<Claims, Flaw> {
        let (said, expires_at) = self.own.read(token, Flaw::OwnSignature)?;
        let is_ours = is_own_type(header) && names_us(said.iss.as_ref());
        // Tokens signed before ours carried a type stay valid until they expire: nobody else has this key,
        // and where a secret is shared, a token gets here only with our type.
        let is_of_old = self.foreign.is_none() && said.iss.is_none();
        match said.sid.as_ref().and_then(Value::as_str) {
            Some(session) if is_ours || is_of_old => {
                Ok(Claims { holder: Holder::Session(session.to_owned()), expires_at })
            }
            _ => Err(Flaw::NoSession),
        }
    }

    fn read_foreign(&self, foreign: &Trust, token: &str) -> Result<Claims, Flaw> {
        let (said, expires_at) = foreign.read(token, Flaw::ForeignSignature)?;
        if names_us(said.iss.as_ref()) {
            return Err(Flaw::Pretence);
        }
        if self.knows_issuer && !said.iss.as_ref().is_some_and(Value::is_string) {
            return Err(Flaw::Issuer);
        }
        let subject = subject(said.sub.as_ref())?;
        let session = said.sid.as_ref().and_then(Value::as_str).map(str::to_owned);
        Ok(Claims { holder: Holder::Subject { subject, session }, expires_at })
    }
}

/// When a token with this expiry is refused, and the sockets that it opened are closed.
pub(crate) fn over_at(expires_at: Timestamp) -> Timestamp {
    expires_at.after(LEEWAY)
}

fn timestamp(seconds: f64) -> Timestamp {
    // A float saturates on the way to an integer, so a far future stays a far future.
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds; saturates")]
    Timestamp((seconds * 1000.0) as i64)
}

fn header(token: &str) -> Option<Map<String, Value>> {
    use base64::Engine as _;

    let header = token.split('.').next()?;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(header).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// A media type ignores case, and may omit `application/` (RFC 7515 section 4.1.9).
fn is_own_type(header: &Map<String, Value>) -> bool {
    let named = header.get("typ").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    named.strip_prefix("application/").unwrap_or(&named) == OWN_TYPE
}

fn names_us(issuer: Option<&Value>) -> bool {
    match issuer {
        Some(Value::String(issuer)) => issuer == OWN_ISSUER,
        Some(Value::Array(issuers)) => issuers.iter().any(|issuer| issuer == OWN_ISSUER),
        _ => false,
    }
}

/// A text, or the digits of a whole number: many applications number their users.
fn subject(claim: Option<&Value>) -> Result<String, Flaw> {
    let subject = match claim {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) if number.is_i64() || number.is_u64() => number.to_string(),
        _ => return Err(Flaw::Missing("sub")),
    };
    if is_subject(&subject) { Ok(subject) } else { Err(Flaw::Subject) }
}

/// Whether another application may give a user this name.
pub(crate) fn is_subject(text: &str) -> bool {
    (1..=MAX_SUBJECT_CHARS).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

fn flaw(kind: &ErrorKind, bad_signature: Flaw) -> Flaw {
    match kind {
        ErrorKind::InvalidSignature => bad_signature,
        ErrorKind::MissingRequiredClaim(claim) | ErrorKind::InvalidClaimFormat(claim) => {
            let known = ["exp", "nbf", "aud", "iss"].into_iter().find(|known| known == claim);
            known.map_or(Flaw::Claims, Flaw::Missing)
        }
        ErrorKind::ExpiredSignature => Flaw::Expired,
        ErrorKind::ImmatureSignature => Flaw::Early,
        ErrorKind::InvalidAudience => Flaw::Audience,
        ErrorKind::InvalidIssuer => Flaw::Issuer,
        // The signature matched, so JSON was signed.
        ErrorKind::Json(_) => Flaw::Claims,
        _ => Flaw::Shape,
    }
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
mod tests;
