//! Tells the operator why tokens are refused: the rule, but never the token or its content.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Each rule is logged at most once in this time, however many tokens it refuses.
const QUIET: Duration = Duration::from_secs(10);

/// When each rule was last logged, and how many tokens it refused since. There are about thirty rules.
#[derive(Default)]
pub(crate) struct Refusals {
    told: Mutex<HashMap<String, (Instant, u64)>>,
}

impl Refusals {
    /// Logs the rule that refused a token, unless it was logged recently.
    pub(crate) fn note(&self, rule: &str) {
        if let Some(others) = self.count(rule, Instant::now()) {
            tracing::warn!(others, "a token was refused: {rule}");
        }
    }

    /// How many refusals went unlogged since the last logged one; `None` if this one stays unlogged, too.
    fn count(&self, rule: &str, now: Instant) -> Option<u64> {
        match self.told.lock().entry(rule.to_owned()) {
            Entry::Vacant(first) => {
                first.insert((now, 0));
                Some(0)
            }
            Entry::Occupied(mut entry) => {
                let (told_at, others) = entry.get_mut();
                if now.duration_since(*told_at) < QUIET {
                    *others += 1;
                    return None;
                }
                *told_at = now;
                Some(std::mem::take(others))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_one_line_for_each_rule_and_then_a_count() {
        let (refusals, start) = (Refusals::default(), Instant::now());
        assert_eq!(refusals.count("expired", start), Some(0));
        for _ in 0..1000 {
            assert_eq!(refusals.count("expired", start + QUIET / 2), None);
        }
        assert_eq!(refusals.count("audience", start + QUIET / 2), Some(0));
        assert_eq!(refusals.count("expired", start + QUIET), Some(1000));
        assert_eq!(refusals.count("expired", start + 2 * QUIET), Some(0));
    }
}
