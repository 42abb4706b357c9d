//! What the operating system says about a process: its CPU time and its memory.

use std::fs;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// The CPU time of a process so far, user and system, including threads that have ended. The kernel counts in
/// ticks of 10 ms: measure over seconds.
pub(crate) fn cpu(pid: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    cpu_ticks(&stat)
        .map(|ticks| Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64))
}

/// Resident memory of a process, in bytes; `None` if it is on another machine.
#[must_use]
pub fn resident(pid: u32) -> Option<u64> {
    field_kib(&fs::read_to_string(format!("/proc/{pid}/status")).ok()?, "VmRSS:").map(|kib| kib * 1024)
}

/// The kernel's own memory: slabs, page tables and stacks of the whole machine, in bytes.
pub(crate) fn kernel_memory() -> Option<u64> {
    let meminfo = fs::read_to_string("/proc/meminfo").ok()?;
    let parts = ["Slab:", "PageTables:", "KernelStack:"];
    parts.iter().map(|name| field_kib(&meminfo, name)).sum::<Option<u64>>().map(|kib| kib * 1024)
}

/// Memory that the machine still has available, in bytes.
pub(crate) fn available_memory() -> Option<u64> {
    field_kib(&fs::read_to_string("/proc/meminfo").ok()?, "MemAvailable:").map(|kib| kib * 1024)
}

/// The memory in the buffers of all TCP sockets of the machine, in bytes.
pub(crate) fn socket_memory() -> Option<u64> {
    let page = u64::try_from(rustix::param::page_size()).ok()?;
    tcp_pages(&fs::read_to_string("/proc/net/sockstat").ok()?).map(|pages| pages * page)
}

/// `TCP: inuse 5 orphan 0 tw 1 alloc 6 mem 3`
fn tcp_pages(sockstat: &str) -> Option<u64> {
    let line = sockstat.lines().find_map(|line| line.strip_prefix("TCP:"))?;
    line.split_whitespace().skip_while(|word| *word != "mem").nth(1)?.parse().ok()
}

/// CPU time of the calling thread so far.
pub(crate) fn thread_cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// Fields 14 and 15 of `/proc/PID/stat`. The second field is a name that may contain anything.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

fn field_kib(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_is_read_behind_any_name() {
        let stat = "12 (a ) b) S 1 12 12 0 -1 4194560 900 0 0 0 150 25 0 0 20 0 3 0 1 2 3";
        assert_eq!(cpu_ticks(stat), Some(175));
        assert_eq!(cpu_ticks("12 (cut"), None);
    }

    #[test]
    fn this_process_has_memory_and_time() {
        let pid = std::process::id();
        assert!(resident(pid).is_some_and(|bytes| bytes > 100_000));
        assert!(cpu(pid).is_some());
        assert!(kernel_memory().is_some_and(|bytes| bytes > 0));
        assert!(available_memory().is_some_and(|bytes| bytes > 0));
        assert!(socket_memory().is_some());
    }

    #[test]
    fn pages_of_sockets_are_found() {
        let sockstat = "sockets: used 9\nTCP: inuse 5 orphan 0 tw 1 alloc 6 mem 3\nUDP: inuse 0 mem 7\n";
        assert_eq!(tcp_pages(sockstat), Some(3));
    }
}
