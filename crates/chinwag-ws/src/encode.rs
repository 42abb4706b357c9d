//! Frames for clients: unmasked, unfragmented, ready to be written to any number of sockets.
//!
//! The payload is written once, after room for the longest header; the header of the right size then goes
//! directly in front of it. Cloning the result copies no payload.

use bytes::Bytes;

/// First byte of the frame: the final bit and the opcode (RFC 6455 5.2).
const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;

/// Two bytes and a 64-bit length; a server frame has no mask (RFC 6455 5.1).
const MAX_HEADER_BYTES: usize = 10;

/// RFC 6455 5.5.
const MAX_CONTROL_BYTES: usize = 125;

/// A control payload without the close code (RFC 6455 5.5.1).
const MAX_REASON_BYTES: usize = MAX_CONTROL_BYTES - 2;

/// Room for a short chat event, so that writing one rarely reallocates.
const EXPECTED_TEXT_BYTES: usize = 256 - MAX_HEADER_BYTES;

/// Returns one text frame with the payload that `write_payload` appends.
///
/// The payload must be UTF-8 (RFC 6455 5.6); only debug builds check it. The vector already holds the room
/// for the header: `write_payload` may append and reserve, nothing else.
///
/// # Panics
/// If `write_payload` leaves the vector shorter than it was.
#[must_use]
pub fn text_frame(write_payload: impl FnOnce(&mut Vec<u8>)) -> Bytes {
    frame(TEXT, EXPECTED_TEXT_BYTES, |buffer| {
        write_payload(buffer);
        debug_assert!(
            buffer.get(MAX_HEADER_BYTES..).is_some_and(|payload| str::from_utf8(payload).is_ok()),
            "a text frame must carry utf-8"
        );
    })
}

/// Returns one binary frame.
#[must_use]
pub fn binary_frame(payload: &[u8]) -> Bytes {
    copied_frame(BINARY, payload)
}

/// Returns a ping frame (RFC 6455 5.5.2).
///
/// # Panics
/// If `payload` exceeds 125 bytes: no control frame can carry it.
#[must_use]
pub fn ping_frame(payload: &[u8]) -> Bytes {
    control_frame(PING, payload)
}

/// Returns a pong frame; a pong that answers a ping repeats its `payload` (RFC 6455 5.5.3).
///
/// # Panics
/// If `payload` exceeds 125 bytes: no control frame can carry it. The payload of a decoded
/// [`Message::Ping`](crate::Message::Ping) never does.
#[must_use]
pub fn pong_frame(payload: &[u8]) -> Bytes {
    control_frame(PONG, payload)
}

/// Returns a close frame; `reason` is cut at a character boundary to fit 123 bytes.
///
/// 1005, 1006 and 1015 must not be sent (RFC 6455 7.4.1); `code` is not checked.
#[must_use]
pub fn close_frame(code: u16, reason: &str) -> Bytes {
    let (reason, _) = reason.split_at(reason.floor_char_boundary(MAX_REASON_BYTES));
    frame(CLOSE, size_of_val(&code) + reason.len(), |buffer| {
        buffer.extend_from_slice(&code.to_be_bytes());
        buffer.extend_from_slice(reason.as_bytes());
    })
}

fn control_frame(first: u8, payload: &[u8]) -> Bytes {
    // Cutting or dropping the payload would send something else than was asked. Only our own code can get
    // here.
    assert!(
        payload.len() <= MAX_CONTROL_BYTES,
        "control payload of {} bytes, at most {MAX_CONTROL_BYTES} fit",
        payload.len()
    );
    copied_frame(first, payload)
}

fn copied_frame(first: u8, payload: &[u8]) -> Bytes {
    frame(first, payload.len(), |buffer| {
        buffer.extend_from_slice(payload);
    })
}

fn frame(first: u8, expected_bytes: usize, write_payload: impl FnOnce(&mut Vec<u8>)) -> Bytes {
    let mut buffer = Vec::with_capacity(MAX_HEADER_BYTES + expected_bytes);
    buffer.resize(MAX_HEADER_BYTES, 0);
    write_payload(&mut buffer);

    let payload_bytes = buffer.len().saturating_sub(MAX_HEADER_BYTES);
    let (header, unused) = header(first, payload_bytes as u64);
    if let Some(room) = buffer.first_chunk_mut() {
        *room = header;
    }
    // Copied, because some frames are kept for long and should hold no spare capacity.
    Bytes::copy_from_slice(buffer.get(unused..).unwrap_or_default())
}

/// Returns the header at the end of its room, and how much of the room is unused.
///
/// The length takes as few bytes as possible (RFC 6455 5.2).
fn header(first: u8, payload_bytes: u64) -> ([u8; MAX_HEADER_BYTES], usize) {
    let [a, b, c, d, e, f, g, h] = payload_bytes.to_be_bytes();
    match payload_bytes {
        0..=125 => ([0, 0, 0, 0, 0, 0, 0, 0, first, h], 8),
        126..=0xffff => ([0, 0, 0, 0, 0, 0, first, 126, g, h], 6),
        _ => ([first, 127, a, b, c, d, e, f, g, h], 0),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, reason = "a panic is how a test reports failure")]

    use super::{binary_frame, close_frame, ping_frame, pong_frame, text_frame};

    #[test]
    fn frames_are_those_of_rfc_6455_section_5_7() {
        let hello = text_frame(|payload| payload.extend_from_slice(b"Hello"));
        assert_eq!(hello[..], *b"\x81\x05Hello");
        assert_eq!(ping_frame(b"Hello")[..], *b"\x89\x05Hello");
        assert_eq!(pong_frame(b"Hello")[..], *b"\x8a\x05Hello");
        assert_eq!(binary_frame(&[7; 256])[..4], *b"\x82\x7e\x01\x00");
        assert_eq!(binary_frame(&vec![7; 65536])[..10], *b"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00");
    }

    #[test]
    fn lengths_take_as_few_bytes_as_they_can() {
        for (payload_bytes, header_bytes) in
            [(0, 2), (125, 2), (126, 4), (65535, 4), (65536, 10), (70000, 10)]
        {
            let payload = vec![b'x'; payload_bytes];
            let text = text_frame(|buffer| buffer.extend_from_slice(&payload));
            assert_eq!(text.len(), header_bytes + payload_bytes);
            assert_eq!(text[header_bytes..], payload);
            let binary = binary_frame(&payload);
            assert_eq!(binary[1..], text[1..]);
        }
    }

    #[test]
    fn close_reason_is_cut_between_characters() {
        assert_eq!(close_frame(1001, "")[..], *b"\x88\x02\x03\xe9");
        assert_eq!(close_frame(1001, "bye")[..], *b"\x88\x05\x03\xe9bye");
        assert_eq!(close_frame(1001, &"x".repeat(123)).len(), 127);
        assert_eq!(close_frame(1001, &"x".repeat(124)).len(), 127);
        // 61 characters of two bytes fit; the 62nd would end at byte 124.
        assert_eq!(close_frame(1001, &"ß".repeat(62)).len(), 2 + 2 + 122);
    }

    #[test]
    #[should_panic(expected = "control payload of 126 bytes")]
    fn a_ping_too_long_for_a_control_frame_is_a_bug_of_the_caller() {
        let _ = ping_frame(&[0; 126]);
    }
}
