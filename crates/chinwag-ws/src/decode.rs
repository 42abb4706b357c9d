//! Turns bytes from a client into messages, in whatever chunks the network delivers them.
//!
//! A frame that lies whole in the input is unmasked in place and lent to the caller. Only incomplete data is
//! copied, and the copy is handed over with the message or freed. Between messages a decoder is one null
//! pointer, because most sockets are idle most of the time. Memory grows with bytes received, never with a
//! length that a header announces.

use std::{borrow::Cow, mem};

use crate::{
    Error, Message,
    header::{Frame, Kind, OpenMessage},
    mask::unmask,
    message::MessageBuffer,
};

/// The largest accepted frame and message, in payload bytes.
///
/// Control frames are exempt: RFC 6455 5.5 bounds them to 125 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For one text, binary or continuation frame.
    pub max_frame_bytes: usize,
    /// For one message, all fragments together.
    pub max_message_bytes: usize,
}

impl Default for Limits {
    /// 64 KiB for both.
    fn default() -> Self {
        Self { max_frame_bytes: 64 * 1024, max_message_bytes: 64 * 1024 }
    }
}

/// The receiving half of one connection; see [`Decoder::decode`].
///
/// As large as a pointer, and without heap memory unless [`Decoder::is_mid_message`].
#[derive(Debug, Default)]
pub struct Decoder {
    pending: Option<Box<Pending>>,
}

/// A frame or message that has begun and not ended.
#[derive(Debug, Default)]
struct Pending {
    progress: Progress,
    /// Set from the first incomplete data frame to the end of its message; control frames may
    /// come in between (RFC 6455 5.4).
    message: Option<MessageBuffer>,
}

/// How far the current frame has come.
#[derive(Debug)]
enum Progress {
    /// The header bytes so far; empty between frames.
    Header(Vec<u8>),
    /// At least one payload byte is missing. Holds the received part of a control payload; that of a data
    /// payload is in [`Pending::message`].
    Payload(Frame, Vec<u8>),
}

