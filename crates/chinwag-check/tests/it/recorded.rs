//! Histories in files, as other programs record them.

use std::io::Write as _;
use std::path::Path;

use chinwag_check::{FaultKind, Options, Report, run};
use clap::Parser;

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    options: Options,
}

const HELLO: &str = r#"{"type":"message","conversation_id":1,"id":7,"seq":1,"stamp":"aaaaaaaa","sender_id":11,"content":"Hello","client_id":"k1"}"#;
const BYE: &str = r#"{"type":"message","conversation_id":1,"id":8,"seq":2,"stamp":"bbbbbbbb","sender_id":11,"content":"Bye","client_id":"k2"}"#;

const GONE: &str = r#"{"type":"message","conversation_id":1,"id":8,"seq":2,"stamp":"bbbbbbbb","sender_id":11,"content":"","client_id":"k2","deleted":true}"#;

const DELETION: &str = r#"{"type":"message_deleted","conversation_id":1,"seq":3,"stamp":"cccccccc","actor_id":11,"message_id":8}"#;

fn judge(delivered: &[&str], settled: i64) -> Report {
    judge_with(delivered, settled, BYE)
}

fn judge_with(delivered: &[&str], settled: i64, second: &str) -> Report {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, r#"{{"record":"participants","conversation":1,"users":[11,12]}}"#).unwrap();
    for (key, content, seq, stamp) in [("k1", "Hello", 1, "aaaaaaaa"), ("k2", "Bye", 2, "bbbbbbbb")] {
        let id = seq + 6;
        writeln!(
            file,
            r#"{{"record":"attempt","attach":1,"user":11,"conversation":1,"client_id":"{key}","content":"{content}","invoked":{seq}00,"stored":{{"at":{seq}50,"seq":{seq},"stamp":"{stamp}","message_id":{id}}}}}"#
        )
        .unwrap();
    }
    writeln!(file, r#"{{"record":"log","conversation":1,"events":[{HELLO},{second}]}}"#).unwrap();
    let deliveries = delivered.join(",");
    writeln!(
        file,
        r#"{{"record":"session","attach":2,"device":2,"user":12,"conversation":1,"after":0,"deliveries":[{deliveries}],"settled":{settled}}}"#
    )
    .unwrap();
    let path = file.path().to_str().unwrap();
    let options = Command::parse_from(["check", "--history", path]).options;
    run(&options, Path::new("nothing is started"), &|_, _, _| {}).unwrap()
}

#[test]
fn a_recorded_history_that_is_right_is_kept() {
    let report = judge(&[HELLO, BYE], 2);
    assert!(report.is_clean(), "{}", report.table());
}

#[test]
fn a_recorded_delivery_that_is_missing_is_found() {
    let report = judge(&[HELLO], 2);
    assert!(!report.is_clean());
    let faults = &report.claims[0].faults;
    assert!(faults.contains_key(&FaultKind::Undelivered), "{faults:?}");
}

#[test]
fn a_recorded_delivery_that_is_repeated_is_found() {
    assert!(!judge(&[HELLO, HELLO, BYE], 2).is_clean());
}

#[test]
fn a_recorded_message_that_was_deleted_since_is_known_by_its_key() {
    let delivered = [HELLO, BYE, DELETION];
    let gone = format!("{GONE},{DELETION}");
    let report = judge_with(&delivered, 3, &gone);
    assert!(report.is_clean(), "{}", report.table());
    let other = gone.replace("k2", "k3");
    assert!(judge_with(&delivered, 3, &other).claims[0].faults.contains_key(&FaultKind::Phantom));
}
