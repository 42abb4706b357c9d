//! `serve` and `demo`: where they listen, what they print, how they stop.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::support::{Sandbox, Server, finish, text};

#[test]
fn a_demo_is_refused_off_loopback() {
    let sandbox = Sandbox::new();
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8000"] {
        let done = sandbox.run(&["demo", "--behind-proxy", "--listen", address]);
        assert_eq!(done.code, 2, "{}", done.stderr);
        assert!(done.stderr.contains("everybody knows the passwords of a demo"), "{}", done.stderr);
    }
    assert!(!sandbox.path("chinwag-demo").exists());
}

#[test]
fn plain_http_off_loopback_needs_a_proxy() {
    let sandbox = Sandbox::new();
    let done = sandbox.run(&["serve", "--listen", "0.0.0.0:0"]);
    assert_eq!(done.code, 2, "{}", done.stderr);
    assert!(done.stderr.contains("plain HTTP would show them passwords"), "{}", done.stderr);
    assert!(done.stderr.contains("--behind-proxy"), "{}", done.stderr);
    sandbox.write("chinwag.toml", "listen = \"0.0.0.0:0\"\n");
    assert_eq!(sandbox.run(&["serve"]).code, 78);
    let server = Server::start(sandbox.command(&["serve", "--behind-proxy"]));
    assert!(server.url.starts_with("http://0.0.0.0:"), "{}", server.url);
    assert_eq!(server.stop().code, 0);
}

#[test]
fn serve_is_the_default_and_offers_a_setup_link_while_nobody_is_there() {
    let sandbox = Sandbox::new();
    let server = sandbox.server(&[]);
    let setup = server.ready["setup_url"].as_str().unwrap().to_owned();
    assert!(setup.starts_with(&format!("{}/setup#", server.url)), "{setup}");
    assert!(setup.len() > server.url.len() + 20, "{setup}");
    assert_eq!(server.ready["version"], env!("CARGO_PKG_VERSION"));
    assert!(server.ready["ready_ms"].is_u64());
    assert_eq!(server.get("/healthz", None).1["demo"], false);
    let stopped = server.stop();
    assert_eq!(stopped.code, 0, "{}", stopped.stderr);
    let ready = stopped.stderr.lines().filter(|line| line.contains("\"ready\""));
    assert_eq!(ready.count(), 1, "{}", stopped.stderr);

    let added = sandbox.run(&["user", "add", "alice", "--generate-password"]);
    assert_eq!(added.code, 0, "{}", added.stderr);
    let server = sandbox.server(&["serve"]);
    assert!(server.ready.get("setup_url").is_some(), "a user is no administrator: {}", server.ready);
    let account =
        serde_json::json!({"username": "bob", "email": "bob@example.com", "password": "long enough"});
    assert_eq!(server.post("/users/register", &account).0, 403);
    let made = sandbox.run(&["user", "role", "alice", "admin"]);
    assert_eq!((made.code, made.stderr.as_str()), (0, "alice is now admin"));
    assert_eq!(server.post("/users/register", &account).0, 200);
    assert_eq!(server.stop().code, 0);
    let server = sandbox.server(&["serve"]);
    assert!(server.ready.get("setup_url").is_none(), "{}", server.ready);
}

#[test]
fn limits_that_are_off_show_in_the_health() {
    let sandbox = Sandbox::new();
    let server = sandbox.server(&["demo", "--limits", "off"]);
    let (status, health) = server.get("/healthz", None);
    assert_eq!((status, &health["rate_limits"], &health["demo"]), (200, &false.into(), &true.into()));
}

#[test]
fn a_taken_port_is_explained_with_its_owner_and_the_command_to_use() {
    let sandbox = Sandbox::new();
    let server = sandbox.server(&["demo"]);
    let (port, next) = (server.port(), server.port().wrapping_add(1));
    let done = sandbox.run(&["demo", "--listen", &format!("localhost:{port}"), "--data-dir", "an other"]);
    assert_eq!(done.code, 74, "{}", done.stderr);
    let what =
        format!("error: port {port} of 127.0.0.1 is in use by process {} (chinwag)\n", server.process.pid());
    assert!(done.stderr.starts_with(&what), "{}", done.stderr);
    let fix = format!("demo --data-dir 'an other' --listen 127.0.0.1:{next}");
    assert!(done.stderr.ends_with(&fix), "{}", done.stderr);
    assert!(!sandbox.path("an other").exists());
}

#[test]
fn the_folders_of_serve_and_demo_do_not_mix() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.server(&["demo", "--data-dir", "sample"]).stop().code, 0);
    assert_eq!(sandbox.server(&["serve", "--data-dir", "real"]).stop().code, 0);
    for (command, folder) in [("serve", "sample"), ("demo", "real")] {
        let done = sandbox.run(&[command, "--data-dir", folder, "--listen", ":0"]);
        assert_eq!(done.code, 78, "{}", done.stderr);
        assert!(done.stderr.starts_with(&format!("error: {folder} belongs to")), "{}", done.stderr);
    }
}

#[test]
fn a_folder_serves_one_server() {
    let sandbox = Sandbox::new();
    let _server = sandbox.server(&["demo"]);
    let done = sandbox.run(&["demo", "--listen", ":0"]);
    assert_eq!(done.code, 74, "{}", done.stderr);
    assert!(done.stderr.contains("another chinwag server"), "{}", done.stderr);
}

#[test]
fn both_signals_stop_in_order() {
    let sandbox = Sandbox::new();
    for signal in ["TERM", "INT"] {
        let server = sandbox.server(&["demo"]);
        server.process.signal(signal);
        let done = server.process.end();
        assert_eq!(done.code, 0, "{signal}: {}", done.stderr);
    }
}

#[test]
fn a_second_signal_stops_at_once() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.server(&["demo"]);
    // A request whose body never comes keeps the server draining.
    let mut stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    let head = "POST /auth/token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\
                Content-Type: application/x-www-form-urlencoded\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 100");
    server.process.signal("TERM");
    server.process.stderr.wait_for("stopping");
    server.process.signal("TERM");
    assert_eq!(server.process.end().code, 130);
}

#[test]
fn json_logs_are_json_to_the_last_line() {
    let sandbox = Sandbox::new();
    let stopped = sandbox.server(&["demo", "--log-format", "json"]).stop();
    for line in stopped.stderr.lines() {
        assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "{line}");
    }
    assert!(stopped.stderr.lines().count() > 1, "{}", stopped.stderr);
}

#[test]
fn tls_files_make_it_https_and_the_other_commands_speak_it() {
    let sandbox = Sandbox::new();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let certificate = sandbox.write("chain.pem", &made.cert.pem());
    sandbox.write("key.pem", &made.signing_key.serialize_pem());
    let server = sandbox.server(&["demo", "--tls-cert", "chain.pem", "--tls-key", "key.pem"]);
    assert!(server.url.starts_with("https://127.0.0.1:"), "{}", server.url);
    let url = format!("https://localhost:{}", server.port());
    let mut send = sandbox.command(&["send", "1", "over TLS", "--url", &url]);
    send.env("SSL_CERT_FILE", text(&certificate));
    let done = finish(send);
    assert_eq!(done.code, 0, "{}", done.stderr);

    let broken = sandbox.run(&["serve", "--listen", ":0", "--tls-cert", "key.pem", "--tls-key", "key.pem"]);
    assert_eq!(broken.code, 78, "{}", broken.stderr);
    assert!(broken.stderr.contains("can't use key.pem"), "{}", broken.stderr);
}
