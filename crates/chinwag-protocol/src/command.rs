//! What a client sends. Parsing is strict about types and lenient about unknown fields.
//!
//! A frame without `type` is a `send`, which is the whole original protocol. On the room socket
//! `conversation_id` is implied, on the user socket it is required; the parser leaves that to the socket.

mod written;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use written::{Envelope, OwnStatus, Written};

use crate::codes::ErrorCode;
use crate::ids::{ConversationId, Cursor, FileId, MessageId, Seq};
use crate::limits;
use crate::rest::{Extras, Format, PresenceStatus};

/// A decoded frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Comes back in the answer.
    pub reference: Option<String>,
    /// The conversation; `None` if it is implied or has no meaning.
    pub conversation_id: Option<ConversationId>,
    /// What to do.
    pub command: Command,
}

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Send a message.
    Send(Send),
    /// Replace a message's text.
    Edit(Edit),
    /// Delete a message.
    Delete(MessageId),
    /// Add or remove a reaction.
    React(MessageId, String, Op),
    /// Pin or unpin a message.
    Pin(MessageId, Op),
    /// Everything up to here was read.
    Read(Seq),
    /// Everything up to here is on this device.
    Ack(Seq),
    /// The user types, or has stopped.
    Typing(bool),
    /// The user's own status.
    Presence(PresenceStatus, String),
    /// Get every event of a large conversation.
    Subscribe(Option<Cursor>),
    /// Get only its unread counts.
    Unsubscribe,
    /// A new token for this socket.
    Auth(String),
    /// Begin an upload, or resume it after a reconnect.
    UploadBegin(NewUpload),
    /// All bytes of an upload are sent.
    UploadCommit(u32),
    /// Drop an upload.
    UploadAbort(u32),
    /// The first frame of a user socket.
    Hello(Hello),
    /// More cursors, which the `hello` announced.
    Cursors(MoreCursors),
    /// Answered by `pong` with the same `t`.
    Ping(Option<serde_json::Number>),
}

/// Add or remove.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// Make it so.
    Add,
    /// Undo it.
    Remove,
}

/// Send a message to a conversation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Send {
    /// The text as it was typed. May be empty if there are files.
    pub content: String,
    /// The client's own id of the message: the idempotency key.
    pub client_id: Option<String>,
    /// What it has besides the text. Its files are the sender's own, and not in a message yet.
    pub extras: Extras<FileId>,
}

impl Send {
    /// A message with this text, or with files alone; `None` if there are neither.
    #[must_use]
    pub fn new(content: Option<String>, client_id: Option<String>, extras: Extras<FileId>) -> Option<Self> {
        if content.is_none() && extras.attachments.is_empty() {
            return None;
        }
        Some(Self { content: content.unwrap_or_default(), client_id, extras })
    }
}

/// Replace a message's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The message's id.
    pub message_id: MessageId,
    /// The new text.
    pub content: String,
    /// Edit only if this is still its version.
    pub if_version: Option<i64>,
}

/// A file to upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUpload {
    /// The name that people see. Of a path, only the last part counts.
    pub name: String,
    /// In bytes.
    pub size: u64,
    /// Of all its bytes, in hexadecimal. Also identifies the upload after a reconnect.
    pub sha256: String,
}

/// The first frame of a user socket.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hello {
    /// If the handshake did not carry it.
    pub token: Option<String>,
    /// What the client already has.
    pub cursors: BTreeMap<i64, Cursor>,
    /// The most events to replay in one conversation.
    pub replay_limit: Option<u32>,
    /// More cursors follow, in frames of their own.
    pub more_cursors: bool,
    /// Where conversations without a cursor begin.
    pub added: Added,
}

/// More cursors of a user socket's client.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MoreCursors {
    /// As in `hello`.
    pub cursors: BTreeMap<i64, Cursor>,
    /// More cursors follow.
    pub more_cursors: bool,
}

/// Where a conversation begins of which the client has nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Added {
    /// At its newest event: earlier events are read as history.
    #[default]
    Head,
    /// At the event that added the user, or at its beginning for original participants.
    Replay,
}

/// Why a frame is not a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandError {
    /// For programs.
    pub code: ErrorCode,
    /// For people.
    pub message: &'static str,
    /// The `ref` of the frame, if it could be read.
    pub reference: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Wire {
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(rename = "ref")]
    reference: Option<String>,
    conversation_id: Option<ConversationId>,
    content: Option<String>,
    attachments: Option<Vec<FileId>>,
    client_id: Option<String>,
    reply_to: Option<MessageId>,
    format: Option<Format>,
    meta: Option<serde_json::Map<String, serde_json::Value>>,
    message_id: Option<MessageId>,
    if_version: Option<i64>,
    emoji: Option<String>,
    op: Option<Op>,
    seq: Option<Seq>,
    on: Option<bool>,
    status: Option<PresenceStatus>,
    text: Option<String>,
    after: Option<String>,
    token: Option<String>,
    cursors: Option<BTreeMap<String, String>>,
    replay_limit: Option<u32>,
    more_cursors: Option<bool>,
    added: Option<Added>,
    t: Option<serde_json::Number>,
    name: Option<String>,
    // An unneeded hint: the content determines the file's type.
    #[serde(rename = "mime")]
    _mime: Option<String>,
    size: Option<u64>,
    sha256: Option<String>,
    upload_id: Option<u32>,
}

