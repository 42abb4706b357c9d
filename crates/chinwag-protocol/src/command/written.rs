//! Commands as a client writes them: one shape for each type, whereas the parser reads one flat frame.
//!
//! The document of the sockets is built from these. The tests below compare them with the parser, field by
//! field, so that neither can change alone.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{Added, Op};
use crate::ids::{ConversationId, Cursor, FileId, MessageId, Seq};
use crate::rest::Format;

/// One command, internally tagged by `type`.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Written {
    /// Send a message. Answered after it is on disk; repeated with the same `client_id`, it takes effect
    /// once.
    Send {
        /// The command's `ref` and conversation.
        #[serde(flatten)]
        envelope: Envelope,
        /// The text: not blank, at most 4,000 characters and 16 KiB. Optional only if there are files.
        #[schema(min_length = 1, max_length = 4000)]
        content: Option<String>,
        /// Files that the sender uploaded and that are not in a message yet.
        #[schema(max_items = 10)]
        attachments: Option<Vec<FileId>>,
        /// The client's own id of the message: the idempotency key, at most 128 bytes.
        #[schema(min_length = 1, max_length = 128)]
        client_id: Option<String>,
        /// The message that this one answers.
        reply_to: Option<MessageId>,
        /// How to interpret the text.
        format: Option<Format>,
        /// Data that the client's application keeps with the message: at most 4 KiB.
        #[schema(value_type = Option<Object>)]
        meta: Option<serde_json::Map<String, serde_json::Value>>,
    },
    /// Replace the text of one's own message.
    Edit {
        /// The command's `ref` and conversation.
        #[serde(flatten)]
        envelope: Envelope,
        /// The message's id.
        message_id: MessageId,
        /// The new text.
        #[schema(min_length = 1, max_length = 4000)]
        content: String,
        /// Edit only if this is still its version.
        if_version: Option<i64>,
    },
    /// Delete a message: its text is gone from history, search and replay.
    Delete {
        /// The command's `ref` and conversation.
        #[serde(flatten)]
        envelope: Envelope,
        /// The message's id.
        message_id: MessageId,
    },
    /// Add or remove a reaction.
    React {
        /// The command's `ref` and conversation.
        #[serde(flatten)]
        envelope: Envelope,
        /// The message's id.
        message_id: MessageId,
        /// One emoji.
        emoji: String,
        /// What to do.
        op: Op,
    },
    /// Pin or unpin a message.
    Pin {
        /// The command's `ref` and conversation.
        #[serde(flatten)]
        envelope: Envelope,
        /// The message's id.
        message_id: MessageId,
        /// What to do.
        op: Op,
    },
    /// Mark everything up to here as read. The position only moves forward, and never past the head.
    Read {
        /// The command's `ref` and conversation.
        #[serde(flatten)]
        envelope: Envelope,
        /// Up to and including this position.
        seq: Seq,
    },
    /// Confirm that everything up to here is on this device; at most every 2 s.
    Ack {
        /// The command's `ref` and conversation.
        #[serde(flatten)]
        envelope: Envelope,
        /// Up to and including this position.
        seq: Seq,
    },
    /// The user types, or has stopped. Repeat it every 3 s; it expires after 6 s.
    Typing {
        /// The command's `ref` and conversation.
        #[serde(flatten)]
        envelope: Envelope,
        /// Whether they type.
        on: bool,
    },
    /// The user's own status.
    Presence {
        /// The command's `ref` and conversation.
        #[serde(flatten)]
        envelope: Envelope,
        /// The status that others see; `invisible` looks like offline to them.
        status: OwnStatus,
        /// A text about it.
        #[schema(max_length = 250)]
        text: Option<String>,
    },
    /// Get every event of a large conversation, after a cursor or from now on.
    Subscribe {
        /// The command's `ref` and conversation.
        #[serde(flatten)]
        envelope: Envelope,
        /// The client's cursor.
        after: Option<Cursor>,
    },
    /// Get only a conversation's unread counts.
    Unsubscribe {
        /// The command's `ref` and conversation.
        #[serde(flatten)]
        envelope: Envelope,
    },
    /// A new token for this socket, of the same user.
    Auth {
        /// The command's `ref` and conversation.
        #[serde(flatten)]
        envelope: Envelope,
        /// A JWT.
        token: String,
    },
    /// Begin an upload, or resume it after a reconnect with the same `sha256` and `size`. The chunks follow
    /// as binary frames: `0x01`, three zero bytes, `upload_id` (32 bits), offset (64 bits, both big-endian),
    /// then the bytes.
    UploadBegin {
        /// The command's `ref`.
        #[serde(flatten)]
        envelope: Envelope,
        /// The name that people see. Of a path, only the last part counts.
        name: String,
        /// Only a hint: the content determines the file's type.
        mime: Option<String>,
        /// In bytes: at least 1, at most 25 MiB.
        #[schema(minimum = 1)]
        size: u64,
        /// Of all its bytes, in hexadecimal.
        #[schema(pattern = "^[0-9a-fA-F]{64}$")]
        sha256: String,
    },
    /// All bytes of an upload are sent. Answered when the file is on disk.
    UploadCommit {
        /// The command's `ref`.
        #[serde(flatten)]
        envelope: Envelope,
        /// The upload's id.
        upload_id: u32,
    },
    /// Drop an upload and its bytes.
    UploadAbort {
        /// The command's `ref`.
        #[serde(flatten)]
        envelope: Envelope,
        /// The upload's id.
        upload_id: u32,
    },
    /// Always the first frame on a user socket, within 5 s.
    Hello {
        /// The command's `ref` and conversation.
        #[serde(flatten)]
        envelope: Envelope,
        /// A JWT, if the handshake did not carry one.
        token: Option<String>,
        /// The cursors that the client has, by conversation: those are replayed.
        cursors: Option<BTreeMap<String, Cursor>>,
        /// The most events to replay in one conversation; a `gap` if more are missing.
        replay_limit: Option<u32>,
        /// More cursors follow, in `cursors` frames. `ready` comes after the last of them.
        more_cursors: Option<bool>,
        /// Where conversations without a cursor begin.
        added: Option<Added>,
    },
    /// More cursors, directly after a `hello` that announced them.
    Cursors {
        /// The command's `ref` and conversation.
        #[serde(flatten)]
        envelope: Envelope,
        /// As in `hello`.
        cursors: BTreeMap<String, Cursor>,
        /// More cursors follow.
        more_cursors: Option<bool>,
    },
    /// Answered by `pong` with the same `t`.
    Ping {
        /// The command's `ref` and conversation.
        #[serde(flatten)]
        envelope: Envelope,
        /// Any number, for example the client's clock.
        #[schema(value_type = Option<f64>)]
        t: Option<serde_json::Number>,
    },
}

