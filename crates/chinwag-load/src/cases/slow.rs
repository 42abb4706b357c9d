//! `slow`: some receivers never read. The others must not notice, and nobody may lose anything in the end.

use std::time::{Duration, Instant};

use super::fanout::floor;
use super::{CpuClock, counted, judge};
use crate::args::Slow;
use crate::crowd::Crowd;
use crate::error::BenchError;
use crate::floor::Shape;
use crate::ledger::Faults;
use crate::listeners::Listeners;
use crate::machine::allows_sockets;
use crate::marker::Template;
use crate::population::Population;
use crate::report::Sample;
use crate::schedule::Schedule;
use crate::setup::Setup;
use crate::socket::Manner;
use crate::target::Target;

/// Messages of the greatest length before the measurement: more than the buffers of the stalled receivers
/// hold, so that they are really behind when it begins.
const FLOOD_MESSAGES: u64 = 600;
const FLOOD_CONTENT_BYTES: usize = 4000;
const FLOOD_AT_ONCE: u64 = 50;
const FLOOD_LIMIT: Duration = Duration::from_secs(60);

/// One run: first without the stalled receivers, then with them.
pub(crate) fn slow(case: &Slow, setup: &Setup<'_>) -> Result<Sample, BenchError> {
    allows_sockets(case.receivers)?;
    let stalled = case.receivers * usize::from(case.stalled_percent) / 100;
    let readers = case.receivers.saturating_sub(stalled + 1).max(1);
    let without = measure(case, readers, 0, setup)?;
    let with = measure(case, readers, stalled, setup)?;
    let shape = Shape { sockets: readers, room_size: readers };
    let bare = floor(shape, &with.payload, setup, || schedule(case, readers, setup, 1))?;

    let load = format!("{} read, {stalled} never do", counted(readers, "receiver"));
    let mut sample = Sample::new("slow", load);
    let cpu = with.server_micros.zip(without.server_micros);
    sample.add_known("CPU per delivery to readers", "µs", with.server_micros);
    sample.add_known("CPU without stalled ones", "µs", without.server_micros);
    sample.add_known("CPU with ÷ without", "x", cpu.map(|(with, without)| with / without));
    sample.add("bare loop CPU per delivery", "µs", bare.cpu_micros);
    sample.add_known("CPU with ÷ bare loop", "x", with.server_micros.map(|with| with / bare.cpu_micros));
    sample.add("latency p50", "µs", with.p50);
    sample.add("p50 without", "µs", without.p50);
    sample.add("p50 with ÷ without", "x", with.p50 / without.p50);
    sample.add("latency p99", "µs", with.p99);
    sample.add("p99 without", "µs", without.p99);
    sample.add("p99 with ÷ without", "x", with.p99 / without.p99);
    sample.add("deliveries to readers", "1/s", with.deliveries_per_second);
    let mebibytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    sample.add_known("server RSS before", "MiB", with.resident.map(|(before, _)| mebibytes(before)));
    sample.add_known("server RSS after", "MiB", with.resident.map(|(_, after)| mebibytes(after)));
    sample.add_known(
        "server RSS after, without stalled ones",
        "MiB",
        without.resident.map(|(_, after)| mebibytes(after)),
    );
    for part in [without, with] {
        judge(&mut sample, &part.faults, &part.crowd);
    }
    Ok(sample)
}

struct Part {
    server_micros: Option<f64>,
    deliveries_per_second: f64,
    p50: f64,
    p99: f64,
    /// Before the flood, and after the measurement.
    resident: Option<(u64, u64)>,
    faults: Faults,
    crowd: Crowd,
    /// A message, for the floor to copy.
    payload: Vec<u8>,
}

fn schedule(case: &Slow, readers: usize, setup: &Setup<'_>, first_index: u64) -> Schedule {
    let messages_per_second = f64::from(case.rate) / readers as f64;
    Schedule::new(messages_per_second, setup.options.seconds, setup.options.max_messages, 1, first_index)
}

/// The room has the sender, the receivers that never read, and those that do. The stalled ones come first and
/// are flooded; the readers join once they are full.
fn measure(case: &Slow, readers: usize, stalled: usize, setup: &Setup<'_>) -> Result<Part, BenchError> {
    let target = Target::open(setup)?;
    let sockets = 1 + stalled + readers;
    let population = Population::make(&target, sockets, sockets)?;
    let (sender, others) = population.requests.split_at(1);
    let (never, always) = others.split_at(stalled);
    let mut crowd = Crowd::new()?;
    crowd.open(population.address, sender, Manner::Attentive)?;
    crowd.open(population.address, never, Manner::Stalled)?;
    crowd.settle()?;
    let resident_before = target.resident();
    let mut listeners = Listeners::new(1 + stalled, 1 + stalled);
    flood(&mut crowd, &mut listeners)?;

    crowd.open(population.address, always, Manner::Attentive)?;
    crowd.settle()?;
    listeners.join(readers, FLOOD_MESSAGES);
    let mut template = Template::new(case.content_bytes);
    listeners.greet(&mut crowd, &mut template, 0, FLOOD_MESSAGES)?;
    let schedule = schedule(case, readers, setup, FLOOD_MESSAGES + 1);
    let cpu = CpuClock::start(&target);
    listeners.follow(&mut crowd, schedule, Some(&mut template), 0)?;
    let (server_micros, _) = cpu.micros_per(&target, listeners.received);
    let elapsed = listeners.last.saturating_duration_since(schedule.start).as_secs_f64().max(1e-9);
    let deliveries_per_second = listeners.received as f64 / elapsed;
    let resident = resident_before.zip(target.resident());

    // A receiver that begins to read again gets everything, from the log if necessary.
    crowd.wake_stalled()?;
    listeners.hear_all(&mut crowd, &schedule)?;
    let faults = listeners.faults(|room| schedule.end_index(room));
    let (p50, p99) = (listeners.latencies.micros(50), listeners.latencies.micros(99));
    if faults.is_clean() && crowd.is_whole() {
        target.close()?;
    }
    let payload = listeners.sample;
    Ok(Part { server_micros, deliveries_per_second, p50, p99, resident, faults, crowd, payload })
}

fn flood(crowd: &mut Crowd, listeners: &mut Listeners) -> Result<(), BenchError> {
    let mut template = Template::new(FLOOD_CONTENT_BYTES);
    let deadline = Instant::now() + FLOOD_LIMIT;
    for first in (0..FLOOD_MESSAGES).step_by(usize::try_from(FLOOD_AT_ONCE).unwrap_or(1)) {
        for index in first..(first + FLOOD_AT_ONCE).min(FLOOD_MESSAGES) {
            crowd.send(0, template.frame(crate::marker::Mark { room: 0, index }));
        }
        listeners.hear_first(crowd, first + FLOOD_AT_ONCE, deadline)?;
    }
    Ok(())
}
