//! Size limits of the wire. They always apply, whatever the configured rates.

/// Characters in a message.
pub const MAX_CONTENT_CHARS: usize = 4_000;
/// Bytes in a message.
pub const MAX_CONTENT_BYTES: usize = 16 * 1024;
/// Bytes in a WebSocket frame and in a WebSocket message.
pub const MAX_FRAME_BYTES: usize = 64 * 1024;
/// Bytes in a JSON body.
pub const MAX_BODY_BYTES: usize = 64 * 1024;
/// Nesting depth of objects and arrays in a frame or a body.
pub const MAX_JSON_DEPTH: usize = 16;
/// Bytes in a client's own id for a message.
pub const MAX_CLIENT_ID_BYTES: usize = 128;
/// Bytes of a file in one binary frame.
pub const CHUNK_BYTES: usize = 64 * 1024;
/// Bytes of a chunk's header: its kind, upload and offset.
pub const CHUNK_HEAD_BYTES: usize = 16;
/// Chunks of one upload that may be in flight.
pub const UPLOAD_WINDOW: usize = 4;
/// Files of one message.
pub const MAX_ATTACHMENTS: usize = 10;
/// Bytes in a file's name.
pub const MAX_FILE_NAME_BYTES: usize = 255;
/// Pixels of a thumbnail's longer side.
pub const THUMBNAIL_SIZES: [u32; 3] = [160, 480, 1280];
/// Characters in a command's `ref`.
pub const MAX_REF_CHARS: usize = 64;
/// Bytes of a message's `meta`, as JSON.
pub const MAX_META_BYTES: usize = 4 * 1024;
/// Characters in a topic or a status text.
pub const MAX_TOPIC_CHARS: usize = 250;
/// Different emoji on one message.
pub const MAX_EMOJI_PER_MESSAGE: usize = 50;
/// Pinned messages of one conversation.
pub const MAX_PINS: usize = 100;
/// Characters in a search.
pub const MAX_SEARCH_CHARS: usize = 200;
/// Events in a page of the log.
pub const MAX_EVENTS_PAGE: usize = 1_000;
/// How much of a log is searched for a page of certain event types.
pub const MAX_EVENTS_LOOKED_THROUGH: i64 = 10_000;
/// Users in one request for names.
pub const MAX_USER_IDS: usize = 100;
/// Up to this size, a user socket gets every event of a conversation without asking, and receipts name
/// people.
pub const SMALL_CONVERSATION: usize = 200;
/// The most events that a resume replays, unless the client asks for less.
pub const REPLAY_LIMIT: u32 = 10_000;
/// The most cursors of a `hello` and its following frames.
pub const MAX_CURSORS: usize = 100_000;
/// Characters in a name or title.
pub const MAX_NAME_CHARS: usize = 64;
/// Messages in a page of history.
pub const MAX_PAGE: usize = 200;
/// The most messages in a history requested without bounds.
pub const MAX_WHOLE_HISTORY: usize = 1_000;
/// Participants of a conversation.
pub const MAX_PARTICIPANTS: usize = 10_000;
/// Bytes in a password, minimum and maximum.
pub const PASSWORD_BYTES: std::ops::RangeInclusive<usize> = 8..=256;

/// Whether `text` begins like a JSON object; the parser decides whether it is one.
#[must_use]
pub fn is_json_object(text: &[u8]) -> bool {
    text.trim_ascii_start().starts_with(b"{")
}

/// Whether `text` nests objects and arrays at most [`MAX_JSON_DEPTH`] deep.
///
/// Counts brackets outside strings; the parser decides whether the text is JSON.
#[must_use]
pub fn is_shallow_json(text: &[u8]) -> bool {
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                if depth > MAX_JSON_DEPTH {
                    return false;
                }
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_levels_pass_and_seventeen_do_not() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(is_shallow_json(nested(16).as_bytes()));
        assert!(!is_shallow_json(nested(17).as_bytes()));
    }

    #[test]
    fn brackets_in_strings_do_not_count() {
        let text = format!(r#"{{"content":"\"{}"}}"#, "[".repeat(100));
        assert!(is_shallow_json(text.as_bytes()));
    }
}
