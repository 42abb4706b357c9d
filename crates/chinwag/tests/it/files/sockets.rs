//! Uploads through a socket: chunks, credits, progress, and resuming after a reconnect.

use image::ImageFormat;
use serde_json::json;

use super::{begin_command, bytes_of, chunk, commit, noise, picture, send_chunks, sha256, upload_in};
use crate::harness::{Device, TestServer};

#[tokio::test]
async fn both_sockets_take_a_file_byte_by_byte() {
    let server = TestServer::provisioning().await;
    let alice = server.person("alice").await;
    let room = alice.group("Files", &[]).await;
    let bytes = noise(700_001);
    for is_room in [true, false] {
        let mut device = match is_room {
            true => Device::in_room(&alice, room, "").await.0,
            false => Device::of(&alice, &json!({})).await.0,
        };
        let done = upload_in(&mut device, "a.bin", &bytes).await;
        assert_eq!(done["size"], bytes.len());
        assert_eq!(done["mime"], "application/octet-stream");
        let url = done["url"].as_str().unwrap();
        assert_eq!(url, format!("/files/{}", done["file_id"]));
        assert!(bytes_of(&alice, url).await == bytes);
    }
    server.metric_becomes("chinwag_uploads_total", 2).await;
    server.metric_becomes("chinwag_upload_bytes_total", 2 * 700_001).await;
}

#[tokio::test]
async fn a_begin_says_how_to_go_on_and_a_commit_what_it_became() {
    let server = TestServer::provisioning().await;
    let alice = server.person("alice").await;
    let (mut device, _) = Device::of(&alice, &json!({})).await;
    let bytes = picture(300, 200, ImageFormat::Png);
    let begun = device.does(begin_command("a.png", &bytes)).await;
    assert_eq!(
        (&begun["chunk_bytes"], &begun["window"], &begun["offset"]),
        (&json!(65536), &json!(4), &json!(0))
    );
    send_chunks(&mut device, &begun, &bytes, 0, bytes.len()).await;
    let done = commit(&mut device, &begun).await;
    assert_eq!(
        (&done["width"], &done["height"], &done["mime"]),
        (&json!(300), &json!(200), &json!("image/png"))
    );
}

#[tokio::test]
async fn after_a_reconnect_an_upload_goes_on_where_it_stopped() {
    let server = TestServer::provisioning().await;
    let alice = server.person("alice").await;
    let bytes = noise(500_000);
    let (mut first, _) = Device::of(&alice, &json!({})).await;
    let begun = first.does(begin_command("a.bin", &bytes)).await;
    send_chunks(&mut first, &begun, &bytes, 0, 262_144).await;
    // The old connection still hangs there: it is not closed.
    let (mut second, _) = Device::of(&alice, &json!({})).await;
    let resumed = second.does(begin_command("a.bin", &bytes)).await;
    assert_eq!(resumed["offset"], 262_144);
    // What it still writes goes nowhere.
    let garbage = vec![0; 65_536];
    first.room.send_message(chunk(&begun["upload_id"], 262_144, &garbage)).await;
    first.next_of("upload_progress").await;
    send_chunks(&mut second, &resumed, &bytes, 262_144, bytes.len()).await;
    let done = commit(&mut second, &resumed).await;
    assert!(bytes_of(&alice, done["url"].as_str().unwrap()).await == bytes);
    // Another user's upload of the same file begins at its own beginning.
    let bob = server.person("bob").await;
    let (mut third, _) = Device::of(&bob, &json!({})).await;
    assert_eq!(third.does(begin_command("a.bin", &bytes)).await["offset"], 0);
}

#[tokio::test]
async fn an_upload_also_goes_on_after_a_restart() {
    let server = TestServer::provisioning().await;
    let bytes = noise(300_000);
    {
        let alice = server.person("alice").await;
        let (mut device, _) = Device::of(&alice, &json!({})).await;
        let begun = device.does(begin_command("a.bin", &bytes)).await;
        send_chunks(&mut device, &begun, &bytes, 0, 131_072).await;
    }
    let server = server.restart().await;
    let alice = server.person("alice").await;
    let (mut device, _) = Device::of(&alice, &json!({})).await;
    let begun = device.does(begin_command("a.bin", &bytes)).await;
    assert_eq!(begun["offset"], 131_072);
    send_chunks(&mut device, &begun, &bytes, 131_072, bytes.len()).await;
    let done = commit(&mut device, &begun).await;
    assert!(bytes_of(&alice, done["url"].as_str().unwrap()).await == bytes);
}

