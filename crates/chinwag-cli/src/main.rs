//! The `chinwag` binary: the library's first embedder, and its command line.
//!
//! `cli` reads the arguments, `settings` joins them with environment and file, `commands` act. Every
//! command ends here, as an exit code.

mod access;
mod arguments;
mod cli;
mod commands;
mod failure;
mod logs;
mod output;
mod password;
mod serve;
mod settings;

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::time::Instant;

use failure::{Exit, Failure};

/// Returns memory between bursts and needs less of it for a socket than the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let started = Instant::now();
    let arguments = std::env::args_os().collect();
    // Whatever happens, scripts get a documented code. The panic itself has been told by its hook.
    let ended = std::panic::catch_unwind(AssertUnwindSafe(|| cli::run(arguments, started)));
    let failure = match ended {
        Ok(Ok(())) => return ExitCode::SUCCESS,
        Ok(Err(failure)) => failure,
        Err(_) => Failure::new(Exit::Bug, "chinwag has a fault, shown above")
            .fix("please report it with these lines and the output of `chinwag version`"),
    };
    output::note(output::printable(&failure.to_string()));
    ExitCode::from(failure.exit as u8)
}
