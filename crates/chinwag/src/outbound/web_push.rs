//! The payload of a push message, which only one device can read: RFC 8291 (the keys) over RFC 8188 (the
//! content coding `aes128gcm`). aws-lc-rs provides the primitives.

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{ECDH_P256, PrivateKey, UnparsedPublicKey, agree};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

const SALT_BYTES: usize = 16;
const POINT_BYTES: usize = 65;
const SECRET_BYTES: usize = 16;
const TAG_BYTES: usize = 16;
/// Salt, record size, length of the key id, key id (RFC 8188 2.1).
const HEADER_BYTES: usize = SALT_BYTES + 4 + 1 + POINT_BYTES;
/// A push service must accept this much, and may refuse more (RFC 8030 7.2).
const MAX_BODY: usize = 4096;
/// Ends the data of the last record (RFC 8188 2).
const LAST_RECORD: u8 = 2;

/// The largest payload of one push message.
pub(crate) const MAX_PLAINTEXT: usize = MAX_BODY - HEADER_BYTES - TAG_BYTES - 1;

/// Browsers omit the padding; some libraries do not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The keys of one subscription: its public key on P-256, and its authentication secret.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct DeviceKeys {
    pub p256dh: Vec<u8>,
    pub auth: Vec<u8>,
}

impl DeviceKeys {
    /// Reads both from base64url.
    ///
    /// # Errors
    /// The name of the wrong one.
    pub(crate) fn parse(p256dh: &str, auth: &str) -> Result<Self, &'static str> {
        let decode = |text: &str, name| BASE64.decode(text).map_err(|_| name);
        let keys = Self { p256dh: decode(p256dh, "keys.p256dh")?, auth: decode(auth, "keys.auth")? };
        if keys.auth.len() != SECRET_BYTES {
            return Err("keys.auth");
        }
        // Key agreement checks that the point lies on the curve.
        let is_point = keys.p256dh.len() == POINT_BYTES
            && PrivateKey::generate(&ECDH_P256)
                .and_then(|key| agree(&key, keys.peer(), Unspecified, |_| Ok(())))
                .is_ok();
        if is_point { Ok(keys) } else { Err("keys.p256dh") }
    }

    fn peer(&self) -> UnparsedPublicKey<&[u8]> {
        UnparsedPublicKey::new(&ECDH_P256, &self.p256dh)
    }
}

/// Encrypts a payload of at most [`MAX_PLAINTEXT`] bytes for a device.
pub(crate) fn encrypt(keys: &DeviceKeys, plaintext: &[u8]) -> Result<Vec<u8>, Unspecified> {
    encrypt_with(keys, &PrivateKey::generate(&ECDH_P256)?, rand::random(), plaintext)
}

fn encrypt_with(
    keys: &DeviceKeys,
    own: &PrivateKey,
    salt: [u8; SALT_BYTES],
    plaintext: &[u8],
) -> Result<Vec<u8>, Unspecified> {
    if plaintext.len() > MAX_PLAINTEXT {
        return Err(Unspecified);
    }
    let own_public = own.compute_public_key()?;
    // RFC 8291 3.4: the shared secret, bound to both keys and to the authentication secret.
    let info = [b"WebPush: info\0", keys.p256dh.as_slice(), own_public.as_ref()];
    let input: [u8; 32] = agree(own, keys.peer(), Unspecified, |secret| {
        expand(&Salt::new(HKDF_SHA256, &keys.auth).extract(secret), &info)
    })?;
    let mut body = Vec::with_capacity(HEADER_BYTES + plaintext.len() + 1 + TAG_BYTES);
    body.extend_from_slice(&salt);
    body.extend_from_slice(&4096_u32.to_be_bytes());
    body.push(65);
    body.extend_from_slice(own_public.as_ref());
    body.extend_from_slice(&seal(&salt, &input, plaintext)?);
    Ok(body)
}

