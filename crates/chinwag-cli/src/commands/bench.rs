//! `chinwag bench`: loads a server of its own, verifies every delivery, and compares it with the machine's
//! floor.

use chinwag_load::{Bench, main_with};

use crate::failure::{Exit, Failure};

pub(crate) const EXAMPLES: &str = "  \
  chinwag bench append                     messages a second, on disk before they are acknowledged
  chinwag bench fanout --receivers 1000    what a delivery costs
  chinwag bench all --json > figures.json";

pub(crate) fn run(bench: &Bench) -> Result<(), Failure> {
    let executable = std::env::current_exe()
        .map_err(|error| Failure::new(Exit::Io, format!("can't find the file of this program: {error}")))?;
    if main_with(bench, &executable) == std::process::ExitCode::SUCCESS {
        return Ok(());
    }
    Err(Failure::new(Exit::Refused, "the bench found faults or could not measure; see above"))
}
