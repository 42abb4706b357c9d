//! Files: as messages name them, and as an upload is answered.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::FileId;

/// A file of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Attachment {
    /// Unique on the server.
    pub id: FileId,
    /// Shown to people, and the name to save it under. Never a path.
    pub name: String,
    /// What it is, by its content.
    pub mime: String,
    /// In bytes.
    pub size: u64,
    /// Where it is: a path of this server.
    pub url: String,
    /// Of a picture, in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Of a picture, in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// Of a picture: a small one, at most 480 pixels wide and high.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thumbnail_url: Option<String>,
}

/// A file that was uploaded. It is the uploader's alone until a message has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct UploadedFile {
    /// As a message will name it.
    #[serde(flatten)]
    pub attachment: Attachment,
    /// Of the bytes as they are stored, in hexadecimal. Pictures are stored anew, without what a camera wrote
    /// into them, so theirs is not the one of the file that was sent.
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
    /// A file by its facts; pictures have a size in pixels, and thumbnails.
    #[must_use]
    pub fn new(id: FileId, name: String, mime: String, size: u64, pixels: Option<(u32, u32)>) -> Self {
        let url = format!("/files/{id}");
        let thumbnail_url = pixels.map(|_| format!("{url}/thumbnails/480"));
        let (width, height) = pixels.unzip();
        Self { id, name, mime, size, url, width, height, thumbnail_url }
    }
}
