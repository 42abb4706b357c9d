//! The bench on its own: `cargo run --release -p chinwag-load --example bench -- --server PATH append`.

use std::path::Path;
use std::process::ExitCode;

use chinwag_load::{Bench, main_with};
use clap::Parser as _;

fn main() -> ExitCode {
    main_with(&Bench::parse(), Path::new("target/release/chinwag"))
}
