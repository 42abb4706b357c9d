//! The machine that a bench runs on: described in the report, and checked for what a run needs.

use std::fs;
use std::io;

use rustix::process::{Pid, Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_setaffinity};
use serde::{Deserialize, Serialize};

use crate::error::{BenchError, system};

/// Describes the machine, because figures of different machines are not comparable.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Machine {
    /// Processors that this process may use.
    pub cpus: usize,
    /// The processor's name.
    pub cpu_model: String,
    /// Memory, in bytes.
    pub memory_bytes: u64,
    /// System and release.
    pub kernel: String,
}

/// Descriptors that are open anyway: files, pipes, the poller.
const SPARE_DESCRIPTORS: u64 = 64;

/// Connections per source address. One destination takes at most as many as there are ephemeral ports, by
/// default 28,232, and closed ones stay blocked for a minute.
pub(crate) const SOCKETS_PER_ADDRESS: usize = 10_000;

impl Machine {
    /// Describes this machine.
    #[must_use]
    pub fn this() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let value = |text: &str, name: &str| -> Option<String> {
            let line = text.lines().find(|line| line.starts_with(name))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        };
        let memory = value(&read("/proc/meminfo"), "MemTotal");
        let memory_kib: u64 =
            memory.and_then(|text| text.split_whitespace().next()?.parse().ok()).unwrap_or(0);
        let uname = rustix::system::uname();
        Self {
            cpus: std::thread::available_parallelism().map_or(1, usize::from),
            cpu_model: value(&read("/proc/cpuinfo"), "model name").unwrap_or_default(),
            memory_bytes: memory_kib * 1024,
            kernel: format!("{} {}", uname.sysname().to_string_lossy(), uname.release().to_string_lossy()),
        }
    }
}

/// Raises this process's limit of open files as far as possible; returns the new limit.
pub(crate) fn raise_descriptor_limit() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    // This fails only if the present limit is already the highest.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// Whether this process may hold this many sockets.
pub(crate) fn allows_sockets(sockets: usize) -> Result<(), BenchError> {
    let needed = u64::try_from(sockets).unwrap_or(u64::MAX).saturating_add(SPARE_DESCRIPTORS);
    let limit = raise_descriptor_limit();
    if needed > limit { Err(BenchError::Descriptors { needed, limit }) } else { Ok(()) }
}

/// The system limits that are too low for this many sockets in one process and connections in all, and how to
/// raise each. Empty if there are none.
pub(crate) fn obstacles(sockets: usize, connections: usize) -> Vec<String> {
    let (sockets, connections) = (count(sockets), count(connections));
    let mut found = Vec::new();
    let descriptors = sockets.saturating_add(SPARE_DESCRIPTORS);
    let limit = raise_descriptor_limit();
    if descriptors > limit {
        found.push(format!(
            "{descriptors} open files are needed in one process, {limit} are allowed: ulimit -n"
        ));
    }
    let mut ask = |name: &str, needed: u64, what: &str| {
        let path = format!("/proc/sys/{}", name.replace('.', "/"));
        let value = fs::read_to_string(path).ok();
        let has = value.and_then(|text| text.split_whitespace().last()?.parse::<u64>().ok());
        if let Some(has) = has.filter(|has| *has < needed) {
            found.push(format!(
                "{what}: {name} is {has}, at least {needed} would be better: sysctl -w {name}={needed}"
            ));
        }
    };
    ask("net.core.somaxconn", sockets.min(4096), "connections that wait to be accepted");
    // Both ends of a connection on loopback.
    ask("fs.file-max", connections.saturating_mul(2), "open files of the whole machine");
    // On loopback, a connection needs an entry only if the firewall tracks it; a full table drops packets.
    ask("net.netfilter.nf_conntrack_max", connections, "connections that the firewall tracks, if it does");
    found
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// Pins the calling thread, and the threads it starts later, to one processor.
pub(crate) fn pin(cpu: usize) -> Result<(), BenchError> {
    let mut set = CpuSet::new();
    set.set(cpu);
    sched_setaffinity(None::<Pid>, &set)
        .map_err(io::Error::from)
        .map_err(system("can't pin to a processor (--pin needs two)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_sockets_meet_no_obstacle_and_too_many_are_told_which() {
        assert_eq!(obstacles(10, 10), Vec::<String>::new());
        let many = obstacles(usize::MAX, usize::MAX);
        assert!(many.iter().any(|obstacle| obstacle.contains("ulimit -n")), "{many:?}");
    }
}
