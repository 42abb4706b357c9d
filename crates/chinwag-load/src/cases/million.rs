//! `million`: more connections than one process may hold, as the sum over several servers, each with a
//! process of clients. All connections are authenticated, in a conversation, and held for minutes. Each gets
//! a message at the beginning and at the end, which proves that it is alive.

use std::time::{Duration, Instant};

use super::counted;
use super::hold::{Order, Prepared, Seen};
use crate::args::Million;
use crate::error::BenchError;
use crate::helper::Helper;
use crate::ledger::Faults;
use crate::process::{available_memory, kernel_memory, socket_memory};
use crate::report::Sample;
use crate::setup::Setup;

/// The time until unused memory is given back.
const REST: Duration = Duration::from_secs(2);

/// One run. Reports through `progress`.
pub(crate) fn million(
    case: &Million,
    setup: &Setup<'_>,
    progress: &dyn Fn(&str),
) -> Result<Sample, BenchError> {
    let shares = shares(case)?;
    let mut helpers = Vec::new();
    let mut empty = 0;
    // All servers first, then all connections: by the end, answering the pings of open connections takes a
    // part of the machine.
    for connections in &shares {
        let mut helper = start(*connections, case.room_size, setup)?;
        let prepared: Prepared = helper.hear()?;
        empty += prepared.empty;
        helpers.push(helper);
        progress(&format!("{} of {} servers have their users", helpers.len(), shares.len()));
    }
    let (kernel_before, free_before) = (kernel_memory(), available_memory());
    let begun = Instant::now();
    let (mut faults, mut open) = (Faults::default(), 0);
    for (helper, connections) in helpers.iter_mut().zip(&shares) {
        ask(std::slice::from_mut(helper), Order::Open, &mut faults)?;
        open += connections;
        progress(&format!("{open} of {} connections are open", case.connections));
    }
    let opened = begun.elapsed();
    progress("a message for each");
    let first = ask(&mut helpers, Order::Greet, &mut faults)?;
    std::thread::sleep(REST);
    let kernel = grown(kernel_before, kernel_memory());
    let taken = grown(available_memory(), free_before);
    let sockets = socket_memory();

    let hold_until = Instant::now() + Duration::from_secs(case.hold_seconds.into());
    while let Some(left) = hold_until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        progress(&format!("all are held for another {} s", left.as_secs()));
        std::thread::sleep(left.min(Duration::from_secs(15)));
    }
    progress("another message for each");
    let last = ask(&mut helpers, Order::Greet, &mut faults)?;
    progress("the end");
    ask(&mut helpers, Order::End, &mut faults)?;

    let count = f64::from(case.connections);
    let mebibytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let connections = usize::try_from(case.connections).unwrap_or(usize::MAX);
    let mut sample = Sample::new("million", counted(connections, "connection"));
    sample.add("alive at the end", "", last.alive as f64);
    sample.add("server processes", "", helpers.len() as f64);
    sample.add("deliveries, of two messages", "", (first.delivered + last.delivered) as f64);
    let user = first.resident.saturating_sub(empty) as f64 / count;
    sample.add("server RSS per connection", "B", user);
    let user_end = last.resident.saturating_sub(empty) as f64 / count;
    sample.add("server RSS per connection, at the end", "B", user_end);
    sample.add("one empty server's RSS", "MiB", mebibytes(empty) / helpers.len().max(1) as f64);
    sample.add_known("kernel per connection, both ends", "B", kernel.map(|bytes| bytes / count));
    sample.add_known("memory taken in all, both ends", "MiB", taken.map(|bytes| bytes / f64::from(1 << 20)));
    sample.add_known("in socket buffers", "MiB", sockets.map(mebibytes));
    sample.add("until all were open", "s", opened.as_secs_f64());
    sample.add("held", "s", f64::from(case.hold_seconds));
    sample.add("until each had its message", "s", first.seconds);
    sample.faults.add(&faults);
    Ok(sample)
}

/// How many connections each pair of processes holds: whole rooms that add up to all.
fn shares(case: &Million) -> Result<Vec<usize>, BenchError> {
    let whole = usize::try_from(case.connections).unwrap_or(usize::MAX);
    let most = usize::try_from(case.per_process).unwrap_or(usize::MAX);
    if case.room_size == 0 || !whole.is_multiple_of(case.room_size) || most < case.room_size {
        return Err(BenchError::Options(
            "connections must fill whole rooms: choose a multiple of the room's size",
        ));
    }
    let most = most - most % case.room_size;
    let mut shares = vec![most; whole / most];
    if !whole.is_multiple_of(most) {
        shares.push(whole % most);
    }
    Ok(shares)
}

fn start(connections: usize, room_size: usize, setup: &Setup<'_>) -> Result<Helper, BenchError> {
    let (connections, room_size) = (connections.to_string(), room_size.to_string());
    let mut words: Vec<&std::ffi::OsStr> =
        ["hold", "--connections", &connections, "--room-size", &room_size].map(AsRef::as_ref).to_vec();
    words.extend([AsRef::as_ref("--server"), setup.server.as_os_str()]);
    if let Some(folder) = &setup.options.work_dir {
        words.extend([AsRef::as_ref("--work-dir"), folder.as_os_str()]);
    }
    Helper::start(setup.program, words)
}

/// Gives each helper the order in turn, and sums up the results. If all ran at once, they would wait longer
/// for a processor than for their servers.
fn ask(helpers: &mut [Helper], order: Order, faults: &mut Faults) -> Result<Seen, BenchError> {
    let mut all = Seen::default();
    for helper in helpers {
        helper.tell(&order)?;
        let seen: Seen = helper.hear()?;
        faults.add(&seen.faults);
        all.alive += seen.alive;
        all.delivered += seen.delivered;
        all.resident += seen.resident;
        all.seconds += seen.seconds;
    }
    Ok(all)
}

fn grown(from: Option<u64>, to: Option<u64>) -> Option<f64> {
    Some(to? as f64 - from? as f64)
}

#[cfg(test)]
mod tests {
    // A failed expectation is the point of a test.
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn shares_are_whole_rooms_and_together_all() {
        let case = |connections, per_process, room_size| Million {
            connections,
            per_process,
            room_size,
            hold_seconds: 0,
        };
        assert_eq!(shares(&case(100, 45, 10)).unwrap(), [40, 40, 20]);
        assert_eq!(shares(&case(80, 40, 10)).unwrap(), [40, 40]);
        assert!(shares(&case(101, 45, 10)).is_err());
        assert!(shares(&case(100, 5, 10)).is_err());
        assert!(shares(&case(100, 5, 0)).is_err());
    }
}
