//! Browsers: which pages may make requests, which names this server answers to, what every answer carries.

use reqwest::header::HeaderName;
use serde_json::json;

use crate::harness::{Reply, TestServer, refusal_of, reply, request};

const FRIEND: &str = "https://app.example.com";

async fn server() -> TestServer {
    TestServer::provisioning_with(|config| config.allowed_origins = vec![FRIEND.to_owned()]).await
}

#[tokio::test]
async fn sockets_open_for_pages_of_our_own_and_of_friends() {
    let server = server().await;
    let anna = server.person("anna").await;
    let conversation = anna.group("Origins", &[]).await;
    let own = format!("http://{}", server.address);
    let own_behind_tls = format!("https://{}", server.address);
    let with_origin = |origin: &str| {
        let mut request = request(server.address, &anna.room_path(conversation));
        request.headers_mut().insert("origin", origin.parse().unwrap());
        request
    };
    for origin in [own.as_str(), &own_behind_tls, FRIEND] {
        let stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
        let mut room = crate::harness::Room::over(stream, with_origin(origin)).await;
        assert_eq!(room.frame().await["type"], "connection", "{origin}");
    }
    for origin in [
        "null",
        "https://evil.example",
        "http://app.example.com",
        "https://app.example.com:444",
        "https://app.example.com.evil.example",
        "http://localhost",
        "",
    ] {
        assert_eq!(refusal_of(with_origin(origin)).await.0, 403, "{origin:?}");
    }
    anna.enter(conversation).await.hears_nothing_but_itself().await;
}

#[tokio::test]
async fn pages_of_strangers_change_nothing() {
    let server = server().await;
    let anna = server.person("anna").await;
    let conversation = anna.group("Origins", &[]).await;
    let path = format!("/conversations/{conversation}/messages");
    let post = async |origin: &str| {
        let body = json!({"content": "from a page"});
        reply(anna.request("POST", &path).header("origin", origin).json(&body)).await
    };
    for origin in ["https://evil.example", "null"] {
        let refused = post(origin).await;
        assert_eq!(refused.status, 403, "{origin}");
        assert_eq!(refused.header("access-control-allow-origin"), "", "{origin}");
    }
    let allowed = post(FRIEND).await;
    assert_eq!(allowed.status, 201);
    assert_eq!(allowed.header("access-control-allow-origin"), FRIEND);
    assert_eq!(post(&format!("http://{}", server.address)).await.status, 201);
    assert_eq!(anna.history(conversation, "").await.len(), 2);
    let read = reply(anna.request("GET", &path).header("origin", "https://evil.example")).await;
    assert_eq!(read.header("access-control-allow-origin"), "", "the browser keeps it from the page");
}

#[tokio::test]
async fn friends_may_ask_ahead_what_they_may_send() {
    let server = server().await;
    let preflight = async |origin: &str| {
        let request = server
            .http
            .request(reqwest::Method::OPTIONS, server.url("/conversations/1/messages"))
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "authorization,content-type,idempotency-key,last-event-id,if-range",
            );
        reply(request).await
    };
    let friend = preflight(FRIEND).await;
    assert_eq!(friend.status, 200);
    assert_eq!(friend.header("access-control-allow-origin"), FRIEND);
    assert!(friend.header("access-control-allow-methods").contains("POST"));
    for header in ["authorization", "content-type", "idempotency-key", "last-event-id", "if-range"] {
        assert!(friend.header("access-control-allow-headers").contains(header), "{header}");
    }
    assert_eq!(friend.header("access-control-allow-credentials"), "", "tokens, not cookies");
    let stranger = preflight("https://evil.example").await;
    assert_eq!(stranger.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn a_demo_answers_to_this_computer_alone() {
    let server = TestServer::demo().await;
    let ask = async |name: &'static str, value: String| {
        reply(server.http.get(server.url("/healthz")).header(name, value)).await.status
    };
    let port = server.address.port();
    for host in ["localhost".to_owned(), format!("localhost:{port}"), format!("[::1]:{port}")] {
        assert_eq!(ask("host", host.clone()).await, 200, "{host}");
    }
    for host in
        ["evil.example".to_owned(), format!("evil.example:{port}"), "localhost.evil.example".to_owned()]
    {
        assert_eq!(ask("host", host.clone()).await, 403, "{host}");
    }
    for (name, value) in [
        ("forwarded", "for=192.0.2.1"),
        ("x-forwarded-for", "192.0.2.1"),
        ("x-forwarded-host", "chat.example"),
        ("x-forwarded-proto", "https"),
        ("x-real-ip", "192.0.2.1"),
    ] {
        assert_eq!(ask(name, value.to_owned()).await, 403, "{name}");
    }
    let user = server.sign_in("testuser").await;
    let mut rebound = request(server.address, &user.room_path(1));
    rebound.headers_mut().insert("host", "evil.example".parse().unwrap());
    assert_eq!(refusal_of(rebound).await.0, 403);
}

#[tokio::test]
async fn a_server_answers_to_any_name() {
    let server = server().await;
    for (name, value) in [("host", "chat.example"), ("x-forwarded-for", "192.0.2.1")] {
        let answer = reply(server.http.get(server.url("/healthz")).header(name, value)).await;
        assert_eq!(answer.status, 200, "{name}");
    }
}

