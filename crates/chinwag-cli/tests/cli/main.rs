//! The real binary, as people and scripts use it: arguments, files, signals, output and exit codes.

// A failed expectation is the point of a test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod bench;
mod chat;
mod check;
mod configuration;
mod hosts;
mod memory;
mod migrate;
mod push;
mod retries;
mod serving;
mod support;
mod uploads;
mod users;
