//! A client that can send anything, and a decoder that reads in any chunks.

use chinwag_ws::{Decoder, Error, Limits, Message};

pub(crate) const CONTINUATION: u8 = 0x0;
pub(crate) const TEXT: u8 = 0x1;
pub(crate) const BINARY: u8 = 0x2;
pub(crate) const CLOSE: u8 = 0x8;
pub(crate) const PING: u8 = 0x9;
pub(crate) const PONG: u8 = 0xa;

pub(crate) const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// The result of a stream.
#[derive(Debug, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) messages: Vec<Message<'static>>,
    pub(crate) error: Option<Error>,
    pub(crate) is_mid_message: bool,
}

/// Messages, no error, nothing left over.
pub(crate) fn complete(messages: impl IntoIterator<Item = Message<'static>>) -> Outcome {
    Outcome { messages: messages.into_iter().collect(), error: None, is_mid_message: false }
}

/// Only an error, with the buffer freed.
pub(crate) fn refused(error: Error) -> Outcome {
    Outcome { messages: Vec::new(), error: Some(error), is_mid_message: false }
}

pub(crate) fn text(text: &str) -> Message<'static> {
    Message::Text(text.to_owned().into())
}

pub(crate) fn binary(payload: &[u8]) -> Message<'static> {
    Message::Binary(payload.to_owned().into())
}

pub(crate) fn ping(payload: &[u8]) -> Message<'static> {
    Message::Ping(payload.to_owned().into())
}

pub(crate) fn pong(payload: &[u8]) -> Message<'static> {
    Message::Pong(payload.to_owned().into())
}

pub(crate) fn close(code: Option<u16>, reason: &str) -> Message<'static> {
    Message::Close(code, reason.to_owned().into())
}

/// One masked frame with the final bit.
pub(crate) fn last(opcode: u8, payload: &[u8]) -> Vec<u8> {
    frame(0x80 | opcode, payload, MASK)
}

/// One masked frame without the final bit.
pub(crate) fn fragment(opcode: u8, payload: &[u8]) -> Vec<u8> {
    frame(opcode, payload, MASK)
}

pub(crate) fn frame(first: u8, payload: &[u8], mask: [u8; 4]) -> Vec<u8> {
    let mut bytes = vec![first];
    if payload.len() < 126 {
        bytes.push(0x80 | u8::try_from(payload.len()).unwrap());
    } else if let Ok(length) = u16::try_from(payload.len()) {
        bytes.push(0x80 | 126);
        bytes.extend(length.to_be_bytes());
    } else {
        bytes.push(0x80 | 127);
        bytes.extend((payload.len() as u64).to_be_bytes());
    }
    bytes.extend(mask);
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key));
    bytes
}

pub(crate) fn decode_whole(stream: &[u8]) -> Outcome {
    decode_chunks(&Limits::default(), [stream])
}

/// Decodes until the first error.
pub(crate) fn decode_chunks<'a>(limits: &Limits, chunks: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let mut decoder = Decoder::new();
    let mut outcome = complete([]);
    for chunk in chunks {
        let mut bytes = chunk.to_vec();
        let mut input = bytes.as_mut_slice();
        loop {
            match decoder.decode(limits, &mut input) {
                Ok(Some(message)) => outcome.messages.push(owned(message)),
                Ok(None) => break,
                Err(error) => {
                    outcome.error = Some(error);
                    outcome.is_mid_message = decoder.is_mid_message();
                    return outcome;
                }
            }
        }
        assert!(input.is_empty(), "no message, but {} bytes", input.len());
    }
    outcome.is_mid_message = decoder.is_mid_message();
    outcome
}

/// Cuts `stream` into chunks of the given sizes, over and over; 0 counts as 1.
pub(crate) fn cut<'a>(stream: &'a [u8], sizes: &[usize]) -> Vec<&'a [u8]> {
    let mut chunks = Vec::new();
    let mut rest = stream;
    for size in sizes.iter().chain([&1]).cycle() {
        if rest.is_empty() {
            break;
        }
        let (chunk, behind) = rest.split_at((*size).clamp(1, rest.len()));
        chunks.push(chunk);
        rest = behind;
    }
    chunks
}

/// Decodes `stream` whole, cut in two at every position, and byte by byte: always the same.
pub(crate) fn decode_every_way(limits: &Limits, stream: &[u8]) -> Outcome {
    let whole = decode_chunks(limits, [stream]);
    for position in 0..=stream.len() {
        let (front, back) = stream.split_at(position);
        let halves = decode_chunks(limits, [front, back]);
        assert_eq!(halves, whole, "cut at {position}");
    }
    assert_eq!(decode_chunks(limits, stream.chunks(1)), whole, "bytewise");
    whole
}

fn owned(message: Message<'_>) -> Message<'static> {
    match message {
        Message::Text(text) => Message::Text(text.into_owned().into()),
        Message::Binary(payload) => Message::Binary(payload.into_owned().into()),
        Message::Ping(payload) => Message::Ping(payload.into_owned().into()),
        Message::Pong(payload) => Message::Pong(payload.into_owned().into()),
        Message::Close(code, reason) => Message::Close(code, reason.into_owned().into()),
    }
}
