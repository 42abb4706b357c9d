//! `tail` and `send`, which use only what every client can use.

use serde_json::Value;

use crate::support::{Running, Sandbox, Server};

fn tail(sandbox: &Sandbox, url: &str, options: &[&str]) -> Running {
    let mut tail = Running::start(sandbox.command(&[&["tail", "1", "--url", url], options].concat()));
    tail.stderr.wait_for("following conversation 1");
    tail
}

#[test]
fn what_is_sent_is_followed() {
    let sandbox = Sandbox::new();
    let server = sandbox.server(&["demo"]);
    let mut people = tail(&sandbox, &server.url, &[]);
    let mut programs = tail(&sandbox, &server.url, &["--json"]);
    let sent = sandbox.run(&["send", "1", "hello there", "--url", &server.url]);
    assert_eq!(sent.code, 0, "{}", sent.stderr);
    assert!(sent.stdout.starts_with("sent message "), "{}", sent.stdout);

    let line = people.stdout.wait_for("hello there");
    let (time, rest) = line.split_at(5);
    assert!(time.bytes().all(|byte| byte.is_ascii_digit() || byte == b':'), "{line}");
    assert_eq!(rest, " testuser: hello there");
    let frame: Value = serde_json::from_str(&programs.stdout.wait_for("hello there")).unwrap();
    assert_eq!((&frame["type"], &frame["content"]), (&"message".into(), &"hello there".into()));

    let piped = sandbox.run_with_input(&["send", "1", "-", "--url", &server.url], "one\n\u{1b}[31mtwo\n");
    assert_eq!(piped.code, 0, "{}", piped.stderr);
    people.stdout.wait_for("testuser: one");
    assert_eq!(people.stdout.wait_for("two"), "      \\u001b[31mtwo");
    let frame: Value = serde_json::from_str(&programs.stdout.wait_for("one")).unwrap();
    assert_eq!(frame["content"], "one\n\u{1b}[31mtwo");
}

#[test]
fn a_tail_begins_with_the_last_messages() {
    let sandbox = Sandbox::new();
    let server = sandbox.server(&["demo"]);
    for number in 1..=12 {
        assert_eq!(sandbox.run(&["send", "1", &format!("line {number}."), "--url", &server.url]).code, 0);
    }
    let mut default = tail(&sandbox, &server.url, &[]);
    let first = default.stdout.wait_for("line ");
    assert!(first.ends_with("line 3."), "{first}");
    default.stdout.wait_for("line 12.");
    let mut two = tail(&sandbox, &server.url, &["-n", "2"]);
    let first = two.stdout.wait_for("line ");
    assert!(first.ends_with("line 11."), "{first}");
    let mut none = tail(&sandbox, &server.url, &["--lines", "0"]);
    assert_eq!(sandbox.run(&["send", "1", "line 13.", "--url", &server.url]).code, 0);
    let first = none.stdout.wait_for("line ");
    assert!(first.ends_with("line 13."), "{first}");
}

#[test]
fn a_tail_comes_back_after_a_restart_and_misses_nothing() {
    let sandbox = Sandbox::new();
    let server = sandbox.server(&["demo"]);
    let (url, address) = (server.url.clone(), format!("127.0.0.1:{}", server.port()));
    let mut followed = tail(&sandbox, &url, &["--json"]);
    let send = |text: &str| assert_eq!(sandbox.run(&["send", "1", text, "--url", &url]).code, 0);
    send("before");
    followed.stdout.wait_for("before");
    // While the tail is stopped, its connection breaks and messages are sent.
    followed.signal("STOP");
    assert_eq!(server.stop().code, 0);
    let server = Server::start(sandbox.command(&["demo", "--listen", &address]));
    send("between 1");
    send("between 2");
    followed.signal("CONT");
    followed.stderr.wait_for("following conversation 1");
    let seq = |line: &str| serde_json::from_str::<Value>(line).unwrap()["seq"].as_i64().unwrap();
    let (first, second) = (followed.stdout.wait_for("between 1"), followed.stdout.wait_for("between 2"));
    send("after");
    let third = followed.stdout.wait_for("after");
    assert_eq!((seq(&second), seq(&third)), (seq(&first) + 1, seq(&first) + 2));
    drop(server);
}

#[test]
fn a_real_server_has_to_know_who_asks() {
    let sandbox = Sandbox::new();
    let server = sandbox.server(&["serve"]);
    let anonymous = sandbox.run(&["send", "1", "hello", "--url", &server.url]);
    assert_eq!(anonymous.code, 2, "{}", anonymous.stderr);
    assert!(anonymous.stderr.contains("this server is not a demo"), "{}", anonymous.stderr);

    assert_eq!(sandbox.run_with_input(&["user", "add", "alice", "--password-stdin"], "long enough").code, 0);
    let by_password = ["tail", "1", "--url", &server.url, "--user", "alice", "--password-stdin"];
    let no_conversation = sandbox.run_with_input(&by_password, "long enough\n");
    assert_eq!(no_conversation.code, 1, "{}", no_conversation.stderr);
    assert!(no_conversation.stderr.contains("Conversation not found"), "{}", no_conversation.stderr);
    let wrong = sandbox.run_with_input(&by_password, "wrong\n");
    assert_eq!(wrong.code, 1);
    assert!(wrong.stderr.contains("401"), "{}", wrong.stderr);
}

#[test]
fn a_server_that_is_not_there_is_an_io_error() {
    let sandbox = Sandbox::new();
    let server = sandbox.server(&["demo"]);
    let url = server.url.clone();
    assert_eq!(server.stop().code, 0);
    let done = sandbox.run(&["tail", "1", "--url", &url]);
    assert_eq!(done.code, 74);
    assert!(done.stderr.starts_with(&format!("error: can't reach {url}")), "{}", done.stderr);
}
