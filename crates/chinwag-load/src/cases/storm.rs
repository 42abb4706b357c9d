//! `storm`: everybody reconnects at the same moment, as after a network failure, each with its cursor. Each
//! conversation has one missed message, which shows that resuming works.

use super::{CpuClock, counted, judge};
use crate::args::Storm;
use crate::crowd::{Crowd, Nobody};
use crate::error::BenchError;
use crate::floor::{Shape, SocketFloor};
use crate::listeners::Listeners;
use crate::machine::allows_sockets;
use crate::marker::Template;
use crate::population::Population;
use crate::report::Sample;
use crate::setup::Setup;
use crate::socket::Manner;
use crate::statistics::Latencies;
use crate::target::Target;

/// One run.
pub(crate) fn storm(case: &Storm, setup: &Setup<'_>) -> Result<Sample, BenchError> {
    allows_sockets(case.clients)?;
    let target = Target::open(setup)?;
    let population = Population::make(&target, case.clients, case.room_size)?;
    let mut crowd = Crowd::new()?;
    crowd.open(population.address, &population.requests, Manner::Attentive)?;
    crowd.settle()?;
    let mut before = Listeners::new(case.clients, case.room_size);
    let mut template = Template::new(200);
    before.greet(&mut crowd, &mut template, 0, 0)?;
    let requests = population.resumes(&before.cursors);
    before.greet(&mut crowd, &mut template, 0, 1)?;

    crowd.hang_up();
    let mut listeners = Listeners::starting_at(case.clients, case.room_size, 1);
    let cpu = CpuClock::start(&target);
    let begun = std::time::Instant::now();
    let times = crowd.open_all_at_once(population.address, &requests, &mut listeners)?;
    listeners.hear_greeting(&mut crowd, 1)?;
    let all_back = listeners.last.saturating_duration_since(begun).as_secs_f64();
    let clients = u64::try_from(case.clients).unwrap_or(u64::MAX);
    let (server, client) = cpu.micros_per(&target, clients);
    crowd.settle()?;
    // All are back only when all receive again.
    listeners.greet(&mut crowd, &mut template, 0, 2)?;

    let mut sample = Sample::new("storm", counted(case.clients, "client"));
    sample.add("until all are back and up to date", "s", all_back);
    judge(&mut sample, &before.faults(|_| 2), &crowd);
    sample.faults.add(&listeners.faults(|_| 3));
    drop(crowd);
    target.close()?;
    let floor = SocketFloor::start(Shape { sockets: case.clients, room_size: case.room_size }, setup)?;
    let bare = seconds(&Crowd::new()?.open_all_at_once(floor.address, &floor.requests(), &mut Nobody)?);
    sample.add("bare accept and upgrade", "s", bare);
    sample.add("all back ÷ bare", "x", all_back / bare);
    sample.add("p50 of one client", "µs", times.micros(50));
    sample.add_known("server CPU per client", "µs", server);
    sample.add("client CPU per client", "µs", client);
    Ok(sample)
}

fn seconds(times: &Latencies) -> f64 {
    times.micros(100) / 1e6
}
