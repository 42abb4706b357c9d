//! What a client may send, and how it is decoded.

use std::borrow::Cow;

use chinwag_ws::{Decoder, Limits, Message};

use crate::support::{
    BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, binary, close, complete, decode_chunks, decode_every_way,
    decode_whole, fragment, last, ping, pong, text,
};

#[test]
fn the_masked_text_frame_of_section_5_7_says_hello() {
    let stream = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
    assert_eq!(decode_every_way(&Limits::default(), stream), complete([text("Hello")]));
}

#[test]
fn the_masked_pong_of_section_5_7_says_hello() {
    let stream = b"\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
    assert_eq!(decode_every_way(&Limits::default(), stream), complete([pong(b"Hello")]));
}

#[test]
fn fragments_of_section_5_7_are_one_message() {
    let stream = [fragment(TEXT, b"Hel"), last(CONTINUATION, b"lo")].concat();
    assert_eq!(decode_every_way(&Limits::default(), &stream), complete([text("Hello")]));
}

#[test]
fn every_kind_of_message_survives_every_cut() {
    let stream = [
        last(TEXT, "grüß 😀".as_bytes()),
        last(BINARY, b"\x00\xff\x80"),
        last(TEXT, b""),
        last(BINARY, b""),
        last(PING, b""),
        last(PING, b"are you there"),
        last(PONG, b"yes"),
        last(TEXT, &[b'x'; 126]),
        last(CLOSE, b"\x03\xe9going \xc3\xa4way"),
    ]
    .concat();
    assert_eq!(
        decode_every_way(&Limits::default(), &stream),
        complete([
            text("grüß 😀"),
            binary(b"\x00\xff\x80"),
            text(""),
            binary(b""),
            ping(b""),
            ping(b"are you there"),
            pong(b"yes"),
            text(&"x".repeat(126)),
            close(Some(1001), "going äway"),
        ])
    );
}

#[test]
fn control_frames_between_fragments_come_before_the_message() {
    let smiley = "😀".as_bytes();
    let stream = [
        fragment(TEXT, &smiley[..1]),
        last(PING, b"one"),
        fragment(CONTINUATION, &smiley[1..3]),
        last(PONG, b"two"),
        fragment(CONTINUATION, b""),
        last(PING, b""),
        last(CONTINUATION, &smiley[3..]),
        last(TEXT, b"next"),
    ]
    .concat();
    assert_eq!(
        decode_every_way(&Limits::default(), &stream),
        complete([ping(b"one"), pong(b"two"), ping(b""), text("😀"), text("next")])
    );
}

#[test]
fn a_close_may_interrupt_a_message() {
    let mut stream = fragment(BINARY, b"never finished");
    stream.extend(last(CLOSE, b""));
    let outcome = decode_every_way(&Limits::default(), &stream);
    assert_eq!(outcome.messages, [close(None, "")]);
    assert!(outcome.is_mid_message);
}

#[test]
fn extended_lengths_decode_at_their_bounds() {
    let limits = Limits { max_frame_bytes: 70_000, max_message_bytes: 70_000 };
    for payload_bytes in [125, 126, 127, 65_535, 65_536, 70_000] {
        let payload = vec![0xa5; payload_bytes];
        let stream = last(BINARY, &payload);
        for cut in [1, 2, 4, 9, 10, 14, stream.len() / 2, stream.len()] {
            let (front, back) = stream.split_at(cut);
            assert_eq!(
                decode_chunks(&limits, [front, back]),
                complete([binary(&payload)]),
                "{payload_bytes} bytes cut at {cut}"
            );
        }
    }
}

#[test]
fn a_whole_frame_is_lent_from_the_input() {
    let mut bytes = [last(TEXT, b"text"), last(PING, b"ping")].concat();
    let mut input = bytes.as_mut_slice();
    let mut decoder = Decoder::new();
    let limits = Limits::default();

    let message = decoder.decode(&limits, &mut input).unwrap();
    assert!(matches!(message, Some(Message::Text(Cow::Borrowed("text")))));
    let message = decoder.decode(&limits, &mut input).unwrap();
    assert!(matches!(message, Some(Message::Ping(Cow::Borrowed(b"ping")))));
    assert!(!decoder.is_mid_message());
}

#[test]
fn a_decoder_is_mid_message_from_the_first_byte_to_the_last() {
    let stream = [fragment(TEXT, b"a"), last(PING, b"b"), last(CONTINUATION, b"c")].concat();
    for taken in 1..stream.len() {
        assert!(decode_whole(&stream[..taken]).is_mid_message, "{taken}");
    }
    assert!(!decode_whole(&stream).is_mid_message);
    assert!(!Decoder::new().is_mid_message());
}

#[test]
fn every_valid_close_code_is_passed_on() {
    for code in (1000..=1003).chain(1007..=1014).chain(3000..=4999) {
        let outcome = decode_whole(&last(CLOSE, &u16::to_be_bytes(code)));
        assert_eq!(outcome, complete([close(Some(code), "")]));
    }
}
