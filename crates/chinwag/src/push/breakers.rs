//! Bounds what one push service can cost: a few simultaneous calls per host, and after several failures in a
//! row none at all for a while, then a single one to try.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::back_off;

/// Simultaneous calls to one host.
const CALLS_PER_HOST: usize = 4;
/// Consecutive failures that open a host's breaker.
const FAILURES: u32 = 5;
/// The most hosts to remember besides those being called.
const MAX_HOSTS: usize = 1_024;

pub(super) struct Breakers {
    hosts: HashMap<String, Host>,
    first: Duration,
    most: Duration,
}

#[derive(Default)]
struct Host {
    calls: usize,
    failures: u32,
    closed_at: Option<Instant>,
}

/// What a call says about its host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Health {
    /// It works, whatever it answered.
    Fine,
    /// It does not answer, or answers with an error of its own.
    Failing,
}

impl Host {
    fn admits(&self, now: Instant) -> bool {
        let is_suspect = self.failures >= FAILURES;
        let is_open = self.closed_at.is_some_and(|closed_at| closed_at > now);
        !is_open && self.calls < if is_suspect { 1 } else { CALLS_PER_HOST }
    }
}

impl Breakers {
    /// A breaker stays open for `first`, and twice as long each further time, up to `most`.
    pub(super) fn new(first: Duration, most: Duration) -> Self {
        Self { hosts: HashMap::new(), first, most }
    }

    pub(super) fn admits(&self, host: &str, now: Instant) -> bool {
        self.hosts.get(host).is_none_or(|host| host.admits(now))
    }

    /// The hosts that must not be called now.
    pub(super) fn blocked(&self, now: Instant) -> Vec<String> {
        let blocked = self.hosts.iter().filter(|(_, host)| !host.admits(now));
        blocked.map(|(name, _)| name.clone()).collect()
    }

    /// When the next breaker closes.
    pub(super) fn next_close(&self, now: Instant) -> Option<Instant> {
        self.hosts.values().filter_map(|host| host.closed_at).filter(|closed_at| *closed_at > now).min()
    }

    pub(super) fn begin(&mut self, host: &str) {
        self.hosts.entry(host.to_owned()).or_default().calls += 1;
    }

    pub(super) fn end(&mut self, name: &str, health: Health, now: Instant) {
        let Some(host) = self.hosts.get_mut(name) else { return };
        host.calls = host.calls.saturating_sub(1);
        match health {
            Health::Fine => (host.failures, host.closed_at) = (0, None),
            Health::Failing => {
                host.failures = host.failures.saturating_add(1);
                if host.failures >= FAILURES {
                    host.closed_at = Some(now + back_off(self.first, self.most, host.failures - FAILURES));
                }
            }
        }
        let is_forgettable = |host: &Host| host.calls == 0 && host.failures == 0;
        if is_forgettable(host) {
            self.hosts.remove(name);
        }
        if self.hosts.len() > MAX_HOSTS {
            self.hosts.retain(|_, host| host.calls > 0 || host.closed_at.is_some_and(|at| at > now));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_secs(10);

    #[test]
    fn one_host_has_four_calls_at_once() {
        let (mut breakers, now) = (Breakers::new(FIRST, FIRST), Instant::now());
        for _ in 0..CALLS_PER_HOST {
            assert!(breakers.admits("a", now));
            breakers.begin("a");
        }
        assert!(!breakers.admits("a", now) && breakers.admits("b", now));
        assert_eq!(breakers.blocked(now), ["a"]);
        breakers.end("a", Health::Fine, now);
        assert!(breakers.admits("a", now));
    }

    #[test]
    fn failures_open_the_breaker_and_one_trial_closes_it() {
        let (mut breakers, now) = (Breakers::new(FIRST, FIRST), Instant::now());
        for _ in 0..FAILURES {
            assert!(breakers.admits("a", now));
            breakers.begin("a");
            breakers.end("a", Health::Failing, now);
        }
        assert!(!breakers.admits("a", now));
        assert!(breakers.next_close(now).is_some_and(|at| at <= now + FIRST));
        let later = now + FIRST;
        assert!(breakers.admits("a", later));
        breakers.begin("a");
        assert!(!breakers.admits("a", later), "one to try");
        breakers.end("a", Health::Failing, later);
        assert!(!breakers.admits("a", later));
        let later = later + FIRST;
        breakers.begin("a");
        breakers.end("a", Health::Fine, later);
        assert!(breakers.admits("a", later) && breakers.hosts.is_empty());
    }

    #[test]
    fn hosts_that_failed_long_ago_are_forgotten() {
        let (mut breakers, now) = (Breakers::new(FIRST, FIRST), Instant::now());
        for place in 0..5_000 {
            let name = format!("host-{place}");
            breakers.begin(&name);
            breakers.end(&name, Health::Failing, now);
        }
        assert!(breakers.hosts.len() <= MAX_HOSTS);
    }
}
