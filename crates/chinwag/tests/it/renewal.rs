//! How long a sign-in lasts: refresh tokens, ended sessions, changed passwords, and tokens that are renewed
//! on a live socket.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Device, Person, Reply, SECRET, TestServer, now, reply, sign};

async fn refresh(server: &TestServer, token: &str) -> Reply {
    reply(server.http.post(server.url("/auth/refresh")).json(&json!({"refresh_token": token}))).await
}

/// Signs in; gives the person and their refresh token.
async fn sign_in(server: &TestServer, name: &str) -> (Person, String) {
    let body = server.try_sign_in(name, "TestPassword123").await.body;
    let mut person = server.sign_in(name).await;
    person.token = body["access_token"].as_str().unwrap().to_owned();
    (person, body["refresh_token"].as_str().unwrap().to_owned())
}

async fn password(person: &Person, current: &str, new: &str) -> Reply {
    let body = json!({"password": new, "current_password": current});
    reply(person.request("PATCH", "/users/me").json(&body)).await
}

#[tokio::test]
async fn a_refresh_token_works_once_and_brings_the_next() {
    let server = TestServer::demo().await;
    let (_, first) = sign_in(&server, "testuser").await;
    let mut refresh_token = first;
    for _ in 0..3 {
        let renewed = refresh(&server, &refresh_token).await;
        assert_eq!(renewed.status, 200, "{:?}", renewed.body);
        assert_eq!(
            (&renewed.body["token_type"], &renewed.body["expires_in"]),
            (&json!("bearer"), &json!(180_000))
        );
        let token = renewed.body["access_token"].as_str().unwrap();
        let me = reply(server.http.get(server.url("/users/me")).bearer_auth(token)).await;
        assert_eq!(me.body["username"], "testuser");
        let next = renewed.body["refresh_token"].as_str().unwrap().to_owned();
        assert_ne!(next, refresh_token);
        refresh_token = next;
    }
    for wrong in ["", "guessed"] {
        let refused = refresh(&server, wrong).await;
        assert_eq!(
            (refused.status, refused.header("www-authenticate")),
            (401, "Bearer"),
            "{:?}",
            refused.body
        );
    }
    let server = server.restart().await;
    assert_eq!(refresh(&server, &refresh_token).await.status, 200, "also after a restart");
}

/// Makes all used refresh tokens of a server look used a minute earlier.
async fn let_a_minute_pass(server: &TestServer) {
    server.execute("UPDATE refresh_tokens SET used_at = used_at - 60000").await;
}

#[tokio::test]
async fn a_refresh_token_that_is_used_again_later_ends_its_session_and_no_other() {
    let server = TestServer::demo().await;
    let (person, first) = sign_in(&server, "testuser").await;
    let other_session = server.sign_in("testuser").await;
    let (mut user, _) = Device::of(&person, &json!({})).await;
    let mut room = person.enter(1).await;
    let (mut bystander, _) = Device::of(&other_session, &json!({})).await;
    let second = refresh(&server, &first).await.body;
    let_a_minute_pass(&server).await;
    assert_eq!(refresh(&server, &first).await.status, 401);
    assert_eq!((user.close_code().await, room.close_code().await), (4006, 4006));
    assert_eq!(
        refresh(&server, second["refresh_token"].as_str().unwrap()).await.status,
        401,
        "the whole family"
    );
    let token = second["access_token"].as_str().unwrap();
    assert_eq!(reply(server.http.get(server.url("/users/me")).bearer_auth(token)).await.status, 401);
    assert_eq!(person.get("/users/me").await.status, 401);
    bystander.frames_until_now().await;
    assert_eq!(other_session.get("/users/me").await.status, 200);
}

#[tokio::test]
async fn a_refresh_token_whose_successor_was_used_ends_its_session_at_once() {
    let server = TestServer::demo().await;
    let (person, first) = sign_in(&server, "testuser").await;
    let second = refresh(&server, &first).await.body;
    let third = refresh(&server, second["refresh_token"].as_str().unwrap()).await;
    assert_eq!(third.status, 200);
    assert_eq!(refresh(&server, &first).await.status, 401, "the answer had arrived");
    assert_eq!(refresh(&server, third.body["refresh_token"].as_str().unwrap()).await.status, 401);
    assert_eq!(person.get("/users/me").await.status, 401);
}

