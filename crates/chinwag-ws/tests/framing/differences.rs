//! Any stream of frames, valid or not, through this decoder and tungstenite's server: both give the same
//! messages, and then both refuse with the same close code, or neither does.

use std::io::{Cursor, ErrorKind, Read, Result, Write};

use chinwag_ws::{Error, Limits, Message};
use proptest::{collection::vec, prelude::*, sample::select};
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Error as TheirError, WebSocket};

use crate::support::{
    BINARY, CLOSE, CONTINUATION, MASK, PING, PONG, TEXT, binary, close, cut, decode_chunks, frame, ping,
    pong, text,
};

const LIMITS: Limits = Limits { max_frame_bytes: 1000, max_message_bytes: 1500 };

/// A socket that holds a client's bytes and then stays silent.
struct Wire(Cursor<Vec<u8>>);

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        match self.0.read(buffer) {
            Ok(0) => Err(ErrorKind::WouldBlock.into()),
            result => result,
        }
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

/// Messages up to the first close, and the code that refuses the rest.
type Verdict = (Vec<Message<'static>>, Option<u16>);

fn ours(stream: &[u8], chunk_sizes: &[usize]) -> Verdict {
    let outcome = decode_chunks(&LIMITS, cut(stream, chunk_sizes));
    let end = outcome.messages.iter().position(|message| matches!(message, Message::Close(..)));
    match end {
        // What follows a close is not read (RFC 6455 5.5.1).
        Some(end) => (outcome.messages.into_iter().take(end + 1).collect(), None),
        None => (outcome.messages, outcome.error.as_ref().map(Error::close_code)),
    }
}

fn theirs(stream: &[u8]) -> Verdict {
    let config = WebSocketConfig::default()
        .max_frame_size(Some(LIMITS.max_frame_bytes))
        .max_message_size(Some(LIMITS.max_message_bytes));
    let wire = Wire(Cursor::new(stream.to_vec()));
    let mut socket = WebSocket::from_raw_socket(wire, Role::Server, Some(config));
    let mut messages = Vec::new();
    loop {
        let message = match socket.read() {
            Ok(tungstenite::Message::Text(said)) => text(&said),
            Ok(tungstenite::Message::Binary(bytes)) => binary(&bytes),
            Ok(tungstenite::Message::Ping(bytes)) => ping(&bytes),
            Ok(tungstenite::Message::Pong(bytes)) => pong(&bytes),
            Ok(tungstenite::Message::Close(None)) => close(None, ""),
            Ok(tungstenite::Message::Close(Some(frame))) => {
                let code = u16::from(frame.code);
                // How tungstenite reports a code that nobody may send.
                if code == 1002 && frame.reason.as_str() == "Protocol violation" {
                    return (messages, Some(1002));
                }
                close(Some(code), &frame.reason)
            }
            Ok(tungstenite::Message::Frame(_)) => unreachable!("only for writing"),
            Err(TheirError::Io(_)) => return (messages, None),
            Err(TheirError::Utf8(_)) => return (messages, Some(1007)),
            Err(TheirError::Capacity(_)) => return (messages, Some(1009)),
            Err(_) => return (messages, Some(1002)),
        };
        let is_close = matches!(message, Message::Close(..));
        messages.push(message);
        if is_close {
            return (messages, None);
        }
    }
}

/// A payload that is often text, cut anywhere.
fn any_payload(most: usize) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => any::<String>().prop_map(String::into_bytes),
        1 => vec(any::<u8>(), 0..20),
        1 => (any::<String>(), 0..9_usize).prop_map(|(text, keep)| text.into_bytes().into_iter().take(keep).collect()),
        1 => (0..most).prop_map(|length| vec![b'x'; length]),
    ]
    .prop_map(move |mut payload| {
        payload.truncate(most);
        payload
    })
}