#[tokio::test]
async fn other_bytes_than_announced_are_no_file() {
    let server = TestServer::provisioning().await;
    let alice = server.person("alice").await;
    let (mut device, _) = Device::of(&alice, &json!({})).await;
    let (bytes, mut wrong) = (noise(100_000), noise(100_000));
    wrong[50_000] ^= 1;
    let begun = device.does(begin_command("a.bin", &bytes)).await;
    send_chunks(&mut device, &begun, &wrong, 0, wrong.len()).await;
    let refused = commit(&mut device, &begun).await;
    assert_eq!((&refused["code"], &refused["upload_id"]), (&json!("upload_mismatch"), &begun["upload_id"]));
    // The bad bytes are gone, so it begins again.
    let done = upload_in(&mut device, "a.bin", &bytes).await;
    assert!(bytes_of(&alice, done["url"].as_str().unwrap()).await == bytes);
}

#[tokio::test]
async fn a_commit_that_comes_too_early_costs_nothing() {
    let server = TestServer::provisioning().await;
    let alice = server.person("alice").await;
    let (mut device, _) = Device::of(&alice, &json!({})).await;
    let bytes = noise(100_000);
    let begun = device.does(begin_command("a.bin", &bytes)).await;
    send_chunks(&mut device, &begun, &bytes, 0, 65_536).await;
    assert_eq!(commit(&mut device, &begun).await["code"], "upload_mismatch");
    send_chunks(&mut device, &begun, &bytes, 65_536, bytes.len()).await;
    assert_eq!(commit(&mut device, &begun).await["type"], "ok");
}

#[tokio::test]
async fn a_chunk_has_to_go_on_where_the_upload_stands() {
    let server = TestServer::provisioning().await;
    let alice = server.person("alice").await;
    let (mut device, _) = Device::of(&alice, &json!({})).await;
    let bytes = noise(200_000);
    for offset in [65_536, 1, usize::MAX] {
        let begun = device.does(begin_command("a.bin", &bytes)).await;
        device.room.send_message(chunk(&begun["upload_id"], offset, &bytes[..1000])).await;
        let refused = device.next_of("error").await;
        assert_eq!(
            (&refused["code"], &refused["upload_id"]),
            (&json!("upload_mismatch"), &begun["upload_id"])
        );
        // The upload ended there.
        assert_eq!(commit(&mut device, &begun).await["code"], "not_found");
    }
    // More bytes than were announced.
    let begun = device.does(begin_command("a.bin", &bytes[..1000])).await;
    device.room.send_message(chunk(&begun["upload_id"], 0, &bytes[..1001])).await;
    assert_eq!(device.next_of("error").await["code"], "upload_mismatch");
}

#[tokio::test]
async fn an_upload_id_means_nothing_on_another_socket() {
    let server = TestServer::provisioning().await;
    let (alice, eve) = (server.person("alice").await, server.person("eve").await);
    let (mut device, _) = Device::of(&alice, &json!({})).await;
    let (mut other, _) = Device::of(&eve, &json!({})).await;
    let bytes = noise(100_000);
    let begun = device.does(begin_command("a.bin", &bytes)).await;
    let id = &begun["upload_id"];
    other.room.send_message(chunk(id, 0, &vec![0; 65_536])).await;
    assert_eq!(other.next_of("error").await["code"], "not_found");
    assert_eq!(other.is_refused(json!({"type": "upload_commit", "upload_id": id})).await, "not_found");
    assert_eq!(other.is_refused(json!({"type": "upload_abort", "upload_id": id})).await, "not_found");
    send_chunks(&mut device, &begun, &bytes, 0, bytes.len()).await;
    assert_eq!(commit(&mut device, &begun).await["type"], "ok");
}

#[tokio::test]
async fn what_is_aborted_is_gone() {
    let server = TestServer::provisioning().await;
    let alice = server.person("alice").await;
    let (mut device, _) = Device::of(&alice, &json!({})).await;
    let bytes = noise(100_000);
    let begun = device.does(begin_command("a.bin", &bytes)).await;
    send_chunks(&mut device, &begun, &bytes, 0, 65_536).await;
    device.does(json!({"type": "upload_abort", "upload_id": begun["upload_id"]})).await;
    assert_eq!(device.does(begin_command("a.bin", &bytes)).await["offset"], 0);
}

