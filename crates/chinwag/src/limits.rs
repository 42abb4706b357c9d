//! Rate limits: a burst and a steady rate, for each key (a user, an address, an account).
//!
//! Uses the generic cell rate algorithm: one instant per key, no timers. Keys whose allowance is full again
//! are forgotten, so the table holds only recent ones.

mod attempts;

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

pub(crate) use attempts::{Attempt, Attempts, Held};

use crate::config::Rate;

/// The number of keys at the first clean-up.
const FIRST_CLEANUP: usize = 1024;

pub(crate) struct RateLimiter<K> {
    rate: Rate,
    is_enforced: bool,
    table: Mutex<Table<K>>,
}

struct Table<K> {
    /// When the key's allowance is full again.
    full_at: HashMap<K, Instant>,
    cleanup_at: usize,
}

/// The limit of one socket: no key, no lock.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Allowance {
    full_at: Option<Instant>,
}

impl<K: Eq + Hash> RateLimiter<K> {
    pub(crate) fn new(rate: Rate, is_enforced: bool) -> Self {
        let table = Table { full_at: HashMap::new(), cleanup_at: FIRST_CLEANUP };
        Self { rate, is_enforced, table: Mutex::new(table) }
    }

    /// Takes one unit of the key's allowance.
    ///
    /// # Errors
    /// How long until a unit is available. Nothing was taken.
    pub(crate) fn take<Q>(&self, key: &Q, now: Instant) -> Result<(), Duration>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ToOwned<Owned = K> + ?Sized,
    {
        if !self.is_enforced {
            return Ok(());
        }
        let mut table = self.table.lock();
        let full_at = table.full_at.get(key).copied();
        let taken = take(self.rate, full_at, now)?;
        table.full_at.insert(key.to_owned(), taken);
        table.clean_up(now);
        Ok(())
    }
}

impl<K: Eq + Hash> Table<K> {
    fn clean_up(&mut self, now: Instant) {
        if self.full_at.len() < self.cleanup_at {
            return;
        }
        self.full_at.retain(|_, full_at| *full_at > now);
        self.cleanup_at = (self.full_at.len() * 2).max(FIRST_CLEANUP);
    }
}

impl Allowance {
    /// Takes one unit, or returns how long to wait for it.
    pub(crate) fn take(&mut self, rate: Rate, now: Instant) -> Result<(), Duration> {
        self.full_at = Some(take(rate, self.full_at, now)?);
        Ok(())
    }
}

/// When the allowance is full again after one more unit is taken.
fn take(rate: Rate, full_at: Option<Instant>, now: Instant) -> Result<Instant, Duration> {
    let taken = full_at.map_or(now, |full_at| full_at.max(now)) + rate.every;
    let window = rate.every.saturating_mul(rate.burst);
    match taken.duration_since(now).checked_sub(window) {
        None | Some(Duration::ZERO) => Ok(taken),
        Some(wait) => Err(wait),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RATE: Rate = Rate { burst: 3, every: Duration::from_secs(1) };

    #[test]
    fn a_burst_passes_and_then_one_a_second() {
        let limiter = RateLimiter::<String>::new(RATE, true);
        let now = Instant::now();
        for _ in 0..3 {
            assert_eq!(limiter.take("a", now), Ok(()));
        }
        assert_eq!(limiter.take("a", now), Err(Duration::from_secs(1)));
        assert_eq!(limiter.take("b", now), Ok(()));
        assert_eq!(limiter.take("a", now + Duration::from_secs(1)), Ok(()));
    }

    #[test]
    fn keys_that_rested_are_forgotten() {
        let limiter = RateLimiter::<u64>::new(RATE, true);
        let now = Instant::now();
        for key in 0..10_000_u64 {
            let later = now + Duration::from_secs(key * 10);
            assert_eq!(limiter.take(&key, later), Ok(()));
        }
        assert!(limiter.table.lock().full_at.len() <= FIRST_CLEANUP);
    }

    proptest! {
        #[test]
        fn never_more_than_burst_plus_rate(gaps in proptest::collection::vec(0_u64..2_000, 1..200)) {
            let mut allowance = Allowance::default();
            let start = Instant::now();
            let (mut now, mut taken) = (start, 0_u128);
            for gap in gaps {
                now += Duration::from_millis(gap);
                if allowance.take(RATE, now).is_ok() {
                    taken += 1;
                }
                prop_assert!(taken <= 3 + now.duration_since(start).as_millis() / 1000);
            }
        }
    }
}
