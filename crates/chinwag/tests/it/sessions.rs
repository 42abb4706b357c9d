//! Signing in and out, and what a token is worth in between.

use std::time::Duration;

use base64::Engine as _;
use chinwag::protocol::rest::UserRole;
use chinwag::{Config, Mode, NewAccount, Rate};
use serde_json::{Value, json};

use crate::harness::{TestServer, now, reply, soon};

fn claims(token: &str) -> (Value, Value) {
    let part = |index| {
        let text = token.split('.').nth(index).unwrap();
        serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).unwrap())
            .unwrap()
    };
    (part(0), part(1))
}

#[tokio::test]
async fn one_signs_in_by_username_or_email_in_any_case() {
    let server = TestServer::demo().await;
    for name in ["alice", "ALICE", "alice@example.com", "Alice@Example.COM"] {
        let signed_in = server.try_sign_in(name, "TestPassword123").await;
        assert_eq!(signed_in.status, 200, "{name}: {:?}", signed_in.body);
        assert_eq!(signed_in.body["token_type"], "bearer");
        assert_eq!(signed_in.body["user"]["username"], "alice");
    }
}

#[tokio::test]
async fn a_token_is_hs256_and_names_user_times_and_session() {
    let server = TestServer::demo().await;
    let alice = server.sign_in("alice").await;
    let (header, claims) = claims(&alice.token);
    assert_eq!((&header["alg"], &header["typ"]), (&json!("HS256"), &json!("chinwag+jwt")));
    assert_eq!(claims["iss"], "chinwag");
    assert_eq!(claims["sub"], "alice");
    let issued_at = claims["iat"].as_i64().unwrap();
    assert!((issued_at - now()).abs() < 60, "{claims}");
    assert_eq!(claims["exp"].as_i64().unwrap() - issued_at, 3000 * 60);
    let session = alice.get("/auth/sessions").await.body;
    assert_eq!(session[0]["id"], claims["sid"]);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_get_the_same_answer() {
    let server = TestServer::demo().await;
    server.beside(|accounts| accounts.set_active("bob", false).unwrap()).await;
    let wrong = server.try_sign_in("alice", "WrongPassword").await;
    assert_eq!(wrong.status, 401);
    assert_eq!(wrong.header("www-authenticate"), "Bearer");
    assert_eq!(wrong.body, json!({"detail": "Incorrect username or password", "code": "unauthenticated"}));
    let long = "x".repeat(60_000);
    for (name, password) in [
        (long.as_str(), "x"),
        ("nobody", "TestPassword123"),
        ("bob", "TestPassword123"),
        ("", ""),
        ("a\0b", "x"),
    ] {
        let other = server.try_sign_in(name, password).await;
        assert_eq!((other.status, &other.body), (401, &wrong.body), "{name}");
        assert_eq!(other.header("www-authenticate"), "Bearer", "{name}");
    }
}

#[tokio::test]
async fn missing_form_fields_are_listed() {
    let server = TestServer::demo().await;
    let missing = reply(server.http.post(server.url("/auth/token")).form(&[("username", "alice")])).await;
    assert_eq!(missing.status, 422);
    let expected = json!([{"loc": ["body", "password"], "msg": "Field required", "type": "missing"}]);
    assert_eq!(missing.body["detail"], expected);
    let empty = reply(server.http.post(server.url("/auth/token"))).await;
    assert_eq!(empty.status, 422);
    assert_eq!(empty.body["detail"][0]["loc"], json!(["body", "username"]));
}

#[tokio::test]
async fn failures_from_one_address_are_refused_after_a_while() {
    let server = TestServer::demo_with(|config| {
        config.limits.logins_per_address = Rate { burst: 3, every: Duration::from_secs(600) };
    })
    .await;
    for _ in 0..5 {
        assert_eq!(
            server.try_sign_in("alice", "TestPassword123").await.status,
            200,
            "successes cost nothing"
        );
    }
    for name in ["alice", "bob", "nobody"] {
        assert_eq!(server.try_sign_in(name, "wrong").await.status, 401);
    }
    let refused = server.try_sign_in("admin", "AdminPassword123").await;
    assert_eq!(refused.status, 429, "{:?}", refused.body);
    let retry_after: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=600).contains(&retry_after), "{retry_after}");
    assert!(refused.body["detail"].is_string());
}

#[tokio::test]
async fn failures_of_one_account_delay_it_and_lock_nobody_out() {
    let server = TestServer::demo_with(|config| {
        config.limits.logins_per_account = Rate { burst: 2, every: Duration::from_millis(300) };
    })
    .await;
    for _ in 0..2 {
        assert_eq!(server.try_sign_in("alice", "wrong").await.status, 401);
    }
    assert_eq!(server.try_sign_in("alice", "TestPassword123").await.status, 200, "later, but it works");
}

