//! What a hostile client tries: names, types, forms and ranges that are not what they seem.

use serde_json::json;

use super::{bytes_of, fetch, form, noise, post_form, upload};
use crate::harness::{Raw, TestServer, reply};

#[tokio::test]
async fn a_name_leads_nowhere() {
    let server = TestServer::provisioning_with(|config| config.limits.is_enforced = false).await;
    let alice = server.person("alice").await;
    let root = server.folder_path();
    for (name, kept) in [
        ("../../../etc/cron.d/x", "x"),
        ("/etc/passwd", "passwd"),
        ("..\\..\\windows\\win.ini", "win.ini"),
        ("....//....//x", "x"),
        ("%2e%2e%2fx", "%2e%2e%2fx"),
        (".", "file"),
        ("~root", "~root"),
        ("con\u{202e}txt.exe", "contxt.exe"),
        (".env", ".env"),
        ("nul.txt", "_nul.txt"),
        ("a%22b.txt", "a\"b.txt"),
        ("a%0D%0Ab.txt", "ab.txt"),
        ("100%25 %41.txt", "100%25 %41.txt"),
        (&format!("{}.txt", "long".repeat(200)), &format!("{}…{}.txt", "long".repeat(47), "long".repeat(15))),
    ] {
        let file = upload(&alice, name, b"bytes").await;
        assert_eq!(file["name"], kept, "{name}");
        let (_, headers, _) = fetch(&alice, file["url"].as_str().unwrap(), &[]).await;
        let disposition = headers["content-disposition"].to_str().unwrap();
        assert!(!disposition.contains(['\r', '\n', '/', '\\']), "{disposition}");
    }
    // Only the server's own names are on disk.
    for entry in std::fs::read_dir(root.join("files")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{name}");
    }
    let mut device = crate::harness::Device::of(&alice, &json!({})).await.0;
    for sha256 in
        ["../../../../tmp/x".to_owned(), "g".repeat(64), "a".repeat(63), format!("{}/", "a".repeat(63))]
    {
        let begin = json!({"type": "upload_begin", "name": "a", "size": 5, "sha256": sha256});
        assert_eq!(device.is_refused(begin).await, "invalid_frame", "{sha256}");
    }
}

#[tokio::test]
async fn nothing_that_could_run_is_shown_in_place() {
    let server = TestServer::provisioning_with(|config| config.limits.is_enforced = false).await;
    let alice = server.person("alice").await;
    for (name, content) in [
        ("a.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>"),
        ("a.png", "<!DOCTYPE html><script>alert(1)</script>"),
        ("a.jpg", "<?xml version=\"1.0\"?><html xmlns=\"http://www.w3.org/1999/xhtml\"/>"),
        ("a.gif", "\u{feff}  <html>"),
        ("a.html", "just words, <script>alert(1)</script> behind them"),
        ("a.js", "alert(1)"),
        ("a.pdf", "%PDF-1.7 <script>"),
        ("a.mhtml", "MIME-Version: 1.0\nContent-Type: text/html\n\n<script>"),
    ] {
        let file = upload(&alice, name, content.as_bytes()).await;
        let (_, headers, body) = fetch(&alice, file["url"].as_str().unwrap(), &[]).await;
        let kind = headers["content-type"].to_str().unwrap();
        assert!(
            ["application/octet-stream", "text/plain; charset=utf-8", "application/pdf"].contains(&kind),
            "{name}: {kind}"
        );
        assert!(headers["content-disposition"].to_str().unwrap().starts_with("attachment; "), "{name}");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert!(headers["content-security-policy"].to_str().unwrap().contains("sandbox"));
        assert_eq!(body, content.as_bytes());
    }
}

