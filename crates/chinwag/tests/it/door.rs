//! What is refused before any route sees it, and what all routes have in common.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Raw, TestServer, refusal_of, reply, request};

/// Sends these bytes on a connection of their own; returns the whole answer.
async fn answer_to(server: &TestServer, bytes: &[u8]) -> String {
    let mut raw = Raw::connect(server.address).await;
    raw.write(bytes).await;
    raw.rest().await
}

#[tokio::test]
async fn what_is_no_http_is_answered_400_and_closed() {
    let server = TestServer::demo().await;
    for bytes in [
        &b"hello\r\n\r\n"[..],
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nBad Header: x\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nNo-Colon\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"POST /auth/token HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
        b"POST /auth/token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    ] {
        let answer = answer_to(&server, bytes).await;
        let shown = String::from_utf8_lossy(bytes);
        assert!(answer.starts_with("HTTP/1.1 400 ") || answer.is_empty(), "{shown:?}: {answer}");
    }
    assert_eq!(server.get("/healthz").await.status, 200, "and the server lives on");
}

#[tokio::test]
async fn a_head_that_is_too_large_is_431() {
    let server = TestServer::demo().await;
    let long = format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "x".repeat(20_000));
    let many = format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\n{}\r\n", "A: b\r\n".repeat(150));
    for head in [long, many] {
        let answer = answer_to(&server, head.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
}

#[tokio::test]
async fn a_head_that_does_not_come_is_not_waited_for() {
    let server =
        TestServer::demo_with(|config| config.limits.head_timeout = Duration::from_millis(300)).await;
    for bytes in [&b""[..], b"GET /heal", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"] {
        let answer = answer_to(&server, bytes).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408 "), "{answer}");
    }
    let idle = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let answer = answer_to(&server, idle).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "answered, and closed when nothing more came: {answer}");
}

#[tokio::test]
async fn a_body_that_does_not_come_is_408() {
    let server =
        TestServer::demo_with(|config| config.limits.body_timeout = Duration::from_millis(300)).await;
    let mut raw = Raw::connect(server.address).await;
    raw.write(b"POST /auth/token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nusername=").await;
    assert!(raw.head().await.starts_with("HTTP/1.1 408 "));
}

#[tokio::test]
async fn a_body_that_is_too_large_is_413() {
    let server = TestServer::demo().await;
    let user = server.sign_in("testuser").await;
    let path = "/conversations/1/messages";
    let body = format!(r#"{{"content":"a","x":"{}"}}"#, "y".repeat(64 * 1024));
    let announced = reply(user.request("POST", path).body(body.clone())).await;
    assert_eq!(announced.status, 413);
    assert!(announced.body["detail"].is_string());
    let chunk = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
        user.token
    );
    let mut raw = Raw::connect(server.address).await;
    raw.write(head.as_bytes()).await;
    raw.write(chunk.as_bytes()).await;
    assert!(raw.head().await.starts_with("HTTP/1.1 413 "));
    assert_eq!(user.history(1, "").await.len(), 2);
}

