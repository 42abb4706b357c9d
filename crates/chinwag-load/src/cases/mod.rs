//! The cases: each prepares a fresh server, drives one load, and returns one sample.

mod append;
mod closed_loop;
mod embedded;
mod fanout;
mod hold;
mod idle;
mod million;
mod pairs;
mod resume;
mod slow;
mod storm;
mod upload;

use std::time::Duration;

pub(crate) use append::append;
pub(crate) use embedded::host;
pub(crate) use fanout::fanout;
pub(crate) use hold::hold;
pub(crate) use idle::idle;
pub(crate) use million::million;
pub(crate) use pairs::pairs;
pub(crate) use resume::resume;
pub(crate) use slow::slow;
pub(crate) use storm::storm;
pub(crate) use upload::upload;

use crate::crowd::Crowd;
use crate::ledger::Faults;
use crate::process::thread_cpu;
use crate::report::Sample;
use crate::target::Target;

/// CPU time of both ends while something is measured.
struct CpuClock {
    server: Option<Duration>,
    client: Duration,
}

impl CpuClock {
    fn start(target: &Target) -> Self {
        Self { server: target.cpu(), client: thread_cpu() }
    }

    /// Microseconds of server and client since the start, divided by `units`.
    fn micros_per(&self, target: &Target, units: u64) -> (Option<f64>, f64) {
        let per_unit = |time: Duration| time.as_secs_f64() * 1e6 / units.max(1) as f64;
        let server = target.cpu().zip(self.server).map(|(now, then)| per_unit(now.saturating_sub(then)));
        (server, per_unit(thread_cpu().saturating_sub(self.client)))
    }
}

/// Adds the faults of ledgers and sockets to a sample.
fn judge(sample: &mut Sample, ledgers: &Faults, crowd: &Crowd) {
    sample.faults.add(ledgers);
    let (faults, first) = crowd.faults();
    sample.faults.add(&faults);
    if let Some(first) = first {
        sample.note(format!("first fault: {first}"));
    }
}

/// `1 sender`, `2 senders`.
fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Says over how many servers.
fn over_nodes(what: String, nodes: usize) -> String {
    if nodes == 1 { what } else { format!("{what}, {nodes} nodes") }
}