fn assert_security_headers(answer: &Reply, path: &str) {
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        assert_eq!(answer.header(name), value, "{path}: {name}");
    }
    let csp = answer.header("content-security-policy");
    assert!(csp.contains("default-src 'none'") && csp.contains("frame-ancestors 'none'"), "{path}: {csp}");
    assert!(!csp.contains("unsafe"), "{path}: {csp}");
    assert!(!answer.header("cache-control").is_empty(), "{path}");
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let server = TestServer::demo().await;
    let user = server.sign_in("testuser").await;
    for path in [
        "/",
        "/static/chat.html",
        "/c/1",
        "/embed",
        "/embed/count",
        "/widget.js",
        "/static/ws.js",
        "/static/nothing",
        "/setup",
        "/docs",
        "/docs/swagger-ui.css",
        "/openapi.json",
        "/healthz",
        "/readyz",
        "/metrics",
        "/nothing",
        "/users/me",
        "/conversations/",
        "/conversations/999",
        "/conversations/x",
        "/conversations/1/messages",
        "/conversations/1/ws",
    ] {
        assert_security_headers(&user.get(path).await, path);
        assert_security_headers(&server.get(path).await, path);
    }
    let wrong_method = reply(server.http.put(server.url("/healthz"))).await;
    assert_security_headers(&wrong_method, "405");
    let foreign =
        server.http.post(server.url("/auth/token")).header(HeaderName::from_static("origin"), "null");
    assert_security_headers(&reply(foreign).await, "403");
    assert_eq!(user.get("/users/me").await.header("cache-control"), "no-store");
}

#[tokio::test]
async fn pages_have_entity_tags() {
    let server = TestServer::demo().await;
    for path in ["/", "/c/7", "/setup", "/static/chat.html", "/docs/ws"] {
        let page = server.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(page.header("content-type").starts_with("text/html"), "{path}");
        assert_eq!(page.header("cache-control"), "no-cache", "{path}");
        for known in [page.header("etag").to_owned(), format!("\"x\", W/{}", page.header("etag"))] {
            let again = server.http.get(server.url(path)).header("if-none-match", known);
            assert_eq!(reply(again).await.status, 304, "{path}");
        }
    }
}

#[tokio::test]
async fn a_file_named_by_its_content_is_compressed_and_kept() {
    let server = TestServer::demo().await;
    let page = server.get("/c/7").await.body;
    let path = page
        .as_str()
        .unwrap()
        .split('"')
        .find_map(|part| {
            part.strip_prefix("..").filter(|path| path.starts_with("/assets/") && path.ends_with(".js"))
        })
        .unwrap();
    let plain = server.get(path).await;
    assert!(plain.header("cache-control").contains("immutable"));
    assert!(plain.header("content-encoding").is_empty());
    let accepting =
        |coding: &str| reply(server.http.get(server.url(path)).header("accept-encoding", coding.to_owned()));
    let small = accepting("gzip, br").await;
    assert_eq!(small.header("content-encoding"), "br");
    assert_eq!(small.header("vary"), "accept-encoding");
    assert_ne!(small.header("etag"), plain.header("etag"));
    assert!(accepting("gzip, br;q=0").await.header("content-encoding").is_empty());
}

#[tokio::test]
async fn only_configured_origins_may_frame_the_chat() {
    let server = TestServer::demo().await;
    for path in ["/embed", "/embed/count"] {
        let embed = server.get(path).await;
        assert!(embed.header("content-security-policy").ends_with("frame-ancestors 'none'"), "{path}");
        assert_eq!(embed.header("x-frame-options"), "DENY", "{path}");
    }

    let origins = ["https://shop.example.com".to_owned(), "http://localhost:3000".to_owned()];
    let server = TestServer::demo_with(|config| config.embed_origins = origins.into()).await;
    for path in ["/embed", "/embed/count"] {
        let embed = server.get(path).await;
        let policy = embed.header("content-security-policy");
        assert!(
            policy.ends_with("frame-ancestors https://shop.example.com http://localhost:3000"),
            "{policy}"
        );
        assert!(embed.header("x-frame-options").is_empty(), "{path}");
    }
    let chat = server.get("/").await;
    assert!(chat.header("content-security-policy").ends_with("frame-ancestors 'none'"));
    assert_eq!(chat.header("x-frame-options"), "DENY");
}

#[tokio::test]
async fn a_host_with_the_schemes_own_port_is_the_page_without_one() {
    let server = server().await;
    let anna = server.person("anna").await;
    let conversation = anna.group("Origins", &[]).await;
    let post = async |host: &str, origin: &str| {
        let path = format!("/conversations/{conversation}/messages");
        let body = json!({"content": "from a page"});
        let request = anna.request("POST", &path).header("host", host).header("origin", origin);
        reply(request.json(&body)).await.status
    };
    assert_eq!(post("chat.example.com:443", "https://chat.example.com").await, 201);
    assert_eq!(post("Chat.Example.com", "http://chat.example.com").await, 201);
    assert_eq!(post("chat.example.com:8443", "https://chat.example.com").await, 403);
}

#[tokio::test]
async fn options_name_every_method_of_a_route() {
    let server = TestServer::demo().await;
    let document = server.get("/openapi.json").await.body;
    for (path, item) in document["paths"].as_object().unwrap() {
        let concrete = path.replace(['{', '}'], "");
        for path in [concrete.clone(), format!("{concrete}/")] {
            let asked = reply(server.http.request(reqwest::Method::OPTIONS, server.url(&path))).await;
            let allowed = asked.header("allow").to_owned();
            for method in item.as_object().unwrap().keys() {
                assert!(
                    allowed.split(',').any(|name| name.trim().eq_ignore_ascii_case(method)),
                    "{path}: {allowed}"
                );
            }
        }
    }
}
