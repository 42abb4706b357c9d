//! Whether this library and a server understand each other: every case, small, in a few seconds.
//! `CHINWAG_BIN=target/release/chinwag cargo run -p chinwag-load --example smoke`.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example prints for its user")]

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(executable) = std::env::var_os("CHINWAG_BIN") else {
        eprintln!("CHINWAG_BIN must name the chinwag executable to check");
        return ExitCode::FAILURE;
    };
    match chinwag_load::smoke(Path::new(&executable)) {
        Ok(report) if report.is_clean() => {
            println!("{} loads, every delivery once, in order, in its place", report.cases.len());
            ExitCode::SUCCESS
        }
        Ok(report) => {
            eprintln!("{:#?}", report.cases);
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
