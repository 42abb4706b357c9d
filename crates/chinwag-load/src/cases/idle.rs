//! `idle`: the cost of a connection that is authenticated, in a conversation, and silent.

use std::time::{Duration, Instant};

use super::{counted, judge};
use crate::args::Idle;
use crate::crowd::{Crowd, Nobody};
use crate::error::BenchError;
use crate::floor::{Shape, SocketFloor};
use crate::listeners::Listeners;
use crate::machine::allows_sockets;
use crate::marker::Template;
use crate::population::Population;
use crate::process::kernel_memory;
use crate::report::Sample;
use crate::setup::Setup;
use crate::socket::Manner;
use crate::target::Target;

/// Rooms opened before the first measurement, because the first connections also load code and caches.
const WARM_ROOMS: usize = 10;
/// The time until unused memory is given back.
const REST: Duration = Duration::from_millis(1500);

/// One run.
pub(crate) fn idle(case: &Idle, setup: &Setup<'_>) -> Result<Sample, BenchError> {
    let warm = WARM_ROOMS * case.room_size;
    let sockets = case.connections + warm;
    allows_sockets(sockets)?;
    let target = Target::open(setup)?;
    let population = Population::make(&target, sockets, case.room_size)?;
    let (first, others) = population.requests.split_at(warm);
    let mut crowd = Crowd::new()?;
    crowd.open(population.address, first, Manner::Attentive)?;
    rest(&mut crowd)?;
    let (empty, kernel_empty) = (target.resident(), kernel_memory());
    crowd.open(population.address, others, Manner::Attentive)?;
    rest(&mut crowd)?;
    let (silent, kernel_silent) = (target.resident(), kernel_memory());

    // Each sends one message in its turn, and hears those of its room.
    let mut listeners = Listeners::new(sockets, population.room_size);
    let mut template = Template::new(200);
    let mut end = 0;
    for member in 0..case.room_size {
        listeners.greet(&mut crowd, &mut template, member, end)?;
        end += 1;
    }
    rest(&mut crowd)?;
    let spoken = target.resident();

    let mut sample = Sample::new("idle", counted(case.connections, "connection"));
    let each = |before: Option<u64>, after: Option<u64>| {
        let growth = after? as f64 - before? as f64;
        Some(growth / case.connections as f64)
    };
    sample.add_known("RSS per connection, silent", "B", each(empty, silent));
    sample.add_known("RSS per connection, after a message each", "B", each(empty, spoken));
    let kernel = each(kernel_empty, kernel_silent);
    sample.add_known("kernel per connection, both ends", "B", kernel);
    let of_kernel = each(empty, spoken).zip(kernel).map(|(user, kernel)| user / (kernel / 2.0));
    sample.add_known("RSS ÷ the kernel's bytes of one end", "x", of_kernel);
    sample.add_known("server RSS without them", "MiB", empty.map(|bytes| bytes as f64 / f64::from(1 << 20)));
    judge(&mut sample, &listeners.faults(|_| end), &crowd);
    drop(crowd);
    target.close()?;
    let (bare_empty, bare_full) = floor(case, setup)?;
    sample.add_known("bare server's RSS per connection", "B", each(bare_empty, bare_full));
    Ok(sample)
}

/// The memory of a bare server without and with its connections.
fn floor(case: &Idle, setup: &Setup<'_>) -> Result<(Option<u64>, Option<u64>), BenchError> {
    let floor = SocketFloor::start(Shape { sockets: case.connections, room_size: 1 }, setup)?;
    let empty = floor.resident();
    let mut crowd = Crowd::new()?;
    crowd.open(floor.address, &floor.requests(), Manner::Attentive)?;
    rest(&mut crowd)?;
    Ok((empty, floor.resident()))
}

/// Lets traffic and memory settle, while pings are still answered.
fn rest(crowd: &mut Crowd) -> Result<(), BenchError> {
    crowd.settle()?;
    let end = Instant::now() + REST;
    while Instant::now() < end {
        crowd.wait(Duration::from_millis(50), &mut Nobody)?;
    }
    Ok(())
}