#[tokio::test]
async fn json_that_is_broken_or_too_deep_is_422() {
    let server = TestServer::demo().await;
    let user = server.sign_in("testuser").await;
    let nested = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
    for (body, status) in [
        (format!(r#"{{"content":"a","x":{}}}"#, nested(15)), 201),
        (format!(r#"{{"content":"a","x":{}}}"#, nested(16)), 422),
        (nested(5000), 422),
        (r#"{"content":"a""#.to_owned(), 422),
        (r#"{"content":"a"} x"#.to_owned(), 422),
        (String::new(), 422),
        ("null".to_owned(), 422),
        (r#"{"content":5}"#.to_owned(), 422),
        (r#"{"content":""}"#.to_owned(), 422),
        (json!({"content": "x".repeat(4001)}).to_string(), 422),
    ] {
        let shown = &body[..body.len().min(40)];
        let answer = reply(user.request("POST", "/conversations/1/messages").body(body.clone())).await;
        assert_eq!(answer.status, status, "{shown}: {:?}", answer.body);
        if status == 422 {
            let error = &answer.body["detail"][0];
            assert_eq!(error["loc"][0], "body", "{shown}");
            assert!(error["msg"].is_string() && error["type"].is_string(), "{shown}: {error}");
        }
    }
}

#[tokio::test]
async fn unknown_routes_are_404_and_wrong_methods_405() {
    let server = TestServer::demo().await;
    for path in ["/nothing", "/conversations/1/nothing", "/static/nothing.js", "/docs/nothing.js"] {
        let missing = server.get(path).await;
        assert_eq!(
            (missing.status, &missing.body),
            (404, &json!({"detail": "Not Found", "code": "not_found"})),
            "{path}"
        );
    }
    for (method, path) in [("DELETE", "/users/me"), ("POST", "/healthz"), ("PUT", "/conversations/")] {
        let wrong = reply(server.http.request(method.parse().unwrap(), server.url(path))).await;
        assert_eq!(
            (wrong.status, &wrong.body),
            (405, &json!({"detail": "Method Not Allowed", "code": "invalid_frame"})),
            "{path}"
        );
        assert!(!wrong.header("allow").is_empty(), "{path}");
    }
}

#[tokio::test]
async fn every_route_is_there_with_and_without_the_slash() {
    let server = TestServer::demo().await;
    let user = server.sign_in("testuser").await;
    let document = server.get("/openapi.json").await.body;
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() >= 12, "{}", paths.len());
    for (path, item) in paths {
        // Nothing that a request for it could change.
        let path = path.replace("{conversation_id}", "1");
        let path = ["{session_id}", "{message_id}", "{user_id}", "{emoji}"]
            .iter()
            .fold(path, |path, part| path.replace(part, "none"));
        for method in item.as_object().unwrap().keys().filter(|method| *method != "parameters") {
            if path == "/auth/logout" {
                continue;
            }
            let method = method.to_uppercase();
            let bare = reply(user.request(&method, &path)).await;
            let slashed = reply(user.request(&method, &format!("{path}/"))).await;
            assert!(![404, 405].contains(&bare.status) || path.ends_with("/none"), "{method} {path}");
            assert_eq!(bare.status, slashed.status, "{method} {path}");
            let differs = ["/metrics", "/auth/ticket"].contains(&path.as_str());
            assert!(differs || bare.body == slashed.body, "{method} {path}");
        }
    }
    assert_eq!(user.post("/auth/logout/", &Value::Null).await.status, 204);
}

#[tokio::test]
async fn handshakes_that_are_none_are_refused_over_http() {
    let server = TestServer::demo().await;
    let user = server.sign_in("testuser").await;
    let path = user.room_path(1);
    let plain = server.get(&path).await;
    assert_eq!(plain.status, 426);
    assert_eq!(plain.header("upgrade"), "websocket");
    let good = || request(server.address, &path);

    let mut without_key = good();
    without_key.headers_mut().remove("sec-websocket-key");
    let mut bad_key = good();
    bad_key.headers_mut().insert("sec-websocket-key", "c2hvcnQ=".parse().unwrap());
    let mut old = good();
    old.headers_mut().insert("sec-websocket-version", "8".parse().unwrap());
    for (request, status) in [(bad_key, 400), (old, 426)] {
        assert_eq!(refusal_of(request).await.0, status);
    }
    let mut raw = Raw::connect(server.address).await;
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\n\r\n"
    );
    raw.write(head.as_bytes()).await;
    assert!(raw.head().await.starts_with("HTTP/1.1 400 "));
    drop(without_key);
    let posted = reply(user.request("POST", "/conversations/1/ws")).await;
    assert_eq!(posted.status, 405);
}

#[tokio::test]
async fn sockets_that_only_sit_there_do_not_keep_others_out() {
    let server =
        TestServer::provisioning_with(|config| config.limits.head_timeout = Duration::from_millis(500)).await;
    let anna = server.person("anna").await;
    let conversation = anna.group("Door", &[]).await;
    let mut idle = Vec::new();
    for _ in 0..20 {
        idle.push(Raw::connect(server.address).await);
    }
    let mut room = anna.enter(conversation).await;
    room.hears_nothing_but_itself().await;
    for mut raw in idle {
        assert_eq!(raw.rest().await, "");
    }
}

#[tokio::test]
async fn who_has_authenticated_counts_no_more_among_the_unknown() {
    let server = TestServer::provisioning_with(|config| {
        config.limits.unauthenticated_per_address = 2;
        config.limits.head_timeout = Duration::from_secs(600);
    })
    .await;
    let anna = server.person("anna").await;
    let conversation = anna.group("Door", &[]).await;
    let mut rooms = Vec::new();
    for _ in 0..8 {
        rooms.push(anna.enter(conversation).await);
    }
    rooms[0].hears_nothing_but_itself().await;
}

#[tokio::test]
async fn behind_a_proxy_all_come_from_one_address_and_nobody_waits_for_that() {
    let server = TestServer::provisioning_with(|config| {
        config.behind_proxy = true;
        config.limits.unauthenticated_per_address = 2;
        config.limits.head_timeout = Duration::from_secs(600);
    })
    .await;
    let mut silent = Vec::new();
    for _ in 0..5 {
        silent.push(Raw::connect(server.address).await);
    }
    assert_eq!(server.get("/healthz").await.status, 200);
    drop(silent);
}

#[tokio::test]
async fn health_and_readiness_are_told_to_everybody() {
    let server = TestServer::demo_with(|config| config.limits.is_enforced = false).await;
    let health = server.get("/healthz").await;
    assert_eq!(health.status, 200);
    assert_eq!((&health.body["status"], &health.body["rate_limits"]), (&json!("ok"), &json!(false)));
    assert_eq!(health.body["demo"], true);
    assert_eq!(server.get("/readyz").await.status, 200);
}
