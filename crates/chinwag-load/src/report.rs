//! The results of a bench, for people and for machines.

use serde::{Deserialize, Serialize};

use crate::ledger::Faults;
use crate::machine::Machine;
use crate::statistics::Spread;

/// Everything that one call measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    /// The version of this program.
    pub version: String,
    /// The machine that ran it.
    pub machine: Machine,
    /// One for each case and load.
    pub cases: Vec<CaseReport>,
}

/// One case under one load, run several times.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CaseReport {
    /// The name on the command line.
    pub case: String,
    /// The load in words: `256 senders`.
    pub load: String,
    /// The figures, most important first.
    pub metrics: Vec<Metric>,
    /// The faults of all runs together.
    pub faults: Faults,
    /// The first fault, or why a figure is missing.
    pub notes: Vec<String>,
}

/// One figure, from each run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Metric {
    /// Its name.
    pub name: String,
    /// Its unit; `x` for a ratio.
    pub unit: String,
    /// One value per run.
    pub values: Vec<f64>,
    /// The spread of these values.
    pub spread: Spread,
}

/// The results of one run of a case.
#[derive(Debug)]
pub(crate) struct Sample {
    case: &'static str,
    load: String,
    metrics: Vec<(&'static str, &'static str, f64)>,
    pub(crate) faults: Faults,
    notes: Vec<String>,
}

impl Sample {
    pub(crate) fn new(case: &'static str, load: String) -> Self {
        Self { case, load, metrics: Vec::new(), faults: Faults::default(), notes: Vec::new() }
    }

    pub(crate) fn add(&mut self, name: &'static str, unit: &'static str, value: f64) {
        self.metrics.push((name, unit, value));
    }

    /// Adds a figure that may be unknown.
    pub(crate) fn add_known(&mut self, name: &'static str, unit: &'static str, value: Option<f64>) {
        if let Some(value) = value {
            self.add(name, unit, value);
        }
    }

    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }
}

impl Report {
    pub(crate) fn new() -> Self {
        Self { version: env!("CARGO_PKG_VERSION").to_owned(), machine: Machine::this(), cases: Vec::new() }
    }

    /// Whether every message of every run arrived once, in order and in its place.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.cases.iter().all(|case| case.faults.is_clean())
    }

    /// The median of a figure of a case, by name; `None` if it was not measured.
    #[must_use]
    pub fn median(&self, case: &str, metric: &str) -> Option<f64> {
        let case = self.cases.iter().find(|known| known.case == case)?;
        case.metrics.iter().find(|known| known.name == metric).map(|metric| metric.spread.median)
    }

    pub(crate) fn push(&mut self, sample: Sample) {
        let known = |case: &CaseReport| case.case == sample.case && case.load == sample.load;
        let place = self.cases.iter().position(known).unwrap_or_else(|| {
            self.cases.push(CaseReport {
                case: sample.case.to_owned(),
                load: sample.load.clone(),
                metrics: Vec::new(),
                faults: Faults::default(),
                notes: Vec::new(),
            });
            self.cases.len() - 1
        });
        let Some(case) = self.cases.get_mut(place) else { return };
        for (name, unit, value) in sample.metrics {
            case.add(name, unit, value);
        }
        case.faults.add(&sample.faults);
        for note in sample.notes {
            if !case.notes.contains(&note) {
                case.notes.push(note);
            }
        }
    }
}

impl CaseReport {
    fn add(&mut self, name: &str, unit: &str, value: f64) {
        let values = match self.metrics.iter_mut().find(|metric| metric.name == name) {
            Some(metric) => {
                metric.values.push(value);
                metric.spread = Spread::of(&metric.values).unwrap_or(metric.spread);
                return;
            }
            None => vec![value],
        };
        let spread = Spread { min: value, median: value, max: value };
        self.metrics.push(Metric { name: name.to_owned(), unit: unit.to_owned(), values, spread });
    }
}

/// Shows about four significant digits.
pub(crate) fn shown(value: f64) -> String {
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

    fn sample(load: &str, value: f64, lost: u64) -> Sample {
        let mut sample = Sample::new("append", load.to_owned());
        sample.add("messages", "1/s", value);
        sample.faults.lost = lost;
        sample
    }

    #[test]
    fn runs_of_one_load_come_together() {
        let mut report = Report::new();
        for (load, value) in [("1 sender", 1.0), ("2 senders", 9.0), ("1 sender", 3.0), ("1 sender", 2.0)] {
            report.push(sample(load, value, 0));
        }
        assert_eq!(report.cases.len(), 2);
        assert_eq!(report.median("append", "messages"), Some(2.0));
        assert!(report.is_clean());
    }

    #[test]
    fn one_bad_run_spoils_the_report() {
        let mut report = Report::new();
        report.push(sample("1 sender", 1.0, 0));
        report.push(sample("1 sender", 1.0, 1));
        assert!(!report.is_clean());
    }
}
