//! Each kind of fault, made by hand.

use chinwag_check::FaultKind;
use chinwag_check::history::{Change, End, History, Kind, Outcome, Scope};

use crate::sample::{
    ANN, BEN, EVE, ROOM, clean, clean_with_deletion, delivery, kinds, message, session, stamp,
};

#[track_caller]
fn assert_found(kind: FaultKind, change: impl FnOnce(&mut History)) {
    assert_found_in(clean(), kind, change);
}

#[track_caller]
fn assert_found_in(mut history: History, kind: FaultKind, change: impl FnOnce(&mut History)) {
    change(&mut history);
    let found = kinds(&history);
    assert!(found.contains(&kind), "{kind:?} is not among {found:?}");
}

fn log(history: &mut History) -> &mut Vec<chinwag_check::history::Logged> {
    history.logs.get_mut(&ROOM).unwrap()
}

#[test]
fn a_right_history_is_green() {
    assert_eq!(kinds(&clean()), []);
    assert_eq!(kinds(&clean_with_deletion()), []);
}

#[test]
fn an_acknowledged_message_that_is_not_stored_is_lost() {
    assert_found(FaultKind::Lost, |history| drop(log(history).pop()));
}

#[test]
fn an_acknowledged_change_that_is_not_stored_is_lost() {
    assert_found(FaultKind::Lost, |history| {
        let last = history.attempts.last_mut().unwrap();
        last.change = Change::Other;
        let Outcome::Stored { place, .. } = &mut last.outcome else { panic!("the sample has it stored") };
        place.stamp += 1;
    });
}

#[test]
fn another_message_in_its_place_is_a_loss() {
    assert_found(FaultKind::Lost, |history| log(history)[4].stamp = 7);
}

#[test]
fn a_device_that_had_time_and_did_not_get_the_last_event_is_found() {
    assert_found(FaultKind::Undelivered, |history| {
        history.sessions[1].deliveries.pop();
    });
    assert_found(FaultKind::Undelivered, |history| {
        history.sessions[2].deliveries.pop();
    });
}

#[test]
fn a_stored_message_that_nobody_sent_is_a_phantom() {
    assert_found(FaultKind::Phantom, |history| log(history).push(message(7, ANN)));
}

#[test]
fn a_stored_message_that_was_refused_is_a_phantom() {
    assert_found(FaultKind::Phantom, |history| {
        history.attempts.last_mut().unwrap().outcome = Outcome::Refused;
    });
}

#[test]
fn a_delivered_event_that_is_not_stored_is_a_phantom() {
    assert_found(FaultKind::Phantom, |history| {
        history.sessions[1].deliveries.push(delivery(&message(7, ANN)));
    });
}

#[test]
fn a_key_with_two_messages_is_a_double() {
    assert_found(FaultKind::Duplicate, |history| {
        let mut again = log(history)[4].clone();
        (again.seq, again.stamp) = (7, stamp(7));
        log(history).push(again);
    });
}

#[test]
fn a_message_stored_again_without_its_key_is_a_double() {
    assert_found(FaultKind::Duplicate, |history| {
        let mut again = log(history)[4].clone();
        (again.seq, again.stamp, again.kind) = (7, stamp(7), Kind::Message(None));
        log(history).push(again);
    });
}

#[test]
fn a_key_with_two_answers_is_unstable() {
    assert_found(FaultKind::Unstable, |history| {
        let mut again = history.attempts[1].clone();
        let Outcome::Stored { place, .. } = &mut again.outcome else { panic!("the sample has it stored") };
        (place.seq, place.stamp) = (2, stamp(2));
        history.attempts.push(again);
    });
}

#[test]
fn an_event_that_comes_again_is_a_repeat() {
    assert_found(FaultKind::Repeated, |history| {
        let again = history.sessions[1].deliveries[0];
        history.sessions[1].deliveries.insert(1, again);
    });
    assert_found(FaultKind::Repeated, |history| {
        let again = history.sessions[2].deliveries[0];
        history.sessions[2].deliveries.insert(1, again);
    });
}

#[test]
fn a_resume_that_starts_one_early_is_a_repeat() {
    assert_found(FaultKind::Repeated, |history| {
        let had = history.sessions[0].deliveries[1];
        history.sessions[1].deliveries.insert(0, had);
    });
}

#[test]
fn a_resume_that_starts_one_late_is_a_gap() {
    assert_found(FaultKind::Gap, |history| {
        history.sessions[1].deliveries.remove(0);
    });
}

#[test]
fn a_message_left_out_is_a_gap() {
    assert_found(FaultKind::Gap, |history| {
        history.sessions[1].deliveries.remove(2);
    });
    assert_found(FaultKind::Gap, |history| {
        history.sessions[2].deliveries.remove(1);
    });
}

#[test]
fn an_event_after_a_later_one_is_out_of_order() {
    assert_found(FaultKind::OutOfOrder, |history| history.sessions[1].deliveries.swap(1, 2));
    assert_found(FaultKind::OutOfOrder, |history| history.sessions[2].deliveries.swap(1, 2));
}

