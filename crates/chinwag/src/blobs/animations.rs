//! Animations keep their frames as they came, since re-encoding would cost size or quality. Each frame is
//! decoded once, to check that it is valid and that all together stay within the bounds. Then the container
//! is rewritten, with only what a player needs.

use std::fs::File;
use std::io::{self, BufReader, Read as _, Write};

use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::{AnimationDecoder as _, Frame, ImageDecoder as _, ImageResult};

use super::pictures::{PictureError, decoder_limits};
use super::rewound;

/// All frames of an animation together may have as many pixels as this many whole pictures.
const MAX_ANIMATION: u64 = 10;

/// The chunks of a PNG that hold its pixels, colours and animation.
const PNG_CHUNKS: [&[u8; 4]; 13] = [
    b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"acTL", b"fcTL", b"fdAT", b"gAMA", b"cHRM", b"sRGB",
    b"iCCP", b"cICP",
];
/// The same for a WebP, besides its header.
const WEBP_CHUNKS: [&[u8; 4]; 3] = [b"ICCP", b"ANIM", b"ANMF"];
/// The same for a frame of a WebP.
const WEBP_FRAME_CHUNKS: [&[u8; 4]; 3] = [b"ALPH", b"VP8 ", b"VP8L"];
/// The flags in a WebP's header that announce EXIF and XMP.
const WEBP_METADATA: u8 = 0b0000_1100;

/// Copies the frames of a GIF, without the comments and application blocks between them. If what follows a
/// frame can't be read, the copy ends there, as in browsers.
pub(super) fn copy_gif(source: &File, target: impl Write, max_pixels: u64) -> Result<(), PictureError> {
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::Indexed);
    options.allow_unknown_blocks(true);
    let mut decoder = options.read_info(rewound(source)?).map_err(|_| PictureError::Broken)?;
    let palette = decoder.global_palette().unwrap_or_default().to_vec();
    let mut encoder = gif::Encoder::new(target, decoder.width(), decoder.height(), &palette)
        .map_err(|_| PictureError::Broken)?;
    encoder.set_repeat(decoder.repeat()).map_err(|_| PictureError::Broken)?;
    let mut left = Budget::new(max_pixels);
    let mut is_empty = true;
    while let Ok(Some(frame)) = decoder.read_next_frame() {
        left.take(u64::from(frame.width) * u64::from(frame.height))?;
        encoder.write_frame(frame).map_err(|_| PictureError::Broken)?;
        is_empty = false;
    }
    if is_empty { Err(PictureError::Broken) } else { Ok(()) }
}

pub(super) fn is_animated_webp(source: &File) -> Result<bool, PictureError> {
    Ok(WebPDecoder::new(rewound(source)?)?.has_animation())
}

/// Copies the frames of a WebP.
pub(super) fn copy_webp(source: &File, mut target: impl Write, max_pixels: u64) -> Result<(), PictureError> {
    let decoder = WebPDecoder::new(rewound(source)?)?;
    check_frames(decoder.dimensions(), decoder.into_frames(), max_pixels)?;
    let mut reader = rewound(source)?;
    let mut body = b"WEBP".to_vec();
    reader.seek_relative(12)?;
    while let Some((kind, mut chunk)) = riff_chunk(&mut reader)? {
        match &kind {
            b"VP8X" => {
                if let Some(flags) = chunk.first_mut() {
                    *flags &= !WEBP_METADATA;
                }
            }
            b"ANMF" => chunk = bare_webp_frame(&chunk)?,
            _ if WEBP_CHUNKS.contains(&&kind) => {}
            _ => continue,
        }
        write_riff_chunk(&mut body, kind, &chunk)?;
    }
    write_riff_chunk(&mut target, *b"RIFF", &body)?;
    Ok(())
}

/// A frame without what follows its picture: its place and time, then its chunks.
fn bare_webp_frame(frame: &[u8]) -> Result<Vec<u8>, PictureError> {
    let (head, mut rest) = frame.split_at_checked(16).ok_or(PictureError::Broken)?;
    let mut bare = head.to_vec();
    while let Some((kind, chunk)) = riff_chunk(&mut rest)? {
        if WEBP_FRAME_CHUNKS.contains(&&kind) {
            write_riff_chunk(&mut bare, kind, &chunk)?;
        }
    }
    Ok(bare)
}

