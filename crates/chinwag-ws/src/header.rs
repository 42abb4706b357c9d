//! Frame headers as a client sends them (RFC 6455 5.2).
//!
//! Each rule is checked as soon as its bytes have arrived, so an oversized length is refused before any byte
//! of its payload is kept.

use crate::{Error, Limits};

/// A frame whose header was accepted.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) kind: Kind,
    /// True for the last or only frame of its message.
    pub(crate) is_final: bool,
    /// The mask, rotated to fit the next payload byte.
    pub(crate) mask: [u8; 4],
    /// Payload bytes still to come.
    pub(crate) remaining_bytes: usize,
}

/// What the payload belongs to; a continuation has the kind of its message.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Data(DataKind),
    Control(ControlKind),
}

/// RFC 6455 5.6.
#[derive(Clone, Copy, Debug)]
pub(crate) enum DataKind {
    Text,
    Binary,
}

/// RFC 6455 5.5.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ControlKind {
    Close,
    Ping,
    Pong,
}

/// The fragmented message that the next data frame must continue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OpenMessage {
    pub(crate) kind: DataKind,
    pub(crate) bytes: usize,
}

impl Frame {
    /// Parses the header at the front of `bytes`; returns it with the bytes that follow.
    ///
    /// `None`: the bytes end inside the header, which is valid so far.
    pub(crate) fn parse<'a>(
        bytes: &'a [u8],
        limits: &Limits,
        open: Option<OpenMessage>,
    ) -> Result<Option<(Self, &'a [u8])>, Error> {
        let Some((&first, bytes)) = bytes.split_first() else {
            return Ok(None);
        };
        let is_final = first & 0x80 != 0;
        let kind = parse_kind(first, is_final, open)?;

        let Some((&second, bytes)) = bytes.split_first() else {
            return Ok(None);
        };
        // RFC 6455 5.1: the server must close when a client frame is not masked.
        if second & 0x80 == 0 {
            return Err(Error::Unmasked);
        }
        let short_length = second & 0x7f;
        if matches!(kind, Kind::Control(_)) && short_length > 125 {
            return Err(Error::ControlTooLong);
        }
        let Some((announced, bytes)) = parse_length(short_length, bytes)? else {
            return Ok(None);
        };
        let remaining_bytes = check_length(announced, kind, limits, open)?;

        let Some((&mask, payload)) = bytes.split_first_chunk::<4>() else {
            return Ok(None);
        };
        let frame = Self { kind, is_final, mask, remaining_bytes };
        Ok(Some((frame, payload)))
    }
}

/// Reads the first byte: final bit, reserved bits, opcode (RFC 6455 5.2, 5.4, 5.5).
fn parse_kind(first: u8, is_final: bool, open: Option<OpenMessage>) -> Result<Kind, Error> {
    if first & 0x70 != 0 {
        return Err(Error::ReservedBits);
    }
    let kind = match first & 0x0f {
        0x0 => Kind::Data(open.ok_or(Error::UnexpectedContinuation)?.kind),
        0x1 | 0x2 if open.is_some() => return Err(Error::ExpectedContinuation),
        0x1 => Kind::Data(DataKind::Text),
        0x2 => Kind::Data(DataKind::Binary),
        0x8 => Kind::Control(ControlKind::Close),
        0x9 => Kind::Control(ControlKind::Ping),
        0xa => Kind::Control(ControlKind::Pong),
        reserved => return Err(Error::ReservedOpcode(reserved)),
    };
    if matches!(kind, Kind::Control(_)) && !is_final {
        return Err(Error::FragmentedControl);
    }
    Ok(kind)
}

/// Reads the extended length, if `short_length` says that there is one (RFC 6455 5.2).
fn parse_length(short_length: u8, bytes: &[u8]) -> Result<Option<(u64, &[u8])>, Error> {
    let (length, smallest, bytes) = match short_length {
        126 => {
            let Some((length, bytes)) = bytes.split_first_chunk() else {
                return Ok(None);
            };
            (u64::from(u16::from_be_bytes(*length)), 126, bytes)
        }
        127 => {
            let Some((length, bytes)) = bytes.split_first_chunk() else {
                return Ok(None);
            };
            (u64::from_be_bytes(*length), 0x1_0000, bytes)
        }
        _ => (u64::from(short_length), 0, bytes),
    };
    if length >> 63 != 0 {
        return Err(Error::LengthOutOfRange);
    }
    if length < smallest {
        return Err(Error::NonMinimalLength);
    }
    Ok(Some((length, bytes)))
}

/// Checks the announced length against the limits (RFC 6455 10.4).
fn check_length(
    announced: u64,
    kind: Kind,
    limits: &Limits,
    open: Option<OpenMessage>,
) -> Result<usize, Error> {
    let length = usize::try_from(announced).map_err(|_| Error::FrameTooLarge)?;
    // A control frame has its own bound, and answers to pings must not depend on our limits.
    if matches!(kind, Kind::Control(_)) {
        return Ok(length);
    }
    if length > limits.max_frame_bytes {
        return Err(Error::FrameTooLarge);
    }
    let bytes_before = open.map_or(0, |message| message.bytes);
    if length > limits.max_message_bytes.saturating_sub(bytes_before) {
        return Err(Error::MessageTooLarge);
    }
    Ok(length)
}
