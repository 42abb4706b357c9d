//! What a client sent: whole messages and control frames, unmasked and validated.

use std::borrow::Cow;

use crate::{
    Error,
    header::{ControlKind, DataKind, OpenMessage},
    utf8::TextBuffer,
};

/// One message or control frame.
///
/// Borrows from the input if the payload lay whole in it, and otherwise owns the joined parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// A text message (RFC 6455 5.6).
    Text(Cow<'a, str>),
    /// A binary message (RFC 6455 5.6).
    Binary(Cow<'a, [u8]>),
    /// At most 125 bytes, to return in a pong (RFC 6455 5.5.2).
    Ping(Cow<'a, [u8]>),
    /// At most 125 bytes (RFC 6455 5.5.3).
    Pong(Cow<'a, [u8]>),
    /// The code, if the client gave one, and its reason, which may be empty (RFC 6455 5.5.1).
    ///
    /// The code is one that an endpoint may send: 1000–1003, 1007–1014 or 3000–4999.
    /// The caller must discard whatever the client sends after this.
    Close(Option<u16>, Cow<'a, str>),
}

impl<'a> Message<'a> {
    /// Makes the message from the whole payload of an unfragmented data frame.
    pub(crate) fn data(kind: DataKind, payload: &'a [u8]) -> Result<Self, Error> {
        match kind {
            DataKind::Text => str::from_utf8(payload)
                .map(|text| Self::Text(Cow::Borrowed(text)))
                .map_err(|_| Error::InvalidUtf8),
            DataKind::Binary => Ok(Self::Binary(Cow::Borrowed(payload))),
        }
    }

    /// Makes the message from the whole payload of a control frame.
    pub(crate) fn control(kind: ControlKind, payload: Cow<'a, [u8]>) -> Result<Self, Error> {
        match (kind, payload) {
            (ControlKind::Ping, payload) => Ok(Self::Ping(payload)),
            (ControlKind::Pong, payload) => Ok(Self::Pong(payload)),
            (ControlKind::Close, Cow::Borrowed(payload)) => {
                let (code, reason) = parse_close(payload)?;
                Ok(Self::Close(code, Cow::Borrowed(reason)))
            }
            (ControlKind::Close, Cow::Owned(payload)) => {
                let (code, reason) = parse_close(&payload)?;
                Ok(Self::Close(code, Cow::Owned(reason.to_owned())))
            }
        }
    }
}

/// A message whose end has not arrived.
#[derive(Debug)]
pub(crate) enum MessageBuffer {
    Text(TextBuffer),
    Binary(Vec<u8>),
}

impl MessageBuffer {
    pub(crate) fn new(kind: DataKind) -> Self {
        match kind {
            DataKind::Text => Self::Text(TextBuffer::default()),
            DataKind::Binary => Self::Binary(Vec::new()),
        }
    }

    /// The kind and the bytes so far, which decide what the next header may be.
    pub(crate) fn open(&self) -> OpenMessage {
        match self {
            Self::Text(text) => OpenMessage { kind: DataKind::Text, bytes: text.len() },
            Self::Binary(binary) => OpenMessage { kind: DataKind::Binary, bytes: binary.len() },
        }
    }

    pub(crate) fn push(&mut self, part: &[u8]) -> Result<(), Error> {
        match self {
            Self::Text(text) => text.push(part),
            Self::Binary(binary) => {
                binary.extend_from_slice(part);
                Ok(())
            }
        }
    }

    pub(crate) fn finish(self) -> Result<Message<'static>, Error> {
        match self {
            Self::Text(text) => Ok(Message::Text(Cow::Owned(text.finish()?))),
            Self::Binary(binary) => Ok(Message::Binary(Cow::Owned(binary))),
        }
    }
}

/// Splits a close payload into code and reason (RFC 6455 5.5.1).
fn parse_close(payload: &[u8]) -> Result<(Option<u16>, &str), Error> {
    if payload.is_empty() {
        return Ok((None, ""));
    }
    let (code, reason) = payload.split_first_chunk().ok_or(Error::TruncatedCloseCode)?;
    let code = u16::from_be_bytes(*code);
    // RFC 6455 7.4, and the codes registered since: 1012–1014. Never on the wire: 1004 (no meaning yet),
    // 1005, 1006 and 1015 (for local use).
    if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(Error::InvalidCloseCode(code));
    }
    let reason = str::from_utf8(reason).map_err(|_| Error::InvalidUtf8)?;
    Ok((Some(code), reason))
}
