//! `fanout`: one message to many sockets at a fixed rate, beside a bare loop that writes the same bytes.

use std::path::Path;

use super::{CpuClock, counted, judge};
use crate::args::{Fanout, Options};
use crate::crowd::Crowd;
use crate::error::BenchError;
use crate::floor::{Job, Shape, SocketFloor};
use crate::listeners::Listeners;
use crate::machine::allows_sockets;
use crate::marker::Template;
use crate::population::Population;
use crate::report::Sample;
use crate::schedule::Schedule;
use crate::socket::Manner;
use crate::target::Target;

/// One run.
pub(crate) fn fanout(case: &Fanout, options: &Options, executable: &Path) -> Result<Sample, BenchError> {
    allows_sockets(case.receivers)?;
    let room_size = case.room_size.unwrap_or(case.receivers);
    let target = Target::open(options, executable)?;
    let population = Population::make(&target, case.receivers, room_size)?;
    let mut crowd = Crowd::new()?;
    crowd.open(population.address, &population.requests, Manner::Attentive)?;
    crowd.settle()?;
    let mut listeners = Listeners::new(case.receivers, room_size);
    let mut template = Template::new(case.content_bytes);
    listeners.greet(&mut crowd, &mut template, 0, 0)?;

    let plan = || {
        let messages_per_second = f64::from(case.rate) / room_size as f64;
        let rooms = case.receivers / room_size;
        Schedule::new(messages_per_second, options.seconds, options.max_messages, rooms, 1)
    };
    let schedule = plan();
    let cpu = CpuClock::start(&target);
    listeners.follow(&mut crowd, schedule, Some(&mut template), 0)?;
    let (server, client) = cpu.micros_per(&target, listeners.received);
    let served = Figures::of(&listeners, &schedule);

    let rooms = case.receivers / room_size;
    let load = if rooms == 1 {
        format!("{}, {}/s offered", counted(case.receivers, "receiver"), case.rate)
    } else {
        format!("{} in rooms of {room_size}, {}/s offered", counted(case.receivers, "receiver"), case.rate)
    };
    let mut sample = Sample::new("fanout", load);
    sample.add("deliveries", "1/s", served.deliveries_per_second);
    sample.add_known("server CPU per delivery", "µs", server);
    judge(&mut sample, &listeners.faults(|room| schedule.end_index(room)), &crowd);
    let payload = std::mem::take(&mut listeners.sample);
    drop(crowd);
    target.close()?;

    let shape = Shape { sockets: case.receivers, room_size, is_pinned: options.pin };
    let floor = floor(shape, &payload, plan)?;
    sample.add("bare loop CPU per write", "µs", floor.cpu_micros);
    sample.add_known("server CPU ÷ bare loop", "x", server.map(|server| server / floor.cpu_micros));
    sample.add("latency p50", "µs", served.p50);
    sample.add("latency p99", "µs", served.p99);
    sample.add("bare loop latency p50", "µs", floor.figures.p50);
    sample.add("bare loop latency p99", "µs", floor.figures.p99);
    sample.add("latency p50 ÷ bare loop", "x", served.p50 / floor.figures.p50);
    sample.add("client CPU per delivery", "µs", client);
    Ok(sample)
}

struct Figures {
    deliveries_per_second: f64,
    p50: f64,
    p99: f64,
}

impl Figures {
    fn of(listeners: &Listeners, schedule: &Schedule) -> Self {
        let elapsed = listeners.last.saturating_duration_since(schedule.start).as_secs_f64().max(1e-9);
        Self {
            deliveries_per_second: listeners.received as f64 / elapsed,
            p50: listeners.latencies.micros(50),
            p99: listeners.latencies.micros(99),
        }
    }
}

struct Floor {
    cpu_micros: f64,
    figures: Figures,
}

/// The same bytes, sockets, rooms and rate, from a loop that only writes.
fn floor(shape: Shape, payload: &[u8], plan: impl Fn() -> Schedule) -> Result<Floor, BenchError> {
    let job = |schedule| Job { payload: String::from_utf8_lossy(payload).into_owned(), schedule };
    let mut floor = SocketFloor::start(shape)?;
    let mut crowd = Crowd::new()?;
    crowd.open(floor.address, &floor.requests(), Manner::Attentive)?;
    let mut listeners = Listeners::new(shape.sockets, shape.room_size);
    floor.begin(job(None))?;
    listeners.hear_greeting(&mut crowd, 0)?;
    floor.finish()?;
    let schedule = plan();
    floor.begin(job(Some(schedule)))?;
    listeners.follow(&mut crowd, schedule, None, 0)?;
    let cpu = floor.finish()?;
    if !listeners.faults(|room| schedule.end_index(room)).is_clean() || !crowd.is_whole() {
        return Err(BenchError::Protocol("the bare loop lost messages: the client is at fault".to_owned()));
    }
    let cpu_micros = cpu.as_secs_f64() * 1e6 / listeners.received.max(1) as f64;
    Ok(Floor { cpu_micros, figures: Figures::of(&listeners, &schedule) })
}
