//! A small correct history, for tests to break.

use chinwag_check::history::{
    Attempt, Belief, Change, Delivery, End, History, Kind, Logged, Mark, Outcome, Place, Scope, Session,
};
use chinwag_check::{FaultKind, WITHHELD, check};

pub(crate) const ROOM: i64 = 1;
/// Takes part from the beginning, and never leaves.
pub(crate) const ANN: i64 = 11;
pub(crate) const BEN: i64 = 12;
/// Takes part until event 4 removes them.
pub(crate) const EVE: i64 = 13;

pub(crate) fn stamp(seq: i64) -> u64 {
    1000 + seq as u64
}

pub(crate) fn delivery(logged: &Logged) -> Delivery {
    Delivery { seq: logged.seq, stamp: logged.stamp, content: logged.content }
}

pub(crate) fn message(seq: i64, user: i64) -> Logged {
    let kind = Kind::Message(Some(format!("k{seq}")));
    Logged { seq, stamp: stamp(seq), content: 100 + seq as u64, user, message_id: seq, kind }
}

pub(crate) fn acknowledged(logged: &Logged, invoked: u64, at: u64) -> Attempt {
    let place = Place { seq: logged.seq, stamp: logged.stamp, message_id: logged.seq };
    Attempt {
        attach: logged.user as u64,
        user: logged.user,
        conversation: ROOM,
        change: Change::Message { client_id: format!("k{}", logged.seq), content: logged.content },
        invoked,
        outcome: Outcome::Stored { at, place },
    }
}

pub(crate) fn session(attach: u64, user: i64, scope: Scope, after: i64, end: End) -> Session {
    let device = user as u32;
    Session { attach, device, user, conversation: ROOM, scope, begun: 0, after, deliveries: Vec::new(), end }
}

/// Ann and Ben talk; Eve is removed; Ann's socket is cut once and resumes; Ben uses the original's client.
pub(crate) fn clean() -> History {
    let mut log: Vec<_> = (1..=6).map(|seq| message(seq, if seq % 2 == 1 { ANN } else { BEN })).collect();
    log[3].kind = Kind::Removed(EVE);
    let mut history = History::default();
    for event in log.iter().filter(|event| matches!(event.kind, Kind::Message(_))) {
        let begun = event.seq as u64 * 100;
        history.attempts.push(acknowledged(event, begun, begun + 50));
    }
    // The first answer to this one was lost.
    let mut unanswered = history.attempts[0].clone();
    unanswered.outcome = Outcome::Unknown;
    unanswered.invoked -= 10;
    history.attempts.insert(0, unanswered);

    let mut first = session(1, ANN, Scope::Everything, 0, End::Cut);
    first.deliveries = log[..2].iter().map(delivery).collect();
    let mut second = session(2, ANN, Scope::Everything, 2, End::Settled(6));
    second.deliveries = log[2..].iter().map(delivery).collect();
    let mut original = session(3, BEN, Scope::Messages, 2, End::Settled(6));
    original.deliveries = [1, 2, 4, 5].map(|place| delivery(&log[place])).to_vec();
    let mut removed = session(4, EVE, Scope::Everything, 0, End::Cut);
    removed.deliveries = log[..3].iter().map(delivery).collect();
    history.sessions = vec![first, second, original, removed];
    history.logs.insert(ROOM, log);
    history.participants.insert(ROOM, [ANN, BEN, EVE].into());
    history.marks = [1, 3, 6].map(|read| Mark { attach: 2, conversation: ROOM, user: BEN, read }).to_vec();
    history.beliefs = ["ann", "ben"]
        .map(|observer| Belief {
            observer: observer.to_owned(),
            subject: "message 1".to_owned(),
            value: "edited".to_owned(),
        })
        .to_vec();
    history
}

/// Ann deletes the message at 3, whose text Ann's own device had; Ben's new device comes later.
pub(crate) fn clean_with_deletion() -> History {
    let mut history = clean();
    let mut deletion = message(7, ANN);
    (deletion.kind, deletion.message_id) = (Kind::Deleted, 3);
    let mut attempt = acknowledged(&deletion, 700, 750);
    attempt.change = Change::Other;
    history.attempts.push(attempt);
    history.sessions[1].deliveries.push(delivery(&deletion));
    history.sessions[1].end = End::Settled(7);
    let log = history.logs.get_mut(&ROOM).unwrap();
    log.push(deletion);
    log[2].content = WITHHELD;
    let mut late = session(5, BEN, Scope::Everything, 0, End::Settled(7));
    late.begun = 800;
    late.deliveries = log.iter().map(delivery).collect();
    history.sessions.push(late);
    history
}

pub(crate) fn kinds(history: &History) -> Vec<FaultKind> {
    let mut kinds: Vec<_> = check(history).into_iter().map(|fault| fault.kind).collect();
    kinds.sort();
    kinds.dedup();
    kinds
}
