//! `chinwag check` in a few seconds: small counts, the same paths.

use serde_json::Value;

use crate::support::{Sandbox, text};

const SMALL: [&str; 9] = [
    "check",
    "--json",
    "--seed=7",
    "--clients=6",
    "--duration=1",
    "--events=300",
    "--frozen=0",
    "--disconnects=40",
    "--kills=3",
];

fn small(sandbox: &Sandbox, more: &[&str]) -> (i32, Value) {
    let done = sandbox.run(&[&SMALL[..], &["--work-dir", text(&sandbox.path(""))], more].concat());
    let report = serde_json::from_str(&done.stdout).unwrap_or_else(|_| panic!("{}", done.stderr));
    (done.code, report)
}

#[test]
fn a_server_of_its_own_keeps_its_promises() {
    let sandbox = Sandbox::new();
    let (code, report) = small(&sandbox, &[]);
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(report["seed"], 7);
    let claims = report["claims"].as_array().unwrap();
    assert_eq!(claims.len(), 3, "{report:#}");
    assert!(claims.iter().all(|claim| claim["kept"] == true), "{report:#}");
}

#[test]
fn a_server_that_runs_already_is_checked_and_never_killed() {
    let sandbox = Sandbox::new();
    sandbox.write("secret", "0123456789abcdef0123456789abcdef");
    let serve = ["serve", "--limits", "off", "--provision-users", "--jwt-secret-file", "secret"];
    let server = sandbox.server(&serve);
    let (code, report) = small(&sandbox, &["--url", &server.url, "--token-secret-file", "secret"]);
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(report["claims"].as_array().unwrap().len(), 2, "{report:#}");
    assert_eq!(server.stop().code, 0);
}

#[test]
fn a_server_behind_tls_is_checked_with_the_certificate_that_one_names() {
    let sandbox = Sandbox::new();
    sandbox.write("secret", "0123456789abcdef0123456789abcdef");
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    sandbox.write("cert.pem", &made.cert.pem());
    sandbox.write("key.pem", &made.signing_key.serialize_pem());
    let serve = ["serve", "--limits", "off", "--provision-users", "--jwt-secret-file", "secret"];
    let server = sandbox.server(&[&serve[..], &["--tls-cert", "cert.pem", "--tls-key", "key.pem"]].concat());
    let url = format!("https://localhost:{}", server.port());
    let (code, report) =
        small(&sandbox, &["--url", &url, "--ca", "cert.pem", "--token-secret-file", "secret"]);
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(report["claims"].as_array().unwrap().len(), 2, "{report:#}");

    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    sandbox.write("other.pem", &other.cert.pem());
    let done = sandbox.run(&["check", "--url", &url, "--ca", "other.pem", "--token-secret-file", "secret"]);
    assert_eq!(done.code, 74, "{}", done.stderr);
    assert!(done.stderr.contains("certificate"), "{}", done.stderr);
    assert_eq!(server.stop().code, 0);
}

#[test]
fn another_machine_is_refused_unless_it_is_allowed() {
    let sandbox = Sandbox::new();
    sandbox.write("secret", "0123456789abcdef0123456789abcdef");
    let done = sandbox.run(&["check", "--url", "http://192.0.2.7:8000", "--token-secret-file", "secret"]);
    assert_eq!(done.code, 74, "{}", done.stderr);
    assert!(done.stderr.contains("--allow-remote"), "{}", done.stderr);
}

#[test]
#[ignore = "needs PostgreSQL"]
fn several_nodes_are_one_server_whatever_befalls_them() {
    let sandbox = Sandbox::new();
    let nodes = ["check", "--json", "--nodes=2", "--seed=7", "--clients=6", "--bus=none", "--disconnects=30"];
    let mut command = sandbox.command(&[&nodes[..], &["--kills=6", "--freezes=1", "--crashes=5"]].concat());
    // Its length depends on the disk: a killed PostgreSQL reads its log again.
    let done = command.output().unwrap();
    let report: Value = serde_json::from_slice(&done.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&done.stderr)));
    assert_eq!(done.status.code(), Some(0), "{report:#}");
    let trials = report["claims"][0]["trials"].as_str().unwrap();
    for part in ["6 × kill -9 of a node", "1 × SIGSTOP of a node", "5 × kill -9 of PostgreSQL"] {
        assert!(trials.contains(part), "{trials}");
    }
}

#[test]
fn what_belongs_to_several_nodes_is_refused_for_one() {
    let sandbox = Sandbox::new();
    let done = sandbox.run(&["check", "--store", "postgres://localhost/chat"]);
    assert_eq!(done.code, 2, "{}", done.stderr);
    assert!(done.stderr.contains("--nodes"), "{}", done.stderr);
}