/// The next chunk of a RIFF container, without its padding. `None` at the end, and where it is truncated.
fn riff_chunk(source: &mut impl io::Read) -> io::Result<Option<([u8; 4], Vec<u8>)>> {
    let mut head = [0; 8];
    if !is_filled(source, &mut head)? {
        return Ok(None);
    }
    let [k0, k1, k2, k3, size @ ..] = head;
    let size = u64::from(u32::from_le_bytes(size));
    let mut chunk = Vec::new();
    source.by_ref().take(size).read_to_end(&mut chunk)?;
    if chunk.len() as u64 != size {
        return Ok(None);
    }
    io::copy(&mut source.by_ref().take(size % 2), &mut io::sink())?;
    Ok(Some(([k0, k1, k2, k3], chunk)))
}

fn write_riff_chunk(target: &mut impl Write, kind: [u8; 4], chunk: &[u8]) -> io::Result<()> {
    let size = u32::try_from(chunk.len()).map_err(io::Error::other)?;
    target.write_all(&kind)?;
    target.write_all(&size.to_le_bytes())?;
    target.write_all(chunk)?;
    target.write_all(if size % 2 == 1 { &[0] } else { &[] })
}

pub(super) fn is_animated_png(source: &File) -> Result<bool, PictureError> {
    Ok(PngDecoder::new(rewound(source)?)?.is_apng()?)
}

/// Copies the frames of a PNG.
pub(super) fn copy_png(source: &File, mut target: impl Write, max_pixels: u64) -> Result<(), PictureError> {
    let decoder = PngDecoder::with_limits(rewound(source)?, decoder_limits(max_pixels.saturating_mul(4)))?;
    check_frames(decoder.dimensions(), decoder.apng()?.into_frames(), max_pixels)?;
    let mut reader = rewound(source)?;
    let mut signature = [0; 8];
    reader.read_exact(&mut signature)?;
    target.write_all(&signature)?;
    while let Some((kind, chunk)) = png_chunk(&mut reader)? {
        if PNG_CHUNKS.contains(&&kind) {
            target.write_all(&chunk)?;
        }
        if &kind == b"IEND" {
            return Ok(());
        }
    }
    Err(PictureError::Broken)
}

/// The next chunk of a PNG, from its length to its checksum. `None` at the end, and where it is truncated.
fn png_chunk(source: &mut BufReader<&File>) -> io::Result<Option<([u8; 4], Vec<u8>)>> {
    let mut head = [0; 8];
    if !is_filled(source, &mut head)? {
        return Ok(None);
    }
    let [s0, s1, s2, s3, kind @ ..] = head;
    let size = u64::from(u32::from_be_bytes([s0, s1, s2, s3])) + 4;
    let mut chunk = head.to_vec();
    source.by_ref().take(size).read_to_end(&mut chunk)?;
    Ok((chunk.len() as u64 == size + 8).then_some((kind, chunk)))
}

/// Fills the buffer, if there are enough bytes.
fn is_filled(source: &mut impl io::Read, bytes: &mut [u8]) -> io::Result<bool> {
    match source.read_exact(bytes) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

/// Decodes every frame. Each counts as a whole picture, however small the part that it changes.
fn check_frames(
    (width, height): (u32, u32),
    frames: impl Iterator<Item = ImageResult<Frame>>,
    max_pixels: u64,
) -> Result<(), PictureError> {
    let mut left = Budget::new(max_pixels);
    for frame in frames {
        frame?;
        left.take(u64::from(width) * u64::from(height))?;
    }
    Ok(())
}

/// The pixels that the remaining frames may have.
struct Budget(u64);

impl Budget {
    fn new(max_pixels: u64) -> Self {
        Self(max_pixels.saturating_mul(MAX_ANIMATION))
    }

    fn take(&mut self, pixels: u64) -> Result<(), PictureError> {
        self.0 = self.0.checked_sub(pixels.max(1)).ok_or(PictureError::TooLarge)?;
        Ok(())
    }
}
