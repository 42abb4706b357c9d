//! Runs the cases that were asked for, one after the other, each as often as was asked for.

use std::path::Path;

use clap::Parser as _;

use crate::args::{Bench, Case, Options};
use crate::cases;
use crate::error::BenchError;
use crate::machine::raise_descriptor_limit;
use crate::report::{Report, Sample};

type Run<'a> = (String, Box<dyn Fn() -> Result<Sample, BenchError> + 'a>);

/// Measures what `bench` asks for; `executable` is the server to start. Says through `progress` what it
/// is doing.
///
/// # Errors
/// If something could not be measured. Messages that were lost, repeated or moved are no error but
/// [`Faults`](crate::Faults) in the report.
pub fn run(bench: &Bench, executable: &Path, mut progress: impl FnMut(&str)) -> Result<Report, BenchError> {
    raise_descriptor_limit();
    let options = &bench.options;
    let executable = options.server.as_deref().unwrap_or(executable);
    let all = defaults();
    let cases =
        if matches!(bench.case, Case::All) { all.as_slice() } else { std::slice::from_ref(&bench.case) };
    let runs: Vec<Run<'_>> = cases.iter().flat_map(|case| runs_of(case, options, executable)).collect();
    let mut report = Report::new();
    for (name, measure) in &runs {
        for number in 1..=options.runs {
            progress(&format!("{name}: run {number} of {}", options.runs));
            report.push(measure()?);
        }
    }
    Ok(report)
}

/// A small `append`, `fanout`, `pairs`, `slow`, `storm` and `upload` of a second or less each: whether this library
/// and that server understand each other, and whether all deliveries are right. For tests.
///
/// # Errors
/// As [`run`].
pub fn smoke(executable: &Path) -> Result<Report, BenchError> {
    let mut report: Option<Report> = None;
    for case in [
        "append --senders 1,8 --seconds 0.3",
        "fanout --receivers 50 --rate 5000 --seconds 0.3",
        "fanout --receivers 40 --room-size 4 --rate 4000 --seconds 0.3",
        "pairs --pairs 10 --seconds 0.3",
        "slow --receivers 20 --rate 2000 --seconds 0.3",
        "storm --clients 50",
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

fn runs_of<'a>(case: &'a Case, options: &'a Options, executable: &'a Path) -> Vec<Run<'a>> {
    let one = |name: &str, measure: Box<dyn Fn() -> Result<Sample, BenchError> + 'a>| {
        vec![(name.to_owned(), measure)]
    };
    match case {
        Case::Append(case) => {
            let senders = case.senders.iter();
            let run = |senders: &'a usize| -> Run<'a> {
                let measure = move || cases::append(case, *senders, options, executable);
                (format!("append, {senders} at once"), Box::new(measure))
            };
            senders.map(run).collect()
        }
        Case::Fanout(case) => one("fanout", Box::new(move || cases::fanout(case, options, executable))),
        Case::Pairs(case) => one("pairs", Box::new(move || cases::pairs(case, options, executable))),
        Case::Slow(case) => one("slow", Box::new(move || cases::slow(case, options, executable))),
        Case::Idle(case) => one("idle", Box::new(move || cases::idle(case, options, executable))),
        Case::Upload(case) => one("upload", Box::new(move || cases::upload(case, options, executable))),
        Case::Storm(case) => one("storm", Box::new(move || cases::storm(case, options, executable))),
        // The first stands for the others; the second measures nothing itself.
        Case::All | Case::Floor(_) => Vec::new(),
    }
}

/// Every case as the command line would make it without options.
fn defaults() -> Vec<Case> {
    let names = ["append", "fanout", "pairs", "slow", "idle", "storm", "upload"];
    names.iter().filter_map(|name| Some(Bench::try_parse_from(["bench", name]).ok()?.case)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_means_each_of_them() {
        assert_eq!(defaults().len(), 7);
    }
}
