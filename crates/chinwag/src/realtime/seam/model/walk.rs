//! Random walks through a conversation too large to explore. In the end the network behaves, everybody comes
//! back, and has everything.

use proptest::prelude::*;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::*;

const LARGE: Rules = Rules { events: 60, inbox: 4, ring: 8, page: 3, removes: false, mistake: None };

/// Steps after which a settling world is going in circles.
const MAX_STEPS: usize = 100_000;

/// Continues at random. A fault happens once in this many steps in which it could.
fn walk(
    world: &mut World,
    rules: &Rules,
    random: &mut StdRng,
    steps: usize,
    calm: u32,
) -> Result<(), Violation> {
    for _ in 0..steps {
        let possible = world.steps(rules);
        world.check_quiet(&possible)?;
        let has_faults = random.random_ratio(1, calm);
        let is_fault = |step: &Step| matches!(step, Step::Crash | Step::Disconnect(_));
        let possible: Vec<_> = possible.into_iter().filter(|step| is_fault(step) == has_faults).collect();
        if !possible.is_empty() {
            let step = possible[random.random_range(0..possible.len())];
            world.take(rules, step, &mut |of| random.random_range(0..of))?;
        }
    }
    Ok(())
}

/// Continues without faults until nothing is left to do.
fn settle(world: &mut World, rules: &Rules, random: &mut StdRng) -> Result<(), Violation> {
    for _ in 0..MAX_STEPS {
        let mut possible = world.steps(rules);
        world.check_quiet(&possible)?;
        possible.retain(|step| !matches!(step, Step::Crash | Step::Disconnect(_)));
        if possible.is_empty() {
            return Ok(());
        }
        let step = possible[random.random_range(0..possible.len())];
        world.take(rules, step, &mut |of| random.random_range(0..of))?;
    }
    panic!("it never settles");
}

fn run(rules: &Rules, seed: u64, resuming: &[bool], steps: usize, calm: u32) -> Result<World, Violation> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut world = World::new(resuming, u8::MAX, 3);
    walk(&mut world, rules, &mut random, steps, calm)?;
    settle(&mut world, rules, &mut random)?;
    Ok(world)
}

proptest! {
    #[test]
    fn five_get_sixty_events_through_three_crashes(
        seed in any::<u64>(),
        resuming in prop::array::uniform5(any::<bool>()),
        steps in 0_usize..3000,
        calm in 2_u32..60,
    ) {
        let world = run(&LARGE, seed, &resuming, steps, calm).unwrap();
        prop_assert_eq!(world.head, Seq(LARGE.events));
        for client in &world.clients {
            prop_assert!(client.is_seated() && client.have == world.head);
        }
    }
}
