//! Files: upload as a form, download whole or in parts, and thumbnails.
//!
//! A file is never whole in memory. What is served can't run anything: the server decides its type, and a
//! browser that shows it directly is told to sandbox it.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chinwag_protocol::FileId;
use chinwag_protocol::rest::{Detail, FileForm, UploadedFile};

use super::Shared;
use super::conditional::{Unsatisfiable, is_known, set_tag, wanted_part};
use super::error::HttpError;
use super::extract::{Caller, IdempotencyKey, InPath};
use super::form::Form;
use crate::blobs::{is_shown_inline, sniff};
use crate::store::StoredFile;

/// The policy of files, which no browser should show as a page.
const FILE_CSP: &str = "default-src 'none'; sandbox; frame-ancestors 'none'";

/// Upload a file
///
/// A form with one part, `file`. The server detects the type from the content. Pictures are re-encoded,
/// without the camera's metadata. Only the uploader sees the file until a message contains it; a file without
/// a message is removed after a day.
#[utoipa::path(post, path = "/files", operation_id = "upload_file", tag = "files",
    request_body(content = FileForm, content_type = "multipart/form-data"),
    params(("Idempotency-Key" = Option<String>, Header, description = "A repeat with the same key returns the first result")),
    responses(
        (status = 201, body = UploadedFile),
        (status = 403, body = Detail, description = "No space left"),
        (status = 413, body = Detail, description = "The file is too large, or the picture"),
    ))]
pub(super) async fn upload(
    State(shared): State<Shared>,
    Caller(actor): Caller,
    IdempotencyKey(key): IdempotencyKey,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<UploadedFile>), HttpError> {
    let uploaded = receive(&shared, &actor, &headers, key, body).await;
    if uploaded.is_err() {
        shared.metrics.upload_refusals.inc();
    }
    Ok((StatusCode::CREATED, Json(uploaded?)))
}

async fn receive(
    shared: &Shared,
    actor: &crate::auth::Actor,
    headers: &HeaderMap,
    key: Option<String>,
    body: Body,
) -> Result<UploadedFile, HttpError> {
    let limits = &shared.chat.config().limits;
    let mut form = Form::new(headers, body, limits.upload_bytes, limits.body_timeout)?;
    let name = form.file_name().await?;
    let mut upload = shared.chat.begin_form_upload(actor, &name, key).await?;
    loop {
        let added = match form.bytes().await {
            Ok(Some(bytes)) => upload.add(bytes).await.map_err(HttpError::from),
            Ok(None) => break,
            Err(error) => Err(error),
        };
        if let Err(error) = added {
            upload.discard().await;
            return Err(error);
        }
    }
    if let Err(error) = form.end().await {
        upload.discard().await;
        return Err(error);
    }
    Ok(shared.chat.finish_upload(upload).await?)
}

/// Download a file
///
/// For its uploader until a message contains it, and then for everybody who may read the conversation.
/// `Range` requests a part of it, and `HEAD` only the headers.
#[utoipa::path(get, path = "/files/{file_id}", operation_id = "download_file", tag = "files",
    params(
        ("file_id" = i64, Path),
        ("Range" = Option<String>, Header, description = "One part: `bytes=0-99`, `bytes=100-`, `bytes=-100`"),
        ("If-None-Match" = Option<String>, Header),
    ),
    responses(
        (status = 200, body = String, content_type = "*/*", headers(("ETag" = String))),
        (status = 206, body = String, content_type = "*/*", headers(("Content-Range" = String))),
        (status = 304, description = "The client has it already"),
        (status = 416, body = Detail),
    ))]
pub(super) async fn download(
    State(shared): State<Shared>,
    Caller(actor): Caller,
    path: InPath,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, HttpError> {
    let file = shared.chat.file(&actor, FileId(path.integer("file_id")?)).await?;
    whole_or_part(&shared, &file, &method, &headers).await
}

/// Download a thumbnail
///
/// At most `size` pixels wide and high: 160, 480 or 1280. A smaller picture is returned unchanged.
#[utoipa::path(get, path = "/files/{file_id}/thumbnails/{size}", operation_id = "download_thumbnail", tag = "files",
    params(("file_id" = i64, Path), ("size" = i64, Path, description = "160, 480 or 1280")),
    responses(
        (status = 200, body = String, content_type = "*/*", headers(("ETag" = String))),
        (status = 206, body = String, content_type = "*/*", description = "A part of the picture, if that is small itself"),
        (status = 304, description = "The client has it already"),
        (status = 404, body = Detail, description = "No such file, not a picture, or not one of the sizes"),
        (status = 416, body = Detail),
    ))]
