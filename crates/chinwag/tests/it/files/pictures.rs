//! Pictures are re-encoded: nothing that was beside the pixels stays.

use image::{DynamicImage, GenericImageView as _, ImageFormat, RgbaImage};
use serde_json::json;

use super::{bytes_of, picture, post_form, upload};
use crate::harness::TestServer;

pub(super) const CANARY: &[u8] = b"GPS 48.8584 N 2.2945 E";

pub(super) fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// EXIF with an orientation and a place: one IFD with two entries.
fn exif(orientation: u8) -> Vec<u8> {
    let mut tiff = b"II*\0\x08\0\0\0\x02\0".to_vec();
    tiff.extend_from_slice(&[0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0]);
    // ImageDescription, where this canary sits.
    tiff.extend_from_slice(&[0x0e, 0x01, 2, 0, CANARY.len() as u8, 0, 0, 0, 38, 0, 0, 0]);
    tiff.extend_from_slice(&[0, 0, 0, 0]);
    tiff.extend_from_slice(CANARY);
    tiff
}

fn jpeg_with_exif(orientation: u8) -> Vec<u8> {
    let plain = picture(200, 100, ImageFormat::Jpeg);
    let tiff = exif(orientation);
    let mut bytes = vec![0xff, 0xd8, 0xff, 0xe1];
    bytes.extend_from_slice(&((tiff.len() + 8) as u16).to_be_bytes());
    bytes.extend_from_slice(b"Exif\0\0");
    bytes.extend_from_slice(&tiff);
    bytes.extend_from_slice(&plain[2..]);
    bytes
}

#[tokio::test]
async fn where_it_was_taken_goes_and_how_the_camera_was_held_stays() {
    let server = TestServer::provisioning().await;
    let alice = server.person("alice").await;
    // 6: the left of the sensor is up.
    for (orientation, width, height, red) in
        [(1, 200, 100, (20, 50)), (6, 100, 200, (50, 20)), (3, 200, 100, (180, 50))]
    {
        let bytes = jpeg_with_exif(orientation);
        assert!(contains(&bytes, CANARY));
        let file = upload(&alice, "holiday.jpg", &bytes).await;
        assert_eq!((&file["width"], &file["height"]), (&json!(width), &json!(height)), "{orientation}");
        let kept = bytes_of(&alice, file["url"].as_str().unwrap()).await;
        assert!(!contains(&kept, CANARY) && !contains(&kept, b"Exif"), "{orientation}");
        assert_eq!(file["size"], kept.len());
        assert_eq!(file["sha256"], super::sha256(&kept));
        let pixels = image::load_from_memory(&kept).unwrap();
        assert_eq!((pixels.width(), pixels.height()), (width, height));
        assert!(pixels.get_pixel(red.0, red.1)[0] > 200, "{orientation}");
        let small = bytes_of(&alice, &format!("{}/thumbnails/160", file["url"].as_str().unwrap())).await;
        assert!(!contains(&small, CANARY));
    }
}

#[tokio::test]
async fn a_png_keeps_its_pixels_and_nothing_else() {
    let server = TestServer::provisioning().await;
    let alice = server.person("alice").await;
    let plain = picture(64, 64, ImageFormat::Png);
    // A chunk of text behind the header, with its checksum, and a whole page behind the end.
    let mut chunk = (CANARY.len() as u32 + 8).to_be_bytes().to_vec();
    let body = [b"tEXtComment\0".as_slice(), CANARY].concat();
    chunk.extend_from_slice(&body);
    chunk.extend_from_slice(&crc32(&body).to_be_bytes());
    let bytes = [&plain[..33], &chunk, &plain[33..], b"<script>alert(1)</script>"].concat();
    let file = upload(&alice, "page.html", &bytes).await;
    assert_eq!((&file["mime"], &file["name"]), (&json!("image/png"), &json!("page.png")));
    let kept = bytes_of(&alice, file["url"].as_str().unwrap()).await;
    assert!(!contains(&kept, CANARY) && !contains(&kept, b"<script>"));
    let (before, after) = (image::load_from_memory(&plain).unwrap(), image::load_from_memory(&kept).unwrap());
    assert_eq!(before.to_rgb8(), after.to_rgb8());
}

pub(super) fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 },
        )
    })
}

#[tokio::test]
async fn a_webp_is_kept_as_what_every_program_reads() {
    let server = TestServer::provisioning().await;
    let alice = server.person("alice").await;
    let opaque = upload(&alice, "a.webp", &picture(64, 64, ImageFormat::WebP)).await;
    assert_eq!((&opaque["mime"], &opaque["name"]), (&json!("image/jpeg"), &json!("a.jpg")));
    let mut clear = std::io::Cursor::new(Vec::new());
    let pixels = RgbaImage::from_pixel(64, 64, image::Rgba([1, 2, 3, 100]));
    DynamicImage::ImageRgba8(pixels).write_to(&mut clear, ImageFormat::WebP).unwrap();
    let clear = upload(&alice, "a.webp", &clear.into_inner()).await;
    assert_eq!((&clear["mime"], &clear["name"]), (&json!("image/png"), &json!("a.png")));
}

