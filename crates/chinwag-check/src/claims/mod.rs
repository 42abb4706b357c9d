//! The promises to test, one file each.

mod disconnects;
mod flatness;
mod frozen;
mod kills;
mod nodes;
mod recorded;
mod resume;

pub(crate) use disconnects::disconnects;
pub(crate) use frozen::frozen;
pub(crate) use kills::kills;
pub(crate) use nodes::nodes;
pub(crate) use recorded::recorded;
pub(crate) use resume::resume;

use crate::checker::check;
use crate::client::crowd::Outcome;
use crate::history;
use crate::report::Claim;

/// Judges what a crowd recorded.
fn judge(claim: &mut Claim, outcome: &Outcome) {
    let Outcome { history, problems } = outcome;
    let messages: usize = history.logs.values().map(Vec::len).sum();
    let deliveries: usize = history.sessions.iter().map(|session| session.deliveries.len()).sum();
    let is_unknown = |attempt: &&history::Attempt| attempt.outcome == history::Outcome::Unknown;
    claim.figure("requests to change something", history.attempts.len() as f64);
    claim.figure("requests without an answer", history.attempts.iter().filter(is_unknown).count() as f64);
    claim.figure("events in the logs", messages as f64);
    claim.figure("deliveries", deliveries as f64);
    claim.figure("connections to a conversation", history.sessions.len() as f64);
    claim.judge(&check(history));
    for problem in problems {
        claim.problem(problem.clone());
    }
}
