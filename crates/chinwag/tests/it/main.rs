//! chinwag over the wire: the real server on port 0, a real database in its own folder, real sockets.
//!
//! One binary, so that everything links once. Modules are nouns, and names of tests are sentences. Nothing is
//! mocked and nothing sleeps: a test waits, with a deadline, for the frame or the answer that it is about. If
//! it is about the server's own times, it shortens them in the configuration.

// A failed expectation is the point of a test, and what a test indexes or casts it has made itself.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)]

mod accounts;
mod architecture;
mod asyncapi;
mod changes;
mod conformance;
mod convergence;
mod conversations;
mod damage;
mod door;
mod drain;
mod embedding;
mod events;
mod fanout;
mod files;
mod frames;
mod harness;
mod heads;
mod history;
mod hosts;
mod idempotency;
mod interleavings;
mod kinds;
mod liveness;
mod many_conversations;
mod matrix;
mod membership;
mod moving;
mod nodes;
mod openapi;
mod order;
mod origins;
mod outbox;
mod participants;
mod postgres;
mod prefix;
mod protocol_page;
mod push;
mod receipts;
mod renewal;
mod resume;
mod room_socket;
mod rooms;
mod search;
mod secrets;
mod sessions;
mod signals;
mod slow_readers;
mod statements;
mod tls;
mod tokens;
mod user_socket;
mod user_socket_entry;
mod webhooks;
mod wire;
