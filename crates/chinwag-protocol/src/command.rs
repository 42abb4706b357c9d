//! What a client sends. Parsing is strict about types and lenient about unknown fields.

use serde::Deserialize;

use crate::codes::ErrorCode;
use crate::limits;

/// One decoded command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Send a message.
    Send(Send),
}

/// Send a message to a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Send {
    /// The text as it was typed.
    pub content: String,
    /// The client's own id of the message: the idempotency key.
    pub client_id: Option<String>,
}

/// Why a frame is no command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommandError {
    /// For programs.
    pub code: ErrorCode,
    /// For people.
    pub message: &'static str,
}

#[derive(Deserialize)]
struct Wire {
    #[serde(rename = "type")]
    kind: Option<String>,
    content: Option<String>,
    client_id: Option<String>,
}

impl Command {
    /// Reads one text frame of a room socket.
    ///
    /// A frame without `type` is a `send`. Whether the content is acceptable is the server's rule,
    /// not the parser's: here it only has to be a string.
    ///
    /// # Errors
    /// `invalid_json` for what is no JSON or nested deeper than 16, `invalid_frame` for JSON of the
    /// wrong shape, `invalid_content` for missing content, `unknown_type` for other types.
    pub fn parse(text: &str) -> Result<Self, CommandError> {
        if !limits::is_shallow_json(text.as_bytes()) {
            return Err(refuse(ErrorCode::InvalidJson, "JSON is nested too deep"));
        }
        let wire: Wire = serde_json::from_str(text).map_err(|_| explain(text))?;
        match wire.kind.as_deref() {
            None | Some("send") => {}
            Some(_) => return Err(refuse(ErrorCode::UnknownType, "unknown frame type")),
        }
        let Some(content) = wire.content else {
            return Err(refuse(ErrorCode::InvalidContent, "content is required"));
        };
        Ok(Self::Send(Send { content, client_id: wire.client_id }))
    }
}

fn refuse(code: ErrorCode, message: &'static str) -> CommandError {
    CommandError { code, message }
}

/// Finds out, off the fast path, what is wrong with a frame that did not parse.
fn explain(text: &str) -> CommandError {
    let Ok(value) = serde_json::from_str::<serde_json::Value>(text) else {
        return refuse(ErrorCode::InvalidJson, "frame is not valid JSON");
    };
    let Some(object) = value.as_object() else {
        return refuse(ErrorCode::InvalidFrame, "frame must be a JSON object");
    };
    let is_wrong = |name: &str| object.get(name).is_some_and(|field| !field.is_string() && !field.is_null());
    if is_wrong("type") {
        refuse(ErrorCode::InvalidFrame, "type must be a string")
    } else if is_wrong("content") {
        refuse(ErrorCode::InvalidContent, "content must be a string")
    } else if is_wrong("client_id") {
        refuse(ErrorCode::InvalidFrame, "client_id must be a string")
    } else {
        refuse(ErrorCode::InvalidFrame, "frame has the same field twice")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn code(text: &str) -> Option<ErrorCode> {
        Command::parse(text).err().map(|error| error.code)
    }

    #[test]
    fn a_frame_without_type_is_a_send() {
        let expected = Command::Send(Send { content: "Hello".into(), client_id: None });
        assert_eq!(Command::parse(r#"{"content":"Hello"}"#), Ok(expected.clone()));
        assert_eq!(Command::parse(r#"{"type":"send","content":"Hello","extra":[1]}"#), Ok(expected));
    }

    #[test]
    fn every_bad_frame_has_its_code() {
        for (text, expected) in [
            ("not json", ErrorCode::InvalidJson),
            ("", ErrorCode::InvalidJson),
            (r#"{"content":"\ud800"}"#, ErrorCode::InvalidJson),
            (r#"{"content":"a"} trailing"#, ErrorCode::InvalidJson),
            ("[1]", ErrorCode::InvalidFrame),
            ("null", ErrorCode::InvalidFrame),
            (r#""text""#, ErrorCode::InvalidFrame),
            ("{}", ErrorCode::InvalidContent),
            (r#"{"content":null}"#, ErrorCode::InvalidContent),
            (r#"{"content":5}"#, ErrorCode::InvalidContent),
            (r#"{"content":{"a":1}}"#, ErrorCode::InvalidContent),
            (r#"{"content":"a","client_id":5}"#, ErrorCode::InvalidFrame),
            (r#"{"type":5,"content":"a"}"#, ErrorCode::InvalidFrame),
            (r#"{"type":"dance"}"#, ErrorCode::UnknownType),
            (r#"{"content":"a","content":"b"}"#, ErrorCode::InvalidFrame),
        ] {
            assert_eq!(code(text), Some(expected), "{text}");
        }
        assert_eq!(
            code(&format!(r#"{{"content":{}1{}}}"#, "[".repeat(40), "]".repeat(40))),
            Some(ErrorCode::InvalidJson)
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in ".*") {
            let _ = Command::parse(&text);
        }

        #[test]
        fn any_string_survives_the_way(content in ".*", client_id in proptest::option::of(".*")) {
            let text = serde_json::json!({"content": content, "client_id": client_id}).to_string();
            prop_assert_eq!(Command::parse(&text), Ok(Command::Send(Send { content, client_id })));
        }
    }
}