#[test]
fn another_stamp_or_content_at_a_position_diverges() {
    assert_found(FaultKind::Diverged, |history| history.sessions[1].deliveries[1].stamp += 1);
    assert_found(FaultKind::Diverged, |history| history.sessions[2].deliveries[1].content += 1);
    assert_found(FaultKind::Diverged, |history| log(history)[5].content += 1);
}

#[test]
fn a_position_that_nobody_has_is_a_hole() {
    assert_found(FaultKind::Hole, |history| drop(log(history).remove(1)));
}

#[test]
fn a_send_ordered_before_one_that_was_acknowledged_earlier_is_an_inversion() {
    assert_found(FaultKind::RealTimeInversion, |history| {
        // The message at 2 began after the one at 3 was acknowledged.
        history.attempts[2].invoked = 360;
        let Outcome::Stored { at, .. } = &mut history.attempts[2].outcome else { panic!("it is stored") };
        *at = 370;
    });
}

#[test]
fn what_was_refused_but_stored_is_an_inversion() {
    assert_found(FaultKind::RealTimeInversion, |history| {
        // The message at 2 was refused. When it was sent again, the one at 3 was acknowledged already.
        let mut refused = history.attempts[2].clone();
        refused.outcome = Outcome::Refused;
        history.attempts[2].invoked = 360;
        let Outcome::Stored { at, .. } = &mut history.attempts[2].outcome else { panic!("it is stored") };
        *at = 370;
        history.attempts.insert(2, refused);
    });
}

#[test]
fn two_sends_of_a_connection_that_changed_places_are_an_inversion() {
    assert_found(FaultKind::WriterInversion, |history| {
        // Both were in flight at once, so only the connection orders them.
        let places = [3, 4];
        assert_eq!([history.attempts[3].user, history.attempts[4].user], [ANN, ANN]);
        for place in places {
            let Outcome::Stored { at, .. } = &mut history.attempts[place].outcome else { panic!("stored") };
            *at = 900;
        }
        history.attempts[3].invoked = 510;
        history.attempts[4].invoked = 505;
    });
}

#[test]
fn observers_who_disagree_have_not_converged() {
    assert_found(FaultKind::NotConverged, |history| history.beliefs[1].value.push('!'));
}

#[test]
fn a_receipt_that_goes_back_or_ahead_has_not_converged() {
    assert_found(FaultKind::NotConverged, |history| history.marks.swap(0, 1));
    assert_found(FaultKind::NotConverged, |history| history.marks[2].read = 7);
}

#[test]
fn who_was_removed_or_never_there_must_hear_nothing() {
    assert_found(FaultKind::NotParticipant, |history| {
        let removal = delivery(&log(history)[3]);
        history.sessions[3].deliveries.push(removal);
    });
    assert_found(FaultKind::NotParticipant, |history| {
        let mut stranger = session(9, 99, Scope::Everything, 0, End::Cut);
        stranger.deliveries.push(delivery(&log(history)[0]));
        history.sessions.push(stranger);
    });
}

#[test]
fn who_is_added_again_may_hear_everything() {
    let mut history = clean();
    let mut back = message(7, BEN);
    back.kind = Kind::Added(EVE);
    log(&mut history).push(back);
    let mut late = session(9, EVE, Scope::Everything, 3, End::Settled(7));
    late.deliveries = log(&mut history)[3..].iter().map(delivery).collect();
    history.sessions.push(late);
    assert_eq!(kinds(&history), []);
}

#[test]
fn a_gap_that_was_told_without_need_is_found() {
    assert_found(FaultKind::Discontinued, |history| history.sessions[0].end = End::Discontinued);
}

#[test]
fn a_text_that_is_gone_equals_what_it_was() {
    let mut history = clean();
    history.sessions[1].deliveries[1].content = chinwag_check::WITHHELD;
    assert_eq!(kinds(&history), []);
}

#[test]
fn a_deleted_text_that_is_still_in_the_log_is_found() {
    assert_found_in(clean_with_deletion(), FaultKind::Revived, |history| log(history)[2].content = 103);
}

#[test]
fn a_deleted_text_that_a_later_device_hears_is_found() {
    assert_found_in(clean_with_deletion(), FaultKind::Revived, |history| {
        history.sessions[4].deliveries[2].content = 103;
    });
}

#[test]
fn a_deleted_text_in_a_later_event_is_found() {
    let edited = || {
        let mut edited = message(8, ANN);
        (edited.kind, edited.message_id) = (Kind::Edited, 3);
        edited
    };
    assert_found_in(clean_with_deletion(), FaultKind::Revived, |history| {
        history.sessions[1].deliveries.push(delivery(&edited()));
        let withheld = chinwag_check::history::Logged { content: chinwag_check::WITHHELD, ..edited() };
        log(history).push(withheld);
    });
}

#[test]
fn a_text_that_is_gone_without_a_deletion_diverges() {
    assert_found(FaultKind::Diverged, |history| log(history)[2].content = chinwag_check::WITHHELD);
}

#[test]
fn a_deleted_message_that_nobody_sent_is_a_phantom() {
    assert_found_in(clean_with_deletion(), FaultKind::Phantom, |history| {
        history.attempts.retain(|attempt| attempt.invoked != 300);
    });
}
