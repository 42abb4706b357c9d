//! The instructions that a frame costs: bytes to command, event to bytes. They are counted instead of timed,
//! so that a slower path fails in continuous integration on any machine: `cargo bench -p chinwag-protocol
//! --bench frames`.
//!
//! Needs valgrind, and gungraun-runner in the version of this crate. Raise a limit only with the reason in
//! the commit.

#![allow(
    missing_docs,
    unused_qualifications,
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    reason = "macros make items and calls, which take their input by value; a bench may panic"
)]

use std::hint::black_box;

use chinwag_protocol::{ConversationId, Entry, Event, MessageId, Request, Seq, Stamp, Timestamp, UserId};
use chinwag_ws::{Decoder, Limits, text_frame};
use gungraun::prelude::*;
use gungraun::{Callgrind, EventKind};

/// A client's frame with a message of 200 characters, masked.
fn masked() -> Vec<u8> {
    let payload = command();
    let mask = [0x37, 0xfa, 0x21, 0x3d];
    let length = u16::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = vec![0x81, 0x80 | 126];
    frame.extend(length);
    frame.extend(mask);
    frame.extend(payload.bytes().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

fn command() -> String {
    format!(r#"{{"content":"{}","client_id":"0198f9a2-7c1e-7d1b-9a53-2f3c7f0e6a11"}}"#, "x".repeat(200))
}

fn event() -> Event {
    Event::MessageEdited {
        entry: Entry {
            conversation_id: ConversationId(7),
            seq: Seq(123_456),
            stamp: Stamp::from_bits(0x1234_5678_9abc),
            ts: Timestamp(1_790_000_000_000),
            actor_id: UserId(42),
        },
        message_id: MessageId(987_654),
        content: "x".repeat(200),
        version: 2,
    }
}

#[library_benchmark]
#[bench::message_of_200(masked())]
fn decode(mut frame: Vec<u8>) -> usize {
    let mut input = frame.as_mut_slice();
    let message = Decoder::new().decode(&Limits::default(), &mut input);
    black_box(message.is_ok_and(|message| message.is_some()));
    frame.len()
}

#[library_benchmark]
#[bench::send_of_200(command())]
fn parse(text: String) -> Request {
    Request::parse(black_box(&text)).unwrap()
}

#[library_benchmark]
#[bench::edit_of_200(event())]
fn encode(event: Event) -> usize {
    text_frame(|payload| serde_json::to_writer(payload, black_box(&event)).unwrap()).len()
}

/// A limit on instructions: the measured count, plus a tenth for the next compiler.
fn at_most(instructions: u64) -> LibraryBenchmarkConfig {
    let mut config = LibraryBenchmarkConfig::default();
    config.tool(Callgrind::default().hard_limits([(EventKind::Ir, instructions)]));
    config
}

library_benchmark_group!(name = decoding, config = at_most(900), benchmarks = decode);
library_benchmark_group!(name = parsing, config = at_most(7_000), benchmarks = parse);
library_benchmark_group!(name = encoding, config = at_most(5_800), benchmarks = encode);
main!(library_benchmark_groups = [decoding, parsing, encoding]);
