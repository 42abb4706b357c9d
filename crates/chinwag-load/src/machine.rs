//! The machine that a bench runs on: described in the report, and asked for what a run needs.

use std::fs;
use std::io;

use rustix::process::{Pid, Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_setaffinity};
use serde::{Deserialize, Serialize};

use crate::error::{BenchError, system};

/// Where a report comes from: figures of different machines are not comparable.
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

/// Connections from one source address. A destination can't be reached more often than there are
/// ephemeral ports, by default 28,232, and the closed ones rest for a minute.
pub(crate) const SOCKETS_PER_ADDRESS: usize = 10_000;

impl Machine {
    /// This one.
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

/// Raises this process's limit of open files as far as it may, and says how far that is.
pub(crate) fn raise_descriptor_limit() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    // Refused only where the present limit is all there is.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// Whether this process may hold so many sockets.
pub(crate) fn allows_sockets(sockets: usize) -> Result<(), BenchError> {
    let needed = u64::try_from(sockets).unwrap_or(u64::MAX).saturating_add(SPARE_DESCRIPTORS);
    let limit = raise_descriptor_limit();
    if needed > limit { Err(BenchError::Descriptors { needed, limit }) } else { Ok(()) }
}

/// Keeps the calling thread, and what it starts from now on, on one processor.
pub(crate) fn pin(cpu: usize) -> Result<(), BenchError> {
    let mut set = CpuSet::new();
    set.set(cpu);
    sched_setaffinity(None::<Pid>, &set)
        .map_err(io::Error::from)
        .map_err(system("can't pin to a processor (--pin needs two)"))
}
