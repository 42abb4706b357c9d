//! Another application shares its secret: its tokens let its users in, and no user here can become one of
//! theirs.

use std::time::Duration;

use base64::Engine as _;
use chinwag::{Config, Secret};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};

use crate::harness::{Reply, SECRET, TestServer, foreign_token, now, open, reply, sign};

/// The other application's answer to a token: its user, if it accepts it.
fn host_takes(token: &str) -> Option<Value> {
    let key = DecodingKey::from_secret(SECRET);
    let claims = jsonwebtoken::decode::<Value>(token, &key, &Validation::new(Algorithm::HS256)).ok()?.claims;
    Some(claims["sub"].clone())
}

fn account(name: &str) -> Value {
    json!({"username": name, "email": format!("{name}@example.com"), "password": "long enough"})
}

/// Registration and password sign-in, which must be turned on by name.
fn open_to_strangers(config: &mut Config) {
    config.auth.registration = true;
    config.auth.password_login = Some(true);
}

async fn post(server: &TestServer, path: &str, body: &Value) -> Reply {
    reply(server.http.post(server.url(path)).json(body)).await
}

async fn me(server: &TestServer, token: &str) -> Reply {
    reply(server.http.get(server.url("/users/me")).bearer_auth(token)).await
}

/// The session that a token of this server names.
fn session_of(token: &str) -> Value {
    let part = token.split('.').nth(1).unwrap();
    let claims: Value =
        serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap())
            .unwrap();
    claims["sid"].clone()
}

#[tokio::test]
async fn whoever_registers_gets_nothing_that_the_host_would_take() {
    let server = TestServer::provisioning_with(open_to_strangers).await;
    assert_eq!(host_takes(&foreign_token("ceo")), Some(json!("ceo")), "the host takes its own");
    let registered = post(&server, "/users/register", &account("ceo")).await;
    assert_eq!(registered.status, 200, "{:?}", registered.body);
    let refresh = json!({"refresh_token": registered.body["refresh_token"]});
    let renewed = post(&server, "/auth/refresh", &refresh).await;
    let signed_in = server.try_sign_in("ceo", "long enough").await;
    let mut tokens: Vec<String> = [registered, renewed, signed_in]
        .iter()
        .map(|answer| answer.body["access_token"].as_str().unwrap().to_owned())
        .collect();
    tokens.push(server.beside(|accounts| accounts.token("ceo", Duration::from_secs(60)).unwrap()).await);
    for token in tokens {
        assert_eq!(host_takes(&token), None, "the host took a stranger for its own user");
        assert_eq!(me(&server, &token).await.status, 200, "here it is good");
    }
}

#[tokio::test]
async fn whoever_took_a_name_of_the_host_is_not_met_by_its_owner() {
    let server = TestServer::provisioning_with(open_to_strangers).await;
    let stranger = post(&server, "/users/register", &account("ceo")).await.body;
    let owner = me(&server, &foreign_token("ceo")).await;
    assert_eq!((owner.status, &owner.body["username"]), (200, &json!("ceo-2")), "{:?}", owner.body);
    assert_ne!(owner.body["id"], stranger["user"]["id"]);
    let again = me(&server, &foreign_token("ceo")).await.body;
    assert_eq!(again["id"], owner.body["id"], "and is the same next time");
    let still = me(&server, stranger["access_token"].as_str().unwrap()).await.body;
    assert_eq!((&still["id"], &still["username"]), (&stranger["user"]["id"], &json!("ceo")));
    for subject in ["CEO", "ceo-2", "ceo "] {
        let other = me(&server, &foreign_token(subject)).await;
        assert_eq!(other.status, 200, "{subject}");
        assert_ne!(other.body["id"], owner.body["id"], "{subject}");
        assert_ne!(other.body["id"], stranger["user"]["id"], "{subject}");
    }
}

#[tokio::test]
async fn strangers_have_no_door_unless_it_was_asked_for() {
    let server = TestServer::provisioning().await;
    assert_eq!(server.server.setup_token(), None);
    let mut set_up = account("ceo");
    set_up["token"] = json!("guessed");
    for (path, body) in [
        ("/users/register", account("ceo")),
        ("/setup", set_up),
        ("/auth/refresh", json!({"refresh_token": "guessed"})),
    ] {
        let refused = post(&server, path, &body).await;
        assert_eq!(refused.status, 403, "{path}: {:?}", refused.body);
        let why = refused.body["detail"].as_str().unwrap();
        assert!(why.contains("on this server: "), "{path} says why: {why}");
    }
    assert_eq!(server.try_sign_in("ceo", "long enough").await.status, 403);
    let health = server.get("/healthz").await.body;
    assert_eq!((&health["registration"], &health["password_login"]), (&json!(false), &json!(false)));
    let users = server.beside(|accounts| accounts.list().unwrap().len()).await;
    assert_eq!(users, 0);
}

#[tokio::test]
async fn a_token_that_was_signed_here_with_the_shared_secret_before_opens_nothing() {
    let server = TestServer::provisioning_with(open_to_strangers).await;
    let registered = post(&server, "/users/register", &account("ceo")).await.body;
    let session = session_of(registered["access_token"].as_str().unwrap());
    let claims = json!({"sub": "ceo", "iat": now(), "exp": now() + 3600, "sid": session});
    let of_before = sign(&claims, SECRET);
    assert_eq!(me(&server, &of_before).await.status, 401);
    let path = format!("/conversations/1/ws?token={of_before}");
    assert_eq!(open(server.address, &path).await.refused_with().await, 4001);
    for sid in [json!("a session of the host"), json!(7), Value::Null] {
        let mut claims = claims.clone();
        claims["sid"] = sid;
        assert_eq!(me(&server, &sign(&claims, SECRET)).await.status, 200, "{claims}: it is theirs");
    }
}

