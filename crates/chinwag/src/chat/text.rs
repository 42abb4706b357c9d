//! What a text may be, and who is named in it.

use chinwag_protocol::{ErrorCode, limits};

use crate::error::Refusal;

/// People named in one message; more are not counted.
const MAX_MENTIONS: usize = 50;

/// Checks a message's text. What may be stored must be readable again by everybody, in every database.
pub(super) fn check_content(content: &str) -> Result<(), Refusal> {
    let invalid = |kind, code, message: &str| {
        Err(Refusal::Invalid { field: "content", kind, code, message: message.to_owned() })
    };
    // No text has more characters than bytes.
    let is_long = content.len() > limits::MAX_CONTENT_CHARS
        && (content.len() > limits::MAX_CONTENT_BYTES || content.chars().count() > limits::MAX_CONTENT_CHARS);
    if is_long {
        let message = "content has more than 4,000 characters or 16 KiB";
        return invalid("string_too_long", ErrorCode::TooLarge, message);
    }
    if content.trim().is_empty() {
        return invalid("string_too_short", ErrorCode::InvalidContent, "content is empty");
    }
    if content.contains('\0') {
        return invalid("value_error", ErrorCode::InvalidContent, "content has a U+0000");
    }
    Ok(())
}

/// The usernames that a text names with `@`, in lower case, each once.
pub(super) fn mentions(content: &str) -> Vec<String> {
    let mut names = Vec::new();
    if !content.contains('@') {
        return names;
    }
    let mut before = ' ';
    let mut rest = content;
    while let Some(character) = rest.chars().next() {
        rest = rest.get(character.len_utf8()..).unwrap_or_default();
        // In `alice@example.com` nobody is named. Scripts without spaces may name somebody anywhere.
        let is_address = before.is_ascii() && is_name(before);
        if character == '@' && !is_address {
            let end = rest.find(|character| !is_name(character)).unwrap_or(rest.len());
            let name = rest.get(..end).unwrap_or_default().trim_end_matches(['.', '-']).to_lowercase();
            let fits = !name.is_empty() && name.chars().count() <= limits::MAX_NAME_CHARS;
            if fits && !names.contains(&name) && names.len() < MAX_MENTIONS {
                names.push(name);
            }
        }
        before = character;
    }
    names
}

fn is_name(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '.' | '_' | '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_where_people_write_them() {
        for (text, expected) in [
            ("@alice hi", vec!["alice"]),
            ("hi @Alice, and @bob.", vec!["alice", "bob"]),
            ("(@j.r_2-x)", vec!["j.r_2-x"]),
            ("@alice @ALICE", vec!["alice"]),
            ("mail alice@example.com", vec![]),
            ("@ alone, @@bob", vec!["bob"]),
            ("你好@小明 在吗", vec!["小明"]),
            ("", vec![]),
        ] {
            assert_eq!(mentions(text), expected, "{text}");
        }
    }
}
