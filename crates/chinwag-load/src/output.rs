//! The only module that prints: the report to stdout, progress and failures to stderr.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is where the command line speaks")]

use std::path::Path;
use std::process::ExitCode;

use crate::args::{Bench, Case};
use crate::bench::run;
use crate::floor::serve_floor;
use crate::report::{CaseReport, Report};

/// Runs a bench, prints its report, and gives the exit code: 0 if every delivery was right, 1 if not or
/// if it could not be measured. `executable` is the server to start.
#[must_use]
pub fn main_with(bench: &Bench, executable: &Path) -> ExitCode {
    if let Case::Floor(floor) = &bench.case {
        return match serve_floor(floor, bench.options.pin) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("bench: the floor failed: {error}");
                ExitCode::FAILURE
            }
        };
    }
    let report = match run(bench, executable, |line| eprintln!("{line}")) {
        Ok(report) => report,
        Err(error) => {
            eprintln!("bench: {error}");
            return ExitCode::FAILURE;
        }
    };
    if bench.options.json {
        match serde_json::to_string_pretty(&report) {
            Ok(json) => println!("{json}"),
            Err(error) => eprintln!("bench: can't write the report: {error}"),
        }
    } else {
        print!("{}", table(&report));
    }
    if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
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
        text.push_str(&format!(
            "FAULTS: {} lost, {} repeated, {} out of order, {} misplaced, {} refused, {} sockets closed\n",
            faults.lost,
            faults.repeated,
            faults.out_of_order,
            faults.misplaced,
            faults.refused,
            faults.closed
        ));
    }
    for note in &case.notes {
        text.push_str(&format!("note: {note}\n"));
    }
    text
}

/// About four digits that matter.
fn shown(value: f64) -> String {
    let digits = match value.abs() {
        size if size >= 1000.0 => 0,
        size if size >= 100.0 => 1,
        size if size >= 10.0 => 2,
        _ => 3,
    };
    format!("{value:.digits$}")
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