impl Request {
    /// Parses one text frame.
    ///
    /// Whether a text is acceptable is the server's rule, not the parser's: here it only has to be a string.
    ///
    /// # Errors
    /// `invalid_json` if it is not JSON or nested deeper than 16, `invalid_frame` for JSON of the wrong
    /// shape, `invalid_content` for missing content, `unknown_type` for other types.
    pub fn parse(text: &str) -> Result<Self, CommandError> {
        if !limits::is_shallow_json(text.as_bytes()) {
            return Err(refuse(ErrorCode::InvalidJson, "JSON is nested too deep"));
        }
        // serde would also fill the fields from a list, in order.
        if !limits::is_json_object(text.as_bytes()) {
            return Err(explain(text));
        }
        let mut wire: Wire = serde_json::from_str(text).map_err(|_| explain(text))?;
        let reference = wire.reference.take();
        if reference.as_ref().is_some_and(|reference| reference.chars().count() > limits::MAX_REF_CHARS) {
            return Err(refuse(ErrorCode::InvalidFrame, "ref has more than 64 characters"));
        }
        let conversation_id = wire.conversation_id;
        match wire.command() {
            Ok(command) => Ok(Self { reference, conversation_id, command }),
            Err(error) => Err(CommandError { reference, ..error }),
        }
    }
}

impl Wire {
    fn command(self) -> Result<Command, CommandError> {
        let missing = |message| refuse(ErrorCode::InvalidFrame, message);
        let no_content = refuse(ErrorCode::InvalidContent, "content is required");
        let message_id = self.message_id.ok_or_else(|| missing("message_id is required"));
        let op = self.op.ok_or_else(|| missing("op is required: add or remove"));
        let seq = self.seq.ok_or_else(|| missing("seq is required"));
        let upload_id = self.upload_id.ok_or_else(|| missing("upload_id is required"));
        match self.kind.as_deref() {
            None | Some("send") => {
                let extras = Extras {
                    reply_to: self.reply_to,
                    format: self.format.unwrap_or_default(),
                    meta: self.meta,
                    attachments: self.attachments.unwrap_or_default(),
                };
                Send::new(self.content, self.client_id, extras).map(Command::Send).ok_or(no_content)
            }
            Some("edit") => Ok(Command::Edit(Edit {
                message_id: message_id?,
                content: self.content.ok_or(no_content)?,
                if_version: self.if_version,
            })),
            Some("delete") => Ok(Command::Delete(message_id?)),
            Some("react") => {
                let emoji = self.emoji.ok_or_else(|| missing("emoji is required"))?;
                Ok(Command::React(message_id?, emoji, op?))
            }
            Some("pin") => Ok(Command::Pin(message_id?, op?)),
            Some("read") => Ok(Command::Read(seq?)),
            Some("ack") => Ok(Command::Ack(seq?)),
            Some("typing") => Ok(Command::Typing(self.on.ok_or_else(|| missing("on is required"))?)),
            Some("presence") => {
                let status = self.status.filter(|status| *status != PresenceStatus::Offline);
                let status = status.ok_or_else(|| missing("status is required, and not offline"))?;
                Ok(Command::Presence(status, self.text.unwrap_or_default()))
            }
            Some("subscribe") => {
                let after = self.after.map(|after| after.parse()).transpose();
                Ok(Command::Subscribe(after.map_err(|_| missing("after is not a cursor"))?))
            }
            Some("unsubscribe") => Ok(Command::Unsubscribe),
            Some("auth") => Ok(Command::Auth(self.token.ok_or_else(|| missing("token is required"))?)),
            Some("ping") => Ok(Command::Ping(self.t)),
            Some("upload_begin") => Ok(Command::UploadBegin(NewUpload {
                name: self.name.ok_or_else(|| missing("name is required"))?,
                size: self.size.ok_or_else(|| missing("size is required, in bytes"))?,
                sha256: self.sha256.ok_or_else(|| missing("sha256 is required"))?,
            })),
            Some("upload_commit") => Ok(Command::UploadCommit(upload_id?)),
            Some("upload_abort") => Ok(Command::UploadAbort(upload_id?)),
            Some("hello") => Ok(Command::Hello(Hello {
                token: self.token,
                cursors: cursors(self.cursors.unwrap_or_default())?,
                replay_limit: self.replay_limit,
                more_cursors: self.more_cursors.unwrap_or_default(),
                added: self.added.unwrap_or_default(),
            })),
            Some("cursors") => Ok(Command::Cursors(MoreCursors {
                cursors: cursors(self.cursors.ok_or_else(|| missing("cursors is required"))?)?,
                more_cursors: self.more_cursors.unwrap_or_default(),
            })),
            Some(_) => Err(refuse(ErrorCode::UnknownType, "unknown frame type")),
        }
    }
}

