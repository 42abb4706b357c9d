//! `append`: how many messages a second are acknowledged, that is, on disk.

use std::path::Path;
use std::time::Duration;

use super::closed_loop::{self, Rooms};
use super::embedded::Host;
use super::{CpuClock, counted, judge, over_nodes};
use crate::args::{Append, Options};
use crate::error::BenchError;
use crate::floor::FileFloor;
use crate::report::Sample;
use crate::setup::Setup;
use crate::target::{FOLDER, Target};

/// The floor's share of the time, before the load and again after it: a disk's speed varies, and a ratio
/// needs both sides under the same conditions.
const FLOOR_SHARE: f64 = 0.2;

/// One run with this many senders.
pub(crate) fn append(case: &Append, senders: usize, setup: &Setup<'_>) -> Result<Sample, BenchError> {
    if case.embedded { embedded(case, senders, setup) } else { over_sockets(case, senders, setup) }
}

fn over_sockets(case: &Append, senders: usize, setup: &Setup<'_>) -> Result<Sample, BenchError> {
    let options = setup.options;
    let target = Target::open_nodes(setup, case.nodes)?;
    let rooms = Rooms { count: senders, size: 1, content_bytes: case.content_bytes };
    let mut crowd = closed_loop::open(&target, rooms)?;
    let mut floor = floor(target.folder(), case, senders, options)?;
    let cpu = CpuClock::start(&target);
    let outcome = closed_loop::drive(&mut crowd, options, rooms)?;
    let (server, client) = cpu.micros_per(&target, outcome.messages);
    floor.add(&self::floor(target.folder(), case, senders, options)?);

    let mut sample = Sample::new("append", over_nodes(counted(senders, "sender"), case.nodes));
    let (p50, p99) = (outcome.latencies.micros(50), outcome.latencies.micros(99));
    compare(&mut sample, outcome.messages_per_second, (p50, p99), &floor);
    sample.add_known("server CPU per message", "µs", server);
    sample.add("client CPU per message", "µs", client);
    sample.add_known("start to ready", "ms", target.ready_after().map(|time| time.as_secs_f64() * 1e3));
    judge(&mut sample, &outcome.faults, &crowd);
    drop(crowd);
    target.close()?;
    Ok(sample)
}

/// The log without sockets, in its own process.
fn embedded(case: &Append, senders: usize, setup: &Setup<'_>) -> Result<Sample, BenchError> {
    let options = setup.options;
    let folder = chinwag_client::temporary_folder(FOLDER, options.work_dir.as_deref())?;
    let mut host = Host::start(senders, case.content_bytes, folder.path(), setup)?;
    let mut floor = floor(folder.path(), case, senders, options)?;
    let reached = host.drive(options)?;
    floor.add(&self::floor(folder.path(), case, senders, options)?);

    let mut sample = Sample::new("append", format!("{}, embedded", counted(senders, "sender")));
    let messages = reached.messages.max(1) as f64;
    compare(&mut sample, messages / reached.seconds.max(1e-9), (reached.p50, reached.p99), &floor);
    sample.add("CPU per message, callers included", "µs", reached.cpu.as_secs_f64() * 1e6 / messages);
    sample.faults.add(&reached.faults);
    Ok(sample)
}

fn floor(folder: &Path, case: &Append, senders: usize, options: &Options) -> Result<FileFloor, BenchError> {
    let time = Duration::from_secs_f64(options.seconds * FLOOR_SHARE);
    FileFloor::measure(folder, senders, case.content_bytes, time)
}

fn compare(sample: &mut Sample, messages_per_second: f64, (p50, p99): (f64, f64), floor: &FileFloor) {
    sample.add("acknowledged", "1/s", messages_per_second);
    sample.add("file floor", "1/s", floor.messages_per_second());
    sample.add("acknowledged ÷ floor", "x", messages_per_second / floor.messages_per_second());
    sample.add("latency p50", "µs", p50);
    sample.add("latency p99", "µs", p99);
    sample.add("fdatasync p50", "µs", floor.single.micros(50));
    sample.add("latency p50 ÷ fdatasync p50", "x", p50 / floor.single.micros(50));
    sample.add("floor latency p50", "µs", floor.latencies.micros(50));
}