#[tokio::test]
async fn a_message_does_not_wait_for_an_upload_on_the_same_socket() {
    let server = TestServer::provisioning().await;
    let alice = server.person("alice").await;
    let room = alice.group("Files", &[]).await;
    let (mut device, _) = Device::in_room(&alice, room, "").await;
    // A picture that takes some time to re-encode.
    let bytes = picture(1500, 1500, ImageFormat::Png);
    let begun = device.does(begin_command("a.png", &bytes)).await;
    send_chunks(&mut device, &begun, &bytes, 0, bytes.len()).await;
    let commit = json!({"type": "upload_commit", "ref": "slow", "upload_id": begun["upload_id"]});
    device.room.send(&commit.to_string()).await;
    device.room.send(&json!({"type": "send", "ref": "fast", "content": "me first"}).to_string()).await;
    let first = device.next(|frame| frame["type"] == "ok").await;
    assert_eq!(first["ref"], "fast");
    assert_eq!(device.next(|frame| frame["type"] == "ok").await["ref"], "slow");
}

#[tokio::test]
async fn every_command_about_an_upload_gets_its_answer() {
    let server = TestServer::provisioning().await;
    let alice = server.person("alice").await;
    let (mut device, _) = Device::of(&alice, &json!({})).await;
    let bytes = noise(50_000);
    let begun = device.does(begin_command("a", &bytes)).await;
    let id = &begun["upload_id"];
    device.room.send_message(chunk(id, 0, &bytes)).await;
    // All at once: only the first can succeed.
    for (reference, kind) in [("1", "upload_commit"), ("2", "upload_commit"), ("3", "upload_abort")] {
        device.room.send(&json!({"type": kind, "ref": reference, "upload_id": id}).to_string()).await;
    }
    let mut answers = std::collections::BTreeMap::new();
    while answers.len() < 3 {
        let answer = device.next(|frame| frame["ref"].is_string()).await;
        answers.insert(answer["ref"].as_str().unwrap().to_owned(), answer);
    }
    assert_eq!(answers["1"]["type"], "ok");
    assert_eq!((&answers["2"]["code"], &answers["3"]["code"]), (&json!("not_found"), &json!("not_found")));
}

#[tokio::test]
async fn a_socket_has_a_few_uploads_at_a_time() {
    let server = TestServer::provisioning().await;
    let alice = server.person("alice").await;
    let (mut device, _) = Device::of(&alice, &json!({})).await;
    let mut begun = Vec::new();
    for number in 0..8 {
        begun.push(device.does(begin_command("a", &noise(1000 + number))).await);
    }
    assert_eq!(device.is_refused(begin_command("a", &noise(2000))).await, "forbidden");
    device.does(json!({"type": "upload_abort", "upload_id": begun[0]["upload_id"]})).await;
    device.does(begin_command("a", &noise(2000))).await;
}

#[tokio::test]
async fn more_chunks_than_the_window_end_the_upload_and_keep_its_bytes() {
    let server = TestServer::provisioning().await;
    let alice = server.person("alice").await;
    let (mut device, _) = Device::of(&alice, &json!({})).await;
    let bytes = noise(65_536 * 300);
    let begun = device.does(begin_command("a.bin", &bytes)).await;
    // All at once, without waiting for a word.
    for (number, part) in bytes.chunks(65_536).enumerate() {
        device.room.send_message(chunk(&begun["upload_id"], number * 65_536, part)).await;
    }
    let refused = device.next_of("error").await;
    assert_eq!((&refused["code"], &refused["upload_id"]), (&json!("invalid_frame"), &begun["upload_id"]));
    device.frames_until_now().await;
    let resumed = device.does(begin_command("a.bin", &bytes)).await;
    let offset = resumed["offset"].as_u64().unwrap() as usize;
    send_chunks(&mut device, &resumed, &bytes, offset, bytes.len()).await;
    let done = commit(&mut device, &resumed).await;
    assert_eq!(done["type"], "ok", "{done}");
    let kept = bytes_of(&alice, done["url"].as_str().unwrap()).await;
    assert_eq!(sha256(&kept), sha256(&bytes));
}

#[tokio::test]
async fn the_original_socket_takes_no_binary_frames() {
    let server = TestServer::provisioning().await;
    let alice = server.person("alice").await;
    let room = alice.group("Files", &[]).await;
    let mut socket = alice.enter(room).await;
    socket.send_message(chunk(&json!(1), 0, b"x")).await;
    assert_eq!(socket.error_code().await, "invalid_frame");
    let (mut device, _) = Device::of(&alice, &json!({})).await;
    for frame in [vec![], vec![1], vec![2; 40], vec![1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 7]] {
        device.room.send_message(tokio_tungstenite::tungstenite::Message::binary(frame)).await;
        assert_eq!(device.next_of("error").await["code"], "invalid_frame");
    }
}
