//! Reads a form with one file as it arrives. Every part is bounded: what precedes the file, its headers, the
//! file, and what follows it; and so is the time between two pieces.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::{HeaderMap, header};
use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use multer::{Field, Multipart};
use percent_encoding::percent_decode_str;

use super::error::HttpError;
use crate::error::Refusal;

/// Bytes before the file, and after it.
const MAX_AROUND: u64 = 16 * 1024;
/// The approximate size of the pieces that are passed on.
const PIECE_BYTES: usize = 64 * 1024;
/// The whole form must arrive within this time, however fast its pieces come.
const WHOLE_TIME: Duration = Duration::from_secs(600);

pub(super) struct Form {
    parts: Multipart<'static>,
    file: Option<Field<'static>>,
    /// How many bytes of the body may have come at this point.
    allowed: Arc<AtomicU64>,
    max_file_bytes: u64,
    piece_time: Duration,
    until: tokio::time::Instant,
}

impl Form {
    pub(super) fn new(
        headers: &HeaderMap,
        body: Body,
        max_file_bytes: u64,
        piece_time: Duration,
    ) -> Result<Self, HttpError> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let boundary = text(header::CONTENT_TYPE).and_then(|kind| multer::parse_boundary(kind).ok());
        let boundary = boundary.ok_or_else(|| invalid("the body must be multipart/form-data"))?;
        let announced = text(header::CONTENT_LENGTH).and_then(|length| length.parse::<u64>().ok());
        if announced.is_some_and(|length| length > max_file_bytes.saturating_add(2 * MAX_AROUND)) {
            return Err(too_large(max_file_bytes));
        }
        let allowed = Arc::new(AtomicU64::new(MAX_AROUND));
        let body = Bounded {
            body: body.into_data_stream(),
            rest: Bytes::new(),
            came: 0,
            allowed: Arc::clone(&allowed),
            has_given: false,
        };
        let until = tokio::time::Instant::now() + WHOLE_TIME;
        let parts = Multipart::new(body, boundary);
        Ok(Self { parts, file: None, allowed, max_file_bytes, piece_time, until })
    }

    /// Reads up to the file; returns its name.
    pub(super) async fn file_name(&mut self) -> Result<String, HttpError> {
        let next = in_time(self.piece_time, self.until, self.parts.next_field()).await?;
        let field = next.map_err(|error| self.explain(&error))?.ok_or_else(|| invalid("Field required"))?;
        let (Some("file"), Some(name)) = (field.name(), file_name(&field)) else {
            return Err(invalid("the form must begin with a file, in a part named file"));
        };
        self.file = Some(field);
        self.allowed.fetch_add(self.max_file_bytes.saturating_add(1), Ordering::Relaxed);
        Ok(name)
    }

    /// The next bytes of the file; `None` at its end.
    pub(super) async fn bytes(&mut self) -> Result<Option<Bytes>, HttpError> {
        let mut piece = BytesMut::new();
        while let Some(field) = &mut self.file
            && piece.len() < PIECE_BYTES
        {
            match in_time(self.piece_time, self.until, field.chunk()).await? {
                Ok(Some(bytes)) if piece.is_empty() && bytes.len() >= PIECE_BYTES => return Ok(Some(bytes)),
                Ok(Some(bytes)) => piece.extend_from_slice(&bytes),
                Ok(None) => self.file = None,
                Err(error) => return Err(self.explain(&error)),
            }
        }
        Ok(if piece.is_empty() { None } else { Some(piece.freeze()) })
    }

    /// Reads to the end, where nothing more may follow.
    pub(super) async fn end(&mut self) -> Result<(), HttpError> {
        self.allowed.fetch_add(MAX_AROUND, Ordering::Relaxed);
        match in_time(self.piece_time, self.until, self.parts.next_field()).await? {
            Ok(None) => Ok(()),
            Ok(Some(_)) => Err(invalid("a form may have only one file")),
            Err(error) => Err(self.explain(&error)),
        }
    }

    fn explain(&self, error: &multer::Error) -> HttpError {
        match error {
            // Only the file among the parts may be this long.
            multer::Error::StreamReadFailed(cause) if cause.is::<TooMuch>() && self.file.is_some() => {
                too_large(self.max_file_bytes)
            }
            multer::Error::StreamReadFailed(cause) if !cause.is::<TooMuch>() => HttpError::BodyUnreadable,
            _ => invalid("the form is malformed, or too much surrounds its file"),
        }
    }
}

/// The file's name as its sender gave it. A browser escapes three characters of a name, and only these
/// (WHATWG, multipart/form-data). Some programs encode a non-ASCII name as in RFC 8187.
fn file_name(field: &Field<'_>) -> Option<String> {
    if let Some(name) = field.file_name() {
        return Some(name.replace("%22", "\"").replace("%0D", "\r").replace("%0A", "\n"));
    }
    let disposition = field.headers().get(header::CONTENT_DISPOSITION)?.to_str().ok()?;
    let mut parameters = disposition.split(';').filter_map(|parameter| parameter.trim().split_once('='));
    let (_, value) = parameters.find(|(name, _)| name.eq_ignore_ascii_case("filename*"))?;
    let (charset, rest) = value.split_once('\'')?;
    let (_, encoded) = rest.split_once('\'')?;
    let decoded = percent_decode_str(encoded).decode_utf8().ok()?;
    charset.eq_ignore_ascii_case("utf-8").then(|| decoded.into_owned())
}

async fn in_time<T>(
    piece_time: Duration,
    until: tokio::time::Instant,
    piece: impl Future<Output = T>,
) -> Result<T, HttpError> {
    let deadline = until.min(tokio::time::Instant::now() + piece_time);
    tokio::time::timeout_at(deadline, piece).await.map_err(|_| HttpError::BodyUnreadable)
}

fn invalid(message: &str) -> HttpError {
    HttpError::invalid("body", "file", "value_error", message)
}

fn too_large(max_bytes: u64) -> HttpError {
    Refusal::TooLarge(format!("a file may have at most {} MiB", max_bytes / 1024 / 1024)).into()
}

/// The form exceeds what it may have at this point.
#[derive(Debug, thiserror::Error)]
#[error("too much")]
struct TooMuch;

/// A body that fails where it grows too long, and comes in single pieces: otherwise its reader would load all
/// available bytes into memory at once.
struct Bounded {
    body: BodyDataStream,
    /// What was read but not passed on: the next part, which may be allowed later, can begin in it.
    rest: Bytes,
    came: u64,
    allowed: Arc<AtomicU64>,
    has_given: bool,
}

impl Stream for Bounded {
    type Item = Result<Bytes, Box<dyn std::error::Error + Send + Sync>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.has_given) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        while self.rest.is_empty() {
            match std::task::ready!(Pin::new(&mut self.body).poll_next(context)) {
                Some(Ok(piece)) => self.rest = piece,
                Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
                None => return Poll::Ready(None),
            }
        }
        let left = self.allowed.load(Ordering::Relaxed).saturating_sub(self.came);
        let length = self.rest.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        if length == 0 {
            return Poll::Ready(Some(Err(TooMuch.into())));
        }
        let piece = self.rest.split_to(length);
        self.came += length as u64;
        self.has_given = true;
        Poll::Ready(Some(Ok(piece)))
    }
}
