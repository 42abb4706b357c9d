//! Registration, and accounts that change beside the running server.

use chinwag::Config;
use serde_json::{Value, json};

use crate::harness::{Reply, TestServer, percent_encoded, reply};

fn account(name: &str) -> Value {
    json!({"username": name, "email": format!("{name}@example.com"), "password": "long enough",
           "first_name": "First", "last_name": "Last"})
}

/// A server on which anybody may register.
async fn open_server() -> TestServer {
    let mut config = Config::default();
    config.auth.registration = true;
    TestServer::start(config).await
}

async fn register(server: &TestServer, body: &Value) -> Reply {
    reply(server.http.post(server.url("/users/register")).json(body)).await
}

#[tokio::test]
async fn who_registers_is_signed_in() {
    let server = open_server().await;
    let made = register(&server, &account("Nina")).await;
    assert_eq!(made.status, 200, "{:?}", made.body);
    assert_eq!(made.body["user"]["username"], "Nina");
    assert_eq!(made.body["user"]["role"], "user");
    let token = made.body["access_token"].as_str().unwrap();
    let me = reply(server.http.get(server.url("/users/me")).bearer_auth(token)).await;
    assert_eq!(me.body, made.body["user"]);
    assert_eq!(server.try_sign_in("nina@example.com", "long enough").await.status, 200);
}

#[tokio::test]
async fn taken_names_and_addresses_are_refused_in_any_case() {
    let server = open_server().await;
    assert_eq!(register(&server, &account("nina")).await.status, 200);
    let mut same_name = account("NINA");
    same_name["email"] = json!("other@example.com");
    let mut same_address = account("other");
    same_address["email"] = json!("Nina@example.com");
    for (body, detail, code) in [
        (same_name, "Username already exists", "username_taken"),
        (same_address, "Email already exists", "email_taken"),
    ] {
        let taken = register(&server, &body).await;
        assert_eq!((taken.status, &taken.body), (400, &json!({"detail": detail, "code": code})));
    }
}

#[tokio::test]
async fn fields_that_can_not_be_are_named() {
    let server = open_server().await;
    for (field, value) in [
        ("username", json!("a b")),
        ("username", json!("")),
        ("username", json!("x".repeat(65))),
        ("username", json!("nina@example.com")),
        ("username", json!("zed.")),
        ("username", json!("-zed")),
        ("username", json!("nin\u{430}")),
        ("username", json!("nin\u{200b}a")),
        ("username", json!("ｎｉｎａ")),
        ("first_name", json!("\u{200b}")),
        ("last_name", json!("  ")),
        ("email", json!("nowhere")),
        ("password", json!("short")),
        ("password", json!("x".repeat(257))),
        ("first_name", json!("x".repeat(65))),
        ("last_name", json!("a\u{0}b")),
        ("username", json!(5)),
        ("email", Value::Null),
    ] {
        let mut body = account("nina");
        body[field] = value.clone();
        let refused = register(&server, &body).await;
        assert_eq!(refused.status, 422, "{field}: {value}");
        assert_eq!(refused.body["detail"][0]["loc"], json!(["body", field]), "{value}");
    }
    let refused = register(&server, &json!({"username": "nina"})).await;
    assert_eq!(refused.body["detail"][0]["type"], "missing");
}

#[tokio::test]
async fn registration_is_closed_unless_it_was_opened() {
    let server = TestServer::start(Config::default()).await;
    let refused = register(&server, &account("nina")).await;
    assert_eq!(refused.status, 403);
    assert!(refused.body["detail"].is_string());
}

#[tokio::test]
async fn the_same_name_registers_once_however_many_try() {
    let server = open_server().await;
    let attempts = (0..8).map(|place| {
        let mut body = account("nina");
        body["email"] = json!(format!("{place}@example.com"));
        let request = server.http.post(server.url("/users/register")).json(&body);
        tokio::spawn(reply(request))
    });
    let mut statuses = Vec::new();
    for attempt in attempts.collect::<Vec<_>>() {
        statuses.push(attempt.await.unwrap().status);
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400, 400, 400, 400, 400, 400, 400]);
}

