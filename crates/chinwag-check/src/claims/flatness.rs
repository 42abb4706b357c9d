//! Judges whether a process's memory stays flat while the same thing repeats. It sees numbers only.
//!
//! An allocator grows at any time, for example when it first touches a page or a thread gets an arena. It
//! pays for that once; a leak costs memory at every repeat. So the median rise from one repeat to the next
//! counts, not the largest, and of the total only what no allocator explains.

/// The median height of a repeat while it runs, however long it is.
const MAX_HEIGHT_MIB: f64 = 16.0;
/// Total growth over all repeats, including what is paid once.
const MAX_GROWTH_MIB: f64 = 48.0;
/// The median that may stay of one event: less than the smallest event has.
const LEFT_BYTES: f64 = 64.0;
/// The median that may stay of a repeat: a few pages.
const LEFT_MIB: f64 = 0.25;
const MIB: f64 = 1024.0 * 1024.0;

/// Resident memory around one repeat, in MiB.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Round {
    pub before: f64,
    pub peak: f64,
    pub after: f64,
}

/// Says why memory is not flat over these repeats of `events` each; `None` if it is flat.
pub(crate) fn problem(rounds: &[Round], events: usize) -> Option<String> {
    let heights = rounds.iter().map(|round| round.peak - round.before);
    if let Some(height) = median(heights).filter(|height| *height > MAX_HEIGHT_MIB) {
        return Some(format!("the server needs {height:.1} MiB for each resume of {events} events"));
    }
    let rises = rounds.iter().zip(rounds.iter().skip(1)).map(|(one, next)| next.after - one.after);
    let left = (events as f64 * LEFT_BYTES / MIB).max(LEFT_MIB);
    if let Some(rise) = median(rises).filter(|rise| *rise > left) {
        return Some(format!("the server keeps {rise:.2} MiB of each resume of {events} events"));
    }
    let highest = rounds.iter().map(|round| round.peak).fold(f64::MIN, f64::max);
    let growth = highest - rounds.first()?.before;
    (growth > MAX_GROWTH_MIB).then(|| {
        format!("the server grew by {growth:.1} MiB over {} resumes of {events} events", rounds.len())
    })
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    // The tests index only what they made.
    #![allow(clippy::indexing_slicing)]

    use proptest::prelude::*;

    use super::*;

    /// Repeats that each leave this many MiB behind, and need `height` while they run.
    fn rounds(rises: &[f64], height: f64) -> Vec<Round> {
        let mut after = 40.0;
        let round = |rise: &f64| {
            let before = after;
            after += rise;
            Round { before, peak: before.max(after) + height, after }
        };
        rises.iter().map(round).collect()
    }

    #[test]
    fn what_is_paid_once_is_no_leak() {
        for rises in [
            [0.0; 8],
            [20.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            [4.0, 0.1, 6.0, 0.0, 0.2, 9.0, 0.0, 0.0],
            [2.0, -2.0, 5.0, 0.0, -4.0, 3.0, 0.0, 0.1],
        ] {
            assert_eq!(problem(&rounds(&rises, 3.0), 10_000), None, "{rises:?}");
        }
    }

    #[test]
    fn what_stays_of_each_is_a_leak() {
        // One page of text leaks for each page sent, as in `keep-replays`, among an allocator's steps.
        for rises in [[2.6; 8], [9.0, 2.6, 2.1, 6.0, 2.6, 0.0, 2.9, 2.6]] {
            let found = problem(&rounds(&rises, 3.0), 10_000);
            assert!(found.as_ref().is_some_and(|found| found.contains("keeps")), "{rises:?}: {found:?}");
        }
    }

    #[test]
    fn a_log_that_is_held_whole_is_found_whether_it_is_given_back_or_not() {
        assert!(problem(&rounds(&[0.0; 8], 50.0), 100_000).is_some());
        let kept = rounds(&[60.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], 1.0);
        assert!(problem(&kept, 100_000).is_some());
    }

    proptest! {
        #[test]
        fn a_leak_is_found_in_any_noise_that_is_seldom(
            steps in proptest::collection::vec((0_usize..8, 0.0..5.0_f64), 0..3),
            leak in 1.0..6.0_f64,
        ) {
            let with = |leak: f64| {
                let mut rises = [leak; 8];
                for (place, step) in &steps {
                    rises[*place] += step;
                }
                problem(&rounds(&rises, 3.0), 10_000)
            };
            prop_assert_eq!(with(0.0), None);
            prop_assert!(with(leak).is_some());
        }
    }
}
