//! What a client may not send: the error, its close code, and how soon it comes.

use chinwag_ws::{Decoder, Error, Limits};

use crate::support::{
    BINARY, CLOSE, CONTINUATION, MASK, PING, PONG, TEXT, decode_every_way, decode_whole, fragment, frame,
    last, refused,
};

const SMALL: Limits = Limits { max_frame_bytes: 10, max_message_bytes: 15 };

#[test]
fn an_unmasked_frame_is_refused() {
    let outcome = decode_every_way(&SMALL, b"\x81\x05Hello");
    assert_eq!(outcome, refused(Error::Unmasked));
}

#[test]
fn each_reserved_bit_is_refused() {
    for bit in [0x40, 0x20, 0x10] {
        let outcome = decode_every_way(&SMALL, &last(bit | TEXT, b"x"));
        assert_eq!(outcome, refused(Error::ReservedBits));
    }
}

#[test]
fn each_reserved_opcode_is_refused() {
    for opcode in [3, 4, 5, 6, 7, 0xb, 0xc, 0xd, 0xe, 0xf] {
        let outcome = decode_every_way(&SMALL, &last(opcode, b""));
        assert_eq!(outcome, refused(Error::ReservedOpcode(opcode)));
    }
}

#[test]
fn fragmented_control_frames_are_refused() {
    for opcode in [CLOSE, PING, PONG] {
        let outcome = decode_every_way(&SMALL, &fragment(opcode, b""));
        assert_eq!(outcome, refused(Error::FragmentedControl));
    }
}

#[test]
fn a_control_frame_holds_125_bytes_and_no_more() {
    let longest = last(PING, &[7; 125]);
    assert_eq!(decode_every_way(&SMALL, &longest).error, None);
    for opcode in [CLOSE, PING, PONG] {
        let outcome = decode_every_way(&SMALL, &last(opcode, &[7; 126]));
        assert_eq!(outcome, refused(Error::ControlTooLong));
    }
}

#[test]
fn a_continuation_needs_a_message() {
    let outcome = decode_every_way(&SMALL, &last(CONTINUATION, b"x"));
    assert_eq!(outcome, refused(Error::UnexpectedContinuation));

    let after_the_end = [fragment(TEXT, b"a"), last(CONTINUATION, b"b"), last(CONTINUATION, b"c")].concat();
    let outcome = decode_every_way(&SMALL, &after_the_end);
    assert_eq!(outcome.error, Some(Error::UnexpectedContinuation));
    assert_eq!(outcome.messages.len(), 1);
}

#[test]
fn a_new_message_inside_a_fragmented_one_is_refused() {
    for opcode in [TEXT, BINARY] {
        let stream = [fragment(TEXT, b"a"), last(opcode, b"b")].concat();
        let outcome = decode_every_way(&SMALL, &stream);
        assert_eq!(outcome, refused(Error::ExpectedContinuation));
    }
}

#[test]
fn lengths_in_more_bytes_than_needed_are_refused() {
    for header in [
        &b"\x82\xfe\x00\x00"[..],
        b"\x82\xfe\x00\x7d",
        b"\x82\xff\x00\x00\x00\x00\x00\x00\x00\x00",
        b"\x82\xff\x00\x00\x00\x00\x00\x00\xff\xff",
    ] {
        let outcome = decode_every_way(&SMALL, header);
        assert_eq!(outcome, refused(Error::NonMinimalLength));
    }
}

#[test]
fn a_64_bit_length_with_its_top_bit_set_is_refused() {
    let outcome = decode_every_way(&SMALL, b"\x82\xff\x80\x00\x00\x00\x00\x00\x00\x00");
    assert_eq!(outcome, refused(Error::LengthOutOfRange));
}

#[test]
fn half_a_close_code_is_refused() {
    let outcome = decode_every_way(&SMALL, &last(CLOSE, b"\x03"));
    assert_eq!(outcome, refused(Error::TruncatedCloseCode));
}

#[test]
fn every_invalid_close_code_is_refused() {
    let invalid = (0..1000).chain(1004..=1006).chain(1015..3000).chain(5000..=u16::MAX);
    for code in invalid {
        let outcome = decode_whole(&last(CLOSE, &code.to_be_bytes()));
        assert_eq!(outcome, refused(Error::InvalidCloseCode(code)));
    }
}

#[test]
fn a_close_reason_must_be_utf_8() {
    let outcome = decode_every_way(&SMALL, &last(CLOSE, b"\x03\xe8\xff"));
    assert_eq!(outcome, refused(Error::InvalidUtf8));
}

