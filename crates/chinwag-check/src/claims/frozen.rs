//! Connections that never read, beside others that do: the others must not notice. The load generator
//! measures both, with and without frozen connections; this file judges the figures.

use std::path::{Path, PathBuf};

use chinwag_load::{Bench, Case, Progress, Slow};

use crate::args::Options;
use crate::error::CheckError;
use crate::report::{Claim, Tell};

/// The readers' p99 with frozen connections, divided by the p99 without.
const MAX_RATIO: f64 = 1.2;
/// The median of these runs counts: on a busy machine, a single run says little.
const RUNS: u32 = 3;
const SECONDS: f64 = 2.0;
/// Deliveries a second to each connection.
const RATE: u32 = 40;

pub(crate) fn frozen(options: &Options, executable: &Path, tell: Tell<'_>) -> Result<Claim, CheckError> {
    let (frozen, connections) = (options.frozen, options.connections);
    let name = "a slow reader delays nobody";
    let trials = format!("{frozen} of {connections} connections never read");
    let mut claim = Claim::new(name, trials, usize::try_from(connections).unwrap_or(usize::MAX));
    let begun = std::time::Instant::now();
    let stalled_percent = u8::try_from(frozen * 100 / connections.max(1)).unwrap_or(u8::MAX);
    if !(1..=90).contains(&stalled_percent) {
        return Err(CheckError::Options("--frozen takes 1 to 90 of a hundred --connections"));
    }
    let receivers = usize::try_from(connections).unwrap_or(usize::MAX);
    let case = Slow { receivers, stalled_percent, rate: RATE * connections, content_bytes: 200 };
    let load = chinwag_load::Options {
        seconds: SECONDS,
        max_messages: u64::MAX,
        runs: RUNS,
        json: false,
        pin: false,
        server: None,
        work_dir: options.work_dir.clone(),
        target: options.url.clone(),
        jwt_secret_file: options.token_secret_file.as_ref().map(PathBuf::from),
        pid: None,
        allow_remote: options.allow_remote,
    };
    let bench = Bench { case: Case::Slow(case), options: load };
    let report = chinwag_load::run(&bench, executable, |progress| {
        if let Progress::Run(_, number, of) = progress {
            tell("frozen readers", number - 1, of);
        }
    })?;
    for case in &report.cases {
        for metric in &case.metrics {
            claim.figure(format!("{} ({})", metric.name, metric.unit), metric.spread.median);
            if metric.name == "p99 with ÷ without" && metric.spread.median > MAX_RATIO {
                let ratio = metric.spread.median;
                claim.problem(format!("p99 of the others rose {ratio:.2} times; {MAX_RATIO} is allowed"));
            }
        }
        if !case.faults.is_clean() {
            claim.problem(format!("deliveries went wrong: {:?}", case.faults));
        }
    }
    claim.took(begun.elapsed());
    Ok(claim)
}