/// One record, which is the last (RFC 8188 2).
fn seal(salt: &[u8], input: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, Unspecified> {
    let keys = Salt::new(HKDF_SHA256, salt).extract(input);
    let key: [u8; 16] = expand(&keys, &[b"Content-Encoding: aes128gcm\0"])?;
    let nonce: [u8; 12] = expand(&keys, &[b"Content-Encoding: nonce\0"])?;
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key)?);
    let mut record = Vec::with_capacity(plaintext.len() + 1 + TAG_BYTES);
    record.extend_from_slice(plaintext);
    record.push(LAST_RECORD);
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut record)?;
    Ok(record)
}

fn expand<const LENGTH: usize>(key: &Prk, info: &[&[u8]]) -> Result<[u8; LENGTH], Unspecified> {
    struct Length(usize);
    impl KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    let mut out = [0; LENGTH];
    key.expand(info, Length(LENGTH))?.fill(&mut out)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    // A failed expectation is the point of a test.
    #![allow(clippy::unwrap_used)]

    use base64::prelude::BASE64_URL_SAFE_NO_PAD;

    use super::*;

    fn decode(text: &str) -> Vec<u8> {
        BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    /// RFC 8188 3.1.
    #[test]
    fn the_record_of_rfc_8188_comes_out() {
        let salt = decode("I1BsxtFttlv3u_Oo94xnmw");
        let record = seal(&salt, &decode("yqdlZ-tYemfogSmv7Ws5PQ"), b"I am the walrus").unwrap();
        let expected = decode("I1BsxtFttlv3u_Oo94xnmwAAEAAA-NAVub2qFgBEuQKRapoZu-IxkIva3MEB1PD-ly8Thjg");
        assert_eq!(Some(&record[..]), expected.get(21..));
    }

    /// RFC 8291 5 and appendix A.
    #[test]
    fn the_message_of_rfc_8291_comes_out() {
        let public =
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
        let keys = DeviceKeys::parse(public, "BTBZMqHH6r4Tts7J_aSIgg").unwrap();
        let own = decode("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw");
        let own = PrivateKey::from_private_key(&ECDH_P256, &own).unwrap();
        let salt = decode("DGv6ra1nlYgDCS1FRnbzlw").try_into().unwrap();
        let text = decode("V2hlbiBJIGdyb3cgdXAsIEkgd2FudCB0byBiZSBhIHdhdGVybWVsb24");
        let body = encrypt_with(&keys, &own, salt, &text).unwrap();
        let expected = concat!(
            "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIg",
            "Dll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNW",
            "QexSgSxsj_Qulcy4a-fN"
        );
        assert_eq!(BASE64_URL_SAFE_NO_PAD.encode(body), expected);
    }

    #[test]
    fn a_message_fills_what_a_push_service_takes_and_no_more() {
        let public =
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4=";
        let keys = DeviceKeys::parse(public, "BTBZMqHH6r4Tts7J_aSIgg==").unwrap();
        assert_eq!(encrypt(&keys, &[0; MAX_PLAINTEXT]).unwrap().len(), MAX_BODY);
        assert!(encrypt(&keys, &[0; MAX_PLAINTEXT + 1]).is_err());
        assert_ne!(encrypt(&keys, b"same").unwrap(), encrypt(&keys, b"same").unwrap());
    }

    #[test]
    fn keys_that_are_none_are_named() {
        let public =
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
        let off_the_curve = BASE64_URL_SAFE_NO_PAD.encode([&[4_u8][..], &[1; 64]].concat());
        for (p256dh, auth, wrong) in [
            (public, "BTBZMqHH6r4Tts7J_aSI", "keys.auth"),
            (public, "!", "keys.auth"),
            ("", "BTBZMqHH6r4Tts7J_aSIgg", "keys.p256dh"),
            ("BCVx", "BTBZMqHH6r4Tts7J_aSIgg", "keys.p256dh"),
            (&off_the_curve, "BTBZMqHH6r4Tts7J_aSIgg", "keys.p256dh"),
        ] {
            assert_eq!(DeviceKeys::parse(p256dh, auth).err(), Some(wrong), "{p256dh} {auth}");
        }
    }
}
