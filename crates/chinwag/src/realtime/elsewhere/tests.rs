//! Nodes that lose frames of each other know the same people in the end.

// A failed expectation is the point of a test.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use proptest::prelude::*;

use super::*;
use crate::bus::Exchange;

struct Side {
    elsewhere: Elsewhere,
    exchange: Exchange,
    count: u64,
}

impl Side {
    fn new() -> Self {
        let (bus, exchange) = Bus::shared();
        Self { elsewhere: Elsewhere::new(bus), exchange: exchange.unwrap(), count: 0 }
    }

    fn frames(&mut self) -> Vec<Frame> {
        self.exchange.frames(&mut self.count)
    }
}

fn people(people: &People) -> Vec<(UserId, Vec<ConversationId>)> {
    let mut all: Vec<_> = people
        .0
        .iter()
        .map(|(user_id, visitor)| {
            let mut conversations: Vec<_> = visitor.conversations.iter().copied().collect();
            conversations.sort_unstable();
            (*user_id, conversations)
        })
        .collect();
    all.sort_unstable();
    all
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Arrive(i64),
    Depart(i64),
    Enter(i64, i64),
    Leave(i64, i64),
    Carry { is_lost: bool },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..4_i64).prop_map(Step::Arrive),
        (0..4_i64).prop_map(Step::Depart),
        (0..4_i64, 0..4_i64).prop_map(|(id, user)| Step::Enter(id, user)),
        (0..4_i64, 0..4_i64).prop_map(|(id, user)| Step::Leave(id, user)),
        any::<bool>().prop_map(|is_lost| Step::Carry { is_lost }),
    ]
}

proptest! {
    #[test]
    fn whatever_is_lost_two_nodes_agree_after_the_next_signs_of_life(steps in prop::collection::vec(step(), 0..60)) {
        let now = Instant::now();
        let (mut here, mut there) = (Side::new(), Side::new());
        let name: Arc<str> = "somebody".into();
        // What the other side was told by effects.
        let mut present: HashSet<(ConversationId, UserId)> = HashSet::new();
        let mut note = |effects: Vec<Effect>| {
            for effect in effects {
                match effect {
                    Effect::Entered(id, user_id, _) => assert!(present.insert((id, user_id)), "joins twice"),
                    Effect::Left(id, user_id, _) => assert!(present.remove(&(id, user_id)), "leaves twice"),
                    _ => {}
                }
            }
        };
        for step in steps {
            match step {
                Step::Arrive(user) => here.elsewhere.arrive(UserId(user), &name),
                Step::Depart(user) => here.elsewhere.depart(UserId(user)),
                Step::Enter(id, user) => {
                    here.elsewhere.enter(ConversationId(id), UserId(user));
                }
                Step::Leave(id, user) => {
                    here.elsewhere.leave(ConversationId(id), UserId(user));
                }
                Step::Carry { is_lost } => {
                    let frames = here.frames();
                    for frame in frames.into_iter().filter(|_| !is_lost) {
                        note(there.elsewhere.hear(frame, now));
                    }
                    for frame in there.frames().into_iter().filter(|_| !is_lost) {
                        here.elsewhere.hear(frame, now);
                    }
                }
            }
        }
        // A sign of life, the question, and the roll.
        for _ in 0..2 {
            here.elsewhere.beat(now);
            for frame in here.frames() {
                note(there.elsewhere.hear(frame, now));
            }
            for frame in there.frames() {
                here.elsewhere.hear(frame, now);
            }
        }
        let (own, known) = (here.elsewhere.known.lock(), there.elsewhere.known.lock());
        let seen = &known.nodes[&here.elsewhere.bus.node].people;
        prop_assert_eq!(people(&own.own), people(seen));
        let told: HashSet<_> = people(seen)
            .into_iter()
            .flat_map(|(user_id, ids)| ids.into_iter().map(move |id| (id, user_id)))
            .collect();
        prop_assert_eq!(present, told);
    }
}

#[test]
fn the_people_of_a_silent_node_leave_first_and_are_away_later() {
    let begun = Instant::now();
    let after = |seconds| begun + Duration::from_secs(seconds);
    let (mut gone, watcher) = (Side::new(), Side::new());
    let (user, id, name) = (UserId(1), ConversationId(2), Arc::<str>::from("ann"));
    gone.elsewhere.arrive(user, &name);
    gone.elsewhere.enter(id, user);
    let heard: Vec<Effect> =
        gone.frames().into_iter().flat_map(|frame| watcher.elsewhere.hear(frame, begun)).collect();
    assert_eq!(heard, [Effect::Moved(user), Effect::Entered(id, user, Arc::clone(&name))]);
    assert_eq!(watcher.elsewhere.beat(after(4)), []);
    assert!(watcher.elsewhere.is_here(user));
    assert_eq!(watcher.elsewhere.beat(after(5)), [Effect::Left(id, user, name)]);
    assert!(watcher.elsewhere.is_here(user), "they may come back elsewhere");
    assert_eq!(watcher.elsewhere.beat(after(19)), []);
    assert_eq!(watcher.elsewhere.beat(after(20)), [Effect::Departed(user)]);
    assert!(!watcher.elsewhere.is_here(user));
    assert_eq!(watcher.elsewhere.beat(after(30)), []);
}
