//! Animations still move, with their frames as they came and nothing beside them.

use image::codecs::gif::{GifDecoder, GifEncoder};
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::{AnimationDecoder as _, DynamicImage, Frame, ImageFormat, Rgba, RgbaImage};
use serde_json::json;

use super::pictures::{CANARY, contains, crc32};
use super::{bytes_of, post_form, upload};
use crate::harness::TestServer;

const COLORS: [[u8; 4]; 3] = [[250, 0, 0, 255], [0, 250, 0, 255], [0, 0, 250, 255]];

/// A picture of one colour whose left edge is clear.
fn frame(color: [u8; 4], width: u32, height: u32) -> RgbaImage {
    RgbaImage::from_fn(width, height, |x, _| if x == 0 { Rgba([0, 0, 0, 0]) } else { Rgba(color) })
}

fn encoded(pixels: RgbaImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    DynamicImage::ImageRgba8(pixels).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn riff(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut bytes = kind.to_vec();
    bytes.extend_from_slice(&(content.len() as u32).to_le_bytes());
    bytes.extend_from_slice(content);
    bytes.extend_from_slice(&[0][..content.len() % 2]);
    bytes
}

/// An animated WebP with places and comments wherever it can have them.
fn webp(colors: &[[u8; 4]], width: u32, height: u32) -> Vec<u8> {
    let size = [&(width - 1).to_le_bytes()[..3], &(height - 1).to_le_bytes()[..3]].concat();
    // EXIF, XMP, an animation, and what is clear.
    let mut body = [b"WEBP".to_vec(), riff(b"VP8X", &[&[0b0001_1110, 0, 0, 0][..], &size].concat())].concat();
    body.extend_from_slice(&riff(b"ANIM", &[0, 0, 0, 0, 3, 0]));
    for color in colors {
        let still = encoded(frame(*color, width, height), ImageFormat::WebP);
        // After the header of the file: the one chunk with the pixels.
        let place = [&[0; 6], &size[..], &[40, 0, 0, 2]].concat();
        body.extend_from_slice(&riff(b"ANMF", &[&place, &still[12..], &riff(b"NOTE", CANARY)].concat()));
    }
    body.extend_from_slice(&riff(b"EXIF", CANARY));
    body.extend_from_slice(&riff(b"XMP ", CANARY));
    body.extend_from_slice(&riff(b"MINE", CANARY));
    riff(b"RIFF", &body)
}

fn png_chunk(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let checked = [&kind[..], content].concat();
    [&(content.len() as u32).to_be_bytes(), &checked[..], &crc32(&checked).to_be_bytes()].concat()
}

/// The pixels of a PNG.
fn png_pixels(bytes: &[u8]) -> Vec<u8> {
    let (mut at, mut pixels) = (8, Vec::new());
    while at < bytes.len() {
        let size = u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        if &bytes[at + 4..at + 8] == b"IDAT" {
            pixels.extend_from_slice(&bytes[at + 8..at + 8 + size]);
        }
        at += size + 12;
    }
    pixels
}

fn apng(colors: &[[u8; 4]], width: u32, height: u32) -> Vec<u8> {
    let stills: Vec<_> =
        colors.iter().map(|color| encoded(frame(*color, width, height), ImageFormat::Png)).collect();
    let mut bytes = stills[0][..33].to_vec();
    bytes.extend_from_slice(&png_chunk(b"tEXt", CANARY));
    bytes.extend_from_slice(&png_chunk(
        b"acTL",
        &[&(colors.len() as u32).to_be_bytes()[..], &[0; 4]].concat(),
    ));
    let mut number = 0_u32;
    let mut next = || {
        number += 1;
        (number - 1).to_be_bytes()
    };
    for (place, still) in stills.iter().enumerate() {
        let control =
            [&next()[..], &width.to_be_bytes(), &height.to_be_bytes(), &[0; 8], &[0, 40, 0, 100], &[0, 0]];
        bytes.extend_from_slice(&png_chunk(b"fcTL", &control.concat()));
        if place == 0 {
            bytes.extend_from_slice(&png_chunk(b"IDAT", &png_pixels(still)));
        } else {
            bytes.extend_from_slice(&png_chunk(b"fdAT", &[&next()[..], &png_pixels(still)].concat()));
        }
        bytes.extend_from_slice(&png_chunk(b"eXIf", CANARY));
    }
    bytes.extend_from_slice(&png_chunk(b"IEND", b""));
    bytes.extend_from_slice(CANARY);
    bytes
}

fn gif(colors: &[[u8; 4]], width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    {
        let mut encoder = GifEncoder::new(&mut bytes);
        for color in colors {
            encoder.encode_frame(Frame::new(frame(*color, width, height))).unwrap();
        }
    }
    // A comment before the end.
    assert_eq!(bytes.pop(), Some(0x3b));
    bytes.extend_from_slice(&[0x21, 0xfe, CANARY.len() as u8]);
    bytes.extend_from_slice(CANARY);
    bytes.extend_from_slice(&[0, 0x3b]);
    bytes
}

/// The frames as a viewer sees them.
fn frames(bytes: &[u8], mime: &str) -> Vec<RgbaImage> {
    let bytes = std::io::Cursor::new(bytes);
    let frames = match mime {
        "image/gif" => GifDecoder::new(bytes).unwrap().into_frames(),
        "image/webp" => WebPDecoder::new(bytes).unwrap().into_frames(),
        _ => PngDecoder::new(bytes).unwrap().apng().unwrap().into_frames(),
    };
    frames.collect_frames().unwrap().into_iter().map(Frame::into_buffer).collect()
}

#[tokio::test]
async fn an_animation_still_moves_and_tells_nothing_else() {
    let server = TestServer::provisioning().await;
    let alice = server.person("alice").await;
    for (name, bytes, mime) in [
        ("a.gif", gif(&COLORS, 400, 30), "image/gif"),
        ("a.webp", webp(&COLORS, 400, 30), "image/webp"),
        ("a.png", apng(&COLORS, 400, 30), "image/png"),
    ] {
        assert!(contains(&bytes, CANARY));
        let file = upload(&alice, name, &bytes).await;
        let facts = json!([file["name"], file["mime"], file["width"], file["height"]]);
        assert_eq!(facts, json!([name, mime, 400, 30]));
        let url = file["url"].as_str().unwrap();
        let (_, headers, kept) = super::fetch(&alice, url, &[]).await;
        assert!(headers["content-disposition"].to_str().unwrap().starts_with("inline; "), "{name}");
        assert!(!contains(&kept, CANARY) && !contains(&kept, b"EXIF"), "{name}");
        let moving = frames(&kept, mime);
        let colors: Vec<_> = moving.iter().map(|frame| frame.get_pixel(5, 5).0).collect();
        assert_eq!(colors, COLORS, "{name}");
        assert!(moving.iter().all(|frame| frame.get_pixel(0, 5)[3] == 0), "{name}");
        // Its thumbnail stands still.
        let small =
            image::load_from_memory(&bytes_of(&alice, &format!("{url}/thumbnails/160")).await).unwrap();
        assert_eq!((small.width(), small.height()), (160, 12), "{name}");
    }
}

#[tokio::test]
async fn a_bomb_of_frames_is_refused() {
    let server = TestServer::provisioning_with(|config| config.limits.image_pixels = 1000).await;
    let alice = server.person("alice").await;
    let colors = [[9, 9, 9, 255]; 11];
    for bytes in [gif(&colors, 30, 33), webp(&colors, 30, 33), apng(&colors, 30, 33)] {
        assert_eq!(post_form(&alice, super::form("a", &bytes)).await.status, 413);
    }
    for bytes in [gif(&colors[1..], 30, 33), webp(&colors[1..], 30, 33), apng(&colors[1..], 30, 33)] {
        upload(&alice, "a", &bytes).await;
    }
}

#[tokio::test]
async fn an_animation_that_breaks_off_is_shown_as_far_as_it_goes_or_is_a_file_like_any_other() {
    let server = TestServer::provisioning_with(|config| config.limits.is_enforced = false).await;
    let alice = server.person("alice").await;
    for (bytes, mime) in [
        (gif(&COLORS, 40, 30), "image/gif"),
        (webp(&COLORS, 40, 30), "image/webp"),
        (apng(&COLORS, 40, 30), "image/png"),
    ] {
        for length in (20..bytes.len()).step_by(bytes.len() / 12) {
            let file = upload(&alice, "a", &bytes[..length]).await;
            assert!(file["mime"] == mime || file["mime"] == "application/octet-stream", "{file}");
        }
    }
}
