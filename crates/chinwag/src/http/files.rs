//! Files: upload as a form, download whole or in parts, and thumbnails.
//!
//! A file is never whole in memory. What is served can't run anything: the server decides its type, and a
//! browser that shows it directly is told to sandbox it.

use std::ops::Range;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chinwag_protocol::FileId;
use chinwag_protocol::rest::{Detail, FileForm, UploadedFile};

use super::Shared;
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
    set(response, header::ETAG, tag);
    set(response, header::CACHE_CONTROL, "private, no-cache");
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

/// RFC 9110 section 13.1.2.
fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let known = headers.get_all(header::IF_NONE_MATCH).into_iter().filter_map(|value| value.to_str().ok());
    known
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

/// The requested part begins after the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Unsatisfiable;

/// The requested part; `None` for the whole file. Several parts, and invalid ranges, get the whole file, as
/// RFC 9110 section 14.2 allows, so that an answer is never larger than the file.
fn wanted_part(headers: &HeaderMap, tag: &str, size: u64) -> Result<Option<Range<u64>>, Unsatisfiable> {
    let is_of_this = headers.get(header::IF_RANGE).is_none_or(|known| known == tag);
    let text = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    let Some((first, last)) = text
        .filter(|_| is_of_this)
        .and_then(|text| text.strip_prefix("bytes="))
        .filter(|text| !text.contains(','))
        .and_then(|text| text.trim().split_once('-'))
    else {
        return Ok(None);
    };
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(first) || !is_number(last) || (first.is_empty() && last.is_empty()) {
        return Ok(None);
    }
    // A number that overflows is beyond the end of every file.
    let number = |text: &str| text.parse::<u64>().unwrap_or(u64::MAX);
    let range = if first.is_empty() {
        size.saturating_sub(number(last))..size
    } else if last.is_empty() {
        number(first)..size
    } else if number(last) < number(first) {
        return Ok(None);
    } else {
        number(first)..number(last).saturating_add(1).min(size)
    };
    if range.is_empty() { Err(Unsatisfiable) } else { Ok(Some(range)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(range: &'static str) -> Result<Option<Range<u64>>, Unsatisfiable> {
        let headers = HeaderMap::from_iter([(header::RANGE, HeaderValue::from_static(range))]);
        wanted_part(&headers, "\"x\"", 1000)
    }

    #[test]
    fn one_part_is_understood_and_everything_else_is_the_whole() {
        for (range, expected) in [
            ("bytes=0-99", Ok(Some(0..100))),
            ("bytes=0-0", Ok(Some(0..1))),
            ("bytes=999-", Ok(Some(999..1000))),
            ("bytes=500-99999999999999999999999999", Ok(Some(500..1000))),
            ("bytes=-100", Ok(Some(900..1000))),
            ("bytes=-18446744073709551616", Ok(Some(0..1000))),
            ("bytes=1000-", Err(Unsatisfiable)),
            ("bytes=18446744073709551615-", Err(Unsatisfiable)),
            ("bytes=-0", Err(Unsatisfiable)),
            ("bytes=0-1,3-4", Ok(None)),
            ("bytes=5-4", Ok(None)),
            ("bytes=-", Ok(None)),
            ("bytes=+1-2", Ok(None)),
            ("bytes=a-b", Ok(None)),
            ("lines=0-1", Ok(None)),
        ] {
            assert_eq!(part(range), expected, "{range}");
        }
    }

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