#[tokio::test]
async fn a_retry_gets_the_same_answer_from_whoever_and_after_a_restart() {
    let server = TestServer::demo().await;
    let (person, first) = sign_in(&server, "testuser").await;
    let tabs: Vec<_> = (0..8)
        .map(|_| {
            let body = json!({"refresh_token": first});
            tokio::spawn(reply(server.http.post(server.url("/auth/refresh")).json(&body)))
        })
        .collect();
    let mut answers = Vec::new();
    for tab in tabs {
        let answer = tab.await.unwrap();
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        answers.push(answer.body);
    }
    let server = server.restart().await;
    answers.push(refresh(&server, &first).await.body);
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    let next = answers[0]["refresh_token"].as_str().unwrap();
    assert_eq!(refresh(&server, next).await.status, 200);
    let me = reply(server.http.get(server.url("/users/me")).bearer_auth(&person.token)).await;
    assert_eq!(me.status, 200, "nobody was signed out");
}

#[tokio::test]
async fn who_signs_out_loses_sockets_of_both_kinds_and_the_refresh_token() {
    let server = TestServer::demo().await;
    let (person, refresh_token) = sign_in(&server, "testuser").await;
    let (mut user, _) = Device::of(&person, &json!({})).await;
    let (mut level_1, _) = Device::in_room(&person, 1, "").await;
    let mut level_0 = person.enter(1).await;
    assert_eq!(person.post("/auth/logout", &Value::Null).await.status, 204);
    assert_eq!([user.close_code().await, level_1.close_code().await, level_0.close_code().await], [4006; 3]);
    assert_eq!(refresh(&server, &refresh_token).await.status, 401);
}

#[tokio::test]
async fn a_session_that_is_ended_from_another_one_loses_its_sockets() {
    let server = TestServer::demo().await;
    let (desk, phone) = (server.sign_in("testuser").await, server.sign_in("testuser").await);
    let (mut lost, ready) = Device::of(&phone, &json!({})).await;
    let (mut kept, _) = Device::of(&desk, &json!({})).await;
    let path = format!("/auth/sessions/{}", ready["session_id"].as_str().unwrap());
    assert_eq!(desk.delete(&path).await.status, 204);
    assert_eq!(lost.close_code().await, 4006);
    kept.frames_until_now().await;
}

#[tokio::test]
async fn a_new_password_ends_all_sessions_but_this_one() {
    let server = TestServer::demo().await;
    let (person, refresh_token) = sign_in(&server, "testuser").await;
    let (elsewhere, its_refresh_token) = sign_in(&server, "testuser").await;
    let (mut here, _) = Device::of(&person, &json!({})).await;
    let (mut there, _) = Device::of(&elsewhere, &json!({})).await;
    let mut room = elsewhere.enter(1).await;
    assert_eq!(password(&person, "wrong", "another long one").await.status, 403);
    there.frames_until_now().await;
    let changed = password(&person, "TestPassword123", "another long one").await;
    assert_eq!(changed.status, 200, "{:?}", changed.body);
    assert_eq!((there.close_code().await, room.close_code().await), (4006, 4006));
    here.frames_until_now().await;
    assert_eq!((person.get("/users/me").await.status, elsewhere.get("/users/me").await.status), (200, 401));
    assert_eq!(refresh(&server, &its_refresh_token).await.status, 401);
    assert_eq!(refresh(&server, &refresh_token).await.status, 200);
    assert_eq!(server.try_sign_in("testuser", "TestPassword123").await.status, 401);
    assert_eq!(server.try_sign_in("testuser", "another long one").await.status, 200);
}

