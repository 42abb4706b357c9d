//! What a message's text may be. The text is stored exactly as written.

use chinwag_protocol::{ErrorCode, limits};

use crate::error::Refusal;
use crate::unicode::is_blank;

/// Validates a message's text. Everybody must be able to read it again, in every database.
pub(super) fn check_content(content: &str) -> Result<(), Refusal> {
    let invalid = |kind, code, message: &str| Err(Refusal::invalid_as("content", kind, code, message));
    // No text has more characters than bytes.
    let is_long = content.len() > limits::MAX_CONTENT_CHARS
        && (content.len() > limits::MAX_CONTENT_BYTES || content.chars().count() > limits::MAX_CONTENT_CHARS);
    if is_long {
        let message = "content has more than 4,000 characters or 16 KiB";
        return invalid("string_too_long", ErrorCode::TooLarge, message);
    }
    if is_blank(content) {
        return invalid("string_too_short", ErrorCode::InvalidContent, "content is empty");
    }
    if content.contains('\0') {
        return invalid("value_error", ErrorCode::InvalidContent, "content has a U+0000");
    }
    Ok(())
}