#[test]
fn text_must_be_utf_8_whole_and_in_fragments() {
    for payload in [&b"a\xff"[..], b"\xed\xa0\x80", b"\xf0\x9f\x98", b"\xc0\xaf"] {
        let outcome = decode_every_way(&SMALL, &last(TEXT, payload));
        assert_eq!(outcome, refused(Error::InvalidUtf8), "{payload:x?}");

        let (front, back) = payload.split_at(1);
        let stream = [fragment(TEXT, front), last(CONTINUATION, back)].concat();
        let outcome = decode_every_way(&SMALL, &stream);
        assert_eq!(outcome, refused(Error::InvalidUtf8), "{payload:x?}");
    }
}

#[test]
fn invalid_text_is_refused_at_the_byte_that_proves_it() {
    // A surrogate: its second byte is impossible, though message and frame go on.
    let stream = frame(TEXT, b"ok\xed\xa0\x80 and more", MASK);
    let proof = 6 + 4;
    assert_eq!(decode_whole(&stream[..proof - 1]).error, None);
    let outcome = decode_whole(&stream[..proof]);
    assert_eq!(outcome.error, Some(Error::InvalidUtf8));
}

#[test]
fn a_frame_over_the_limit_is_refused_before_its_mask() {
    assert_eq!(decode_whole(&last(TEXT, &[b'x'; 65_536])).error, None);
    assert_eq!(decode_every_way(&SMALL, &last(TEXT, b"0123456789")).error, None);

    let outcome = decode_every_way(&SMALL, &last(TEXT, b"0123456789a")[..2]);
    assert_eq!(outcome, refused(Error::FrameTooLarge));
    let outcome = decode_every_way(&SMALL, b"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff");
    assert_eq!(outcome, refused(Error::FrameTooLarge));
    let outcome = decode_whole(b"\x82\xff\x00\x00\x00\x00\x00\x01\x00\x01");
    assert_eq!(outcome, refused(Error::FrameTooLarge));
}

#[test]
fn a_message_over_the_limit_is_refused_at_the_header_of_the_fragment() {
    // The first fragment ends inside a character: its unfinished bytes count too.
    let (front, back) = "123456789üabcd".as_bytes().split_at(10);
    let fits = [fragment(TEXT, front), last(CONTINUATION, back)].concat();
    let outcome = decode_every_way(&SMALL, &fits);
    assert_eq!((outcome.error, outcome.messages.len()), (None, 1));

    let header = &last(CONTINUATION, b"abcdef")[..2];
    for opcode in [TEXT, BINARY] {
        let stream = [&fragment(opcode, front)[..], header].concat();
        let outcome = decode_every_way(&SMALL, &stream);
        assert_eq!(outcome, refused(Error::MessageTooLarge));
    }
}

#[test]
fn a_message_limit_below_the_frame_limit_holds_for_single_frames() {
    let limits = Limits { max_frame_bytes: 10, max_message_bytes: 5 };
    let outcome = decode_every_way(&limits, &last(BINARY, b"012345"));
    assert_eq!(outcome, refused(Error::MessageTooLarge));
}

#[test]
fn messages_before_a_violation_are_delivered() {
    let stream = [last(TEXT, b"fine"), last(TEXT, b"\xff"), last(TEXT, b"lost")].concat();
    let outcome = decode_every_way(&SMALL, &stream);
    assert_eq!(outcome.messages.len(), 1);
    assert_eq!(outcome.error, Some(Error::InvalidUtf8));
}

#[test]
fn an_error_frees_what_was_buffered() {
    let mut decoder = Decoder::new();
    let mut bytes = [fragment(TEXT, b"kept"), last(TEXT, b"wrong")].concat();
    let mut input = bytes.as_mut_slice();
    assert!(decoder.decode(&SMALL, &mut input).is_err());
    assert!(!decoder.is_mid_message());
}

#[test]
fn each_error_has_the_close_code_of_section_7_4_1() {
    for (error, code) in [
        (Error::ReservedBits, 1002),
        (Error::ReservedOpcode(3), 1002),
        (Error::Unmasked, 1002),
        (Error::FragmentedControl, 1002),
        (Error::ControlTooLong, 1002),
        (Error::UnexpectedContinuation, 1002),
        (Error::ExpectedContinuation, 1002),
        (Error::NonMinimalLength, 1002),
        (Error::LengthOutOfRange, 1002),
        (Error::TruncatedCloseCode, 1002),
        (Error::InvalidCloseCode(1005), 1002),
        (Error::InvalidUtf8, 1007),
        (Error::FrameTooLarge, 1009),
        (Error::MessageTooLarge, 1009),
    ] {
        assert_eq!(error.close_code(), code, "{error}");
    }
}
