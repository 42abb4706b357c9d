//! Any bytes in any chunks: the decoder never panics, takes all input, and gives the same messages
//! and the same error as for the whole stream at once.

#![no_main]

use chinwag_ws::{Decoder, Error, Limits};
use libfuzzer_sys::fuzz_target;

/// Small, so that short inputs reach them.
const LIMITS: Limits = Limits { max_frame_bytes: 300, max_message_bytes: 400 };

#[derive(Debug, PartialEq)]
struct Outcome {
    messages: Vec<String>,
    error: Option<Error>,
    is_mid_message: bool,
}

fn decode<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let mut decoder = Decoder::new();
    let mut messages = Vec::new();
    for chunk in chunks {
        let mut bytes = chunk.to_vec();
        let mut input = bytes.as_mut_slice();
        loop {
            match decoder.decode(&LIMITS, &mut input) {
                // As text, because a borrowed message must read the same as an owned one.
                Ok(Some(message)) => messages.push(format!("{message:?}")),
                Ok(None) => break,
                Err(error) => {
                    return Outcome {
                        messages,
                        error: Some(error),
                        is_mid_message: decoder.is_mid_message(),
                    };
                }
            }
        }
        assert!(input.is_empty(), "no message, but input left");
    }
    Outcome { messages, error: None, is_mid_message: decoder.is_mid_message() }
}

fn cut<'a>(mut stream: &'a [u8], sizes: &[u8]) -> Vec<&'a [u8]> {
    let mut chunks = Vec::new();
    for size in sizes.iter().chain([&1]).cycle() {
        if stream.is_empty() {
            break;
        }
        let (chunk, rest) = stream.split_at(usize::from(*size).clamp(1, stream.len()));
        chunks.push(chunk);
        stream = rest;
    }
    chunks
}

fuzz_target!(|input: (Vec<u8>, &[u8])| {
    let (sizes, stream) = input;
    assert_eq!(decode(cut(stream, &sizes)), decode([stream]));
});
