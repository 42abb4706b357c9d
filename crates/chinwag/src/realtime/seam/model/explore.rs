//! Every interleaving of a small conversation, breadth first, so that the first violation found is a shortest
//! one.

// The number of states is what a person who runs this wants to see.
#![allow(clippy::print_stdout)]

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::*;

const SMALL: Rules = Rules { events: 3, inbox: 2, ring: 2, page: 2, removes: false, mistake: None };

/// A violation and the steps to it.
struct Found {
    violation: Violation,
    steps: Vec<Step>,
}

/// Whether states that differ only in which of two equal clients is which count as one. That halves their
/// number, but the steps to a violation then mix the two clients' names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Numbers {
    Kept,
    Traded,
}

/// Visits every state that can be reached. Returns how many there are.
fn explore(start: World, rules: &Rules, numbers: Numbers) -> Result<usize, Found> {
    // Each state, with the previous one and the step between: this is both the queue and the memory.
    let mut seen = IndexMap::from([(start, None)]);
    let mut at = 0;
    while let Some((world, _)) = seen.get_index(at) {
        let world = world.clone();
        let steps = world.steps(rules);
        if let Err(violation) = world.check_quiet(&steps) {
            return Err(Found { violation, steps: path(&seen, at, None) });
        }
        for step in steps {
            let mut picks = Picks::default();
            loop {
                let mut next = world.clone();
                let taken = next.take(rules, step, &mut |of| picks.pick(of));
                if let Err(violation) = taken {
                    return Err(Found { violation, steps: path(&seen, at, Some(step)) });
                }
                if numbers == Numbers::Traded {
                    next.clients.sort_by_cached_key(|client| (client.resumes, hash(client)));
                }
                seen.entry(next).or_insert(Some((at, step)));
                if !picks.advance() {
                    break;
                }
            }
        }
        at += 1;
    }
    Ok(seen.len())
}

fn hash(client: &Client) -> u64 {
    let mut hasher = DefaultHasher::new();
    client.hash(&mut hasher);
    hasher.finish()
}

fn path(seen: &IndexMap<World, Option<(usize, Step)>>, mut at: usize, last: Option<Step>) -> Vec<Step> {
    let mut steps = Vec::from_iter(last);
    while let Some((before, step)) = seen[at] {
        steps.push(step);
        at = before;
    }
    steps.reverse();
    steps
}

/// Tries every combination of answers, one after the other.
#[derive(Default)]
struct Picks {
    /// Each pick, and the number of choices.
    made: Vec<(usize, usize)>,
    at: usize,
}

impl Picks {
    fn pick(&mut self, of: usize) -> usize {
        if self.at == self.made.len() {
            self.made.push((0, of));
        }
        self.at += 1;
        self.made[self.at - 1].0
    }

    /// Goes to the next combination. False after the last.
    fn advance(&mut self) -> bool {
        self.at = 0;
        while let Some((pick, of)) = self.made.pop() {
            if pick + 1 < of {
                self.made.push((pick + 1, of));
                return true;
            }
        }
        false
    }
}

fn assert_holds(resuming: [bool; 2]) {
    assert_holds_by(&SMALL, World::new(&resuming, 2, 1));
}

fn assert_holds_by(rules: &Rules, start: World) {
    let resuming: Vec<_> = start.clients.iter().map(|client| client.resumes).collect();
    if let Ok(states) = explore(start.clone(), rules, Numbers::Traded) {
        // Shown by --nocapture.
        println!("{states} states, {resuming:?}");
        return;
    }
    let Err(Found { violation, steps }) = explore(start, rules, Numbers::Kept) else { return };
    panic!("{violation:?} after {steps:#?}");
}

#[test]
fn two_who_resume_miss_nothing_and_get_nothing_twice() {
    assert_holds([true, true]);
}

#[test]
fn two_of_whom_one_begins_anew_miss_nothing_and_get_nothing_twice() {
    assert_holds([true, false]);
}

#[test]
fn who_is_removed_gets_nothing_from_there_on_and_the_others_everything() {
    let rules = Rules { removes: true, ..SMALL };
    assert_holds_by(&rules, World::new(&[true, true], 1, 0));
    assert_holds_by(&rules, World::new(&[false, false], 1, 0));
}

#[test]
fn every_mistake_about_removals_is_found() {
    for mistake in [Mistake::AsksTwice, Mistake::AsksOnce] {
        let rules = Rules { events: 4, removes: true, mistake: Some(mistake), ..SMALL };
        let result = explore(World::new(&[true, true], 1, 0), &rules, Numbers::Kept);
        let Err(Found { violation, steps }) = result else { panic!("{mistake:?} goes unnoticed") };
        assert!(matches!(violation, Violation::Overhears { .. }), "{mistake:?}: {violation:?}");
        println!("{mistake:?}: {violation:?} after {} steps: {steps:?}", steps.len());
    }
}

#[test]
fn every_mistake_is_found() {
    let mistakes = [
        Mistake::HoldsAfterReading,
        Mistake::ReplaysPastHead,
        Mistake::JoinsEarly,
        Mistake::JoinsLate,
        Mistake::LivesEarly,
        Mistake::LivesLate,
        Mistake::ForgetsBehind,
        Mistake::Overtakes,
        Mistake::IgnoresHole,
        Mistake::LetsSleep,
        Mistake::WritesToBehind,
    ];
    for mistake in mistakes {
        let rules = Rules { mistake: Some(mistake), ..SMALL };
        let result = explore(World::new(&[true, true], 2, 1), &rules, Numbers::Kept);
        let Err(Found { violation, steps }) = result else { panic!("{mistake:?} goes unnoticed") };
        println!("{mistake:?}: {violation:?} after {} steps: {steps:?}", steps.len());
    }
}