#[tokio::test]
async fn a_disabled_account_may_not_enter_any_more() {
    let server = TestServer::demo().await;
    let user = server.sign_in("testuser2").await;
    server.beside(|accounts| accounts.set_active("testuser2", false).unwrap()).await;
    assert_eq!(user.knock(1).await.refused_with().await, 4000);
    assert_eq!(user.get("/users/me").await.status, 401);
    assert_eq!(server.try_sign_in("testuser2", "TestPassword123").await.status, 401);
    server.beside(|accounts| accounts.set_active("testuser2", true).unwrap()).await;
    assert_eq!(user.knock(1).await.refused_with().await, 4000, "disabling ended the session");
    server.sign_in("testuser2").await.enter(1).await;
}

#[tokio::test]
async fn a_renamed_user_goes_on_under_the_new_name() {
    let server = TestServer::demo().await;
    let (user, other) = (server.sign_in("testuser").await, server.sign_in("testuser2").await);
    user.say(1, "under the old name").await;
    let mut room = user.enter(1).await;
    server.beside(|accounts| accounts.rename("TestUser", "Nina").unwrap()).await;
    assert_eq!(room.close_code().await, 1012, "what it says would bear the old name");
    let mut hears = other.enter(1).await;
    let mut room = user.enter(1).await;
    assert_eq!(hears.frame().await["username"], "Nina");
    room.say("it is me").await;
    assert_eq!(hears.message().await["sender_name"], "Nina");
    let names = |history: &Value| {
        let by_them = history.as_array().unwrap().iter().filter(|message| message["sender_id"] == user.id);
        by_them.map(|message| message["sender_name"].clone()).collect::<Vec<_>>()
    };
    let history = other.get("/conversations/1/messages").await.body;
    assert!(names(&history).len() > 1 && names(&history).iter().all(|name| name == "Nina"), "{history}");
    assert_eq!(server.try_sign_in("testuser", "TestPassword123").await.status, 401);
    assert_eq!(server.try_sign_in("nina", "TestPassword123").await.body["user"]["id"], user.id);
    let found = other.get("/users?query=nin").await.body;
    assert_eq!((found.as_array().unwrap().len(), &found[0]["id"]), (1, &json!(user.id)), "{found}");
    server
        .beside(|accounts| {
            for refused in ["testuser2", "TESTUSER2", "a b", "", "zed.", "nina@example.com"] {
                assert!(accounts.rename("nina", refused).is_err(), "{refused}");
            }
            assert!(accounts.rename("testuser", "other").is_err(), "nobody has this name");
            accounts.rename("nina", "NINA").unwrap();
        })
        .await;
}

#[tokio::test]
async fn of_a_removed_user_the_messages_stay() {
    const PASSWORD: &str = "TestPassword123";
    let server = TestServer::demo().await;
    let (user, other) = (server.sign_in("testuser").await, server.sign_in("testuser2").await);
    let refresh_token = server.try_sign_in("testuser", PASSWORD).await.body["refresh_token"].clone();
    let said = user.say(1, "I was here").await;
    let mut room = user.enter(1).await;
    server.beside(|accounts| accounts.remove("testuser").unwrap()).await;
    assert_eq!(room.close_code().await, 4000);
    assert_eq!(user.get("/users/me").await.status, 401);
    let refresh =
        server.http.post(server.url("/auth/refresh")).json(&json!({"refresh_token": refresh_token}));
    assert_eq!(reply(refresh).await.status, 401);
    let gone = format!("deleted user {}", user.id);
    for name in ["testuser", "testuser@example.com", gone.as_str()] {
        assert_eq!(server.try_sign_in(name, PASSWORD).await.status, 401, "{name}");
    }
    let history = other.history(1, "").await;
    let message = history.iter().find(|message| message["id"] == said["id"]).unwrap();
    assert_eq!((&message["content"], &message["sender_id"]), (&json!("I was here"), &json!(user.id)));
    assert_eq!(message["sender_name"], gone);
    assert_eq!(other.get("/users?query=deleted").await.body, json!([]), "nobody to write to");
    let again = register(&server, &account("testuser")).await;
    assert_eq!(again.status, 200, "name and address are free: {:?}", again.body);
    assert_ne!(again.body["user"]["id"], user.id);
}

