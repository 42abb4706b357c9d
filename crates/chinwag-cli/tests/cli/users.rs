//! `user` and `token`, with and without a server on the data folder.

use serde_json::Value;

use crate::support::Sandbox;

const PASSWORD: &str = "correct horse";

#[test]
fn a_user_is_added_listed_disabled_and_gets_a_new_password_beside_a_running_server() {
    let sandbox = Sandbox::new();
    let server = sandbox.server(&["serve"]);
    let add = ["user", "add", "alice", "--email", "alice@example.com", "--role", "admin", "--password-stdin"];
    let added = sandbox.run_with_input(&add, &format!("{PASSWORD}\n"));
    assert_eq!((added.code, added.stderr.as_str()), (0, "added alice (admin)"));
    assert_eq!(added.stdout, "", "a password that somebody chose is not shown");

    let (status, answer) = server.sign_in("alice", PASSWORD);
    assert_eq!((status, &answer["user"]["role"]), (200, &"admin".into()));
    let token = answer["access_token"].as_str().unwrap().to_owned();
    assert_eq!(server.get("/users/me", Some(&token)).0, 200);

    let listed = sandbox.run(&["user", "list", "--json"]);
    let users: Value = serde_json::from_str(&listed.stdout).unwrap();
    assert_eq!(users.as_array().map(Vec::len), Some(1));
    assert_eq!(users[0]["username"], "alice");
    assert_eq!(users[0]["email"], "alice@example.com");

    assert_eq!(sandbox.run(&["user", "disable", "alice"]).code, 0);
    assert_eq!(server.get("/users/me", Some(&token)).0, 401, "its sessions have ended");
    assert_eq!(server.sign_in("alice", PASSWORD).0, 401);
    let table = sandbox.run(&["user", "list"]).stdout;
    assert!(table.lines().any(|line| line.contains("alice") && line.contains("disabled")), "{table}");
    assert_eq!(sandbox.run(&["token", "alice"]).code, 1);

    assert_eq!(sandbox.run(&["user", "enable", "alice"]).code, 0);
    let changed = sandbox.run(&["user", "passwd", "alice", "--generate-password"]);
    assert_eq!(changed.code, 0, "{}", changed.stderr);
    assert_eq!(server.sign_in("alice", PASSWORD).0, 401);
    assert_eq!(server.sign_in("alice", &changed.stdout).0, 200);

    let token = sandbox.run(&["token", "alice", "--minutes", "5"]);
    assert_eq!((token.code, token.stderr.as_str()), (0, ""));
    let (status, me) = server.get("/users/me", Some(token.stdout.trim()));
    assert_eq!((status, &me["username"]), (200, &"alice".into()));
}

#[test]
fn a_user_is_renamed_and_removed_beside_a_running_server() {
    let sandbox = Sandbox::new();
    let server = sandbox.server(&["serve"]);
    for name in ["alice", "bob"] {
        assert_eq!(sandbox.run_with_input(&["user", "add", name, "--password-stdin"], PASSWORD).code, 0);
    }
    let (_, answer) = server.sign_in("alice", PASSWORD);
    let token = answer["access_token"].as_str().unwrap().to_owned();

    let renamed = sandbox.run(&["user", "rename", "alice", "alice.smith"]);
    assert_eq!((renamed.code, renamed.stderr.as_str()), (0, "alice is now alice.smith"));
    let (status, me) = server.get("/users/me", Some(&token));
    assert_eq!((status, &me["username"], &me["id"]), (200, &"alice.smith".into(), &answer["user"]["id"]));
    assert_eq!(server.sign_in("alice.smith", PASSWORD).0, 200);
    assert_eq!(server.sign_in("alice", PASSWORD).0, 401);
    for (old, new, why) in [
        ("alice.smith", "BOB", "error: Username already exists"),
        ("alice.smith", "a b", "error: username"),
        ("alice", "carol", "error: there is no user alice"),
    ] {
        let refused = sandbox.run(&["user", "rename", old, new]);
        assert!(refused.code == 1 && refused.stderr.starts_with(why), "{new}: {refused:?}");
    }

    let removed = sandbox.run(&["user", "remove", "alice.smith"]);
    let told = "removed alice.smith; all of their sessions have ended, their messages stay";
    assert_eq!((removed.code, removed.stderr.as_str()), (0, told));
    assert_eq!(server.get("/users/me", Some(&token)).0, 401);
    assert_eq!(server.sign_in("alice.smith", PASSWORD).0, 401);
    assert_eq!(sandbox.run(&["user", "remove", "alice.smith"]).code, 1);
    let table = sandbox.run(&["user", "list"]).stdout;
    assert!(table.lines().any(|line| line.contains("deleted user") && line.contains("disabled")), "{table}");
    assert_eq!(
        sandbox.run(&["user", "add", "alice.smith", "--generate-password"]).code,
        0,
        "the name is free"
    );
}

#[test]
fn what_is_refused_has_a_reason_and_a_code() {
    let sandbox = Sandbox::new();
    let list = sandbox.run(&["user", "list"]);
    assert_eq!(list.code, 78);
    assert!(list.stderr.starts_with("error: there is no data folder ./chinwag-data\n"), "{}", list.stderr);
    assert!(!sandbox.path("chinwag-data").exists(), "asking makes nothing");

    assert_eq!(sandbox.run(&["user", "add", "alice", "--generate-password"]).code, 0);
    let again = sandbox.run(&["user", "add", "alice", "--generate-password"]);
    assert_eq!((again.code, again.stdout.as_str()), (1, ""), "{}", again.stderr);
    let short = sandbox.run_with_input(&["user", "add", "bob", "--password-stdin"], "short\n");
    assert_eq!(short.code, 1, "{}", short.stderr);
    let empty = sandbox.run_with_input(&["user", "add", "bob", "--password-stdin"], "");
    assert_eq!(empty.code, 2, "{}", empty.stderr);
    let without_terminal = sandbox.run(&["user", "add", "bob"]);
    assert_eq!(without_terminal.code, 2);
    assert!(without_terminal.stderr.contains("--password-stdin"), "{}", without_terminal.stderr);
    let unknown = sandbox.run(&["user", "passwd", "bob", "--generate-password"]);
    assert_eq!((unknown.code, unknown.stdout.as_str()), (1, ""));
    assert!(unknown.stderr.starts_with("error: there is no user bob\nhelp:"), "{}", unknown.stderr);
}
