//! Files, from their first byte to their last.

mod animations;
mod attacks;
mod downloads;
mod kinds;
mod life;
mod limits;
mod pictures;
mod s3;
mod sockets;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::harness::{Device, Person, Reply, reply};

/// Bytes that compress badly and tell their own place.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

fn sha256(bytes: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A picture of two halves, which shows which side is up.
pub(crate) fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let pixels =
        RgbImage::from_fn(
            width,
            height,
            |x, _| {
                if x < width / 2 { Rgb([250, 10, 10]) } else { Rgb([10, 10, 250]) }
            },
        );
    let mut bytes = std::io::Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(pixels).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A form with one file.
fn form(name: &str, bytes: &[u8]) -> Vec<u8> {
    let name = name.replace('"', "%22");
    let mut body = format!(
        "--limit\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: application/x-lie\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(bytes);
    body.extend_from_slice(b"\r\n--limit--\r\n");
    body
}

async fn post_form(person: &Person, body: Vec<u8>) -> Reply {
    let request = person.request("POST", "/files");
    reply(request.header("content-type", "multipart/form-data; boundary=limit").body(body)).await
}

/// Uploads as a form, which must succeed; returns the answer.
pub(crate) async fn upload(person: &Person, name: &str, bytes: &[u8]) -> Value {
    let uploaded = post_form(person, form(name, bytes)).await;
    assert_eq!(uploaded.status, 201, "{:?}", uploaded.body);
    uploaded.body
}

/// A download, whatever its status.
async fn fetch(
    person: &Person,
    url: &str,
    headers: &[(&str, &str)],
) -> (u16, reqwest::header::HeaderMap, Vec<u8>) {
    let request = headers
        .iter()
        .fold(person.request("GET", url), |request, (name, value)| request.header(*name, *value));
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    (status, headers, response.bytes().await.unwrap().to_vec())
}

/// The bytes of a file, which the person may read.
async fn bytes_of(person: &Person, url: &str) -> Vec<u8> {
    let (status, _, bytes) = fetch(person, url, &[]).await;
    assert_eq!(status, 200, "{url}");
    bytes
}

fn begin_command(name: &str, bytes: &[u8]) -> Value {
    json!({"type": "upload_begin", "name": name, "mime": "x/y", "size": bytes.len(), "sha256": sha256(bytes)})
}

fn chunk(upload_id: &Value, offset: usize, bytes: &[u8]) -> Message {
    let mut frame = vec![1, 0, 0, 0];
    frame.extend_from_slice(&u32::try_from(upload_id.as_u64().unwrap()).unwrap().to_be_bytes());
    frame.extend_from_slice(&(offset as u64).to_be_bytes());
    frame.extend_from_slice(bytes);
    Message::binary(frame)
}

/// Sends the chunks from `from` up to `to` inside the window; returns when all are acknowledged.
async fn send_chunks(device: &mut Device, begun: &Value, bytes: &[u8], from: usize, to: usize) {
    let size = begun["chunk_bytes"].as_u64().unwrap() as usize;
    let window = begun["window"].as_u64().unwrap() as usize;
    let (mut sent, mut acknowledged) = (from, from);
    while acknowledged < to {
        while sent < to && sent - acknowledged < window * size {
            let end = to.min(sent + size);
            device.room.send_message(chunk(&begun["upload_id"], sent, &bytes[sent..end])).await;
            sent = end;
        }
        let progress = device.next_of("upload_progress").await;
        assert_eq!(progress["upload_id"], begun["upload_id"]);
        acknowledged = progress["offset"].as_u64().unwrap() as usize;
        assert!(acknowledged <= sent);
    }
}

async fn commit(device: &mut Device, begun: &Value) -> Value {
    device.ask(json!({"type": "upload_commit", "upload_id": begun["upload_id"]})).await
}

/// Uploads through a socket; returns the answer to the commit.
async fn upload_in(device: &mut Device, name: &str, bytes: &[u8]) -> Value {
    let begun = device.does(begin_command(name, bytes)).await;
    let offset = begun["offset"].as_u64().unwrap() as usize;
    send_chunks(device, &begun, bytes, offset, bytes.len()).await;
    let done = commit(device, &begun).await;
    assert_eq!(done["type"], "ok", "{done}");
    done
}