#[tokio::test]
async fn a_new_password_ends_the_sessions_of_the_old_one() {
    let server = TestServer::demo().await;
    let user = server.sign_in("alice").await;
    server.beside(|accounts| accounts.set_password("alice", "another one").unwrap()).await;
    assert_eq!(user.get("/users/me").await.status, 401);
    assert_eq!(server.try_sign_in("alice", "TestPassword123").await.status, 401);
    assert_eq!(server.try_sign_in("alice", "another one").await.status, 200);
}

#[tokio::test]
async fn the_command_line_makes_tokens_that_the_server_takes() {
    let server = TestServer::demo().await;
    let hour = std::time::Duration::from_secs(3600);
    let token = server.beside(move |accounts| accounts.token("bob", hour).unwrap()).await;
    let me = reply(server.http.get(server.url("/users/me")).bearer_auth(token)).await;
    assert_eq!(me.body["username"], "bob");
}

#[tokio::test]
async fn names_are_written_in_any_script() {
    let mut config = Config::default();
    (config.auth.registration, config.limits.is_enforced) = (true, false);
    let server = TestServer::start(config).await;
    for (place, name) in ["स्मिता", "สมชาย", "தமிழ்", "Nguyễn", "мария", "李小明", "田中さん", "민수", "محمد"]
        .into_iter()
        .enumerate()
    {
        let mut body = account(name);
        body["email"] = json!(format!("{place}@example.com"));
        let made = register(&server, &body).await;
        assert_eq!((made.status, &made.body["user"]["username"]), (200, &json!(name)), "{:?}", made.body);
    }
}

#[tokio::test]
async fn a_name_and_a_password_are_the_same_in_both_forms() {
    let server = open_server().await;
    let mut body = account("José");
    (body["email"], body["password"]) = (json!("jose\u{301}@example.com"), json!("pa\u{301}ssword"));
    body["first_name"] = json!("Jose\u{301}");
    let made = register(&server, &body).await;
    assert_eq!((made.status, &made.body["user"]["first_name"]), (200, &json!("José")), "{:?}", made.body);
    for name in ["Jose\u{301}", "JOSÉ", "jose\u{301}", "josé@example.com", "JOSE\u{301}@EXAMPLE.COM"] {
        for password in ["pássword", "pa\u{301}ssword"] {
            assert_eq!(server.try_sign_in(name, password).await.status, 200, "{name}");
        }
    }
    let mut same = account("JOSE\u{301}");
    same["email"] = json!("other@example.com");
    let taken = register(&server, &same).await;
    assert_eq!(
        (taken.status, &taken.body),
        (400, &json!({"detail": "Username already exists", "code": "username_taken"}))
    );
}

#[tokio::test]
async fn people_are_found_by_any_of_their_names_in_any_order_and_script() {
    let mut config = Config::default();
    (config.auth.registration, config.limits.is_enforced) = (true, false);
    let server = TestServer::start(config).await;
    let mut token = String::new();
    for (username, first, last) in [
        ("ivan", "Иван", "Петров"),
        ("second", "Second", "User"),
        ("li.ming", "小明", "李"),
        ("ana", "Ana Mari\u{301}a", "Straße"),
    ] {
        let mut body = account(username);
        (body["first_name"], body["last_name"]) = (json!(first), json!(last));
        let made = register(&server, &body).await;
        assert_eq!(made.status, 200, "{:?}", made.body);
        made.body["access_token"].as_str().unwrap().clone_into(&mut token);
    }
    for (query, expected) in [
        ("иван", "ivan"),
        ("ПЕТРОВ Иван", "ivan"),
        ("Second User", "second"),
        ("user sec", "second"),
        ("李小明", "li.ming"),
        ("小明", "li.ming"),
        ("ming", "li.ming"),
        ("li.ming", "li.ming"),
        ("maría", "ana"),
        ("ana mari\u{301}a", "ana"),
        ("STRASSE ana", "ana"),
        ("cond", ""),
        ("second ivan", ""),
    ] {
        let path = format!("/users?query={}", percent_encoded(query));
        let found = reply(server.http.get(server.url(&path)).bearer_auth(&token)).await;
        let names: Vec<_> =
            found.body.as_array().unwrap().iter().map(|user| user["username"].as_str().unwrap()).collect();
        let expected: Vec<_> = Some(expected).filter(|name| !name.is_empty()).into_iter().collect();
        assert_eq!(names, expected, "{query}");
    }
}
