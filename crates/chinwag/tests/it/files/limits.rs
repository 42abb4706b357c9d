//! How much one user may upload: at once, in a minute, and in all.

use futures_util::SinkExt as _;
use serde_json::json;
use tokio::io::AsyncReadExt as _;

use super::{begin_command, chunk, commit, form, noise, post_form, send_chunks, upload};
use crate::harness::{Device, Raw, TestServer};

#[tokio::test]
async fn a_file_ends_at_its_limit_whatever_way_it_comes() {
    let server = TestServer::provisioning_with(|config| config.limits.upload_bytes = 100_000).await;
    let alice = server.person("alice").await;
    let bytes = noise(100_001);
    upload(&alice, "just fits", &bytes[..100_000]).await;
    let refused = post_form(&alice, form("too long", &bytes)).await;
    assert_eq!(refused.status, 413, "{:?}", refused.body);
    // Announced too long, it is refused before it comes.
    let refused = post_form(&alice, form("far too long", &noise(300_000))).await;
    assert_eq!(refused.status, 413, "{:?}", refused.body);
    let (mut device, _) = Device::of(&alice, &json!({})).await;
    assert_eq!(device.is_refused(begin_command("a", &bytes)).await, "too_large");
    assert_eq!(device.is_refused(begin_command("a", b"")).await, "invalid_content");
    device.does(begin_command("a", &bytes[..100_000])).await;
    server.metric_reaches("chinwag_upload_refusals_total", 4).await;
}

#[tokio::test]
async fn one_connection_brings_many_forms_however_much_of_one_is_read_at_once() {
    let server = TestServer::provisioning_with(|config| config.limits.is_enforced = false).await;
    let alice = server.person("alice").await;
    // A connection's buffer grows with what came through it: the next head, and the file after it, are read
    // in one piece.
    let mut raw = Raw::connect(server.address).await;
    let bytes = noise(3 << 20);
    for _ in 0..5 {
        let body = form("again", &bytes);
        let head = format!(
            "POST /files HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Length: {}\r\n\
             Content-Type: multipart/form-data; boundary=limit\r\n\r\n",
            server.address,
            alice.token,
            body.len()
        );
        raw.write(&[head.as_bytes(), &body].concat()).await;
        let answer = raw.head().await;
        assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
        let length = answer.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        raw.stream.read_exact(&mut vec![0; length.parse().unwrap()]).await.unwrap();
    }
}

#[tokio::test]
async fn the_defaults_are_as_documented() {
    let limits = chinwag::Limits::default();
    assert_eq!(limits.upload_bytes, 25 * 1024 * 1024);
    assert_eq!(limits.stored_bytes_per_user, 1024 * 1024 * 1024);
    assert_eq!(limits.image_pixels, 40_000_000);
    assert_eq!((limits.uploads.burst, limits.uploads.every.as_secs()), (60, 2));
    assert_eq!(limits.upload_expiry.as_secs(), 24 * 3600);
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/limits.md")).unwrap();
    for part in ["25 MiB", "1 GiB", "40 megapixels", "60 at once, then 30/min", "24 hours"] {
        assert!(page.contains(part), "{part}");
    }
}

#[tokio::test]
async fn whoever_sends_the_pictures_of_a_holiday_waits_for_nothing() {
    let server = TestServer::provisioning().await;
    let alice = server.person("alice").await;
    for _ in 0..50 {
        upload(&alice, "beach.png", &super::picture(20, 10, image::ImageFormat::Png)).await;
    }
}

#[tokio::test]
async fn after_many_uploads_the_next_ones_wait_and_those_on_their_way_go_on() {
    let server = TestServer::provisioning_with(|config| {
        config.limits.uploads = chinwag::Rate { burst: 10, every: std::time::Duration::from_secs(600) };
    })
    .await;
    let alice = server.person("alice").await;
    let bytes = noise(100_000);
    let (mut device, _) = Device::of(&alice, &json!({})).await;
    let begun = device.does(begin_command("a", &bytes)).await;
    send_chunks(&mut device, &begun, &bytes, 0, 65_536).await;
    for number in 0..9 {
        upload(&alice, "a", &noise(10 + number)).await;
    }
    let refused = post_form(&alice, form("a", b"one more")).await;
    assert_eq!(refused.status, 429);
    assert!((1..=600).contains(&refused.header("retry-after").parse::<u64>().unwrap()));
    let refused = device.ask(begin_command("b", &noise(2000))).await;
    assert_eq!(refused["code"], "rate_limited");
    assert!((1..=600_000).contains(&refused["retry_after_ms"].as_u64().unwrap()), "{refused}");
    // A client that reconnects does not begin a new upload.
    let (mut device, _) = Device::of(&alice, &json!({})).await;
    let resumed = device.does(begin_command("a", &bytes)).await;
    assert_eq!(resumed["offset"], 65_536);
    send_chunks(&mut device, &resumed, &bytes, 65_536, bytes.len()).await;
    assert_eq!(commit(&mut device, &resumed).await["type"], "ok");
}

#[tokio::test]
async fn parallel_uploads_share_one_space() {
    let server = TestServer::provisioning_with(|config| {
        config.limits.is_enforced = false;
        config.limits.stored_bytes_per_user = 100_000;
    })
    .await;
    let alice = server.person("alice").await;
    let uploads = (0..8).map(|number| post_form(&alice, form("a", &noise(30_000 + number))));
    let replies = futures_util::future::join_all(uploads).await;
    let mut statuses: Vec<_> = replies.iter().map(|reply| reply.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 201, 201, 403, 403, 403, 403, 403]);
    // What did not fit leaves no bytes.
    super::life::falls_to(&server.folder_path().join("files"), 3).await;
    // Room comes back with what is deleted.
    let room = alice.group("Files", &[]).await;
    let id = replies.iter().find(|reply| reply.status == 201).unwrap().body["id"].clone();
    let sent = alice.send(room, &json!({"attachments": [id]})).await.body;
    assert_eq!(post_form(&alice, form("a", &noise(30_000))).await.status, 403);
    assert_eq!(alice.delete(&format!("/conversations/{room}/messages/{}", sent["id"])).await.status, 204);
    assert_eq!(post_form(&alice, form("a", &noise(30_000))).await.status, 201);
}

#[tokio::test]
async fn unfinished_uploads_of_one_user_are_bounded() {
    let server = TestServer::provisioning_with(|config| config.limits.is_enforced = false).await;
    let alice = server.person("alice").await;
    for number in 0..40 {
        let (mut device, _) = Device::of(&alice, &json!({})).await;
        device.does(begin_command("a", &noise(1000 + number))).await;
    }
    assert_eq!(super::life::count(&server.folder_path().join("uploads")), 16);
}

#[tokio::test]
async fn full_chunks_are_paced_by_the_window_and_small_ones_count_as_frames() {
    let server = TestServer::provisioning().await;
    let alice = server.person("alice").await;
    // More full chunks than a socket may send frames at once.
    let bytes = noise(150 * 65_536);
    let (mut device, _) = Device::of(&alice, &json!({})).await;
    let begun = device.does(begin_command("a", &bytes)).await;
    send_chunks(&mut device, &begun, &bytes, 0, bytes.len()).await;
    assert_eq!(commit(&mut device, &begun).await["type"], "ok");
    let begun = device.does(begin_command("b", &bytes[1..])).await;
    for offset in 0..200 {
        let small = chunk(&begun["upload_id"], offset, &bytes[offset..=offset]);
        if device.room.socket.send(small).await.is_err() {
            break;
        }
    }
    assert_eq!(device.close_code().await, 4029);
}
