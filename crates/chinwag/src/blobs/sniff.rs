//! Identifies a file by its bytes. The type or name that a client gives is not trusted.

use std::fs::File;
use std::io::Read as _;

use super::{archives, media};

/// How many bytes are examined.
const HEAD_BYTES: usize = 8 * 1024;

/// The type of what nobody should try to show.
const UNKNOWN: &str = "application/octet-stream";

/// How a file is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A picture that is decoded and stored anew.
    Picture(image::ImageFormat),
    /// Anything else: stored unchanged, under this type.
    Other(&'static str),
}

impl Kind {
    /// For a file that begins like a picture but can't be decoded: it is kept, but never shown.
    pub(crate) const UNKNOWN: Self = Self::Other(UNKNOWN);

    /// The type as clients see it.
    pub(crate) fn mime(self) -> &'static str {
        match self {
            Self::Picture(format) => format.to_mime_type(),
            Self::Other(mime) => mime,
        }
    }
}

/// Identifies a file by its first bytes, and if several formats share them, by its content. Blocks.
pub(crate) fn identify(file: &File) -> std::io::Result<Kind> {
    let mut head = Vec::new();
    super::rewound(file)?.take(HEAD_BYTES as u64).read_to_end(&mut head)?;
    let kind = sniff(&head);
    let inside = match kind {
        Kind::Picture(_) => None,
        Kind::Other(mime) if mime.starts_with("image/") => None,
        Kind::Other(_) => type_inside(&head, file),
    };
    Ok(inside.map_or(kind, Kind::Other))
}

fn type_inside(head: &[u8], file: &File) -> Option<&'static str> {
    if head.starts_with(archives::ZIP) {
        Some(archives::zip_type(file))
    } else if head.starts_with(archives::COMPOUND) {
        Some(archives::compound_type(file))
    } else if head.starts_with(media::OGG) {
        Some(media::ogg_type(file))
    } else if head.starts_with(media::ASF) {
        Some(media::asf_type(file))
    } else if head.starts_with(media::EBML) {
        media::ebml_type(file)
    } else if head.get(4..8) == Some(b"ftyp") {
        media::mp4_type(file)
    } else {
        None
    }
}

/// Identifies what begins with these bytes.
pub(crate) fn sniff(head: &[u8]) -> Kind {
    use image::ImageFormat::{Gif, Jpeg, Png, WebP};

    if let Ok(format @ (Gif | Jpeg | Png | WebP)) = image::guess_format(head) {
        return Kind::Picture(format);
    }
    match infer::get(head).map(|found| found.mime_type()) {
        // What a browser could run never gets its own type.
        Some(mime) if is_active(mime) => Kind::Other(UNKNOWN),
        Some(mime) => Kind::Other(mime),
        None if is_plain_text(head) => Kind::Other("text/plain"),
        None => Kind::Other(UNKNOWN),
    }
}

/// Whether a browser may show it inline: pictures that were decoded here, sound and video.
pub(crate) fn is_shown_inline(mime: &str) -> bool {
    matches!(mime, "image/gif" | "image/jpeg" | "image/png" | "image/webp")
        || mime.starts_with("audio/")
        || mime.starts_with("video/")
}

fn is_active(mime: &str) -> bool {
    mime.starts_with("text/") || ["html", "xml", "svg", "script"].iter().any(|word| mime.contains(word))
}

/// Text that no browser takes for markup.
fn is_plain_text(head: &[u8]) -> bool {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        // The last character may be cut off.
        Err(error) if error.error_len().is_none() => head
            .get(..error.valid_up_to())
            .and_then(|head| std::str::from_utf8(head).ok())
            .unwrap_or_default(),
        Err(_) => return false,
    };
    let begins_as_markup = text.trim_start_matches('\u{feff}').trim_start().starts_with('<');
    let is_printable =
        |character: char| !character.is_control() || matches!(character, '\t' | '\n' | '\r' | '\x0c');
    !text.is_empty() && !begins_as_markup && text.chars().all(is_printable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_decide() {
        for (head, expected) in [
            (&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], Kind::Picture(image::ImageFormat::Png)),
            (b"\xff\xd8\xff\xe1", Kind::Picture(image::ImageFormat::Jpeg)),
            (b"GIF89a", Kind::Picture(image::ImageFormat::Gif)),
            (b"RIFF\0\0\0\0WEBPVP8 ", Kind::Picture(image::ImageFormat::WebP)),
            (b"%PDF-1.7", Kind::Other("application/pdf")),
            (b"OggS\0\x02", Kind::Other("audio/ogg")),
            (b"plain words", Kind::Other("text/plain")),
            (
                "cut in an ü".as_bytes().split_last().map_or(&[][..], |(_, head)| head),
                Kind::Other("text/plain"),
            ),
            (b"<!DOCTYPE html><p>", Kind::Other(UNKNOWN)),
            (b"  <svg xmlns='http://www.w3.org/2000/svg'>", Kind::Other(UNKNOWN)),
            ("\u{feff}<?xml version='1.0'?>".as_bytes(), Kind::Other(UNKNOWN)),
            (b"#!/bin/sh\n", Kind::Other(UNKNOWN)),
            (b"\0\x01\x02", Kind::Other(UNKNOWN)),
            (b"", Kind::Other(UNKNOWN)),
        ] {
            assert_eq!(sniff(head), expected, "{}", String::from_utf8_lossy(head));
        }
    }

    #[test]
    fn only_what_runs_nothing_is_shown() {
        for mime in ["image/png", "image/jpeg", "image/gif", "image/webp", "video/mp4", "audio/ogg"] {
            assert!(is_shown_inline(mime), "{mime}");
        }
        for mime in ["text/html", "image/svg+xml", "application/pdf", "text/plain", "image/heif", UNKNOWN] {
            assert!(!is_shown_inline(mime), "{mime}");
        }
    }
}