mod embedded {
    refinery::embed_migrations!("src/store/sqlite/migrations");
}

#[tokio::test]
async fn accounts_that_were_made_for_tokens_stay_theirs_and_those_with_a_password_nobodys() {
    let stopped = TestServer::provisioning().await.stop().await;
    let folder = stopped.folder_path();
    for name in ["chinwag.db", "chinwag.db-wal", "chinwag.db-shm"] {
        // Which of them are there depends on how it was closed.
        let _ = std::fs::remove_file(folder.join(name));
    }
    let mut database = rusqlite::Connection::open(folder.join("chinwag.db")).unwrap();
    let before = refinery::Target::Version(6);
    embedded::migrations::runner().set_target(before).run(&mut database).unwrap();
    let insert = "INSERT INTO users (id, username, username_key, first_name, last_name, password_hash, role, \
                                     is_active, created_at) VALUES (?1, ?2, ?2, '', '', ?3, 'user', 1, 0)";
    database.execute(insert, (1, "anna", None::<&str>)).unwrap();
    database.execute(insert, (2, "ceo", Some("a hash"))).unwrap();
    drop(database);
    let server = stopped.start().await;
    let anna = me(&server, &foreign_token("anna")).await.body;
    assert_eq!((&anna["id"], &anna["username"]), (&json!(1), &json!("anna")));
    let ceo = me(&server, &foreign_token("ceo")).await.body;
    assert_eq!((&ceo["id"], &ceo["username"]), (&json!(3), &json!("ceo-2")));
}

#[tokio::test]
async fn an_account_stands_for_the_user_that_it_is_linked_to() {
    let server = TestServer::provisioning_with(|config| config.auth.provision = false).await;
    let new = |name: &str| chinwag::NewAccount {
        username: name.to_owned(),
        email: None,
        password: "long enough".to_owned(),
        first_name: String::new(),
        last_name: String::new(),
        role: chinwag::protocol::rest::UserRole::User,
    };
    let (anna, ben) = (new("anna"), new("ben"));
    server.beside(move |accounts| [accounts.add(&anna).unwrap(), accounts.add(&ben).unwrap()]).await;
    assert_eq!(me(&server, &foreign_token("anna")).await.status, 401, "a name alone is nobody");
    server.beside(|accounts| accounts.link("anna", "4711").unwrap()).await;
    assert_eq!(
        me(&server, &sign(&json!({"sub": 4711, "exp": now() + 60}), SECRET)).await.body["username"],
        "anna"
    );
    server.beside(|accounts| accounts.link("ben", "4711").unwrap()).await;
    assert_eq!(me(&server, &foreign_token("4711")).await.body["username"], "ben");
    assert!(server.beside(|accounts| accounts.link("nobody", "1").is_err()).await);
}

#[tokio::test]
async fn the_servers_own_key_is_shared_with_nobody() {
    let folder = tempfile::TempDir::new().unwrap();
    std::fs::write(folder.path().join("token.key"), SECRET).unwrap();
    let mut config = Config { data_dir: folder.path().to_owned(), ..Config::default() };
    config.auth.shared_secret = Some(Secret::new(SECRET).unwrap());
    let error = crate::harness::try_build(&config).await.err().unwrap().to_string();
    assert!(error.contains("own key"), "{error}");
}

#[tokio::test]
async fn only_tokens_for_the_chat_open_it_and_asking_for_them_later_keeps_the_accounts() {
    let server = TestServer::provisioning().await;
    let anna = server.person("anna").await;
    let mut stopped = server.stop().await;
    stopped.configure(|config| {
        config.auth.audience = Some("chat".to_owned());
        config.auth.issuer = Some("https://host.example".to_owned());
    });
    let server = stopped.start().await;
    let good =
        json!({"sub": "anna", "exp": now() + 60, "aud": ["chat", "mail"], "iss": "https://host.example"});
    assert_eq!(me(&server, &sign(&good, SECRET)).await.body["id"], json!(anna.id));
    for (field, value) in [
        ("aud", json!("password reset")),
        ("aud", json!([])),
        ("aud", Value::Null),
        ("iss", json!("https://other.example")),
        ("iss", Value::Null),
    ] {
        let mut claims = good.clone();
        claims[field] = value;
        assert_eq!(me(&server, &sign(&claims, SECRET)).await.status, 401, "{claims}");
    }
}

#[tokio::test]
async fn a_subject_may_be_a_number_or_longer_than_a_username() {
    let server = TestServer::provisioning().await;
    for (subject, username) in [
        (json!(42), "42".to_owned()),
        (json!("auth0|5f7c"), "auth0-5f7c".to_owned()),
        (json!("x".repeat(255)), "x".repeat(64)),
        (json!("y y"), "y-y".to_owned()),
    ] {
        let token = sign(&json!({"sub": subject, "exp": now() + 60}), SECRET);
        let found = me(&server, &token).await;
        assert_eq!((found.status, &found.body["username"]), (200, &json!(username)), "{subject}");
        assert_eq!(me(&server, &token).await.body["id"], found.body["id"]);
    }
}
