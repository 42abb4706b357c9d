//! Texts that only the holder of a random secret can read: what is kept of a ticket gives nothing away.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};

/// Derives a key that is used for nothing else.
const PURPOSE: &[u8] = b"chinwag sealed text";

/// Encrypts a text under a secret that no other text was sealed with.
pub(crate) fn seal(secret: &str, text: &str) -> Result<Vec<u8>, Unspecified> {
    let mut bytes = text.as_bytes().to_vec();
    key(secret)?.seal_in_place_append_tag(nonce(), Aad::empty(), &mut bytes)?;
    Ok(bytes)
}

/// Decrypts it; `None` if this is not its secret, or the bytes are not what was sealed.
pub(crate) fn unseal(secret: &str, mut bytes: Vec<u8>) -> Option<String> {
    let text = key(secret).ok()?.open_in_place(nonce(), Aad::empty(), &mut bytes).ok()?;
    Some(std::str::from_utf8(text).ok()?.to_owned())
}

fn key(secret: &str) -> Result<LessSafeKey, Unspecified> {
    let derived = Salt::new(HKDF_SHA256, &[]).extract(secret.as_bytes());
    let key: UnboundKey = derived.expand(&[PURPOSE], &AES_256_GCM)?.into();
    Ok(LessSafeKey::new(key))
}

/// Each key encrypts one text.
fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

#[cfg(test)]
mod tests {
    // A failed expectation is the point of a test.
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn only_the_secret_opens_what_it_sealed() {
        let sealed = seal("secret", "a token").unwrap();
        assert!(!sealed.windows(5).any(|part| part == b"token"));
        assert_eq!(unseal("secret", sealed.clone()).as_deref(), Some("a token"));
        assert_eq!(unseal("another", sealed.clone()), None);
        let mut changed = sealed;
        *changed.last_mut().unwrap() ^= 1;
        assert_eq!(unseal("secret", changed), None);
    }
}
