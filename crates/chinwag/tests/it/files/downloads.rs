//! Downloads: whole, in parts, not again, and only for those who may.

use image::ImageFormat;
use serde_json::json;

use super::{bytes_of, fetch, noise, picture, upload};
use crate::harness::{TestServer, reply};

#[tokio::test]
async fn a_file_comes_back_as_it_was_with_everything_that_a_browser_has_to_know() {
    let server = TestServer::provisioning().await;
    let alice = server.person("alice").await;
    let bytes = noise(300_000);
    let file = upload(&alice, "Résumé \"1\".bin", &bytes).await;
    assert_eq!(file["sha256"], super::sha256(&bytes));
    let (status, headers, body) = fetch(&alice, file["url"].as_str().unwrap(), &[]).await;
    assert_eq!(status, 200);
    assert!(body == bytes);
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-length"), "300000");
    assert_eq!(header("content-type"), "application/octet-stream");
    assert_eq!(header("accept-ranges"), "bytes");
    assert_eq!(header("etag"), format!("\"{}\"", file["sha256"].as_str().unwrap()));
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("content-security-policy"), "default-src 'none'; sandbox; frame-ancestors 'none'");
    assert_eq!(header("cache-control"), "private, no-cache");
    assert_eq!(header("cross-origin-resource-policy"), "same-origin");
    let disposition = header("content-disposition");
    assert!(disposition.starts_with("attachment; filename=\"R_sum_ "), "{disposition}");
    assert!(disposition.contains("filename*=UTF-8''R%C3%A9sum%C3%A9%20"), "{disposition}");
}

#[tokio::test]
async fn head_is_the_same_without_the_bytes() {
    let server = TestServer::provisioning().await;
    let alice = server.person("alice").await;
    let file = upload(&alice, "a.bin", &noise(5000)).await;
    let head = reply(alice.request("HEAD", file["url"].as_str().unwrap())).await;
    assert_eq!((head.status, head.header("content-length")), (200, "5000"));
    assert_eq!(head.header("etag"), format!("\"{}\"", file["sha256"].as_str().unwrap()));
    assert_eq!(head.body, json!(null));
}

#[tokio::test]
async fn a_part_is_exactly_that_part() {
    let server = TestServer::provisioning().await;
    let alice = server.person("alice").await;
    let bytes = noise(600_000);
    let file = upload(&alice, "a.bin", &bytes).await;
    let url = file["url"].as_str().unwrap();
    for (range, from, to) in [
        ("bytes=0-0", 0, 1),
        ("bytes=100-399999", 100, 400_000),
        ("bytes=599999-", 599_999, 600_000),
        ("bytes=-1000", 599_000, 600_000),
        ("bytes=300000-99999999", 300_000, 600_000),
    ] {
        let (status, headers, body) = fetch(&alice, url, &[("range", range)]).await;
        assert_eq!(status, 206, "{range}");
        assert!(body == bytes[from..to], "{range}");
        assert_eq!(headers["content-range"], format!("bytes {from}-{}/600000", to - 1), "{range}");
    }
    let (status, headers, _) = fetch(&alice, url, &[("range", "bytes=600000-")]).await;
    assert_eq!((status, &headers["content-range"]), (416, &"bytes */600000".parse().unwrap()));
    let etag = format!("\"{}\"", file["sha256"].as_str().unwrap());
    for (tag, expected) in [(etag.as_str(), 206), ("\"another\"", 200)] {
        let (status, ..) = fetch(&alice, url, &[("range", "bytes=0-9"), ("if-range", tag)]).await;
        assert_eq!(status, expected, "{tag}");
    }
}

#[tokio::test]
async fn who_has_it_already_does_not_get_it_again() {
    let server = TestServer::provisioning().await;
    let alice = server.person("alice").await;
    let file = upload(&alice, "a.bin", &noise(5000)).await;
    let etag = format!("\"{}\"", file["sha256"].as_str().unwrap());
    for (known, expected) in [
        (etag.clone(), 304),
        (format!("\"x\", W/{etag}"), 304),
        ("*".to_owned(), 304),
        ("\"x\"".to_owned(), 200),
    ] {
        let (status, headers, body) =
            fetch(&alice, file["url"].as_str().unwrap(), &[("if-none-match", &known)]).await;
        assert_eq!(status, expected, "{known}");
        assert_eq!(headers["etag"], etag.as_str());
        assert_eq!(body.is_empty(), expected == 304);
    }
}

