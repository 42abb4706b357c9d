//! The only module that prints: the report to stdout, progress and failures to stderr. Progress is a bar on a
//! terminal, and plain lines elsewhere.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is where the command line speaks")]

use std::fs;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::args::{Bench, Case};
use crate::bench::{Progress, run};
use crate::cases::{hold, host};
use crate::error::{BenchError, system};
use crate::floor::serve_floor;
use crate::page::page;
use crate::report::{CaseReport, Report, shown};
use crate::setup::Setup;

/// Runs a bench, prints its report, and returns the exit code: 0 if every delivery was right, 1 if not or if
/// it could not be measured. `executable` is the `chinwag` to start.
#[must_use]
pub fn main_with(bench: &Bench, executable: &Path) -> ExitCode {
    match act(bench, executable) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the bench; false if a delivery was wrong.
fn act(bench: &Bench, executable: &Path) -> Result<bool, BenchError> {
    let options = &bench.options;
    let server = options.server.as_deref().unwrap_or(executable);
    match &bench.case {
        Case::Floor(floor) => serve_floor(floor, options.pin)?,
        Case::Hold(case) => hold(case, &Setup { options, server, program: executable })?,
        Case::Embedded(case) => host(case, &Setup { options, server, program: executable })?,
        Case::Report(files) => print!("{}", page(&read(&files.files)?)),
        _ => {
            let report = measure(bench, executable)?;
            if options.json {
                let json = serde_json::to_string_pretty(&report);
                println!("{}", json.map_err(|error| system("can't write the report")(error.into()))?);
            } else {
                print!("{}", table(&report));
            }
            return Ok(report.is_clean());
        }
    }
    Ok(true)
}

fn measure(bench: &Bench, executable: &Path) -> Result<Report, BenchError> {
    if !io::stderr().is_terminal() {
        return run(bench, executable, |progress| match progress {
            Progress::Obstacle(text) => eprintln!("before the run: {text}"),
            Progress::Run(name, number, of) => eprintln!("{name}: run {number} of {of}"),
            Progress::Stage(text) => eprintln!("  {text}"),
        });
    }
    let bar = ProgressBar::no_length();
    if let Ok(style) = ProgressStyle::with_template("{elapsed_precise} {bar:30} {pos}/{len} {prefix} {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    let report = run(bench, executable, |progress| match progress {
        Progress::Obstacle(text) => bar.println(format!("before the run: {text}")),
        Progress::Run(name, number, of) => {
            bar.set_length(of.try_into().unwrap_or(u64::MAX));
            bar.set_position((number - 1).try_into().unwrap_or(0));
            bar.set_prefix(name.to_owned());
            bar.set_message("");
        }
        Progress::Stage(text) => bar.set_message(text.to_owned()),
    });
    bar.finish_and_clear();
    report
}

/// The reports in these files, or on standard input.
fn read(files: &[PathBuf]) -> Result<Vec<Report>, BenchError> {
    let parse = |text: &str| {
        serde_json::from_str(text).map_err(|error| BenchError::Protocol(format!("not a report: {error}")))
    };
    if files.is_empty() {
        let text = io::read_to_string(io::stdin()).map_err(system("can't read standard input"))?;
        return Ok(vec![parse(&text)?]);
    }
    files
        .iter()
        .map(|file| parse(&fs::read_to_string(file).map_err(system("can't read a report"))?))
        .collect()
}

fn table(report: &Report) -> String {
    let machine = &report.machine;
    let mut text = format!(
        "chinwag {}, {} CPUs ({}), {} MiB, {}\n",
        report.version,
        machine.cpus,
        machine.cpu_model,
        machine.memory_bytes >> 20,
        machine.kernel
    );
    for case in &report.cases {
        text.push('\n');
        text.push_str(&case_table(case));
    }
    text
}

fn case_table(case: &CaseReport) -> String {
    let name_width = case.metrics.iter().map(|metric| metric.name.chars().count()).max().unwrap_or(0);
    let title = format!("{}: {}", case.case, case.load);
    let width = name_width + 5;
    let mut text = format!("{title}\n{:width$} {:>12} {:>12} {:>12}\n", "", "min", "median", "max");
    for metric in &case.metrics {
        let spread = metric.spread;
        let [min, median, max] = [spread.min, spread.median, spread.max].map(shown);
        let (name, unit) = (&metric.name, &metric.unit);
        text.push_str(&format!("{name:name_width$} {unit:>4} {min:>12} {median:>12} {max:>12}\n"));
    }
    let faults = case.faults;
    if faults.is_clean() {
        text.push_str("every delivery once, in order, in its place\n");
    } else {
        text.push_str(&format!("{faults}\n"));
    }
    for note in &case.notes {
        text.push_str(&format!("note: {note}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Sample;

    #[test]
    fn a_table_shows_the_spread_and_the_verdict() {
        let mut report = Report::new();
        for value in [1.5, 2.5, 1234.5] {
            let mut sample = Sample::new("fanout", "3 receivers".to_owned());
            sample.add("latency p50", "µs", value);
            sample.faults.lost = 1;
            report.push(sample);
        }
        let text = table(&report);
        assert!(text.contains("fanout: 3 receivers"), "{text}");
        assert!(text.contains("1.500        2.500         1234"), "{text}");
        assert!(text.contains("FAULTS: 3 lost, 0 repeated"), "{text}");
    }
}
