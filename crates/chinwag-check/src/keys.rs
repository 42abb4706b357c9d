//! Short keys to compare: a history of millions of deliveries must fit into memory.

/// The content key of an event whose text is gone. It equals every other.
pub const WITHHELD: u64 = 0;

/// A key of an event's content: FNV-1a over its parts, each closed by a byte that never occurs in UTF-8.
#[must_use]
pub fn content_key<'a>(parts: impl IntoIterator<Item = &'a str>) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for part in parts {
        for byte in part.bytes().chain([0xff]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    hash.max(1)
}

/// A stamp of eight ASCII characters as one number; anything else as its key.
#[must_use]
pub fn stamp_key(stamp: &str) -> u64 {
    <[u8; 8]>::try_from(stamp.as_bytes()).map_or_else(|_| content_key([stamp]), u64::from_be_bytes)
}