/// At most one thing is wrong with it: no RFC says which of two to name first.
fn any_close() -> impl Strategy<Value = Vec<u8>> {
    let payload = |code: u16, reason: &[u8]| [&code.to_be_bytes()[..], reason].concat();
    // 1014 is registered now, but tungstenite does not know it.
    let codes =
        prop_oneof![3 => 1000..=1016_u16, 1 => any::<u16>()].prop_filter("1014", |code| *code != 1014);
    prop_oneof![
        6 => (codes, "\\PC{0,20}").prop_map(move |(code, reason)| payload(code, reason.as_bytes())),
        3 => any_payload(60).prop_map(move |reason| payload(1000, &reason)),
        1 => Just(Vec::new()),
        1 => Just(vec![3]),
    ]
}

/// Mostly frames that a client may send.
fn any_frame() -> impl Strategy<Value = Vec<u8>> {
    let data = (select(vec![CONTINUATION, CONTINUATION, TEXT, BINARY]), any::<bool>(), any_payload(900))
        .prop_map(|(opcode, is_last, payload)| {
            frame(opcode | if is_last { 0x80 } else { 0 }, &payload, MASK)
        });
    let control = (select(vec![PING, PONG]), any_payload(125))
        .prop_map(|(opcode, payload)| frame(0x80 | opcode, &payload, MASK));
    let closing = any_close().prop_map(|payload| frame(0x80 | CLOSE, &payload, MASK));
    // Every possible first byte: reserved bits, reserved opcodes, fragmented control frames.
    let first = any::<u8>().prop_filter("a close", |first| *first != 0x80 | CLOSE);
    let strange = (first, any_payload(20)).prop_map(|(first, payload)| frame(first, &payload, MASK));
    let unmasked = (select(vec![TEXT, BINARY, PING]), any_payload(100)).prop_map(|(opcode, payload)| {
        let length = u8::try_from(payload.len()).unwrap();
        [&[0x80 | opcode, length][..], &payload].concat()
    });
    prop_oneof![30 => data, 8 => control, 2 => closing, 1 => strange, 1 => unmasked]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn any_stream_is_read_and_refused_as_by_tungstenite(
        frames in vec(any_frame(), 1..8),
        chunk_sizes in vec(0..300_usize, 1..6),
    ) {
        let stream = frames.concat();
        prop_assert_eq!(ours(&stream, &chunk_sizes), theirs(&stream));
    }

    #[test]
    fn a_fragmented_text_is_read_and_refused_as_by_tungstenite(
        text in any_payload(300),
        sizes in vec(0..9_usize, 1..5),
        chunk_sizes in vec(0..300_usize, 1..6),
    ) {
        let parts = cut(&text, &sizes);
        let last = parts.len().saturating_sub(1);
        let mut stream = Vec::new();
        for (place, part) in parts.iter().enumerate() {
            let opcode = if place == 0 { TEXT } else { CONTINUATION };
            stream.extend(frame(opcode | if place == last { 0x80 } else { 0 }, part, MASK));
        }
        prop_assert_eq!(ours(&stream, &chunk_sizes), theirs(&stream));
    }

    #[test]
    fn close_frames_are_read_and_refused_as_by_tungstenite(payload in any_close()) {
        let stream = frame(0x80 | CLOSE, &payload, MASK);
        prop_assert_eq!(ours(&stream, &[1000]), theirs(&stream));
    }
}

/// One limit at a time, so that there is one thing to refuse.
#[test]
fn what_is_too_large_is_refused_as_by_tungstenite() {
    let large = frame(0x80 | BINARY, &[0; 1001], MASK);
    let just = frame(0x80 | BINARY, &[0; 1000], MASK);
    let message = [frame(BINARY, &[0; 800], MASK), frame(0x80 | CONTINUATION, &[0; 701], MASK)].concat();
    for (stream, code) in [(&large, Some(1009)), (&just, None), (&message, Some(1009))] {
        assert_eq!(ours(stream, &[100]).1, code);
        assert_eq!(ours(stream, &[100]), theirs(stream));
    }
    assert_eq!(theirs(&frame(0x80 | CLOSE, b"", MASK)).0, [close(None, "")]);
}
