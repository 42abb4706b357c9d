//! Latencies of millions of messages in constant space, and the spread of a few runs.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Buckets per octave: a recorded value is off by at most 1.6 %.
const BUCKETS: u64 = 1 << BUCKET_BITS;
const BUCKET_BITS: u32 = 6;
/// Enough for every `u64` of nanoseconds.
const ALL_BUCKETS: usize = 59 * 64;

/// A histogram of durations. Recording is one increment, which must cost nothing beside a socket read.
#[derive(Clone, Debug)]
pub(crate) struct Latencies {
    counts: Vec<u64>,
    total: u64,
}

/// The minimum, median and maximum of some runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// The minimum.
    pub min: f64,
    /// The median: the middle value, or the mean of the two in the middle.
    pub median: f64,
    /// The maximum.
    pub max: f64,
}

impl Latencies {
    pub(crate) fn new() -> Self {
        Self { counts: vec![0; ALL_BUCKETS], total: 0 }
    }

    /// How many were recorded.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    pub(crate) fn record(&mut self, duration: Duration) {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        if let Some(count) = self.counts.get_mut(bucket(nanos)) {
            *count += 1;
            self.total += 1;
        }
    }

    /// Adds the values of another one.
    pub(crate) fn add(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.total += other.total;
    }

    /// The value that `percent` of all values do not exceed; `None` if there are none.
    pub(crate) fn percentile(&self, percent: u64) -> Option<Duration> {
        let rank = (self.total * percent).div_ceil(100).max(1);
        let mut seen = 0;
        for (place, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return Some(Duration::from_nanos(middle(place)));
            }
        }
        None
    }

    /// The percentile in microseconds; zero if nothing was recorded.
    pub(crate) fn micros(&self, percent: u64) -> f64 {
        self.percentile(percent).map_or(0.0, |duration| duration.as_secs_f64() * 1e6)
    }
}

/// Each value below 128 has a bucket; above, every octave has 64.
fn bucket(nanos: u64) -> usize {
    let shift = nanos.max(1).ilog2().saturating_sub(BUCKET_BITS);
    usize::try_from(u64::from(shift) * BUCKETS + (nanos >> shift)).unwrap_or(usize::MAX)
}

fn middle(bucket: usize) -> u64 {
    let bucket = u64::try_from(bucket).unwrap_or(u64::MAX);
    if bucket < 2 * BUCKETS {
        return bucket;
    }
    let shift = bucket / BUCKETS - 1;
    let lowest = (bucket - shift * BUCKETS) << shift;
    lowest + (1 << shift) / 2
}

impl Spread {
    /// The spread of these values; `None` if there are none.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let (low, high) = (sorted.get((sorted.len() - 1) / 2)?, sorted.get(sorted.len() / 2)?);
        Some(Self { min, median: f64::midpoint(*low, *high), max })
    }
}

#[cfg(test)]
mod tests {
    // A failed expectation is the point of a test.
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_bucket_is_never_far_from_its_values() {
        for shift in 0..63 {
            for nanos in [1_u64 << shift, (1 << shift) + (1 << shift) / 3, (2 << shift) - 1] {
                let found = middle(bucket(nanos));
                assert!(found.abs_diff(nanos) <= nanos / 60, "{nanos} became {found}");
            }
        }
        assert!(bucket(u64::MAX) < ALL_BUCKETS);
    }

    #[test]
    fn buckets_grow_with_their_values() {
        let mut last = 0;
        for nanos in 0..100_000 {
            let place = bucket(nanos);
            assert!(place == last || place == last + 1, "{nanos}");
            last = place;
        }
    }

    #[test]
    fn percentiles_count_values_not_buckets() {
        let mut latencies = Latencies::new();
        assert_eq!(latencies.percentile(50), None);
        for nanos in 1..=100 {
            latencies.record(Duration::from_nanos(nanos));
        }
        assert_eq!(latencies.percentile(50), Some(Duration::from_nanos(50)));
        assert_eq!(latencies.percentile(99), Some(Duration::from_nanos(99)));
        assert_eq!(latencies.percentile(100), Some(Duration::from_nanos(100)));
        latencies.add(&latencies.clone());
        assert_eq!((latencies.total(), latencies.percentile(50)), (200, Some(Duration::from_nanos(50))));
    }

    #[test]
    fn the_spread_of_an_even_number_has_a_mean_in_the_middle() {
        assert_eq!(Spread::of(&[3.0, 1.0, 2.0, 4.0]), Some(Spread { min: 1.0, median: 2.5, max: 4.0 }));
        assert_eq!(Spread::of(&[7.0]), Some(Spread { min: 7.0, median: 7.0, max: 7.0 }));
        assert_eq!(Spread::of(&[]), None);
    }
}
