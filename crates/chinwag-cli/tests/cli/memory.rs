//! Checks the memory formula of docs/performance.md with connections in many conversations.

use std::path::Path;

use chinwag_load::Bench;
use clap::Parser as _;

/// The most that a connection may cost that is in a conversation, and has sent and received.
const CONNECTION_BYTES: f64 = 8.0 * 1024.0;
/// The most that a conversation may cost that somebody is connected to, with its last messages of 200
/// characters.
const CONVERSATION_BYTES: f64 = 8.0 * 1024.0;

#[test]
fn connections_and_conversations_stay_within_the_memory_formula() {
    for room_size in [10_u16, 2] {
        let room = room_size.to_string();
        let words = ["bench", "idle", "--connections", "2000", "--room-size", &room, "--runs", "1"];
        let bench = Bench::try_parse_from(words).unwrap();
        let report = chinwag_load::run(&bench, Path::new(env!("CARGO_BIN_EXE_chinwag")), |_| {}).unwrap();
        assert!(report.is_clean(), "{report:#?}");
        let each = report.median("idle", "RSS per connection, after a message each").unwrap();
        let allowed = CONNECTION_BYTES + CONVERSATION_BYTES / f64::from(room_size);
        assert!(each <= allowed, "{each} B for each connection in rooms of {room_size}, {allowed} B allowed");
    }
}
