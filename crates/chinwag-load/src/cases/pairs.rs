//! `pairs`: many conversations of two people who take turns. Both deliveries are part of a message.
//!
//! The floor is a chat of one thread without users or storage: it reads a frame, and writes the message to
//! both.

use super::closed_loop::{self, Outcome, Rooms};
use super::{CpuClock, counted, judge, over_nodes};
use crate::args::Pairs;
use crate::crowd::Crowd;
use crate::error::BenchError;
use crate::floor::{Shape, SocketFloor, Work};
use crate::report::Sample;
use crate::setup::Setup;
use crate::socket::Manner;
use crate::target::Target;

/// One run.
pub(crate) fn pairs(case: &Pairs, setup: &Setup<'_>) -> Result<Sample, BenchError> {
    let rooms = Rooms { count: case.pairs, size: 2, content_bytes: case.content_bytes };
    let target = Target::open_nodes(setup, case.nodes)?;
    let mut crowd = closed_loop::open(&target, rooms)?;
    let cpu = CpuClock::start(&target);
    let outcome = closed_loop::drive(&mut crowd, setup.options, rooms)?;
    let (server, client) = cpu.micros_per(&target, outcome.messages);
    let mut sample = Sample::new("pairs", over_nodes(counted(case.pairs, "pair"), case.nodes));
    judge(&mut sample, &outcome.faults, &crowd);
    drop(crowd);
    target.close()?;

    let (bare, bare_micros) = floor(rooms, &outcome.sample, setup)?;
    sample.add("messages", "1/s", outcome.messages_per_second);
    sample.add("bare chat messages", "1/s", bare.messages_per_second);
    sample.add("messages ÷ bare chat", "x", outcome.messages_per_second / bare.messages_per_second);
    sample.add_known("server CPU per message", "µs", server);
    sample.add("bare chat CPU per message", "µs", bare_micros);
    sample.add_known("server CPU ÷ bare chat", "x", server.map(|server| server / bare_micros));
    sample.add("client CPU per message", "µs", client);
    sample.add("latency p50", "µs", outcome.latencies.micros(50));
    sample.add("latency p99", "µs", outcome.latencies.micros(99));
    sample.add("bare chat latency p50", "µs", bare.latencies.micros(50));
    Ok(sample)
}

/// The same rooms on a bare chat, and its CPU time per message.
fn floor(rooms: Rooms, payload: &[u8], setup: &Setup<'_>) -> Result<(Outcome, f64), BenchError> {
    let shape = Shape { sockets: rooms.count * rooms.size, room_size: rooms.size };
    let mut floor = SocketFloor::start(shape, setup)?;
    let mut crowd = Crowd::new()?;
    crowd.open(floor.address, &floor.requests(), Manner::Attentive)?;
    floor.begin(payload, Work::Relay)?;
    let outcome = closed_loop::drive(&mut crowd, setup.options, rooms)?;
    if !outcome.faults.is_clean() || !crowd.is_whole() {
        return Err(BenchError::Protocol("the bare chat lost messages: the bench is at fault".to_owned()));
    }
    drop(crowd);
    let cpu = floor.finish()?.as_secs_f64() * 1e6 / outcome.messages.max(1) as f64;
    Ok((outcome, cpu))
}
