//! `storm`: the network comes back and everybody with it, at the same moment.

use std::path::Path;

use super::{CpuClock, counted, judge};
use crate::args::{Options, Storm};
use crate::crowd::Crowd;
use crate::error::BenchError;
use crate::floor::{Shape, SocketFloor};
use crate::listeners::Listeners;
use crate::machine::allows_sockets;
use crate::marker::Template;
use crate::population::Population;
use crate::report::Sample;
use crate::socket::Manner;
use crate::statistics::Latencies;
use crate::target::Target;

/// One run.
pub(crate) fn storm(case: &Storm, options: &Options, executable: &Path) -> Result<Sample, BenchError> {
    allows_sockets(case.clients)?;
    let target = Target::open(options, executable)?;
    let population = Population::make(&target, case.clients, case.room_size)?;
    let mut crowd = Crowd::new()?;
    crowd.open(population.address, &population.requests, Manner::Attentive)?;
    crowd.settle()?;
    let mut listeners = Listeners::new(case.clients, case.room_size);
    let mut template = Template::new(200);
    listeners.greet(&mut crowd, &mut template, 0, 0)?;

    crowd.hang_up();
    let cpu = CpuClock::start(&target);
    let times = crowd.open_all_at_once(population.address, &population.requests)?;
    let clients = u64::try_from(case.clients).unwrap_or(u64::MAX);
    let (server, client) = cpu.micros_per(&target, clients);
    crowd.settle()?;
    // All are back only if all hear again.
    listeners.greet(&mut crowd, &mut template, 0, 1)?;

    let mut sample = Sample::new("storm", counted(case.clients, "client"));
    let all_back = seconds(&times);
    sample.add("until all are back", "s", all_back);
    judge(&mut sample, &listeners.faults(|_| 2), &crowd);
    drop(crowd);
    target.close()?;
    let shape = Shape { sockets: case.clients, room_size: case.room_size, is_pinned: options.pin };
    let floor = SocketFloor::start(shape)?;
    let bare = seconds(&Crowd::new()?.open_all_at_once(floor.address, &floor.requests())?);
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