fn cursors(wire: BTreeMap<String, String>) -> Result<BTreeMap<i64, Cursor>, CommandError> {
    let parse = |(id, cursor): (String, String)| Some((id.parse().ok()?, cursor.parse().ok()?));
    let cursors = wire.into_iter().map(parse).collect::<Option<BTreeMap<_, _>>>();
    cursors.ok_or_else(|| refuse(ErrorCode::InvalidFrame, "cursors must map conversation ids to cursors"))
}

fn refuse(code: ErrorCode, message: &'static str) -> CommandError {
    CommandError { code, message, reference: None }
}

/// Finds out, off the fast path, why a frame did not parse.
fn explain(text: &str) -> CommandError {
    let Ok(value) = serde_json::from_str::<serde_json::Value>(text) else {
        return refuse(ErrorCode::InvalidJson, "frame is not valid JSON");
    };
    let Some(object) = value.as_object() else {
        return refuse(ErrorCode::InvalidFrame, "frame must be a JSON object");
    };
    let is_wrong = |name: &str| object.get(name).is_some_and(|field| !field.is_string() && !field.is_null());
    let error = if is_wrong("type") {
        refuse(ErrorCode::InvalidFrame, "type must be a string")
    } else if is_wrong("content") {
        refuse(ErrorCode::InvalidContent, "content must be a string")
    } else {
        refuse(ErrorCode::InvalidFrame, "a field has the wrong type, or is given twice")
    };
    let reference = object.get("ref").and_then(|reference| reference.as_str()).map(str::to_owned);
    CommandError { reference, ..error }
}

#[cfg(test)]
mod tests {
    // A failed expectation is the point of a test.
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    fn code(text: &str) -> Option<ErrorCode> {
        Request::parse(text).err().map(|error| error.code)
    }

    fn command(text: &str) -> Command {
        Request::parse(text).unwrap().command
    }

