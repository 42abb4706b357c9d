//! The bench without the server around it, for a server that is already built: `cargo run --release -p
//! chinwag-load --example bench -- bench append --server PATH`.

use std::process::ExitCode;

use chinwag_load::{Bench, main_with};
use clap::Parser;

/// With the word `bench` in front, as in `chinwag bench`, because it starts its helpers that way.
#[derive(Parser)]
enum Program {
    Bench(Bench),
}

fn main() -> ExitCode {
    let Program::Bench(bench) = Program::parse();
    std::env::current_exe().map_or(ExitCode::FAILURE, |this| main_with(&bench, &this))
}
