//! Removes the client's mask from a payload, in place (RFC 6455 5.3).
//!
//! Runs over every received byte, so it works in words that the compiler can widen further.

/// Unmasks `payload`, and rotates `mask` to fit the byte that follows.
///
/// So a payload may be passed in parts of any size.
pub(crate) fn unmask(payload: &mut [u8], mask: &mut [u8; 4]) {
    let [a, b, c, d] = *mask;
    let word_mask = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (words, rest) = payload.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ word_mask).to_ne_bytes();
    }
    // Whole words leave the mask unchanged; only the rest rotates it.
    for (byte, key) in rest.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= key;
    }
    mask.rotate_left(rest.len() % 4);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, reason = "a panic is how a test reports failure")]

    use super::unmask;

    #[test]
    fn every_split_of_a_payload_unmasks_like_the_definition() {
        let mask = [0x37, 0xfa, 0x21, 0x3d];
        let masked: Vec<u8> = (0..=40).collect();
        let expected: Vec<u8> =
            (0..=40).zip(mask.iter().cycle()).map(|(byte, key): (u8, &u8)| byte ^ key).collect();
        for first in 0..=masked.len() {
            for second in first..=masked.len() {
                let mut bytes = masked.clone();
                let mut turned = mask;
                unmask(&mut bytes[..first], &mut turned);
                unmask(&mut bytes[first..second], &mut turned);
                unmask(&mut bytes[second..], &mut turned);
                assert_eq!(bytes, expected, "split at {first} and {second}");
            }
        }
    }
}
