//! Drives a chinwag server, verifies every delivery, and measures the machine's floor beside it.
//!
//! [`Bench`] holds the arguments, [`run`] measures, and [`main_with`] also prints. A case starts the server
//! binary on a fresh folder, makes users and conversations, opens room sockets and drives them from one
//! thread, cheap enough per frame not to distort the measurement. Beside it runs a *floor*: the least that
//! any program must do for the same work. A figure divided by its floor does not depend on the machine's
//! mood.
//!
//! A run that loses, repeats or reorders a message is a failure, however fast it was.

mod alarm;
mod args;
mod bench;
mod cases;
mod crowd;
mod error;
mod files;
mod floor;
mod frame;
mod helper;
mod ledger;
mod listeners;
mod machine;
mod marker;
mod output;
mod page;
mod population;
mod process;
mod report;
mod schedule;
mod setup;
mod socket;
mod statistics;
mod target;

pub use args::{
    Append, Bench, Case, Embedded, Fanout, Floor, Hold, Idle, Million, Options, Pairs, ReportFiles, Resume,
    Slow, Storm,
};
pub use bench::{Progress, run, smoke};
pub use error::BenchError;
pub use ledger::Faults;
pub use machine::Machine;
pub use output::main_with;
pub use process::resident;
pub use report::{CaseReport, Metric, Report};
pub use statistics::Spread;
