//! The checker against histories that are right, and against each way to be wrong.

// A failed expectation is the point of a test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::cast_possible_wrap, clippy::cast_sign_loss, clippy::cast_possible_truncation)]

mod generated;
mod recorded;
mod red;
mod sample;
