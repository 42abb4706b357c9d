//! What must never be logged or counted: tokens, passwords, contents.

use serde_json::{Value, json};

use crate::harness::{Raw, TestServer, captured_logs, open, refusal_of, request};

#[tokio::test]
async fn no_secret_is_ever_logged_or_counted() {
    let server = TestServer::demo().await;
    let password = "a password that nobody logs";
    let content = "a message that nobody logs";
    let body = json!({"username": "secretive", "email": "hidden@example.com", "password": password});
    let registered = server.http.post(server.url("/users/register")).json(&body).send().await.unwrap();
    assert_eq!(registered.status(), 200);
    assert_eq!(server.try_sign_in("secretive", "a wrong password that nobody logs").await.status, 401);
    let user = server.sign_in("testuser").await;
    let mut room = user.enter(1).await;
    room.say(content).await;
    room.message().await;
    user.say(1, content).await;
    room.message().await;
    room.send(&format!("{{\"content\":\"{content}\"")).await;
    assert_eq!(room.error_code().await, "invalid_json");
    let forged = format!("{}x", user.token);
    assert_eq!(
        open(server.address, &format!("/conversations/1/ws?token={forged}")).await.refused_with().await,
        4001
    );
    let mut foreign = request(server.address, &user.room_path(1));
    foreign.headers_mut().insert("origin", "null".parse().unwrap());
    assert_eq!(refusal_of(foreign).await.0, 403);
    user.get(&format!("/nothing?token={}", user.token)).await;
    let metrics = server.get("/metrics").await.body.to_string();
    assert_eq!(user.post("/auth/logout", &Value::Null).await.status, 204);
    drop(room);
    server.stop().await;

    let logs = captured_logs();
    let signature = user.token.rsplit('.').next().unwrap();
    for secret in [&user.token, signature, password, "a wrong password", content, "hidden@example.com"] {
        let logged = logs.lines().find(|line| line.contains(secret));
        assert_eq!(logged, None, "logged: {secret}");
        assert!(!metrics.contains(secret), "counted: {secret}");
    }
    assert!(!metrics.contains("testuser") && !metrics.contains("127.0.0.1"), "{metrics}");
}

#[tokio::test]
async fn metrics_count_what_happened() {
    let server = TestServer::demo().await;
    let user = server.sign_in("testuser").await;
    let before = server.metric("chinwag_messages_total").await;
    let mut room = user.enter(1).await;
    room.hears_nothing_but_itself().await;
    assert_eq!(server.metric("chinwag_websocket_connections").await, 1);
    server.metric_becomes("chinwag_messages_total", before + 1).await;
    server.metric_becomes("chinwag_fanout_deliveries_total", 1).await;
    server.metric_reaches("chinwag_commit_seconds_count", 3).await;
    server.metric_reaches("chinwag_commit_batch_jobs_count", 3).await;
    // A change without a message is also an event.
    let before = server.metric("chinwag_messages_total").await;
    let reactions = server.metric("chinwag_events_total{type=\"reaction_added\"}").await;
    let message = user.history(1, "").await[0]["id"].clone();
    let reaction =
        user.request("PUT", &format!("/conversations/1/messages/{message}/reactions/%F0%9F%91%8D"));
    assert_eq!(crate::harness::reply(reaction).await.status, 200);
    server.metric_becomes("chinwag_events_total{type=\"reaction_added\"}", reactions + 1).await;
    assert_eq!(server.metric("chinwag_messages_total").await, before);
    assert_eq!(server.metric("chinwag_events_total{type=\"message\"}").await, before);
    room.leave().await;
    crate::harness::soon("no connection", async {
        while server.metric("chinwag_websocket_connections").await > 0 {}
    })
    .await;
    let text = server.http.get(server.url("/metrics")).send().await.unwrap().text().await.unwrap();
    assert!(text.ends_with("# EOF\n"));
    for name in ["http_requests", "refusals", "queued_writes", "catch_up_log_pages"] {
        assert!(text.contains(&format!("# HELP chinwag_{name} ")), "{name}");
    }
}

#[tokio::test]
async fn labels_are_bounded_whatever_clients_send() {
    let server = TestServer::demo().await;
    let user = server.sign_in("testuser").await;
    for place in 0..5 {
        server.get(&format!("/made/up/{place}")).await;
        user.get(&format!("/conversations/{place}")).await;
    }
    let mut raw = Raw::upgrade(server.address, &user.room_path(1)).await;
    raw.read_frame().await;
    raw.frame(0x88, &4321_u16.to_be_bytes()).await;
    assert_eq!(raw.read_frame().await.close_code(), 4321);
    let text = server.get("/metrics").await.body.as_str().unwrap().to_owned();
    assert!(!text.contains("4321"), "what clients close with is theirs: {text}");
    assert!(!text.contains("made"), "{text}");
    // One for each status: there are some, one is of others, one is not there.
    assert_eq!(
        text.matches("chinwag_http_requests_total{route=\"/conversations/{conversation_id}\"").count(),
        3
    );
}
