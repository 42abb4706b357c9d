//! The frames that explain refusals: of a frame that is not a command, and of a refused command.

use bytes::Bytes;
use chinwag_protocol::{CommandError, Frame};

use crate::error::Refusal;
use crate::realtime::{End, Line, encode_frame};

/// Answers a frame that is not a command.
pub(super) async fn refuse_unclear(line: &Line, error: &CommandError) -> Result<(), End> {
    line.metrics().refusals.inc();
    line.answer(&unclear_frame(error)).await
}

/// The frame that says why something is not a command.
pub(super) fn unclear_frame(error: &CommandError) -> Frame<'_> {
    Frame::Error {
        reference: error.reference.as_deref(),
        message: error.message,
        code: error.code,
        retry: false,
        retry_after_ms: None,
        client_id: None,
        upload_id: None,
    }
}

/// Answers a refused command.
pub(super) async fn refuse(
    line: &Line,
    reference: Option<&str>,
    client_id: Option<&str>,
    refusal: &Refusal,
) -> Result<(), End> {
    line.answer_bytes(&encode_refusal(line, reference, client_id, refusal)).await
}

pub(super) fn encode_refusal(
    line: &Line,
    reference: Option<&str>,
    client_id: Option<&str>,
    refusal: &Refusal,
) -> Bytes {
    line.metrics().refusals.inc();
    encode_frame(&error_frame(reference, client_id, None, refusal, &refusal.to_string()))
}

/// The frame that explains a refusal.
pub(super) fn error_frame<'a>(
    reference: Option<&'a str>,
    client_id: Option<&'a str>,
    upload_id: Option<u32>,
    refusal: &Refusal,
    message: &'a str,
) -> Frame<'a> {
    let code = refusal.answer().code;
    Frame::Error {
        reference,
        message,
        code,
        retry: code.is_retryable(),
        retry_after_ms: refusal.retry_after().and_then(|after| u64::try_from(after.as_millis()).ok()),
        client_id,
        upload_id,
    }
}
