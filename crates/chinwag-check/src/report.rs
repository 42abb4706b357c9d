//! The results of a run, for people and for machines.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::fault::{Fault, FaultKind};

/// Reports progress: the activity, how much of it is done, and how much there is.
pub type Tell<'a> = &'a (dyn Fn(&str, usize, usize) + Send + Sync);

/// How many faults the report describes in full.
const TOLD: usize = 5;

/// The results of one call.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    /// The version of this program.
    pub version: String,
    /// The seed that repeats the schedule.
    pub seed: u64,
    /// One for each tested promise.
    pub claims: Vec<Claim>,
}

/// One promise, and whether it was kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Claim {
    /// The promise in words.
    pub name: String,
    /// What was tried, in words: `500 disconnects`.
    pub trials: String,
    /// How often it was tried.
    pub count: u64,
    /// How long it took.
    pub seconds: f64,
    /// Other measurements.
    pub figures: Vec<Figure>,
    /// How many faults of each kind.
    pub faults: BTreeMap<FaultKind, usize>,
    /// The first faults, and other problems.
    pub notes: Vec<String>,
    /// Whether the promise was kept.
    pub kept: bool,
}

/// One measured value.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Figure {
    /// What it is, with its unit.
    pub name: String,
    /// The number.
    pub value: f64,
}

impl Claim {
    pub(crate) fn new(name: &str, trials: String, count: usize) -> Self {
        Self {
            name: name.to_owned(),
            trials,
            count: u64::try_from(count).unwrap_or(u64::MAX),
            seconds: 0.0,
            figures: Vec::new(),
            faults: BTreeMap::new(),
            notes: Vec::new(),
            kept: true,
        }
    }

    pub(crate) fn took(&mut self, time: Duration) {
        self.seconds = time.as_secs_f64();
    }

    pub(crate) fn figure(&mut self, name: impl Into<String>, value: f64) {
        self.figures.push(Figure { name: name.into(), value });
    }

    pub(crate) fn judge(&mut self, faults: &[Fault]) {
        for fault in faults {
            let count = self.faults.entry(fault.kind).or_default();
            *count += 1;
            if *count <= TOLD {
                let (kind, room, detail) = (fault.kind.label(), fault.conversation, &fault.detail);
                self.notes.push(format!("{kind}: conversation {room}: {detail}"));
            }
        }
        self.kept &= faults.is_empty();
    }

    pub(crate) fn problem(&mut self, what: String) {
        self.notes.push(what);
        self.kept = false;
    }
}

impl Report {
    /// Whether every tested promise was kept.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.claims.iter().all(|claim| claim.kept)
    }

    /// The report as text, for people.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text = String::new();
        for claim in &self.claims {
            text.push_str(&claim.table());
        }
        let verdict = if self.claims.is_empty() {
            "nothing was checked"
        } else if self.is_clean() {
            "kept: every promise that was put to the test"
        } else {
            "BROKEN: see above"
        };
        text.push_str(&format!("{verdict} (seed {})", self.seed));
        text
    }
}

impl Claim {
    fn table(&self) -> String {
        let verdict = if self.kept { "kept" } else { "BROKEN" };
        let mut text = format!("{verdict:7} {}\n", self.name);
        text.push_str(&format!("        {} in {:.1} s: {}\n", self.trials, self.seconds, self.found()));
        for Figure { name, value } in &self.figures {
            text.push_str(&format!("        {:>12}  {name}\n", shown(*value)));
        }
        for note in &self.notes {
            text.push_str(&format!("        ! {note}\n"));
        }
        text.push('\n');
        text
    }

    /// Shows what zero faults are worth: after `n` trials without a fault, at most `3 / n` of all trials have
    /// one, at 95 % confidence.
    fn found(&self) -> String {
        if self.faults.is_empty() {
            let bound = 3.0 / self.count.max(1) as f64;
            return format!("0 faults (at most {bound:.1e} of such trials have one, at 95 %)");
        }
        let faults = FaultKind::ALL.iter().filter_map(|kind| Some((kind, self.faults.get(kind)?)));
        faults.map(|(kind, count)| format!("{count} {}", kind.label())).collect::<Vec<_>>().join(", ")
    }
}

/// Whole numbers without decimals, others with the digits that matter.
fn shown(value: f64) -> String {
    if value.fract() == 0.0 || value.abs() >= 1000.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}
