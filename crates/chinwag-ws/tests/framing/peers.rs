//! Each implementation reads what the other writes.

use std::io::{Cursor, Read, Result, Write};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use chinwag_ws::{
    Limits, Message, accept_key, binary_frame, close_frame, ping_frame, pong_frame, text_frame,
};
use proptest::{collection::vec, prelude::*};
use tungstenite::{
    WebSocket,
    handshake::derive_accept_key,
    protocol::{CloseFrame, Role},
};

use crate::support::{binary, close, complete, cut, decode_chunks, ping, pong, text};

const LIMITS: Limits = Limits { max_frame_bytes: 1 << 20, max_message_bytes: 1 << 20 };

/// A socket that holds what the server sent, and keeps what the client sends.
struct Wire {
    from_server: Cursor<Vec<u8>>,
    from_client: Vec<u8>,
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        self.from_server.read(buffer)
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.from_client.write(bytes)
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

fn client(from_server: Vec<u8>) -> WebSocket<Wire> {
    let wire = Wire { from_server: Cursor::new(from_server), from_client: Vec::new() };
    WebSocket::from_raw_socket(wire, Role::Client, None)
}

/// The same message in the other implementation's types.
fn theirs(message: &Message<'_>) -> tungstenite::Message {
    let bytes = |payload: &[u8]| Bytes::copy_from_slice(payload);
    match message {
        Message::Text(text) => tungstenite::Message::text(text.as_ref()),
        Message::Binary(payload) => tungstenite::Message::Binary(bytes(payload)),
        Message::Ping(payload) => tungstenite::Message::Ping(bytes(payload)),
        Message::Pong(payload) => tungstenite::Message::Pong(bytes(payload)),
        Message::Close(code, reason) => tungstenite::Message::Close(
            code.map(|code| CloseFrame { code: code.into(), reason: reason.as_ref().into() }),
        ),
    }
}

fn our_frame(message: &Message<'_>) -> Bytes {
    match message {
        Message::Text(text) => text_frame(|payload| payload.extend_from_slice(text.as_bytes())),
        Message::Binary(payload) => binary_frame(payload),
        Message::Ping(payload) => ping_frame(payload),
        Message::Pong(payload) => pong_frame(payload),
        Message::Close(code, reason) => close_frame(code.unwrap_or(1000), reason),
    }
}

/// Anything that both sides can send, then a close.
fn any_conversation() -> impl Strategy<Value = Vec<Message<'static>>> {
    let control = || vec(any::<u8>(), 0..=125);
    let length = prop_oneof![4 => 0..300_usize, 1 => 65_530..65_540_usize, 1 => Just(70_000)];
    let message = prop_oneof![
        any::<String>().prop_map(|string| text(&string)),
        (length, any::<u8>()).prop_map(|(length, byte)| binary(&vec![byte; length])),
        control().prop_map(|payload| ping(&payload)),
        control().prop_map(|payload| pong(&payload)),
    ];
    let codes = prop_oneof![1000..=1003_u16, 1007..=1013_u16, 3000..=4999_u16];
    let last = (codes, "\\PC{0,30}").prop_map(|(code, reason)| close(Some(code), &reason));
    (vec(message, 0..8), last).prop_map(|(mut messages, last)| {
        messages.push(last);
        messages
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn we_read_what_a_tungstenite_client_writes(
        messages in any_conversation(),
        chunk_sizes in vec(0..5000_usize, 1..10),
    ) {
        let mut client = client(Vec::new());
        for message in &messages {
            client.send(theirs(message)).unwrap();
        }
        let stream = &client.get_ref().from_client;
        let outcome = decode_chunks(&LIMITS, cut(stream, &chunk_sizes));
        prop_assert_eq!(outcome, complete(messages));
    }

    #[test]
    fn a_tungstenite_client_reads_what_we_write(messages in any_conversation()) {
        let stream: Vec<u8> = messages.iter().flat_map(our_frame).collect();
        let mut client = client(stream);
        for message in &messages {
            prop_assert_eq!(client.read().unwrap(), theirs(message));
        }
    }

    #[test]
    fn both_derive_the_same_accept_key(nonce in any::<[u8; 16]>()) {
        let key = STANDARD.encode(nonce);
        prop_assert_eq!(accept_key(&key), Some(derive_accept_key(key.as_bytes())));
    }
}
