//! Files: as in a message, and as the answer to an upload.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::FileId;

/// A file in a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Attachment {
    /// Unique on the server.
    pub id: FileId,
    /// The name to show, and to save it under. Never a path.
    pub name: String,
    /// The type, by its content.
    pub mime: String,
    /// In bytes.
    pub size: u64,
    /// The path on this server.
    pub url: String,
    /// A picture's width in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// A picture's height in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// A picture's thumbnail, at most 480 pixels wide and high.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thumbnail_url: Option<String>,
}

/// An uploaded file. Only its uploader sees it until a message contains it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct UploadedFile {
    /// The file as a message will list it.
    #[serde(flatten)]
    pub attachment: Attachment,
    /// Of the stored bytes, in hexadecimal. Pictures are re-encoded without the camera's metadata, so their
    /// hash differs from that of the uploaded file.
    pub sha256: String,
}

/// A form with one file.
#[derive(Clone, Debug, ToSchema)]
pub struct FileForm {
    /// The file, with its name.
    #[schema(value_type = String, format = Binary, content_media_type = "application/octet-stream")]
    pub file: (),
}

impl Attachment {
    /// Makes the description of a file; pictures have a size in pixels, and thumbnails.
    #[must_use]
    pub fn new(id: FileId, name: String, mime: String, size: u64, pixels: Option<(u32, u32)>) -> Self {
        let url = format!("/files/{id}");
        let thumbnail_url = pixels.map(|_| format!("{url}/thumbnails/480"));
        let (width, height) = pixels.unzip();
        Self { id, name, mime, size, url, width, height, thumbnail_url }
    }
}
