//! The `chinwag` binary: the library's first embedder, and its command line.
//!
//! `cli` reads the arguments, `settings` combines them with environment and file, and `commands` act. Every
//! command ends here, with an exit code.

mod access;
mod arguments;
mod cli;
mod commands;
mod failure;
mod logs;
mod output;
mod password;
mod progress;
mod serve;
mod settings;

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::time::Instant;

use failure::{Exit, Failure};

/// Returns memory between bursts, and needs less per socket than the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let started = Instant::now();
    let arguments = std::env::args_os().collect();
    // Scripts always get a documented exit code. The panic hook has already printed the panic.
    let ended = std::panic::catch_unwind(AssertUnwindSafe(|| cli::run(arguments, started)));
    let failure = match ended {
        Ok(Ok(())) => return ExitCode::SUCCESS,
        Ok(Err(failure)) => failure,
        Err(_) => Failure::new(Exit::Bug, "chinwag has a bug, shown above")
            .fix("please report these lines and the output of `chinwag version`"),
    };
    output::note(output::printable(&failure.to_string()));
    ExitCode::from(failure.exit as u8)
}