#[tokio::test]
async fn right_passwords_at_the_same_time_delay_and_refuse_nobody() {
    let rare = Rate { burst: 2, every: Duration::from_secs(600) };
    let server = TestServer::demo_with(|config| {
        config.limits.logins_per_account = rare;
        config.limits.logins_per_address = rare;
    })
    .await;
    let names = ["alice", "alice@example.com", "bob"].into_iter().cycle().take(12);
    let sign_ins = names.map(|name| server.try_sign_in(name, "TestPassword123"));
    for answer in futures_util::future::join_all(sign_ins).await {
        assert_eq!(answer.status, 200, "{:?}", answer.body);
    }
}

#[tokio::test]
async fn me_is_the_caller_and_needs_a_token() {
    let server = TestServer::demo().await;
    let admin = server.sign_in("admin").await;
    let me = admin.get("/users/me").await;
    assert_eq!(me.status, 200);
    assert_eq!(me.body["email"], "admin@example.com");
    assert_eq!(me.body["role"], "admin");
    assert!(!me.body.to_string().contains("password"), "{}", me.body);
    let nobody = server.get("/users/me").await;
    assert_eq!(nobody.status, 401);
    assert_eq!(nobody.body, json!({"detail": "Not authenticated", "code": "unauthenticated"}));
    assert_eq!(nobody.header("www-authenticate"), "Bearer");
}

