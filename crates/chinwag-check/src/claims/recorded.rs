//! Judges a history that another program recorded like one of the checker's own.

use std::path::Path;
use std::time::Instant;

use super::judge;
use crate::client::crowd::Outcome;
use crate::error::CheckError;
use crate::recorded::read;
use crate::report::Claim;

/// Judges the history in a file.
pub(crate) fn recorded(path: &Path) -> Result<Claim, CheckError> {
    let begun = Instant::now();
    let outcome = Outcome { history: read(path)?, problems: Vec::new() };
    let deliveries: usize = outcome.history.sessions.iter().map(|session| session.deliveries.len()).sum();
    let trials = format!("{deliveries} recorded deliveries");
    let mut claim = Claim::new("A recorded history keeps every promise", trials, deliveries);
    judge(&mut claim, &outcome);
    claim.took(begun.elapsed());
    Ok(claim)
}
