//! The browser's end of Web Push: it subscribes, and decrypts messages by RFC 8291, with code of its own.

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{ECDH_P256, PrivateKey, UnparsedPublicKey, agree};
use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey as SigningKey};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use serde_json::{Value, json};

use super::Call;

pub(crate) struct Browser {
    key: PrivateKey,
    auth: [u8; 16],
    pub(crate) endpoint: String,
}

impl Browser {
    pub(crate) fn new(endpoint: String) -> Self {
        Self { key: PrivateKey::generate(&ECDH_P256).unwrap(), auth: rand::random(), endpoint }
    }

    fn public(&self) -> Vec<u8> {
        self.key.compute_public_key().unwrap().as_ref().to_vec()
    }

    /// What it gives to its page.
    pub(crate) fn subscription(&self) -> Value {
        json!({
            "endpoint": self.endpoint,
            "expirationTime": null,
            "keys": {"p256dh": BASE64.encode(self.public()), "auth": BASE64.encode(self.auth)},
        })
    }

    /// Decrypts a push message: one record of RFC 8188 under the keys of RFC 8291.
    pub(crate) fn read(&self, call: &Call) -> Value {
        assert_eq!(call.header("content-encoding"), "aes128gcm");
        let (salt, rest) = call.body.split_at(16);
        let (size, rest) = rest.split_at(4);
        assert_eq!(size, 4096_u32.to_be_bytes());
        assert!(call.body.len() <= 4096, "{}", call.body.len());
        assert_eq!(rest[0], 65);
        let (sender, sealed) = rest[1..].split_at(65);
        let peer = UnparsedPublicKey::new(&ECDH_P256, sender);
        let shared = agree(&self.key, peer, (), |secret| Ok(secret.to_vec())).unwrap();
        let info = [b"WebPush: info\0", &self.public()[..], sender].concat();
        let input = hkdf(&self.auth, &shared, &info);
        let key = hkdf(salt, &input, b"Content-Encoding: aes128gcm\0");
        let nonce = hkdf(salt, &input, b"Content-Encoding: nonce\0");
        let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key[..16]).unwrap());
        let nonce = Nonce::try_assume_unique_for_key(&nonce[..12]).unwrap();
        let mut sealed = sealed.to_vec();
        let text = key.open_in_place(nonce, Aad::empty(), &mut sealed).expect("sealed for this browser");
        let end = text.iter().rposition(|byte| *byte != 0).unwrap();
        assert_eq!(text[end], 2, "the last record");
        serde_json::from_slice(&text[..end]).unwrap()
    }
}

/// Extract and one step of expand (RFC 5869), written out: the server uses the library's.
fn hkdf(salt: &[u8], input: &[u8], info: &[u8]) -> Vec<u8> {
    let extracted = sign(&Key::new(HMAC_SHA256, salt), input);
    let expanded = sign(&Key::new(HMAC_SHA256, extracted.as_ref()), &[info, &[1]].concat());
    expanded.as_ref().to_vec()
}

/// Checks who sent a push message (RFC 8292); gives the token's claims.
pub(crate) fn vapid_claims(call: &Call, public_key: &str) -> Value {
    let (token, key) =
        call.header("authorization").strip_prefix("vapid t=").unwrap().split_once(", k=").unwrap();
    assert_eq!(key, public_key);
    let (signed, signature) = token.rsplit_once('.').unwrap();
    SigningKey::new(&ECDSA_P256_SHA256_FIXED, BASE64.decode(key).unwrap())
        .verify(signed.as_bytes(), &BASE64.decode(signature).unwrap())
        .unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let header: Value = serde_json::from_slice(&BASE64.decode(header).unwrap()).unwrap();
    assert_eq!(header["alg"], "ES256");
    serde_json::from_slice(&BASE64.decode(claims).unwrap()).unwrap()
}
