//! Proves to a webhook's receiver that a call is ours, by the scheme of the Standard Webhooks specification,
//! so that its libraries can verify our calls.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

const PREFIX: &str = "whsec_";
const BYTES: usize = 32;

/// The secret that a webhook's receiver shares with us. Its text form is `whsec_` and base64.
#[derive(Clone)]
pub(crate) struct WebhookSecret(Vec<u8>);

impl WebhookSecret {
    /// 256 random bits.
    pub(crate) fn generate() -> Self {
        let bytes: [u8; BYTES] = rand::random();
        Self(bytes.to_vec())
    }

    pub(crate) fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn to_text(&self) -> String {
        format!("{PREFIX}{}", BASE64_STANDARD.encode(&self.0))
    }
}

/// The `webhook-signature` header: HMAC-SHA256 over id, timestamp and body, so that none of them can be
/// changed, and an old call can't be replayed later.
pub(crate) fn sign(secret: &WebhookSecret, id: &str, timestamp: i64, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &secret.0);
    let mut context = hmac::Context::with_key(&key);
    context.update(format!("{id}.{timestamp}.").as_bytes());
    context.update(body);
    format!("v1,{}", BASE64_STANDARD.encode(context.sign()))
}

#[cfg(test)]
mod tests {
    // A failed expectation is the point of a test.
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// The example that the Standard Webhooks specification gives.
    #[test]
    fn the_signature_of_the_specification_comes_out() {
        let secret = BASE64_STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let secret = WebhookSecret::from_bytes(secret);
        assert_eq!(secret.to_text(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let signature =
            sign(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn secrets_differ() {
        assert_ne!(WebhookSecret::generate().as_bytes(), WebhookSecret::generate().as_bytes());
    }
}
