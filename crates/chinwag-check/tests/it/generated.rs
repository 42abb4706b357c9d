//! Histories of a correct server are green, whatever their schedule; one seeded change makes them red.

use chinwag_check::history::{Attempt, Change, End, History, Kind, Logged, Outcome, Place, Scope, Session};
use chinwag_check::{FaultKind, check};
use proptest::prelude::*;

use crate::sample::{delivery, kinds, stamp};

/// One message: its sender, how many attempts get no answer, how long until it is stored, and how long the
/// answer takes after that.
#[derive(Clone, Debug)]
struct Wish {
    user: i64,
    unanswered: usize,
    storing: u64,
    answering: u64,
}

fn wish() -> impl Strategy<Value = Wish> {
    (1..4_i64, 0..3_usize, 1..500_u64, 1..500_u64).prop_map(|(user, unanswered, storing, answering)| Wish {
        user,
        unanswered,
        storing,
        answering,
    })
}

/// A correct server: it stores in the order of its own clock, answers afterwards, and serves each device in
/// adjoining stretches.
fn model(wishes: &[Wish], cuts: &[usize]) -> History {
    let mut clock = 0;
    // For each user's connection: nothing is stored before what was sent earlier.
    let mut stored_at: Vec<(u64, usize)> = Vec::new();
    let mut busy = [0_u64; 4];
    for (number, wish) in wishes.iter().enumerate() {
        clock += 100;
        let connection = &mut busy[wish.user as usize];
        *connection = (*connection + 1).max(clock + wish.storing);
        stored_at.push((*connection, number));
    }
    stored_at.sort_unstable();
    let mut history = History::default();
    let mut log = Vec::new();
    for ((at, number), seq) in stored_at.into_iter().zip(1..) {
        let wish = &wishes[number];
        let client_id = format!("k{number}");
        let content = 5000 + number as u64;
        let place = Place { seq, stamp: stamp(seq), message_id: seq };
        let invoked = (number as u64 + 1) * 100;
        let change = Change::Message { client_id: client_id.clone(), content };
        for attempt in 0..=wish.unanswered {
            let is_last = attempt == wish.unanswered;
            let at = at + wish.answering + 50 * attempt as u64;
            history.attempts.push(Attempt {
                attach: wish.user as u64 * 10 + attempt as u64,
                user: wish.user,
                conversation: 1,
                change: change.clone(),
                invoked: invoked + 10 * attempt as u64,
                outcome: if is_last { Outcome::Stored { at, place } } else { Outcome::Unknown },
            });
        }
        log.push(Logged {
            seq,
            stamp: stamp(seq),
            content,
            user: wish.user,
            message_id: seq,
            kind: Kind::Message(Some(client_id)),
        });
    }
    for user in 1..4 {
        let mut places: Vec<_> = cuts.iter().map(|cut| cut % (log.len() + 1)).collect();
        places.extend([0, log.len()]);
        places.sort_unstable();
        for (number, pair) in places.windows(2).enumerate() {
            let is_last = number + 2 == places.len();
            history.sessions.push(Session {
                attach: 1000 + user as u64 * 100 + number as u64,
                device: user as u32,
                user,
                conversation: 1,
                scope: if user == 3 { Scope::Messages } else { Scope::Everything },
                begun: 0,
                after: pair[0] as i64,
                deliveries: log[pair[0]..pair[1]].iter().map(delivery).collect(),
                end: if is_last { End::Settled(log.len() as i64) } else { End::Cut },
            });
        }
    }
    history.logs.insert(1, log);
    history.participants.insert(1, (1..4).collect());
    history
}

proptest! {
    #[test]
    fn a_correct_server_is_green(
        wishes in prop::collection::vec(wish(), 1..40),
        cuts in prop::collection::vec(any::<usize>(), 0..6),
    ) {
        let history = model(&wishes, &cuts);
        prop_assert_eq!(check(&history), []);
    }

    #[test]
    fn one_seeded_change_is_red(
        wishes in prop::collection::vec(wish(), 3..40),
        cuts in prop::collection::vec(any::<usize>(), 0..6),
        seed in any::<prop::sample::Index>(),
        mutation in 0..7_usize,
    ) {
        let mut history = model(&wishes, &cuts);
        // Only stretches of at least two deliveries can be broken.
        let long: Vec<_> = (0..history.sessions.len())
            .filter(|place| history.sessions[*place].deliveries.len() >= 2)
            .collect();
        prop_assume!(!long.is_empty());
        let session = long[seed.index(long.len())];
        let deliveries = &mut history.sessions[session].deliveries;
        let place = seed.index(deliveries.len() - 1);
        let expected = match mutation {
            // Drops one, but not the last of a cut stretch, which may rightly be missing.
            0 => { deliveries.remove(place); vec![FaultKind::Gap] }
            1 => { let again = deliveries[place]; deliveries.push(again); vec![FaultKind::Repeated] }
            2 => { deliveries.swap(place, place + 1); vec![FaultKind::OutOfOrder] }
            3 => { deliveries[place].content ^= 1; vec![FaultKind::Diverged] }
            4 => {
                // A forged message at the end of the log.
                let log = history.logs.get_mut(&1).unwrap();
                let seq = log.len() as i64 + 1;
                let kind = Kind::Message(Some("forged".to_owned()));
                log.push(Logged { seq, stamp: stamp(seq), content: 1, user: 1, message_id: seq, kind });
                vec![FaultKind::Phantom]
            }
            5 => {
                // Acknowledged early, and then never stored.
                let log = history.logs.get_mut(&1).unwrap();
                log.pop();
                vec![FaultKind::Lost]
            }
            _ => {
                // Stored twice.
                let log = history.logs.get_mut(&1).unwrap();
                let mut again = log[seed.index(log.len())].clone();
                again.seq = log.len() as i64 + 1;
                log.push(again);
                vec![FaultKind::Duplicate]
            }
        };
        let found = kinds(&history);
        prop_assert!(expected.iter().all(|kind| found.contains(kind)), "{expected:?} not in {found:?}");
    }
}
