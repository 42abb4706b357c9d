//! `append`: how many messages a second are acknowledged, which means on disk.

use std::time::Duration;

use super::closed_loop::{self, Rooms};
use super::{CpuClock, counted, judge};
use crate::args::Append;
use crate::error::BenchError;
use crate::floor::FileFloor;
use crate::report::Sample;
use crate::setup::Setup;
use crate::target::Target;

/// Share of the time that the floor gets, before the load and again after it: a disk has moods, and a
/// ratio needs both of its sides in the same one.
const FLOOR_SHARE: f64 = 0.2;

/// One run with so many senders.
pub(crate) fn append(case: &Append, senders: usize, setup: &Setup<'_>) -> Result<Sample, BenchError> {
    let options = setup.options;
    let target = Target::open(setup)?;
    let rooms = Rooms { count: senders, size: 1, content_bytes: case.content_bytes };
    let mut crowd = closed_loop::open(&target, rooms)?;
    let time = Duration::from_secs_f64(options.seconds * FLOOR_SHARE);
    let measure_floor = || FileFloor::measure(target.folder(), senders, case.content_bytes, time);
    let mut floor = measure_floor()?;
    let cpu = CpuClock::start(&target);
    let outcome = closed_loop::drive(&mut crowd, options, rooms)?;
    let (server, client) = cpu.micros_per(&target, outcome.messages);
    floor.add(&measure_floor()?);

    let mut sample = Sample::new("append", counted(senders, "sender"));
    let p50 = outcome.latencies.micros(50);
    sample.add("acknowledged", "1/s", outcome.messages_per_second);
    sample.add("file floor", "1/s", floor.messages_per_second());
    sample.add("acknowledged ÷ floor", "x", outcome.messages_per_second / floor.messages_per_second());
    sample.add("latency p50", "µs", p50);
    sample.add("latency p99", "µs", outcome.latencies.micros(99));
    sample.add("fdatasync p50", "µs", floor.single.micros(50));
    sample.add("latency p50 ÷ fdatasync p50", "x", p50 / floor.single.micros(50));
    sample.add("floor latency p50", "µs", floor.latencies.micros(50));
    sample.add_known("server CPU per message", "µs", server);
    sample.add("client CPU per message", "µs", client);
    sample.add_known("start to ready", "ms", target.ready_after().map(|time| time.as_secs_f64() * 1e3));
    judge(&mut sample, &outcome.faults, &crowd);
    drop(crowd);
    target.close()?;
    Ok(sample)
}
