//! `pairs`: many conversations of two people who take turns. Both deliveries are part of a message.

use std::path::Path;

use super::{closed_loop, counted, judge};
use crate::args::{Options, Pairs};
use crate::error::BenchError;
use crate::report::Sample;
use crate::target::Target;

/// One run.
pub(crate) fn pairs(case: &Pairs, options: &Options, executable: &Path) -> Result<Sample, BenchError> {
    let target = Target::open(options, executable)?;
    let outcome = closed_loop::drive(&target, options, case.pairs, 2, case.content_bytes)?;
    let mut sample = Sample::new("pairs", counted(case.pairs, "pair"));
    sample.add("messages", "1/s", outcome.messages_per_second);
    sample.add_known("server CPU per message", "µs", outcome.server_micros);
    sample.add("client CPU per message", "µs", outcome.client_micros);
    sample.add("latency p50", "µs", outcome.latencies.micros(50));
    sample.add("latency p99", "µs", outcome.latencies.micros(99));
    judge(&mut sample, &outcome.faults, &outcome.crowd);
    drop(outcome.crowd);
    target.close()?;
    Ok(sample)
}