#[tokio::test]
async fn who_signs_out_is_out_everywhere() {
    let server = TestServer::demo().await;
    let user = server.sign_in("testuser").await;
    let elsewhere = server.sign_in("testuser").await;
    let mut live = user.enter(1).await;
    let mut other_session = elsewhere.enter(1).await;
    assert_eq!(user.post("/auth/logout", &Value::Null).await.status, 204);
    assert_eq!(live.close_code().await, 4006);
    let refused = user.get("/users/me").await;
    assert_eq!(refused.status, 401);
    assert_eq!(refused.header("www-authenticate"), "Bearer");
    assert_eq!(user.knock(1).await.refused_with().await, 4000);
    other_session.hears_nothing_but_itself().await;
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one() {
    let server = TestServer::demo().await;
    let desk = server.sign_in("testuser").await;
    let phone = server.sign_in("testuser").await;
    let stranger = server.sign_in("alice").await;
    let mut live = phone.enter(1).await;
    let sessions = desk.get("/auth/sessions").await.body;
    assert_eq!(sessions.as_array().unwrap().len(), 2, "{sessions}");
    let phone_id = claims(&phone.token).1["sid"].as_str().unwrap().to_owned();
    let is_current = |id: &str| {
        sessions.as_array().unwrap().iter().find(|session| session["id"] == id).unwrap()["current"] == true
    };
    assert!(!is_current(&phone_id) && is_current(claims(&desk.token).1["sid"].as_str().unwrap()));

    let path = format!("/auth/sessions/{phone_id}");
    assert_eq!(stranger.delete(&path).await.status, 404, "of somebody else");
    assert_eq!(desk.delete(&path).await.status, 204);
    assert_eq!(live.close_code().await, 4006);
    assert_eq!(phone.get("/users/me").await.status, 401);
    assert_eq!(desk.delete(&path).await.status, 404, "ended already");
    assert_eq!(desk.get("/auth/sessions").await.body.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn tokens_and_ended_sessions_outlive_a_restart() {
    let server = TestServer::demo().await;
    let kept = server.sign_in("testuser").await;
    let ended = server.sign_in("testuser").await;
    assert_eq!(ended.post("/auth/logout", &Value::Null).await.status, 204);
    let server = server.restart().await;
    let me = |token: &str| reply(server.http.get(server.url("/users/me")).bearer_auth(token));
    assert_eq!(me(&kept.token).await.status, 200);
    assert_eq!(me(&ended.token).await.status, 401);
}

#[tokio::test]
async fn the_setup_link_makes_one_administrator_and_no_second() {
    let mut config = Config::default();
    config.auth.registration = true;
    config.auth.setup_link = true;
    let server = TestServer::start(config).await;
    let token = server.server.setup_token().expect("a link while there is no administrator");
    let register = async |server: &TestServer| {
        let body = json!({"username": "early", "email": "early@example.com", "password": "long enough"});
        reply(server.http.post(server.url("/users/register")).json(&body)).await
    };
    let refused = register(&server).await;
    assert_eq!(refused.status, 403, "{:?}", refused.body);
    assert!(refused.body["detail"].as_str().unwrap().contains("setup link"), "{:?}", refused.body);
    let health = server.get("/healthz").await.body;
    assert_eq!((&health["needs_setup"], &health["registration"]), (&json!(true), &json!(false)));
    let set_up = async |token: &str, name: &str| {
        let body = json!({"token": token, "username": name, "email": format!("{name}@example.com"),
                          "password": "long enough"});
        reply(server.http.post(server.url("/setup")).json(&body)).await
    };
    assert_eq!(set_up("guessed", "mallory").await.status, 403);
    let made = set_up(&token, "root").await;
    assert_eq!(made.status, 200, "{:?}", made.body);
    assert_eq!(made.body["user"]["role"], "admin");
    assert_eq!(server.server.setup_token(), None);
    assert_eq!(set_up(&token, "mallory").await.status, 403);
    let server = server.restart().await;
    assert_eq!(server.server.setup_token(), None, "there is an administrator");
    assert_eq!(register(&server).await.status, 200);
    let health = server.get("/healthz").await.body;
    assert_eq!((&health["needs_setup"], &health["registration"]), (&json!(false), &json!(true)));
}

async fn set_up(server: &TestServer, token: &str) -> u16 {
    let body =
        json!({"token": token, "username": "root", "email": "root@example.com", "password": "long enough"});
    reply(server.http.post(server.url("/setup")).json(&body)).await.status
}

#[tokio::test]
async fn a_setup_link_outlives_a_restart_and_no_administrator_whoever_made_them() {
    let mut config = Config::default();
    config.auth.setup_link = true;
    let server = TestServer::start(config.clone()).await;
    let first = server.server.setup_token().unwrap();
    let server = server.restart().await;
    let second = server.server.setup_token().unwrap();
    assert_ne!(first, second);
    assert_eq!(set_up(&server, &first).await, 200);
    assert_eq!(set_up(&server, &second).await, 403, "there is an administrator");

    let server = TestServer::start(config).await;
    let token = server.server.setup_token().unwrap();
    let account = NewAccount {
        username: "admin".to_owned(),
        email: None,
        password: "long enough".to_owned(),
        first_name: String::new(),
        last_name: String::new(),
        role: UserRole::Admin,
    };
    server.beside(move |accounts| accounts.add(&account).unwrap()).await;
    soon("the link's end", async {
        while server.server.setup_token().is_some() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    server.beside(|accounts| accounts.set_role("admin", UserRole::User).unwrap()).await;
    assert_eq!(set_up(&server, &token).await, 403, "there was an administrator");
}

#[tokio::test]
async fn an_administrator_who_is_made_beside_the_server_opens_registration() {
    let mut config = Config::default();
    config.auth.registration = true;
    config.auth.setup_link = true;
    let server = TestServer::start(config).await;
    let new = NewAccount {
        username: "ops".to_owned(),
        email: None,
        password: "long enough".to_owned(),
        first_name: String::new(),
        last_name: String::new(),
        role: UserRole::User,
    };
    server.beside(move |accounts| accounts.add(&new).unwrap()).await;
    let register = async |name: &str| {
        let body =
            json!({"username": name, "email": format!("{name}@example.com"), "password": "long enough"});
        reply(server.http.post(server.url("/users/register")).json(&body)).await.status
    };
    assert_eq!(register("early").await, 403, "a user is no administrator");
    let admin = UserRole::Admin;
    server.beside(move |accounts| accounts.set_role("ops", admin).unwrap()).await;
    let health = server.get("/healthz").await.body;
    assert_eq!((&health["needs_setup"], &health["registration"]), (&json!(false), &json!(true)));
    assert_eq!(register("early").await, 200);
    let signed_in = server.try_sign_in("ops", "long enough").await.body;
    assert_eq!(signed_in["user"]["role"], "admin");
}

#[tokio::test]
async fn a_demo_folder_is_not_served_for_real() {
    let stopped = TestServer::demo().await.stop().await;
    let folder = stopped.folder_path();
    let config = Config { data_dir: folder, store: stopped.store(), mode: Mode::Serve, ..Config::default() };
    let error = crate::harness::try_build(&config).await.err().unwrap().to_string();
    assert!(error.contains("belongs to `chinwag demo`"), "{error}");
}

#[tokio::test]
async fn either_way_of_sending_a_form_signs_in() {
    let server = TestServer::demo().await;
    let post = async |parts: &str| {
        let body = format!("{parts}--b--\r\n");
        let request = server.http.post(server.url("/auth/token")).body(body);
        reply(request.header("content-type", "multipart/form-data; boundary=b")).await
    };
    let part = |name: &str, value: &str| {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let (name, password) = (part("username", "testuser"), part("password", "TestPassword123"));
    let signed_in = post(&format!("{name}{password}{}", part("grant_type", "password"))).await;
    assert_eq!(signed_in.status, 200, "{:?}", signed_in.body);
    assert_eq!(signed_in.body["user"]["username"], "testuser");
    let missing = post(&name).await;
    assert_eq!((missing.status, &missing.body["detail"][0]["loc"]), (422, &json!(["body", "password"])));
    assert_eq!(post(&format!("{name}{}", part("password", "wrong"))).await.status, 401);
    let broken = reply(
        server
            .http
            .post(server.url("/auth/token"))
            .header("content-type", "multipart/form-data; boundary=b")
            .body("no form"),
    );
    assert_eq!(broken.await.status, 422);
}
