//! Identifiers: newtypes, so that a user id can't be passed as a conversation id.
//!
//! On the wire all of them stay below 2^53, so that JavaScript reads them exactly.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
        )]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(formatter)
            }
        }
    };
}

id!(
    /// A person or program that can sign in.
    UserId
);
id!(
    /// One conversation: a group, or the direct conversation of two people.
    ConversationId
);
id!(
    /// One message, unique on the whole server and growing with time.
    MessageId
);
id!(
    /// An uploaded file, unique on the whole server.
    FileId
);
id!(
    /// The place of an event in its conversation's log: from 1, dense, in commit order.
    Seq
);

impl Seq {
    /// Before the first event.
    pub const ZERO: Self = Self(0);

    /// The place after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// Crockford's base32 in lower case: without i, l, o and u, which people confuse with digits or words.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Eight base32 characters, drawn at random for each event, which tell a log from its fork.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Stamp([u8; 8]);

impl Stamp {
    /// Makes a stamp from the lowest 40 bits.
    #[must_use]
    pub fn from_bits(bits: u64) -> Self {
        let mut text = [0; 8];
        for (position, character) in text.iter_mut().enumerate() {
            let index = (bits >> (5 * position)) & 31;
            *character =
                usize::try_from(index).ok().and_then(|index| ALPHABET.get(index)).copied().unwrap_or(b'0');
        }
        Self(text)
    }

    /// The eight characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for Stamp {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let bytes: [u8; 8] = text.as_bytes().try_into().map_err(|_| InvalidCursor)?;
        if bytes.iter().all(|byte| ALPHABET.contains(byte)) { Ok(Self(bytes)) } else { Err(InvalidCursor) }
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Debug for Stamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Serialize for Stamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A place in one log, `seq.stamp`: `"41.k3v9x2ab"`. `"0"` is the place before the first event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The place.
    pub seq: Seq,
    /// The stamp of the event there; `None` only before the first event.
    pub stamp: Option<Stamp>,
}

impl Cursor {
    /// Before the first event of any log.
    pub const START: Self = Self { seq: Seq::ZERO, stamp: None };
}

impl fmt::Display for Cursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.stamp {
            Some(stamp) => write!(formatter, "{}.{stamp}", self.seq),
            None => write!(formatter, "{}", self.seq),
        }
    }
}

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        if text == "0" {
            return Ok(Self::START);
        }
        let (seq, stamp) = text.split_once('.').ok_or(InvalidCursor)?;
        // Only plain digits: `+4` and ` 4` would parse as integers, but are not cursors.
        if seq.is_empty() || !seq.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(InvalidCursor);
        }
        let seq = seq.parse().map_err(|_| InvalidCursor)?;
        if seq == 0 {
            return Err(InvalidCursor);
        }
        Ok(Self { seq: Seq(seq), stamp: Some(stamp.parse()?) })
    }
}

impl Serialize for Cursor {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl utoipa::PartialSchema for Stamp {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        text_schema("With `seq`, the event's cursor.", "^[0-9a-hjkmnp-tv-z]{8}$", "k3v9x2ab")
    }
}

impl ToSchema for Stamp {}

impl utoipa::PartialSchema for Cursor {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        let description = "A place in one log: `seq.stamp`, or `0` before the first event.";
        text_schema(description, r"^(0|[1-9][0-9]*\.[0-9a-hjkmnp-tv-z]{8})$", "41.k3v9x2ab")
    }
}

impl ToSchema for Cursor {}

fn text_schema(
    description: &str,
    pattern: &str,
    example: &str,
) -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
    utoipa::openapi::ObjectBuilder::new()
        .schema_type(utoipa::openapi::schema::Type::String)
        .description(Some(description))
        .pattern(Some(pattern))
        .examples([serde_json::json!(example)])
        .into()
}

/// The text is not a cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidCursor;

impl fmt::Display for InvalidCursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a cursor is \"0\" or a sequence number, a dot and eight base32 characters")
    }
}

impl std::error::Error for InvalidCursor {}

#[cfg(test)]
mod tests {
    // A failed expectation is the point of a test.
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_start_is_zero() {
        assert_eq!("0".parse(), Ok(Cursor::START));
        assert_eq!(Cursor::START.to_string(), "0");
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        for text in [
            "",
            ".",
            "41",
            "41.",
            "0.k3v9x2ab",
            "-1.k3v9x2ab",
            "+1.k3v9x2ab",
            "41.k3v9x2a",
            "41.k3v9x2ai",
            "41.K3V9X2AB",
            "99999999999999999999.k3v9x2ab",
        ] {
            assert_eq!(text.parse::<Cursor>(), Err(InvalidCursor), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_cursor_reads_back_as_it_was_written(seq in 1..i64::MAX, bits: u64) {
            let cursor = Cursor { seq: Seq(seq), stamp: Some(Stamp::from_bits(bits)) };
            prop_assert_eq!(cursor.to_string().parse::<Cursor>().unwrap(), cursor);
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in ".*") {
            let _ = text.parse::<Cursor>();
        }
    }
}