pub(super) async fn thumbnail(
    State(shared): State<Shared>,
    Caller(actor): Caller,
    path: InPath,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, HttpError> {
    let size = u32::try_from(path.integer("size")?).unwrap_or_default();
    let file = shared.chat.file(&actor, FileId(path.integer("file_id")?)).await?;
    let Some(bytes) = shared.chat.thumbnail(&file, size).await? else {
        return whole_or_part(&shared, &file, &method, &headers).await;
    };
    let tag = format!("\"{}-{size}\"", file.sha256);
    if is_known(&headers, &tag) {
        return Ok(not_modified(&tag));
    }
    let length = bytes.len() as u64;
    Ok(described(&file.attachment.name, sniff(&bytes).mime(), &tag, length, Body::from(bytes)))
}

async fn whole_or_part(
    shared: &Shared,
    file: &StoredFile,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Response, HttpError> {
    let (size, tag) = (file.attachment.size, format!("\"{}\"", file.sha256));
    if is_known(headers, &tag) {
        return Ok(not_modified(&tag));
    }
    let part = match wanted_part(headers, &tag, size) {
        Ok(part) => part,
        Err(Unsatisfiable) => {
            let mut response =
                super::error::detail(StatusCode::RANGE_NOT_SATISFIABLE, "The file ends before that");
            set(&mut response, header::CONTENT_RANGE, &format!("bytes */{size}"));
            return Ok(response);
        }
    };
    let range = part.clone().unwrap_or(0..size);
    let body = match *method {
        Method::HEAD => Body::empty(),
        _ => Body::from_stream(shared.chat.read_file(file, range.clone()).await?),
    };
    let length = range.end - range.start;
    let mut response = described(&file.attachment.name, &file.attachment.mime, &tag, length, body);
    set(&mut response, header::ACCEPT_RANGES, "bytes");
    if part.is_some() {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        let last = range.end.saturating_sub(1);
        set(&mut response, header::CONTENT_RANGE, &format!("bytes {}-{last}/{size}", range.start));
    }
    Ok(response)
}

fn described(name: &str, mime: &str, tag: &str, length: u64, body: Body) -> Response {
    let mut response = body.into_response();
    let charset = if mime.starts_with("text/") { "; charset=utf-8" } else { "" };
    set(&mut response, header::CONTENT_TYPE, &format!("{mime}{charset}"));
    set(&mut response, header::CONTENT_LENGTH, &length.to_string());
    set(&mut response, header::CONTENT_DISPOSITION, &disposition(name, mime));
    set(&mut response, header::CONTENT_SECURITY_POLICY, FILE_CSP);
    add_cache_headers(&mut response, tag);
    response
}

fn not_modified(tag: &str) -> Response {
    let mut response = StatusCode::NOT_MODIFIED.into_response();
    add_cache_headers(&mut response, tag);
    response
}

/// A client may cache the bytes, but must ask each time whether it may still see them.
fn add_cache_headers(response: &mut Response, tag: &str) {
    set_tag(response, tag, "private, no-cache");
    set(response, header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
}

fn set(response: &mut Response, name: header::HeaderName, value: &str) {
    // Names and types that no header can carry were sanitized before they were stored.
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// RFC 6266: an ASCII name for old programs, and the real one.
fn disposition(name: &str, mime: &str) -> String {
    let kind = if is_shown_inline(mime) { "inline" } else { "attachment" };
    let is_plain = |character: char| character.is_ascii_graphic() && !matches!(character, '"' | '\\' | '%');
    let ascii: String = name
        .chars()
        .map(|character| if is_plain(character) || character == ' ' { character } else { '_' })
        .collect();
    let mut encoded = String::new();
    for byte in name.bytes() {
        // attr-char of RFC 8187.
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("{kind}; filename=\"{ascii}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_add_no_header_and_no_parameter() {
        let name = "a\"; x=\\\"y ü.txt";
        assert_eq!(
            disposition(name, "text/plain"),
            "attachment; filename=\"a_; x=__y _.txt\"; filename*=UTF-8''a%22%3B%20x%3D%5C%22y%20%C3%BC.txt"
        );
        assert!(disposition("a.png", "image/png").starts_with("inline; "));
    }
}
