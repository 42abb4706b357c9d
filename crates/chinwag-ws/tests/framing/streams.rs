//! Properties of any stream: valid ones decode to what was sent, invalid ones never panic, and chunks make no
//! difference.

use chinwag_ws::{Limits, Message};
use proptest::{collection::vec, prelude::*, sample::Index};

use crate::support::{
    BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, binary, close, complete, cut, decode_chunks, frame, ping,
    pong, text,
};

/// One message as a client sends it.
#[derive(Clone, Debug)]
struct Sent {
    message: Message<'static>,
    /// Where a data message is cut into fragments.
    cuts: Vec<Index>,
    /// Pings sent after each fragment but the last.
    pings: Vec<Vec<u8>>,
    mask: [u8; 4],
}

impl Sent {
    /// Appends the frames to `stream`, and the messages they must decode to, in order, to `expected`.
    fn append(self, stream: &mut Vec<u8>, expected: &mut Vec<Message<'static>>) {
        let (opcode, payload) = match &self.message {
            Message::Text(text) => (TEXT, text.as_bytes().to_vec()),
            Message::Binary(payload) => (BINARY, payload.to_vec()),
            Message::Ping(payload) => (PING, payload.to_vec()),
            Message::Pong(payload) => (PONG, payload.to_vec()),
            Message::Close(None, _) => (CLOSE, Vec::new()),
            Message::Close(Some(code), reason) => (CLOSE, [&code.to_be_bytes(), reason.as_bytes()].concat()),
        };
        let mut positions = Vec::new();
        if matches!(self.message, Message::Text(_) | Message::Binary(_)) {
            positions.extend(self.cuts.iter().map(|cut| cut.index(payload.len() + 1)));
            positions.sort_unstable();
        }
        let mut opcode = opcode;
        let mut start = 0;
        for end in positions {
            stream.extend(frame(opcode, &payload[start..end], self.mask));
            opcode = CONTINUATION;
            start = end;
            for payload in &self.pings {
                stream.extend(frame(0x80 | PING, payload, self.mask));
                expected.push(ping(payload));
            }
        }
        stream.extend(frame(0x80 | opcode, &payload[start..], self.mask));
        expected.push(self.message);
    }
}

fn any_sent() -> impl Strategy<Value = Sent> {
    let payload = || vec(any::<u8>(), 0..300);
    let control = || vec(any::<u8>(), 0..=125);
    let message = prop_oneof![
        4 => any::<String>().prop_map(|string| text(&string)),
        2 => payload().prop_map(|payload| binary(&payload)),
        1 => control().prop_map(|payload| ping(&payload)),
        1 => control().prop_map(|payload| pong(&payload)),
        1 => (prop_oneof![1000..=1003_u16, 1007..=1014_u16, 3000..=4999_u16], "\\PC{0,30}")
            .prop_map(|(code, reason)| close(Some(code), &reason)),
        1 => Just(close(None, "")),
    ];
    (message, vec(any::<Index>(), 0..4), vec(control(), 0..2), any::<[u8; 4]>())
        .prop_map(|(message, cuts, pings, mask)| Sent { message, cuts, pings, mask })
}

/// Bytes that often get past the first header.
fn any_stream() -> impl Strategy<Value = Vec<u8>> {
    let opcode = prop_oneof![
        Just(0x00),
        Just(0x01),
        Just(0x80),
        Just(0x81),
        Just(0x82),
        Just(0x88),
        Just(0x89),
        any::<u8>()
    ];
    let like_a_frame = (opcode, vec(any::<u8>(), 0..20), any::<[u8; 4]>())
        .prop_map(|(first, payload, mask)| frame(first, &payload, mask));
    let part = prop_oneof![4 => like_a_frame, 1 => vec(any::<u8>(), 0..20)];
    vec(part, 0..8).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn valid_frames_decode_to_what_was_sent(
        sent in vec(any_sent(), 0..8),
        chunk_sizes in vec(0..200_usize, 0..20),
    ) {
        let mut stream = Vec::new();
        let mut expected = Vec::new();
        for message in sent {
            message.append(&mut stream, &mut expected);
        }
        let outcome = decode_chunks(&Limits::default(), cut(&stream, &chunk_sizes));
        prop_assert_eq!(outcome, complete(expected));
    }

    #[test]
    fn arbitrary_bytes_never_panic_and_chunks_make_no_difference(
        stream in any_stream(),
        chunk_sizes in vec(0..12_usize, 0..20),
    ) {
        let limits = Limits { max_frame_bytes: 18, max_message_bytes: 30 };
        let whole = decode_chunks(&limits, [stream.as_slice()]);
        let chunked = decode_chunks(&limits, cut(&stream, &chunk_sizes));
        prop_assert_eq!(chunked, whole);
    }
}