    #[test]
    fn a_frame_without_type_is_a_send() {
        let expected = Command::Send(Send { content: "Hello".into(), ..Send::default() });
        assert_eq!(command(r#"{"content":"Hello"}"#), expected);
        assert_eq!(command(r#"{"type":"send","content":"Hello","extra":[1]}"#), expected);
    }

    #[test]
    fn every_command_is_understood() {
        let cursor: Cursor = "41.k3v9x2ab".parse().unwrap();
        for (text, expected) in [
            (
                r#"{"type":"edit","message_id":4,"content":"b","if_version":2}"#,
                Command::Edit(Edit { message_id: MessageId(4), content: "b".into(), if_version: Some(2) }),
            ),
            (r#"{"type":"delete","message_id":4}"#, Command::Delete(MessageId(4))),
            (
                r#"{"type":"react","message_id":4,"emoji":"👍","op":"add"}"#,
                Command::React(MessageId(4), "👍".into(), Op::Add),
            ),
            (r#"{"type":"pin","message_id":4,"op":"remove"}"#, Command::Pin(MessageId(4), Op::Remove)),
            (r#"{"type":"read","seq":9}"#, Command::Read(Seq(9))),
            (r#"{"type":"ack","seq":9}"#, Command::Ack(Seq(9))),
            (r#"{"type":"typing","on":true}"#, Command::Typing(true)),
            (r#"{"type":"presence","status":"dnd"}"#, Command::Presence(PresenceStatus::Dnd, String::new())),
            (r#"{"type":"subscribe","after":"41.k3v9x2ab"}"#, Command::Subscribe(Some(cursor))),
            (r#"{"type":"unsubscribe"}"#, Command::Unsubscribe),
            (r#"{"type":"auth","token":"x"}"#, Command::Auth("x".into())),
            (r#"{"type":"ping","t":7}"#, Command::Ping(Some(7.into()))),
            (
                r#"{"type":"upload_begin","name":"a.png","mime":"image/png","size":9,"sha256":"ab"}"#,
                Command::UploadBegin(NewUpload { name: "a.png".into(), size: 9, sha256: "ab".into() }),
            ),
            (r#"{"type":"upload_commit","upload_id":17}"#, Command::UploadCommit(17)),
            (r#"{"type":"upload_abort","upload_id":17}"#, Command::UploadAbort(17)),
            (
                r#"{"type":"send","attachments":[55]}"#,
                Command::Send(Send {
                    extras: Extras { attachments: vec![FileId(55)], ..Extras::default() },
                    ..Send::default()
                }),
            ),
            (
                r#"{"type":"hello","cursors":{"1":"41.k3v9x2ab"}}"#,
                Command::Hello(Hello { cursors: BTreeMap::from([(1, cursor)]), ..Hello::default() }),
            ),
            (
                r#"{"type":"hello","added":"replay","more_cursors":true}"#,
                Command::Hello(Hello { added: Added::Replay, more_cursors: true, ..Hello::default() }),
            ),
            (
                r#"{"type":"cursors","cursors":{"1":"41.k3v9x2ab"},"more_cursors":false}"#,
                Command::Cursors(MoreCursors { cursors: BTreeMap::from([(1, cursor)]), more_cursors: false }),
            ),
        ] {
            assert_eq!(command(text), expected, "{text}");
        }
    }

    #[test]
    fn every_bad_frame_has_its_code() {
        for (text, expected) in [
            ("not json", ErrorCode::InvalidJson),
            ("", ErrorCode::InvalidJson),
            (r#"{"content":"\ud800"}"#, ErrorCode::InvalidJson),
            (r#"{"content":"a"} trailing"#, ErrorCode::InvalidJson),
            ("[1]", ErrorCode::InvalidFrame),
            ("[]", ErrorCode::InvalidFrame),
            (r#"["send",null,null,"a"]"#, ErrorCode::InvalidFrame),
            ("null", ErrorCode::InvalidFrame),
            (r#""text""#, ErrorCode::InvalidFrame),
            ("{}", ErrorCode::InvalidContent),
            (r#"{"attachments":[]}"#, ErrorCode::InvalidContent),
            (r#"{"content":"a","attachments":["1"]}"#, ErrorCode::InvalidFrame),
            (r#"{"type":"upload_begin","name":"a","size":-1,"sha256":"ab"}"#, ErrorCode::InvalidFrame),
            (r#"{"type":"upload_commit"}"#, ErrorCode::InvalidFrame),
            (r#"{"content":null}"#, ErrorCode::InvalidContent),
            (r#"{"content":5}"#, ErrorCode::InvalidContent),
            (r#"{"content":{"a":1}}"#, ErrorCode::InvalidContent),
            (r#"{"content":"a","client_id":5}"#, ErrorCode::InvalidFrame),
            (r#"{"content":"a","meta":[]}"#, ErrorCode::InvalidFrame),
            (r#"{"type":5,"content":"a"}"#, ErrorCode::InvalidFrame),
            (r#"{"type":"dance"}"#, ErrorCode::UnknownType),
            (r#"{"type":"edit","message_id":1}"#, ErrorCode::InvalidContent),
            (r#"{"type":"edit","content":"a"}"#, ErrorCode::InvalidFrame),
            (r#"{"type":"react","message_id":1,"op":"add"}"#, ErrorCode::InvalidFrame),
            (r#"{"type":"react","message_id":1,"emoji":"👍","op":"toggle"}"#, ErrorCode::InvalidFrame),
            (r#"{"type":"presence","status":"asleep"}"#, ErrorCode::InvalidFrame),
            (r#"{"type":"hello","cursors":{"1":"x"}}"#, ErrorCode::InvalidFrame),
            (r#"{"type":"hello","added":"all"}"#, ErrorCode::InvalidFrame),
            (r#"{"type":"cursors"}"#, ErrorCode::InvalidFrame),
            (r#"{"type":"cursors","cursors":{"1":"x"}}"#, ErrorCode::InvalidFrame),
            (r#"{"content":"a","content":"b"}"#, ErrorCode::InvalidFrame),
        ] {
            assert_eq!(code(text), Some(expected), "{text}");
        }
        let deep = format!(r#"{{"content":{}1{}}}"#, "[".repeat(40), "]".repeat(40));
        assert_eq!(code(&deep), Some(ErrorCode::InvalidJson));
    }

    #[test]
    fn a_refusal_names_the_frame_it_refuses() {
        for text in [r#"{"ref":"r1","type":"dance"}"#, r#"{"ref":"r1","content":5}"#, r#"{"ref":"r1"}"#] {
            assert_eq!(Request::parse(text).unwrap_err().reference.as_deref(), Some("r1"), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in ".*") {
            let _ = Request::parse(&text);
        }

        #[test]
        fn any_string_survives_the_way(content in ".*", client_id in proptest::option::of(".*")) {
            let text = serde_json::json!({"content": content, "client_id": client_id}).to_string();
            let expected = Command::Send(Send { content, client_id, ..Send::default() });
            prop_assert_eq!(command(&text), expected);
        }
    }
}
