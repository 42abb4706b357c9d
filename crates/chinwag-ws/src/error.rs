//! Why a client's bytes were refused, and the close code that says so.
//!
//! Every variant ends the connection: there is no frame boundary to resume from (RFC 6455 7.1.7), so the
//! caller sends one close frame and stops reading.

use std::fmt;

/// A violation by the client; see [`Error::close_code`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// A reserved bit is set although no extension was agreed (RFC 6455 5.2).
    ReservedBits,
    /// The opcode is not one of the six defined ones (RFC 6455 5.2).
    ReservedOpcode(u8),
    /// A client must mask every frame (RFC 6455 5.1).
    Unmasked,
    /// A close, ping or pong without the final bit (RFC 6455 5.5).
    FragmentedControl,
    /// A close, ping or pong of more than 125 bytes (RFC 6455 5.5).
    ControlTooLong,
    /// A continuation with no message to continue (RFC 6455 5.4).
    UnexpectedContinuation,
    /// A new text or binary frame before the last fragment of a message (RFC 6455 5.4).
    ExpectedContinuation,
    /// A length written in more bytes than it needs (RFC 6455 5.2).
    NonMinimalLength,
    /// A 64-bit length with its top bit set (RFC 6455 5.2).
    LengthOutOfRange,
    /// A close payload of one byte: neither empty nor a whole code (RFC 6455 5.5.1).
    TruncatedCloseCode,
    /// A close code that no endpoint may send (RFC 6455 7.4).
    InvalidCloseCode(u16),
    /// Text or a close reason that is not UTF-8 (RFC 6455 8.1).
    InvalidUtf8,
    /// The header announces more than [`Limits::max_frame_bytes`](crate::Limits::max_frame_bytes).
    FrameTooLarge,
    /// The message would outgrow [`Limits::max_message_bytes`](crate::Limits::max_message_bytes).
    MessageTooLarge,
}

impl Error {
    /// Returns the code for the close frame that answers this error (RFC 6455 7.4.1):
    /// 1002 protocol error, 1007 invalid UTF-8, 1009 too large.
    #[must_use]
    pub fn close_code(&self) -> u16 {
        match self {
            Self::ReservedBits
            | Self::ReservedOpcode(_)
            | Self::Unmasked
            | Self::FragmentedControl
            | Self::ControlTooLong
            | Self::UnexpectedContinuation
            | Self::ExpectedContinuation
            | Self::NonMinimalLength
            | Self::LengthOutOfRange
            | Self::TruncatedCloseCode
            | Self::InvalidCloseCode(_) => 1002,
            Self::InvalidUtf8 => 1007,
            Self::FrameTooLarge | Self::MessageTooLarge => 1009,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ReservedBits => f.write_str("reserved bit set without an extension"),
            Self::ReservedOpcode(opcode) => write!(f, "reserved opcode {opcode:#x}"),
            Self::Unmasked => f.write_str("client frame is not masked"),
            Self::FragmentedControl => f.write_str("control frame is fragmented"),
            Self::ControlTooLong => f.write_str("control frame is longer than 125 bytes"),
            Self::UnexpectedContinuation => f.write_str("continuation without a message"),
            Self::ExpectedContinuation => f.write_str("new message inside a fragmented one"),
            Self::NonMinimalLength => f.write_str("frame length is not minimally encoded"),
            Self::LengthOutOfRange => f.write_str("frame length has its top bit set"),
            Self::TruncatedCloseCode => f.write_str("close payload of one byte"),
            Self::InvalidCloseCode(code) => write!(f, "invalid close code {code}"),
            Self::InvalidUtf8 => f.write_str("text is not valid utf-8"),
            Self::FrameTooLarge => f.write_str("frame exceeds the size limit"),
            Self::MessageTooLarge => f.write_str("message exceeds the size limit"),
        }
    }
}

impl std::error::Error for Error {}
