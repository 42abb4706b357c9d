//! Tests the checker with correct histories, and with each kind of fault.

// A failed expectation is the point of a test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::cast_possible_wrap, clippy::cast_sign_loss, clippy::cast_possible_truncation)]

mod generated;
mod recorded;
mod red;
mod sample;
