//! Decodes pictures and encodes them again. That removes whatever a camera, an editor or an attacker put
//! beside the pixels, and applies the camera's orientation to them. Thumbnails are made on the way. Only
//! animations keep their frames as they came.
//!
//! The header is checked first, so no pixel of a bomb is ever decoded; the decoder's memory is bounded, too.

use std::fs::File;
use std::io::{BufWriter, Cursor, Write as _};

use bytes::Bytes;
use chinwag_protocol::limits::THUMBNAIL_SIZES;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::metadata::Orientation;
use image::{
    DynamicImage, ImageDecoder as _, ImageEncoder, ImageError, ImageFormat, ImageReader, Limits, RgbImage,
};

use super::{animations, rewound};

/// High enough that nobody sees the difference from the camera's own.
const JPEG_QUALITY: u8 = 88;
/// A decoder's memory besides the pixels.
const DECODER_BYTES: u64 = 16 * 1024 * 1024;

/// Why something that begins like a picture is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PictureError {
    #[error("the picture has more pixels than allowed")]
    TooLarge,
    #[error("the picture can't be read")]
    Broken,
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl From<ImageError> for PictureError {
    fn from(error: ImageError) -> Self {
        match error {
            ImageError::Limits(_) => Self::TooLarge,
            ImageError::IoError(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => {
                Self::Io(error)
            }
            _ => Self::Broken,
        }
    }
}

/// A picture as it is stored.
pub(crate) struct Picture {
    /// Such as `image/jpeg`.
    pub mime: &'static str,
    /// The extension of such a file's name.
    pub extension: &'static str,
    pub width: u32,
    pub height: u32,
    /// Smaller versions, each with the size that it is for. None is larger than the picture itself.
    pub thumbnails: Vec<(u32, Bytes)>,
}

impl Picture {
    /// A picture of the server's own making, and its bytes.
    pub(crate) fn of_pixels(pixels: RgbImage) -> Result<(Self, Bytes), PictureError> {
        let pixels = DynamicImage::ImageRgb8(pixels);
        let (width, height) = (pixels.width(), pixels.height());
        let mut bytes = Cursor::new(Vec::new());
        write_jpeg(&pixels, None, &mut bytes)?;
        let thumbnails = thumbnails(pixels, None)?;
        let picture = Self { mime: "image/jpeg", extension: "jpg", width, height, thumbnails };
        Ok((picture, Bytes::from(bytes.into_inner())))
    }

    /// Decodes a picture and encodes it again into `target`. Blocks; `max_pixels` bounds its time and memory.
    pub(crate) fn remake(
        source: &File,
        format: ImageFormat,
        target: &mut File,
        max_pixels: u64,
    ) -> Result<Self, PictureError> {
        let mut reader = ImageReader::with_format(rewound(source)?, format);
        reader.limits(decoder_limits(max_pixels));
        let mut decoder = reader.into_decoder()?;
        let (width, height) = decoder.dimensions();
        if u64::from(width) * u64::from(height) > max_pixels {
            return Err(PictureError::TooLarge);
        }
        // The colour profile stays; nothing else is kept.
        let profile = decoder.icc_profile().ok().flatten();
        let profile = profile.as_deref();
        let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
        let mut pixels = DynamicImage::from_decoder(decoder)?;
        let is_animated = match format {
            ImageFormat::Gif => true,
            ImageFormat::Png => animations::is_animated_png(source)?,
            ImageFormat::WebP => animations::is_animated_webp(source)?,
            _ => false,
        };
        if !is_animated {
            pixels.apply_orientation(orientation);
        }
        let mut writer = BufWriter::new(&mut *target);
        let (mime, extension) = match format {
            ImageFormat::Gif => {
                animations::copy_gif(source, &mut writer, max_pixels)?;
                ("image/gif", "gif")
            }
            ImageFormat::WebP if is_animated => {
                animations::copy_webp(source, &mut writer, max_pixels)?;
                ("image/webp", "webp")
            }
            ImageFormat::Png if is_animated => {
                animations::copy_png(source, &mut writer, max_pixels)?;
                ("image/png", "png")
            }
            ImageFormat::Jpeg | ImageFormat::WebP if !pixels.color().has_alpha() => {
                write_jpeg(&pixels, profile, &mut writer)?;
                ("image/jpeg", "jpg")
            }
            _ => {
                write_png(&pixels, profile, &mut writer)?;
                ("image/png", "png")
            }
        };
        writer.flush()?;
        drop(writer);
        let (width, height) = (pixels.width(), pixels.height());
        let thumbnails = thumbnails(pixels, profile)?;
        Ok(Self { mime, extension, width, height, thumbnails })
    }
}

/// What a decoder may allocate for a picture of this many pixels.
pub(super) fn decoder_limits(max_pixels: u64) -> Limits {
    let mut limits = Limits::default();
    limits.max_alloc = Some(max_pixels.saturating_mul(4).saturating_add(DECODER_BYTES));
    limits
}

fn write_jpeg(
    pixels: &DynamicImage,
    profile: Option<&[u8]>,
    target: impl std::io::Write,
) -> Result<(), PictureError> {
    let mut encoder = JpegEncoder::new_with_quality(target, JPEG_QUALITY);
    keep_colors(&mut encoder, profile);
    // The encoder accepts eight bits of grey or colour.
    match pixels {
        DynamicImage::ImageLuma8(grey) => encoder.encode_image(grey)?,
        DynamicImage::ImageRgb8(colors) => encoder.encode_image(colors)?,
        other => encoder.encode_image(&other.to_rgb8())?,
    }
    Ok(())
}

fn write_png(
    pixels: &DynamicImage,
    profile: Option<&[u8]>,
    target: impl std::io::Write,
) -> Result<(), PictureError> {
    let mut encoder = PngEncoder::new(target);
    keep_colors(&mut encoder, profile);
    pixels.write_with_encoder(encoder)?;
    Ok(())
}

fn keep_colors(encoder: &mut impl ImageEncoder, profile: Option<&[u8]>) {
    if let Some(profile) = profile {
        // An encoder without support for profiles writes a picture whose colours are slightly off.
        drop(encoder.set_icc_profile(profile.to_vec()));
    }
}

/// The sizes smaller than the picture, largest first, each made from the previous one.
fn thumbnails(mut pixels: DynamicImage, profile: Option<&[u8]>) -> Result<Vec<(u32, Bytes)>, PictureError> {
    let mut made = Vec::new();
    for size in THUMBNAIL_SIZES.into_iter().rev() {
        if pixels.width() <= size && pixels.height() <= size {
            continue;
        }
        pixels = pixels.thumbnail(size, size);
        let mut bytes = Cursor::new(Vec::new());
        if pixels.color().has_alpha() {
            write_png(&pixels, profile, &mut bytes)?;
        } else {
            write_jpeg(&pixels, profile, &mut bytes)?;
        }
        made.push((size, Bytes::from(bytes.into_inner())));
    }
    Ok(made)
}
