//! Runs the requested cases in turn, each as often as requested.

use std::path::Path;

use clap::Parser as _;

use crate::args::{Bench, Case};
use crate::cases;
use crate::error::BenchError;
use crate::machine::{obstacles, raise_descriptor_limit};
use crate::report::{Report, Sample};
use crate::setup::Setup;

/// What a bench reports while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress<'a> {
    /// A system limit that is too low, reported before the measurement.
    Obstacle(&'a str),
    /// A run begins: its name, its number, and how many there are.
    Run(&'a str, usize, usize),
    /// The progress of a run.
    Stage(&'a str),
}

type Measure<'a> = Box<dyn Fn(&dyn Fn(&str)) -> Result<Sample, BenchError> + 'a>;
type Run<'a> = (String, Measure<'a>);

/// Measures what `bench` asks for. `executable` is the `chinwag` to start, as the server and for the bench's
/// helpers. Reports through `progress`.
///
/// # Errors
/// If something could not be measured. Lost, repeated or misplaced messages are not an error, but
/// [`Faults`](crate::Faults) in the report.
pub fn run(bench: &Bench, executable: &Path, progress: impl Fn(Progress<'_>)) -> Result<Report, BenchError> {
    raise_descriptor_limit();
    let options = &bench.options;
    let server = options.server.as_deref().unwrap_or(executable);
    let setup = Setup { options, server, program: executable };
    let all = defaults();
    let cases =
        if matches!(bench.case, Case::All) { all.as_slice() } else { std::slice::from_ref(&bench.case) };
    for obstacle in cases.iter().flat_map(|case| {
        let (sockets, connections) = size(case);
        obstacles(sockets, connections)
    }) {
        progress(Progress::Obstacle(&obstacle));
    }
    let measures: Vec<Run<'_>> = cases.iter().flat_map(|case| runs_of(case, setup)).collect();
    let times = usize::try_from(options.runs).unwrap_or(1);
    let mut report = Report::new();
    for (place, (name, measure)) in measures.iter().enumerate() {
        for number in 0..times {
            progress(Progress::Run(name, place * times + number + 1, measures.len() * times));
            report.push(measure(&|step| progress(Progress::Stage(step)))?);
        }
    }
    Ok(report)
}

/// Runs every case but `idle` for a second or less: tests that this library and the server understand each
/// other, and that all deliveries are right.
///
/// # Errors
/// As [`run`].
pub fn smoke(executable: &Path) -> Result<Report, BenchError> {
    let mut report: Option<Report> = None;
    for case in [
        "append --senders 1,8 --seconds 0.3",
        "append --senders 8 --embedded --seconds 0.3",
        "fanout --receivers 50 --rate 5000 --seconds 0.3",
        "fanout --receivers 40 --room-size 4 --rate 4000 --burst 4 --seconds 0.3",
        "fanout --receivers 20 --percent-of-floor 50 --seconds 0.3",
        "pairs --pairs 10 --seconds 0.3",
        "slow --receivers 20 --rate 2000 --seconds 0.3",
        "storm --clients 50",
        "resume --clients 5 --behind 3,300",
        "million --connections 60 --per-process 40 --hold-seconds 0",
        "upload --file-mib 1 --at-once 2 --seconds 0.3",
    ] {
        let words = ["bench"].into_iter().chain(case.split(' ')).chain(["--runs", "1"]);
        let bench = Bench::try_parse_from(words).map_err(|error| BenchError::Protocol(error.to_string()))?;
        let part = run(&bench, executable, |_| {})?;
        match &mut report {
            Some(report) => report.cases.extend(part.cases),
            None => report = Some(part),
        }
    }
    Ok(report.unwrap_or_else(Report::new))
}

fn runs_of<'a>(case: &'a Case, setup: Setup<'a>) -> Vec<Run<'a>> {
    let one = |name: &str, measure: Measure<'a>| vec![(name.to_owned(), measure)];
    match case {
        Case::Append(case) => {
            let run = |senders: &'a usize| -> Run<'a> {
                let measure = move |_: &dyn Fn(&str)| cases::append(case, *senders, &setup);
                (format!("append, {senders} at once"), Box::new(measure))
            };
            case.senders.iter().map(run).collect()
        }
        Case::Resume(case) => {
            let run = |behind: &'a u64| -> Run<'a> {
                let measure = move |_: &dyn Fn(&str)| cases::resume(case, *behind, &setup);
                (format!("resume, {behind} behind"), Box::new(measure))
            };
            case.behind.iter().map(run).collect()
        }
        Case::Fanout(case) => one("fanout", Box::new(move |_| cases::fanout(case, &setup))),
        Case::Pairs(case) => one("pairs", Box::new(move |_| cases::pairs(case, &setup))),
        Case::Slow(case) => one("slow", Box::new(move |_| cases::slow(case, &setup))),
        Case::Idle(case) => one("idle", Box::new(move |_| cases::idle(case, &setup))),
        Case::Storm(case) => one("storm", Box::new(move |_| cases::storm(case, &setup))),
        Case::Upload(case) => one("upload", Box::new(move |_| cases::upload(case, &setup))),
        Case::Million(case) => {
            one("million", Box::new(move |progress| cases::million(case, &setup, progress)))
        }
        // The first stands for the others; the rest measure nothing themselves.
        Case::All | Case::Report(_) | Case::Floor(_) | Case::Hold(_) | Case::Embedded(_) => Vec::new(),
    }
}

/// How many sockets a case needs in one process, and how many connections in all.
fn size(case: &Case) -> (usize, usize) {
    let one = |sockets| (sockets, sockets);
    match case {
        Case::Append(case) if case.embedded => one(0),
        Case::Append(case) => one(case.senders.iter().copied().max().unwrap_or(0)),
        Case::Fanout(case) => one(case.receivers),
        Case::Pairs(case) => one(case.pairs.saturating_mul(2)),
        Case::Slow(case) => one(case.receivers),
        Case::Idle(case) => one(case.connections),
        Case::Storm(case) => one(case.clients),
        Case::Resume(case) => one(usize::try_from(case.clients).unwrap_or(usize::MAX)),
        Case::Million(case) => {
            let size = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
            (size(case.per_process.min(case.connections)), size(case.connections))
        }
        Case::Upload(_)
        | Case::All
        | Case::Report(_)
        | Case::Floor(_)
        | Case::Hold(_)
        | Case::Embedded(_) => one(0),
    }
}

/// Every case but the longest, with the command line's defaults.
fn defaults() -> Vec<Case> {
    let names = ["append", "fanout", "pairs", "slow", "idle", "storm", "resume", "upload"];
    names.iter().filter_map(|name| Some(Bench::try_parse_from(["bench", name]).ok()?.case)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_means_each_of_them() {
        assert_eq!(defaults().len(), 8);
    }
}
