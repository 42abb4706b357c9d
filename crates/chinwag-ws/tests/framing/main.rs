//! The public API against the RFC's own bytes, every refusal, random streams, and another implementation.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a panic is how a test reports failure"
)]

mod differences;
mod messages;
mod peers;
mod refusals;
mod streams;
mod support;
