//! Limits failures: a burst and a steady rate, for each key.
//!
//! An attempt in progress counts as a failure, so that parallel guesses gain nothing. Once it ends without
//! failing, it no longer counts, and waiting attempts check again.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use super::{FIRST_CLEANUP, take};
use crate::config::Rate;

pub(crate) struct Attempts<K> {
    rate: Rate,
    is_enforced: bool,
    table: Mutex<Table<K>>,
    ended: Notify,
}

struct Table<K> {
    keys: HashMap<K, Tries>,
    cleanup_at: usize,
}

#[derive(Clone, Copy)]
struct Tries {
    /// When all failures are forgotten.
    full_at: Instant,
    under_way: u32,
}

/// Why an attempt can't begin, and after how long it can at the latest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    /// Too many attempts failed.
    ByFailures(Duration),
    /// Too many would have failed if those in progress fail.
    ByOthers(Duration),
}

impl Held {
    pub(crate) fn at_most(self) -> Duration {
        let (Self::ByFailures(wait) | Self::ByOthers(wait)) = self;
        wait
    }
}

/// An attempt in progress. If it is dropped, it counts for nothing.
pub(crate) struct Attempt<K: Clone + Eq + Hash> {
    of: Arc<Attempts<K>>,
    key: K,
    has_failed: bool,
}

impl<K: Clone + Eq + Hash> Attempts<K> {
    pub(crate) fn new(rate: Rate, is_enforced: bool) -> Arc<Self> {
        let table = Table { keys: HashMap::new(), cleanup_at: FIRST_CLEANUP };
        Arc::new(Self { rate, is_enforced, table: Mutex::new(table), ended: Notify::new() })
    }

    /// Begins an attempt.
    ///
    /// # Errors
    /// If there were too many. A refused attempt does not count.
    pub(crate) fn begin(self: &Arc<Self>, key: &K, now: Instant) -> Result<Attempt<K>, Held> {
        if self.is_enforced {
            let mut table = self.table.lock();
            let tries = table.keys.get(key).copied().unwrap_or(Tries { full_at: now, under_way: 0 });
            take(self.rate, Some(tries.full_at), now).map_err(Held::ByFailures)?;
            let others = self.rate.every.saturating_mul(tries.under_way);
            take(self.rate, Some(tries.full_at.max(now) + others), now).map_err(Held::ByOthers)?;
            table.keys.insert(key.clone(), Tries { under_way: tries.under_way + 1, ..tries });
            table.clean_up(now);
        }
        Ok(Attempt { of: Arc::clone(self), key: key.clone(), has_failed: false })
    }

    /// Learns that failures of this key are remembered until then, which others have counted.
    pub(crate) fn learn(&self, key: &K, full_at: Instant) {
        let mut table = self.table.lock();
        let tries = table.keys.entry(key.clone()).or_insert(Tries { full_at, under_way: 0 });
        tries.full_at = tries.full_at.max(full_at);
    }

    /// Resolves when the next attempt of any key ends. If it is created before `begin` is called, it misses
    /// none.
    pub(crate) fn ended(&self) -> Notified<'_> {
        self.ended.notified()
    }

    fn end(&self, key: &K, has_failed: bool, now: Instant) {
        if !self.is_enforced {
            return;
        }
        let mut table = self.table.lock();
        if let Some(tries) = table.keys.get_mut(key) {
            tries.under_way = tries.under_way.saturating_sub(1);
            if has_failed {
                tries.full_at = tries.full_at.max(now) + self.rate.every;
            }
            if tries.is_over(now) {
                table.keys.remove(key);
            }
        }
        drop(table);
        self.ended.notify_waiters();
    }
}

impl Tries {
    fn is_over(self, now: Instant) -> bool {
        self.under_way == 0 && self.full_at <= now
    }
}

impl<K: Eq + Hash> Table<K> {
    fn clean_up(&mut self, now: Instant) {
        if self.keys.len() < self.cleanup_at {
            return;
        }
        self.keys.retain(|_, tries| !tries.is_over(now));
        self.cleanup_at = (self.keys.len() * 2).max(FIRST_CLEANUP);
    }
}

impl<K: Clone + Eq + Hash> Attempt<K> {
    /// What it counts for.
    pub(crate) fn key(&self) -> &K {
        &self.key
    }

    /// Ends the attempt as a failure.
    pub(crate) fn fail(mut self) {
        self.has_failed = true;
    }
}

impl<K: Clone + Eq + Hash> Drop for Attempt<K> {
    fn drop(&mut self) {
        self.of.end(&self.key, self.has_failed, Instant::now());
    }
}

#[cfg(test)]
mod tests {
    // A failed expectation is the point of a test.
    #![allow(clippy::unwrap_used)]

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);
    const RATE: Rate = Rate { burst: 2, every: MINUTE };

    #[test]
    fn what_succeeds_costs_nothing_once_it_is_over() {
        let attempts = Attempts::<&str>::new(RATE, true);
        let now = Instant::now();
        for _ in 0..5 {
            let (_first, _second) =
                (attempts.begin(&"a", now).ok().unwrap(), attempts.begin(&"a", now).ok().unwrap());
            assert_eq!(attempts.begin(&"a", now).err(), Some(Held::ByOthers(MINUTE)));
            assert!(attempts.begin(&"b", now).is_ok());
        }
        assert!(attempts.table.lock().keys.is_empty());
    }

    #[test]
    fn failures_count_until_they_are_forgotten() {
        let attempts = Attempts::<&str>::new(RATE, true);
        attempts.begin(&"a", Instant::now()).ok().unwrap().fail();
        attempts.begin(&"a", Instant::now()).ok().unwrap().fail();
        let now = Instant::now();
        assert!(matches!(attempts.begin(&"a", now), Err(Held::ByFailures(wait)) if wait <= MINUTE));
        let later = attempts.begin(&"a", now + MINUTE).ok().unwrap();
        assert!(matches!(attempts.begin(&"a", now + MINUTE), Err(Held::ByOthers(_))));
        drop(later);
        assert!(attempts.begin(&"a", now + MINUTE).is_ok());
    }

    #[test]
    fn failures_that_others_have_counted_count() {
        let attempts = Attempts::<&str>::new(RATE, true);
        attempts.begin(&"a", Instant::now()).ok().unwrap().fail();
        let now = Instant::now();
        attempts.learn(&"a", now + MINUTE / 2);
        assert!(attempts.begin(&"a", now).is_ok(), "it knew of more");
        attempts.learn(&"a", now + 2 * MINUTE);
        assert_eq!(attempts.begin(&"a", now).err(), Some(Held::ByFailures(MINUTE)));
    }

    #[tokio::test]
    async fn whoever_waits_hears_of_an_end_that_comes_before_they_sleep() {
        let attempts = Attempts::<&str>::new(RATE, true);
        let attempt = attempts.begin(&"a", Instant::now()).ok().unwrap();
        let ended = attempts.ended();
        drop(attempt);
        ended.await;
    }
}