#[tokio::test]
async fn thumbnails_fit_their_size_and_a_small_picture_is_its_own() {
    let server = TestServer::provisioning().await;
    let alice = server.person("alice").await;
    let file = upload(&alice, "a.jpg", &picture(1000, 500, ImageFormat::Jpeg)).await;
    let url = file["url"].as_str().unwrap();
    assert_eq!(file["thumbnail_url"], format!("{url}/thumbnails/480"));
    for (size, width, height) in [(160, 160, 80), (480, 480, 240), (1280, 1000, 500)] {
        let (status, headers, bytes) = fetch(&alice, &format!("{url}/thumbnails/{size}"), &[]).await;
        assert_eq!((status, &headers["content-type"]), (200, &"image/jpeg".parse().unwrap()), "{size}");
        let thumbnail = image::load_from_memory(&bytes).unwrap();
        assert_eq!((thumbnail.width(), thumbnail.height()), (width, height), "{size}");
        let etag = headers["etag"].to_str().unwrap();
        let known = fetch(&alice, &format!("{url}/thumbnails/{size}"), &[("if-none-match", etag)]).await;
        assert_eq!(known.0, 304);
    }
    for wrong in ["0", "100", "481", "-160"] {
        assert_eq!(alice.get(&format!("{url}/thumbnails/{wrong}")).await.status, 404, "{wrong}");
    }
    let text = upload(&alice, "a.txt", b"no picture").await;
    assert_eq!(text["thumbnail_url"], json!(null));
    assert_eq!(alice.get(&format!("{}/thumbnails/160", text["url"].as_str().unwrap())).await.status, 404);
}

#[tokio::test]
async fn a_file_is_its_uploaders_until_a_message_has_it_and_then_the_conversations() {
    let server = TestServer::provisioning().await;
    let (alice, bob, eve) =
        (server.person("alice").await, server.person("bob").await, server.person("eve").await);
    let room = alice.group("Files", &[&bob]).await;
    let file = upload(&alice, "a.png", &picture(600, 400, ImageFormat::Png)).await;
    let paths =
        [file["url"].as_str().unwrap().to_owned(), file["thumbnail_url"].as_str().unwrap().to_owned()];
    let status = async |person: &crate::harness::Person| {
        let mut statuses = Vec::new();
        for path in &paths {
            statuses.push(fetch(person, path, &[]).await.0);
            statuses.push(reply(person.request("HEAD", path)).await.status);
        }
        statuses.dedup();
        assert_eq!(statuses.len(), 1, "{statuses:?}");
        statuses[0]
    };
    assert_eq!((status(&alice).await, status(&bob).await, status(&eve).await), (200, 404, 404));
    let sent = alice.send(room, &json!({"content": "look", "attachments": [file["id"]]})).await;
    assert_eq!(sent.status, 201, "{:?}", sent.body);
    assert_eq!((status(&alice).await, status(&bob).await, status(&eve).await), (200, 200, 404));
    // After removal from the conversation, even the uploader may no longer read it.
    let leave = alice.delete(&format!("/conversations/{room}/participants/{}", bob.id)).await;
    assert_eq!(leave.status, 204);
    assert_eq!((status(&alice).await, status(&bob).await), (200, 404));
    let etag = format!("\"{}\"", file["sha256"].as_str().unwrap());
    let known = fetch(&bob, &paths[0], &[("if-none-match", &etag)]).await;
    assert_eq!(known.0, 404, "also for who has the bytes already");
    // A missing file gets the same answer.
    assert_eq!(eve.get("/files/999999").await.body, eve.get(&paths[0]).await.body);
    assert_eq!(bytes_of(&alice, &paths[0]).await.len(), file["size"].as_u64().unwrap() as usize);
}