impl Decoder {
    /// Creates a decoder for the first byte after the handshake.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the next message or control frame, and takes its bytes off the front of `input`.
    ///
    /// Unmasks payloads in place. `None`: all of `input` was taken, and nothing is complete. The same stream
    /// gives the same messages and the same error, however it is split into chunks.
    ///
    /// # Errors
    /// The first violation in the stream, as soon as the bytes that prove it have arrived. The buffer is
    /// freed. The caller must fail the connection (RFC 6455 7.1.7): what another call returns is unspecified.
    pub fn decode<'a>(
        &mut self,
        limits: &Limits,
        input: &mut &'a mut [u8],
    ) -> Result<Option<Message<'a>>, Error> {
        let result = self.next_message(limits, input);
        let is_idle = self.pending.as_deref().is_some_and(Pending::is_idle);
        if is_idle || result.is_err() {
            self.pending = None;
        }
        result
    }

    /// Returns true while a frame or a fragmented message is incomplete.
    #[must_use]
    pub fn is_mid_message(&self) -> bool {
        self.pending.is_some()
    }

    fn next_message<'a>(
        &mut self,
        limits: &Limits,
        input: &mut &'a mut [u8],
    ) -> Result<Option<Message<'a>>, Error> {
        while let Some((frame, control)) = self.next_frame(limits, input)? {
            let message = self.read_payload(frame, control, input)?;
            if message.is_some() {
                return Ok(message);
            }
        }
        Ok(None)
    }

    /// Continues with the current frame, or reads the next header.
    ///
    /// The bytes are those of the frame's control payload so far. `None`: `input` is used up.
    /// The bytes are those of its control payload so far. `None`: `input` is used up.
    fn next_frame(
        &mut self,
        limits: &Limits,
        input: &mut &mut [u8],
    ) -> Result<Option<(Frame, Vec<u8>)>, Error> {
        if input.is_empty() {
            return Ok(None);
        }
        let progress = match &mut self.pending {
            Some(pending) => mem::take(&mut pending.progress),
            None => Progress::default(),
        };
        let mut header = match progress {
            Progress::Payload(frame, control) => return Ok(Some((frame, control))),
            Progress::Header(header) => header,
        };
        let open = self.open_message();
        if header.is_empty()
            && let Some((frame, payload)) = Frame::parse(input, limits, open)?
        {
            let header_bytes = input.len() - payload.len();
            take_front(input, header_bytes);
            return Ok(Some((frame, Vec::new())));
        }
        // One byte at a time, so that no payload byte ends up here; a header has at most 14 bytes.
        while let Some(byte) = input.split_off_first_mut() {
            header.push(*byte);
            if let Some((frame, _)) = Frame::parse(&header, limits, open)? {
                return Ok(Some((frame, Vec::new())));
            }
        }
        self.pending.get_or_insert_default().progress = Progress::Header(header);
        Ok(None)
    }

    /// Takes the frame's payload from `input`; returns the message that it completes.
    fn read_payload<'a>(
        &mut self,
        mut frame: Frame,
        mut control: Vec<u8>,
        input: &mut &'a mut [u8],
    ) -> Result<Option<Message<'a>>, Error> {
        let part = take_front(input, frame.remaining_bytes.min(input.len()));
        unmask(part, &mut frame.mask);
        frame.remaining_bytes -= part.len();
        let is_whole_frame = frame.remaining_bytes == 0;
        let is_whole_message = is_whole_frame && frame.is_final;
        match frame.kind {
            Kind::Control(kind) if is_whole_frame && control.is_empty() => {
                return Message::control(kind, Cow::Borrowed(part)).map(Some);
            }
            Kind::Control(kind) => {
                control.extend_from_slice(part);
                if is_whole_frame {
                    return Message::control(kind, Cow::Owned(control)).map(Some);
                }
            }
            Kind::Data(kind) if is_whole_message && self.open_message().is_none() => {
                return Message::data(kind, part).map(Some);
            }
            Kind::Data(kind) => {
                let pending = self.pending.get_or_insert_default();
                let mut message = match pending.message.take() {
                    Some(message) => message,
                    None => MessageBuffer::new(kind),
                };
                message.push(part)?;
                if is_whole_message {
                    return message.finish().map(Some);
                }
                pending.message = Some(message);
            }
        }
        if !is_whole_frame {
            self.pending.get_or_insert_default().progress = Progress::Payload(frame, control);
        }
        Ok(None)
    }

    fn open_message(&self) -> Option<OpenMessage> {
        self.pending.as_ref()?.message.as_ref().map(MessageBuffer::open)
    }
}

impl Pending {
    fn is_idle(&self) -> bool {
        self.message.is_none() && matches!(&self.progress, Progress::Header(header) if header.is_empty())
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::Header(Vec::new())
    }
}

/// Takes the first `count` bytes, or none if there are fewer.
fn take_front<'a>(input: &mut &'a mut [u8], count: usize) -> &'a mut [u8] {
    input.split_off_mut(..count).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test reports failure")]

    use super::{Decoder, Limits};

    #[test]
    fn an_idle_decoder_is_one_empty_pointer() {
        assert_eq!(size_of::<Decoder>(), size_of::<usize>());

        let mut decoder = Decoder::new();
        // RFC 6455 5.7, in three chunks: inside the header, inside the payload, the end.
        for chunk in [&mut [0x81_u8, 0x85, 0x37][..], &mut [0xfa, 0x21, 0x3d, 0x7f, 0x9f]] {
            let mut input = chunk;
            assert_eq!(decoder.decode(&Limits::default(), &mut input), Ok(None));
            assert!(decoder.pending.is_some());
        }
        let mut input = &mut [0x4d_u8, 0x51, 0x58][..];
        let message = decoder.decode(&Limits::default(), &mut input).unwrap();
        assert!(message.is_some());
        assert!(decoder.pending.is_none(), "heap memory kept while idle");
    }
}
