//! `chinwag migrate`, which is killed on its way and ends all the same.

use serde_json::Value;

use crate::support::{Running, Sandbox, text};

/// Where the command is when it is killed, in the order of the work.
const KILLED_AT: [&str; 5] = ["files:", "users:", "events:", "message_text:", "check of events:"];
/// Enough that no table of messages is done at once.
const EVENTS: usize = 60_000;

/// A demo's folder with one picture and many messages.
fn filled(sandbox: &Sandbox) {
    let server = sandbox.server(&["demo", "--data-dir", "old"]);
    server.stop();
    let database = rusqlite::Connection::open(sandbox.path("old/chinwag.db")).unwrap();
    let many = format!(
        "WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {EVENTS}) \
         INSERT INTO events (id, conversation_id, seq, stamp, ts, actor_id, kind, content, client_id) \
         SELECT 1000 + n, 1, 1000 + n, (SELECT stamp FROM events LIMIT 1), n, 1, 'message', \
                'message number ' || n || ' of many', 'client id ' || n FROM number"
    );
    assert_eq!(database.execute(&many, []).unwrap(), EVENTS);
}

fn report(sandbox: &Sandbox, from: &str, to: &str) -> Value {
    let done = sandbox.run(&["migrate", "--from", from, "--to", to, "--json"]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert!(!done.stderr.contains('\u{1b}'), "no bar without a terminal: {}", done.stderr);
    serde_json::from_str(&done.stdout).unwrap()
}

#[test]
fn a_move_that_is_killed_anywhere_begins_again_and_nobody_is_served_before_it_ends() {
    let sandbox = Sandbox::new();
    filled(&sandbox);
    for place in KILLED_AT {
        let mut moving = Running::start(sandbox.command(&["migrate", "--from", "old", "--to", "new"]));
        moving.stderr.wait_for(place);
        moving.signal("KILL");
        assert_ne!(moving.end().code, 0, "it was killed at {place}");
        let served = sandbox.run(&["demo", "--data-dir", "new", "--listen", "127.0.0.1:0"]);
        assert_eq!(served.code, 74, "{place}: {}", served.stderr);
        assert!(served.stderr.contains("half filled from"), "{place}: {}", served.stderr);
        let listed = sandbox.run(&["user", "list", "--data-dir", "new"]);
        assert!(listed.stderr.contains("half filled from"), "{place}: {}", listed.stderr);
    }
    let moved = report(&sandbox, "old", "new");
    let events = moved["tables"].as_array().unwrap().iter().find(|table| table["name"] == "events").unwrap();
    assert!(events["rows"].as_u64().unwrap() >= EVENTS as u64, "{events}");
    let again = report(&sandbox, "new", "again");
    assert_eq!(moved["tables"], again["tables"]);

    let server = sandbox.server(&["demo", "--data-dir", "new"]);
    let token = server.sign_in("testuser", "TestPassword123").1["access_token"].as_str().unwrap().to_owned();
    let (status, found) = server.get("/search?q=number%2059999", Some(&token));
    assert_eq!(
        (status, &found["results"][0]["content"]),
        (200, &"message number 59999 of many".into()),
        "{found}"
    );
}

#[test]
fn a_move_says_what_it_did_and_why_it_does_not() {
    let sandbox = Sandbox::new();
    sandbox.server(&["demo", "--data-dir", "old"]).stop();
    let moved = sandbox.run(&["migrate", "--from", "old", "--to", "new"]);
    assert_eq!(moved.code, 0, "{}", moved.stderr);
    let lines: Vec<Vec<&str>> = moved.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["table", "rows", "checksum"]);
    assert!(
        lines.iter().any(|line| line[0] == "users" && line[1] == "5" && line[2].len() == 32),
        "{lines:?}"
    );
    assert!(moved.stderr.contains("start the server with --data-dir new"), "{}", moved.stderr);

    let again = sandbox.run(&["migrate", "--from", "old", "--to", "new"]);
    assert_eq!((again.code, again.stdout.as_str()), (1, ""), "{}", again.stderr);
    assert!(again.stderr.contains("has a chat already"), "{}", again.stderr);
    let missing = sandbox.run(&["migrate", "--from", "nowhere", "--to", "other"]);
    assert_eq!(missing.code, 1, "{}", missing.stderr);
    assert!(!sandbox.path("nowhere").exists() && !sandbox.path("other").exists());
    let wrong = sandbox.run(&["migrate", "--from", "mysql://root:hidden@db/chat", "--to", "other"]);
    assert_eq!(wrong.code, 2, "{}", wrong.stderr);
    assert!(
        wrong.stderr.contains("--from: it begins with mysql://") && !wrong.stderr.contains("hidden"),
        "{}",
        wrong.stderr
    );
    let server = sandbox.server(&["demo", "--data-dir", "old"]);
    let busy = sandbox.run(&["migrate", "--from", text(&sandbox.path("old")), "--to", "other"]);
    assert_eq!(busy.code, 74, "{}", busy.stderr);
    assert!(
        busy.stderr.contains("a chinwag server is using") && busy.stderr.contains("stop it first"),
        "{}",
        busy.stderr
    );
    server.stop();
}