#[tokio::test]
async fn many_parts_and_huge_numbers_get_no_more_than_the_file() {
    let server = TestServer::provisioning().await;
    let alice = server.person("alice").await;
    let bytes = noise(10_000);
    let url = upload(&alice, "a", &bytes).await["url"].as_str().unwrap().to_owned();
    let many = format!("bytes={}", (0..1000).map(|at| format!("{at}-")).collect::<Vec<_>>().join(","));
    for range in [many.as_str(), "bytes=0-1,2-3", "bytes=-", "bytes=x-1", "chapters=1-2", "bytes=9-1"] {
        let (status, _, body) = fetch(&alice, &url, &[("range", range)]).await;
        assert!(status == 200 && body == bytes, "{range}");
    }
    for range in
        ["bytes=18446744073709551615-", "bytes=99999999999999999999-", "bytes=10000-10001", "bytes=-0"]
    {
        assert_eq!(fetch(&alice, &url, &[("range", range)]).await.0, 416, "{range}");
    }
    let (status, _, body) = fetch(&alice, &url, &[("range", "bytes=9999-18446744073709551615")]).await;
    assert!(status == 206 && body == bytes[9999..]);
}

#[tokio::test]
async fn a_form_brings_one_file_and_little_else() {
    let server = TestServer::provisioning_with(|config| config.limits.is_enforced = false).await;
    let alice = server.person("alice").await;
    let part = |head: &str, body: &str| {
        format!("--limit\r\nContent-Disposition: form-data; {head}\r\n\r\n{body}\r\n")
    };
    let file = part("name=\"file\"; filename=\"a\"", "bytes");
    for (what, body) in [
        ("no part", "--limit--\r\n".to_owned()),
        ("nothing", String::new()),
        ("no file", part("name=\"file\"", "bytes") + "--limit--\r\n"),
        ("another name", part("name=\"avatar\"; filename=\"a\"", "bytes") + "--limit--\r\n"),
        ("two files", file.clone() + &file + "--limit--\r\n"),
        ("a field behind", file.clone() + &part("name=\"x\"", "y") + "--limit--\r\n"),
        ("no end", file.clone()),
        ("an empty file", part("name=\"file\"; filename=\"a\"", "") + "--limit--\r\n"),
        ("endless headers", format!("--limit\r\nX: {}", "x".repeat(1_000_000))),
        ("many headers", format!("--limit\r\n{}\r\n", "X-A: b\r\n".repeat(10_000))),
        ("a long preamble", format!("{}\r\n{file}--limit--\r\n", "x".repeat(100_000))),
        ("a long end", format!("{file}--limit--\r\n{}", "x".repeat(1_000_000))),
    ] {
        let refused = post_form(&alice, body.into_bytes()).await;
        if what == "a long end" {
            // What follows the end belongs to no file.
            assert!(matches!(refused.status, 201 | 422), "{what}: {:?}", refused.body);
        } else {
            assert_eq!(refused.status, 422, "{what}: {:?}", refused.body);
        }
    }
    for kind in ["application/json", "multipart/form-data", "text/plain; boundary=limit"] {
        let request = alice.request("POST", "/files").header("content-type", kind).body(form("a", b"x"));
        assert_eq!(reply(request).await.status, 422, "{kind}");
    }
    assert_eq!(super::life::count(&server.folder_path().join("uploads")), 0, "nothing is left of them");
}

#[tokio::test]
async fn a_form_that_stops_coming_is_given_up_and_leaves_nothing() {
    let server = TestServer::provisioning_with(|config| {
        config.limits.body_timeout = std::time::Duration::from_millis(200);
    })
    .await;
    let alice = server.person("alice").await;
    let mut raw = Raw::connect(server.address).await;
    let head = format!(
        "POST /files HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Length: 100000\r\n\
         Content-Type: multipart/form-data; boundary=limit\r\n\r\n",
        server.address, alice.token
    );
    raw.write(head.as_bytes()).await;
    raw.write(&form("slow", &noise(1000))[..500]).await;
    let answer = raw.head().await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert_eq!(super::life::count(&server.folder_path().join("uploads")), 0);
}

#[tokio::test]
async fn what_a_client_calls_a_file_does_not_count() {
    let server = TestServer::provisioning().await;
    let alice = server.person("alice").await;
    // The form says `application/x-lie`, the name `.png`.
    let file = upload(&alice, "a.png", b"plain words").await;
    assert_eq!(file["mime"], "text/plain");
    assert_eq!(bytes_of(&alice, file["url"].as_str().unwrap()).await, b"plain words");
}