#[tokio::test]
async fn a_newer_token_keeps_a_live_socket_open_past_the_older_ones_end() {
    let server =
        TestServer::provisioning_with(|config| config.limits.heartbeat = Duration::from_secs(3)).await;
    let anna = server.person("anna").await;
    let ben = server.person("ben").await;
    let group = anna.group("Group", &[]).await;
    let mut short = anna.clone();
    // 30 s of leeway are nearly used up.
    short.token = sign(&json!({"sub": "anna", "exp": now() - 27}), SECRET);
    let (mut expiring, _) = Device::of(&short, &json!({})).await;
    let (mut renewed, _) = Device::of(&short, &json!({})).await;
    let (mut renewed_room, _) = Device::in_room(&short, group, "").await;
    for device in [&mut renewed, &mut renewed_room] {
        let asked = device.next_of("auth_expiring").await;
        assert!(asked["expires_at"].as_i64().unwrap() / 1000 - now() <= -27, "{asked}");
        assert_eq!(device.is_refused(json!({"type": "auth", "token": ben.token})).await, "forbidden");
        assert_eq!(device.is_refused(json!({"type": "auth", "token": "no token"})).await, "forbidden");
        device.does(json!({"type": "auth", "token": anna.token})).await;
    }
    let begun = Instant::now();
    assert_eq!(expiring.close_code().await, 4005);
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
    for device in [&mut renewed, &mut renewed_room] {
        device.does(json!({"type": "send", "conversation_id": group, "content": "still here"})).await;
    }
}

#[tokio::test]
async fn a_socket_that_was_renewed_outlives_the_session_that_opened_it() {
    let server = TestServer::demo().await;
    let (opener, newer) = (server.sign_in("testuser").await, server.sign_in("testuser").await);
    let alice = server.sign_in("alice").await;
    let (mut user, _) = Device::of(&opener, &json!({})).await;
    user.does(json!({"type": "auth", "token": newer.token})).await;
    assert_eq!(opener.post("/auth/logout", &Value::Null).await.status, 204);
    let group = alice.group("Group", &[&newer]).await;
    assert_eq!(user.next_of("conversation").await["id"], group);
    user.does(json!({"type": "subscribe", "conversation_id": group, "after": "0"})).await;
    assert_eq!(newer.post("/auth/logout", &Value::Null).await.status, 204);
    assert_eq!(user.close_code().await, 4006, "and ends with the one that it was renewed with");
}

#[tokio::test]
async fn a_short_lifetime_is_announced_at_once() {
    let server = TestServer::demo_with(|config| {
        config.auth.token_lifetime = Duration::from_secs(30);
        config.limits.heartbeat = Duration::from_secs(3);
    })
    .await;
    let (person, refresh_token) = sign_in(&server, "testuser").await;
    let (mut kept, _) = Device::of(&person, &json!({})).await;
    let (mut room, _) = Device::in_room(&person, 1, "").await;
    kept.next_of("auth_expiring").await;
    room.next_of("auth_expiring").await;
    let renewed = refresh(&server, &refresh_token).await.body;
    kept.does(json!({"type": "auth", "token": renewed["access_token"]})).await;
    kept.next_of("auth_expiring").await;
    assert_eq!(room.frames_until_now().await, [] as [Value; 0], "once for each token");
}

#[tokio::test]
async fn an_account_that_is_disabled_beside_the_server_loses_its_sockets_within_a_second() {
    let server = TestServer::demo().await;
    let (bob, alice) = (server.sign_in("bob").await, server.sign_in("alice").await);
    let made = alice.post("/conversations/", &json!({"participant_id": bob.id})).await.body;
    let direct = made["id"].as_i64().unwrap();
    let (mut user, _) = Device::of(&bob, &json!({})).await;
    let (mut level_1, _) = Device::in_room(&bob, direct, "").await;
    let mut level_0 = bob.enter(direct).await;
    let (mut bystander, _) = Device::of(&alice, &json!({})).await;
    let begun = Instant::now();
    server.beside(|accounts| accounts.set_active("bob", false).unwrap()).await;
    assert_eq!([user.close_code().await, level_1.close_code().await, level_0.close_code().await], [4000; 3]);
    assert!(begun.elapsed() < Duration::from_millis(1500), "{:?}", begun.elapsed());
    bystander.frames_until_now().await;
}

#[tokio::test]
async fn a_password_that_is_replaced_beside_the_server_ends_the_sessions() {
    let server = TestServer::demo().await;
    let bob = server.sign_in("bob").await;
    let (mut user, _) = Device::of(&bob, &json!({})).await;
    server.beside(|accounts| accounts.set_password("bob", "a new long one").unwrap()).await;
    assert_eq!(user.close_code().await, 4006);
}