#[tokio::test]
async fn a_picture_that_announces_too_many_pixels_is_never_decoded() {
    let server = TestServer::provisioning().await;
    let alice = server.person("alice").await;
    for (width, height) in [(50_000_u32, 50_000_u32), (u32::MAX >> 1, 1), (40_000_001, 1), (1, 2_000_000_000)]
    {
        // A real PNG whose header lies, with a checksum that fits.
        let mut bytes = picture(8, 8, ImageFormat::Png);
        bytes[16..20].copy_from_slice(&width.to_be_bytes());
        bytes[20..24].copy_from_slice(&height.to_be_bytes());
        let checksum = crc32(&bytes[12..29]);
        bytes[29..33].copy_from_slice(&checksum.to_be_bytes());
        let refused = post_form(&alice, super::form("bomb.png", &bytes)).await;
        assert_eq!(refused.status, 413, "{width}×{height}: {:?}", refused.body);
    }
    // A GIF's canvas may be large though its frames are not.
    let mut gif =
        b"GIF89a\xff\xff\xff\xff\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;".to_vec();
    let refused = post_form(&alice, super::form("bomb.gif", &gif)).await;
    assert_eq!(refused.status, 413, "{:?}", refused.body);
    gif.truncate(20);
    is_only_downloaded(&alice, &upload(&alice, "cut.gif", &gif).await, &gif).await;
}

/// A download that no browser shows inline.
async fn is_only_downloaded(alice: &crate::harness::Person, file: &serde_json::Value, bytes: &[u8]) {
    assert_eq!(file["mime"], "application/octet-stream");
    assert!(file["width"].is_null(), "{file}");
    let (_, headers, kept) = super::fetch(alice, file["url"].as_str().unwrap(), &[]).await;
    assert!(headers["content-disposition"].to_str().unwrap().starts_with("attachment; "));
    assert_eq!(kept, bytes);
}

#[tokio::test]
async fn what_only_begins_as_a_picture_is_a_file_like_any_other() {
    let server = TestServer::provisioning_with(|config| config.limits.is_enforced = false).await;
    let alice = server.person("alice").await;
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::WebP] {
        let whole = picture(50, 50, format);
        for length in [12, 30, whole.len() / 2] {
            // A decoder may accept half of a JPEG or GIF; then the result is kept.
            let cut = upload(&alice, "a", &whole[..length]).await;
            if cut["width"].is_null() {
                is_only_downloaded(&alice, &cut, &whole[..length]).await;
            }
        }
        let polyglot = [&whole[..12], b"<html><script>alert(1)</script>"].concat();
        let file = upload(&alice, "a.html", &polyglot).await;
        is_only_downloaded(&alice, &file, &polyglot).await;
    }
}

#[tokio::test]
async fn a_picture_that_browsers_show_is_taken_though_it_is_not_quite_right() {
    let server = TestServer::provisioning_with(|config| config.limits.is_enforced = false).await;
    let alice = server.person("alice").await;
    let (png, jpeg, gif) = (
        picture(50, 50, ImageFormat::Png),
        picture(50, 50, ImageFormat::Jpeg),
        picture(50, 50, ImageFormat::Gif),
    );
    // A chunk beside the pixels whose checksum is wrong.
    let broken_chunk = [b"\0\0\0\x04gAMA\0\0\xb1\x8f", b"\0\0\0\0".as_slice()].concat();
    let wrong_checksum = [&png[..33], &broken_chunk, &png[33..]].concat();
    for (what, bytes, mime) in [
        ("rest behind a PNG", [&png[..], b"rest"].concat(), "image/png"),
        ("wrong checksum", wrong_checksum, "image/png"),
        ("JPEG without its end", jpeg[..jpeg.len() - 2].to_vec(), "image/jpeg"),
        ("JPEG cut in its pixels", jpeg[..jpeg.len() - 20].to_vec(), "image/jpeg"),
        ("rest behind a JPEG", [&jpeg[..], &[0; 5000]].concat(), "image/jpeg"),
        ("GIF without its end", gif[..gif.len() - 1].to_vec(), "image/gif"),
        ("rest behind a GIF", [&gif[..], b"rest"].concat(), "image/gif"),
        ("unknown block in a GIF", [&gif[..gif.len() - 1], b"\x77\x01x\0;"].concat(), "image/gif"),
    ] {
        let file = upload(&alice, "a", &bytes).await;
        assert_eq!((&file["mime"], &file["width"]), (&json!(mime), &json!(50)), "{what}");
        let kept = bytes_of(&alice, file["url"].as_str().unwrap()).await;
        let pixels = image::load_from_memory(&kept).unwrap();
        assert!(pixels.get_pixel(5, 5)[0] > 200, "{what}");
    }
}

#[tokio::test]
async fn what_is_clear_stays_clear_in_every_size() {
    let server = TestServer::provisioning_with(|config| config.limits.is_enforced = false).await;
    let alice = server.person("alice").await;
    let pixels =
        RgbaImage::from_fn(600, 300, |x, _| image::Rgba([200, 10, 10, if x < 300 { 0 } else { 255 }]));
    for format in [ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif] {
        let mut bytes = std::io::Cursor::new(Vec::new());
        DynamicImage::ImageRgba8(pixels.clone()).write_to(&mut bytes, format).unwrap();
        let file = upload(&alice, "a", &bytes.into_inner()).await;
        let url = file["url"].as_str().unwrap();
        for path in [url.to_owned(), format!("{url}/thumbnails/480"), format!("{url}/thumbnails/160")] {
            let small = image::load_from_memory(&bytes_of(&alice, &path).await).unwrap().to_rgba8();
            let (width, height) = small.dimensions();
            let alphas = [small.get_pixel(5, height / 2)[3], small.get_pixel(width - 5, height / 2)[3]];
            assert_eq!(alphas, [0, 255], "{format:?} {path}");
        }
    }
}