/// What every command may have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Envelope {
    /// Comes back in the answer.
    #[serde(rename = "ref")]
    #[schema(max_length = 64)]
    pub reference: Option<String>,
    /// The conversation. Required on the user socket if the command concerns one; implied on a room socket.
    pub conversation_id: Option<ConversationId>,
}

/// The statuses that users may choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OwnStatus {
    /// Here.
    Online,
    /// Here, but not active.
    Away,
    /// Do not disturb.
    Dnd,
    /// Here, but shown as offline to others.
    Invisible,
}

impl Written {
    /// One of each, with every possible field.
    #[must_use]
    pub fn examples() -> Vec<Self> {
        let envelope =
            Envelope { reference: Some("r1".to_owned()), conversation_id: Some(ConversationId(1)) };
        let everywhere = Envelope { conversation_id: None, ..envelope.clone() };
        let cursor: Option<Cursor> = "41.k3v9x2ab".parse().ok();
        let message_id = MessageId(1);
        let meta = json!({"color": "green"});
        vec![
            Self::Send {
                envelope: envelope.clone(),
                content: Some("Hello".to_owned()),
                attachments: Some(vec![FileId(55)]),
                client_id: Some("b2f7c1d0".to_owned()),
                reply_to: Some(message_id),
                format: Some(Format::Plain),
                meta: meta.as_object().cloned(),
            },
            Self::Edit {
                envelope: envelope.clone(),
                message_id,
                content: "Hello again".to_owned(),
                if_version: Some(1),
            },
            Self::Delete { envelope: envelope.clone(), message_id },
            Self::React { envelope: envelope.clone(), message_id, emoji: "👍".to_owned(), op: Op::Add },
            Self::Pin { envelope: envelope.clone(), message_id, op: Op::Add },
            Self::Read { envelope: envelope.clone(), seq: Seq(1) },
            Self::Ack { envelope: envelope.clone(), seq: Seq(1) },
            Self::Typing { envelope: envelope.clone(), on: true },
            Self::Presence {
                envelope: everywhere.clone(),
                status: OwnStatus::Away,
                text: Some("back at three".to_owned()),
            },
            Self::Subscribe { envelope: envelope.clone(), after: cursor },
            Self::Unsubscribe { envelope: envelope.clone() },
            Self::Auth { envelope: everywhere.clone(), token: "eyJhbGciOiJIUzI1NiJ9.e30.x".to_owned() },
            Self::UploadBegin {
                envelope: everywhere.clone(),
                name: "a.png".to_owned(),
                mime: Some("image/png".to_owned()),
                size: 183_220,
                sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned(),
            },
            Self::UploadCommit { envelope: everywhere.clone(), upload_id: 17 },
            Self::UploadAbort { envelope: everywhere.clone(), upload_id: 17 },
            Self::Hello {
                envelope: everywhere.clone(),
                token: Some("eyJhbGciOiJIUzI1NiJ9.e30.x".to_owned()),
                cursors: cursor.map(|cursor| BTreeMap::from([("1".to_owned(), cursor)])),
                replay_limit: Some(1000),
                more_cursors: Some(true),
                added: Some(Added::Replay),
            },
            Self::Cursors {
                envelope: everywhere.clone(),
                cursors: cursor.into_iter().map(|cursor| ("2".to_owned(), cursor)).collect(),
                more_cursors: Some(false),
            },
            Self::Ping { envelope: everywhere, t: Some(7.into()) },
        ]
    }
}

