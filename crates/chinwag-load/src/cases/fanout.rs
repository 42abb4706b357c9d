//! `fanout`: one message to many sockets at a fixed rate, compared with a bare loop that writes the same
//! bytes.

use super::{CpuClock, counted, judge};
use crate::args::Fanout;
use crate::crowd::Crowd;
use crate::error::BenchError;
use crate::floor::{Shape, SocketFloor, Work};
use crate::listeners::Listeners;
use crate::machine::allows_sockets;
use crate::marker::Template;
use crate::population::Population;
use crate::report::Sample;
use crate::schedule::Schedule;
use crate::setup::Setup;
use crate::socket::Manner;
use crate::target::Target;

/// Deliveries per second of the run that the bare loop gets to show its maximum.
const RUSH: f64 = 100_000.0;

/// One run.
pub(crate) fn fanout(case: &Fanout, setup: &Setup<'_>) -> Result<Sample, BenchError> {
    allows_sockets(case.receivers)?;
    let room_size = case.room_size.unwrap_or(case.receivers);
    let rooms = case.receivers / room_size.max(1);
    let shape = Shape { sockets: case.receivers, room_size };
    let target = Target::open(setup)?;
    let population = Population::make(&target, case.receivers, room_size)?;
    let mut crowd = Crowd::new()?;
    crowd.open(population.address, &population.requests, Manner::Attentive)?;
    crowd.settle()?;
    let mut listeners = Listeners::new(case.receivers, room_size);
    let mut template = Template::new(case.content_bytes);
    listeners.greet(&mut crowd, &mut template, 0, 0)?;

    let rush = match case.percent_of_floor {
        Some(_) => {
            let rate = RUSH / room_size as f64;
            let rush = || {
                Schedule::new(rate, setup.options.seconds, setup.options.max_messages, rooms, 1)
                    .without_pause()
            };
            Some(floor(shape, &listeners.sample, setup, rush)?)
        }
        None => None,
    };
    let rate = match (&rush, case.percent_of_floor) {
        (Some(rush), Some(percent)) => rush.figures.deliveries_per_second * f64::from(percent) / 100.0,
        _ => f64::from(case.rate),
    };
    let plan = || {
        let options = setup.options;
        Schedule::new(rate / room_size as f64, options.seconds, options.max_messages, rooms, 1)
            .in_bursts(u64::from(case.burst))
    };
    let schedule = plan();
    let (cpu, reads) = (CpuClock::start(&target), crowd.reads);
    listeners.follow(&mut crowd, schedule, Some(&mut template), 0)?;
    let (server, client) = cpu.micros_per(&target, listeners.received);
    let served = Figures::of(&listeners, &schedule, crowd.reads - reads);

    let mut sample = Sample::new("fanout", load(case, room_size));
    sample.add("deliveries", "1/s", served.deliveries_per_second);
    sample.add_known("server CPU per delivery", "µs", server);
    judge(&mut sample, &listeners.faults(|room| schedule.end_index(room)), &crowd);
    let payload = std::mem::take(&mut listeners.sample);
    drop(crowd);
    target.close()?;

    let has_rushed = rush.is_some();
    // If the bare loop got more than it can do, its latencies would say nothing.
    let floor = match rush {
        Some(rush) => rush,
        None => floor(shape, &payload, setup, plan)?,
    };
    sample.add("bare loop CPU per delivery", "µs", floor.cpu_micros);
    sample.add_known("server CPU ÷ bare loop", "x", server.map(|server| server / floor.cpu_micros));
    sample.add("deliveries per read", "", served.deliveries_per_read);
    sample.add("latency p50", "µs", served.p50);
    sample.add("latency p99", "µs", served.p99);
    if has_rushed {
        sample.add("bare loop at its most", "1/s", floor.figures.deliveries_per_second);
        sample.add("offered", "1/s", rate);
    } else {
        sample.add("bare loop latency p50", "µs", floor.figures.p50);
        sample.add("bare loop latency p99", "µs", floor.figures.p99);
        sample.add("latency p50 ÷ bare loop", "x", served.p50 / floor.figures.p50);
    }
    sample.add("client CPU per delivery", "µs", client);
    Ok(sample)
}

fn load(case: &Fanout, room_size: usize) -> String {
    let rooms = if room_size == case.receivers { String::new() } else { format!(" in rooms of {room_size}") };
    let bursts = if case.burst == 1 { String::new() } else { format!(" in bursts of {}", case.burst) };
    let rate = match case.percent_of_floor {
        Some(percent) => format!("{percent} % of the bare loop offered"),
        None => format!("{}/s offered", case.rate),
    };
    format!("{}{rooms}, {rate}{bursts}", counted(case.receivers, "receiver"))
}

struct Figures {
    deliveries_per_second: f64,
    deliveries_per_read: f64,
    p50: f64,
    p99: f64,
}

impl Figures {
    fn of(listeners: &Listeners, schedule: &Schedule, reads: u64) -> Self {
        let elapsed = listeners.last.saturating_duration_since(schedule.start).as_secs_f64().max(1e-9);
        Self {
            deliveries_per_second: listeners.received as f64 / elapsed,
            deliveries_per_read: listeners.received as f64 / reads.max(1) as f64,
            p50: listeners.latencies.micros(50),
            p99: listeners.latencies.micros(99),
        }
    }
}

pub(super) struct Floor {
    /// CPU time of a delivery.
    pub(super) cpu_micros: f64,
    figures: Figures,
}

/// The same bytes, sockets, rooms and rate, from a loop that only writes.
pub(super) fn floor(
    shape: Shape,
    payload: &[u8],
    setup: &Setup<'_>,
    plan: impl Fn() -> Schedule,
) -> Result<Floor, BenchError> {
    let mut floor = SocketFloor::start(shape, setup)?;
    let mut crowd = Crowd::new()?;
    crowd.open(floor.address, &floor.requests(), Manner::Attentive)?;
    let mut listeners = Listeners::new(shape.sockets, shape.room_size);
    floor.begin(payload, Work::Greet)?;
    listeners.hear_greeting(&mut crowd, 0)?;
    floor.finish()?;
    let reads = crowd.reads;
    let schedule = plan();
    floor.begin(payload, Work::Write(schedule))?;
    listeners.follow(&mut crowd, schedule, None, 0)?;
    // Check before the wait for the end: a loop whose sockets are gone would never reach it.
    if !listeners.faults(|room| schedule.end_index(room)).is_clean() || !crowd.is_whole() {
        return Err(BenchError::Protocol("the bare loop did not finish in time".to_owned()));
    }
    let cpu = floor.finish()?;
    let cpu_micros = cpu.as_secs_f64() * 1e6 / listeners.received.max(1) as f64;
    Ok(Floor { cpu_micros, figures: Figures::of(&listeners, &schedule, crowd.reads - reads) })
}
