//! `serve --jwt-secret-file`: beside an application whose secret verifies that application's tokens, but
//! signs none here.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::support::{Sandbox, Server};

const SECRET: &str = "a secret that is shared with another application";

fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

fn hmac(text: &str) -> String {
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, SECRET.as_bytes());
    URL_SAFE_NO_PAD.encode(aws_lc_rs::hmac::sign(&key, text.as_bytes()))
}

/// A token as the application signs it.
fn token(algorithm: &str, claims: &Value) -> String {
    let header = json!({"alg": algorithm, "typ": "JWT"});
    let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let signed = format!("{}.{}", encode(&header), encode(claims));
    let signature = hmac(&signed);
    format!("{signed}.{signature}")
}

/// Whether the application accepts a token as its own.
fn host_takes(token: &str) -> bool {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    hmac(signed) == signature
}

fn account(name: &str) -> Value {
    json!({"username": name, "email": format!("{name}@example.com"), "password": "long enough"})
}

fn serve(sandbox: &Sandbox, more: &[&str]) -> Server {
    sandbox.write("secret", SECRET);
    let mut arguments = vec!["serve", "--jwt-secret-file", "secret", "--provision-users"];
    arguments.extend(more);
    sandbox.server(&arguments)
}

#[test]
fn nobody_becomes_a_user_of_the_host_by_registering_here() {
    let sandbox = Sandbox::new();
    let server = serve(&sandbox, &[]);
    assert!(server.ready.get("setup_url").is_none(), "{}", server.ready);
    let (status, refused) = server.post("/users/register", &account("ceo"));
    assert_eq!(status, 403, "{refused}");
    assert_eq!(server.sign_in("ceo", "long enough").0, 403);
    assert_eq!(server.stop().code, 0);

    let server = serve(&sandbox, &["--registration", "on", "--password-login", "on"]);
    assert_eq!(sandbox.run(&["user", "add", "ops", "--role", "admin", "--generate-password"]).code, 0);
    let (status, registered) = server.post("/users/register", &account("ceo"));
    assert_eq!(status, 200, "{registered}");
    let (status, signed_in) = server.sign_in("ceo", "long enough");
    assert_eq!(status, 200, "{signed_in}");
    let printed = sandbox.run(&["token", "ceo"]);
    assert_eq!(printed.code, 0, "{}", printed.stderr);
    for answer in [&registered["access_token"], &signed_in["access_token"], &json!(printed.stdout.trim())] {
        let stolen = answer.as_str().unwrap();
        assert!(!host_takes(stolen), "the application took a stranger for its own user");
        assert_eq!(server.get("/users/me", Some(stolen)).1["id"], registered["user"]["id"]);
    }

    let real = token("HS256", &json!({"sub": "ceo", "exp": now() + 600}));
    assert!(host_takes(&real));
    let (status, me) = server.get("/users/me", Some(&real));
    assert_eq!((status, &me["username"]), (200, &json!("ceo-2")));
    assert_ne!(me["id"], registered["user"]["id"]);
    let linked = sandbox.run(&["user", "link", "ops", "root of the host"]);
    assert_eq!(linked.code, 0, "{}", linked.stderr);
    let root = token("HS256", &json!({"sub": "root of the host", "exp": now() + 600}));
    assert_eq!(server.get("/users/me", Some(&root)).1["username"], "ops");
}

#[test]
fn tokens_are_never_signed_with_the_secret_of_another_application() {
    let sandbox = Sandbox::new();
    sandbox.write("secret", SECRET);
    assert_eq!(sandbox.run(&["user", "add", "alice", "--generate-password"]).code, 0);
    let refused = sandbox.run(&["token", "alice", "--jwt-secret-file", "secret"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (2, ""), "{}", refused.stderr);
    sandbox.write("chinwag.toml", "jwt_secret_file = \"secret\"\n");
    let printed = sandbox.run(&["token", "alice"]);
    assert_eq!(printed.code, 0, "{}", printed.stderr);
    assert!(!host_takes(printed.stdout.trim()));
    let server = sandbox.server(&["serve"]);
    assert_eq!(server.get("/users/me", Some(printed.stdout.trim())).1["username"], "alice");
}

#[test]
fn the_log_names_the_rule_that_refused_a_token_and_nothing_of_the_token() {
    let sandbox = Sandbox::new();
    let mut server = serve(&sandbox, &["--jwt-audience", "chat", "--jwt-issuer", "https://host.example"]);
    let good =
        json!({"sub": "4711-secret", "exp": now() + 600, "aud": "chat", "iss": "https://host.example"});
    let with = |field: &str, value: Value| {
        let mut claims = good.clone();
        claims[field] = value;
        claims
    };
    assert_eq!(server.get("/users/me", Some(&token("HS256", &good))).0, 200);
    let mut signatures = Vec::new();
    for (algorithm, claims, rule) in [
        ("RS256", good.clone(), "its algorithm (alg) is RS256"),
        ("ES256", good.clone(), "its algorithm (alg) is ES256"),
        ("HS384", good.clone(), "its algorithm (alg) is HS384"),
        ("none", good.clone(), "its algorithm (alg) is none"),
        ("HS256", with("sub", json!({"secret": 1})), "its sub is missing, or has the wrong type"),
        ("HS256", with("sub", Value::Null), "its sub is missing, or has the wrong type"),
        ("HS256", with("sub", json!("secret".repeat(50))), "its subject (sub)"),
        ("HS256", with("exp", json!(now() - 60)), "it has expired (exp)"),
        ("HS256", with("exp", Value::Null), "its exp is missing"),
        ("HS256", with("aud", json!("password-reset-secret")), "its audience (aud)"),
        ("HS256", with("aud", Value::Null), "its aud is missing"),
        ("HS256", with("iss", json!("https://secret.example")), "its issuer (iss)"),
        ("HS256", with("iss", json!("chinwag")), "its issuer (iss)"),
    ] {
        let token = token(algorithm, &claims);
        assert_eq!(server.get("/users/me", Some(&token)).0, 401, "{rule}");
        signatures.push((rule, token.rsplit('.').next().unwrap().to_owned()));
    }
    assert_eq!(server.get("/users/me", Some("hunter2")).0, 401);
    server.process.signal("TERM");
    server.process.stderr.wait_for("it is not a JSON Web Token");
    let log = server.process.end().stderr;
    for (rule, signature) in &signatures {
        let lines = log.lines().filter(|line| line.contains("a token was refused") && line.contains(rule));
        assert_eq!(lines.count(), 1, "once, however often: {rule}: {log}");
        assert!(!log.contains(signature), "{log}");
    }
    for said in ["secret.example", "4711", "password-reset-secret", "hunter2", "secretsecret"] {
        assert!(!log.contains(said), "{said}: {log}");
    }
}

#[test]
fn a_secret_that_is_shared_without_an_audience_is_warned_of() {
    let sandbox = Sandbox::new();
    let warning = "any token of the application that shares its secret opens the chat";
    assert!(serve(&sandbox, &[]).stop().stderr.contains(warning));
    assert!(!serve(&sandbox, &["--jwt-audience", "chat"]).stop().stderr.contains(warning));
}