#[cfg(test)]
mod tests {
    // A failed expectation is the point of a test, and what it indexes it has made itself.
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use std::collections::BTreeSet;
    use std::mem::{Discriminant, discriminant};

    use serde::Deserialize as _;
    use serde::de::{Deserializer, Visitor};
    use serde_json::{Map, Value};

    use super::*;
    use crate::asyncapi;
    use crate::command::{Command, Request, Wire};

    fn examples() -> Vec<(String, Map<String, Value>)> {
        let examples = Written::examples().into_iter().map(|written| {
            let mut object = serde_json::to_value(written).unwrap().as_object().unwrap().clone();
            object.retain(|_, value| !value.is_null());
            (object["type"].as_str().unwrap().to_owned(), object)
        });
        examples.collect()
    }

    fn schema(kind: &str) -> Value {
        asyncapi::command_schemas().into_iter().find(|(name, _)| name == kind).unwrap().1
    }

    /// The command that the parser reads.
    fn read(object: &Map<String, Value>) -> Option<Discriminant<Command>> {
        let request = Request::parse(&Value::Object(object.clone()).to_string()).ok()?;
        Some(discriminant(&request.command))
    }

    fn with(object: &Map<String, Value>, name: &str, value: Option<Value>) -> Map<String, Value> {
        let mut changed = object.clone();
        changed.remove(name);
        changed.extend(value.map(|value| (name.to_owned(), value)));
        changed
    }

    #[test]
    fn the_parser_agrees_on_every_field() {
        let all = examples();
        assert_eq!(all.len(), asyncapi::command_schemas().len(), "an example of each");
        for (kind, example) in all {
            let meant = read(&example);
            assert!(meant.is_some(), "{kind}");
            let schema = schema(&kind);
            let required: BTreeSet<_> =
                schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            for name in schema["properties"].as_object().unwrap().keys() {
                let has_place = name == "conversation_id" && !example.contains_key(name);
                assert!(has_place || example.contains_key(name), "{kind}.{name} is not in the example");
                let is_optional = !required.contains(name.as_str());
                let without = read(&with(&example, name, None));
                assert_eq!(without == meant, is_optional, "{kind} without {name}");
                let null = read(&with(&example, name, Some(Value::Null)));
                assert_eq!(null == meant, is_optional, "{kind} with {name}: null");
                // No field accepts a list, so a parser that accepts this one does not read the field at all.
                let list = read(&with(&example, name, Some(json!([[]]))));
                assert_eq!(list, None, "{kind}.{name} is not read");
            }
        }
    }

    #[test]
    fn every_field_that_the_parser_reads_is_described() {
        let mut described = BTreeSet::new();
        for (_, schema) in asyncapi::command_schemas() {
            described.extend(schema["properties"].as_object().unwrap().keys().cloned());
        }
        let read = FieldNames::of_wire();
        assert!(read.len() > 10, "{read:?}");
        assert_eq!(read.iter().map(ToString::to_string).collect::<BTreeSet<_>>(), described);
    }

    #[test]
    fn each_way_to_say_it_is_understood() {
        for op in [Op::Add, Op::Remove] {
            let pin = Written::Pin { envelope: Envelope::default(), message_id: MessageId(1), op };
            assert!(Request::parse(&serde_json::to_string(&pin).unwrap()).is_ok(), "{op:?}");
        }
        for status in [OwnStatus::Online, OwnStatus::Away, OwnStatus::Dnd, OwnStatus::Invisible] {
            let presence = Written::Presence { envelope: Envelope::default(), status, text: None };
            assert!(Request::parse(&serde_json::to_string(&presence).unwrap()).is_ok(), "{status:?}");
        }
    }

    /// Finds the fields that a struct asks for.
    #[derive(Default)]
    struct FieldNames(&'static [&'static str]);

    impl FieldNames {
        fn of_wire() -> &'static [&'static str] {
            let mut names = Self::default();
            let _ = Wire::deserialize(&mut names);
            names.0
        }
    }

    impl<'de> Deserializer<'de> for &mut FieldNames {
        type Error = serde::de::value::Error;

        fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
            Err(serde::de::Error::custom("only structs"))
        }

        fn deserialize_struct<V: Visitor<'de>>(
            self,
            _: &'static str,
            fields: &'static [&'static str],
            _: V,
        ) -> Result<V::Value, Self::Error> {
            self.0 = fields;
            Err(serde::de::Error::custom("only the names"))
        }

        serde::forward_to_deserialize_any! {
            bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
            newtype_struct seq tuple tuple_struct map enum identifier ignored_any
        }
    }
}
