//! What the frames of the protocol mean to the checker.

use serde_json::Value;

use crate::history::{ConversationId, Delivery, Kind, Logged, Place, Seq, UserId};
use crate::keys::{WITHHELD, content_key, stamp_key};

pub(crate) fn text<'a>(frame: &'a Value, name: &str) -> &'a str {
    frame.get(name).and_then(Value::as_str).unwrap_or_default()
}

pub(crate) fn number(frame: &Value, name: &str) -> i64 {
    frame.get(name).and_then(Value::as_i64).unwrap_or_default()
}

pub(crate) fn kind(frame: &Value) -> &str {
    text(frame, "type")
}

/// Whether a frame is an event of a log. Only an event has a position, a stamp, and a type other than an
/// answer's.
pub(crate) fn is_event(frame: &Value) -> bool {
    frame.get("stamp").is_some() && frame.get("seq").is_some() && kind(frame) != "ok"
}

/// A cursor as the protocol writes it.
pub(crate) fn cursor(event: &Value) -> String {
    format!("{}.{}", number(event, "seq"), text(event, "stamp"))
}

/// The position in a cursor.
pub(crate) fn cursor_seq(cursor: &str) -> Seq {
    cursor.split('.').next().and_then(|seq| seq.parse().ok()).unwrap_or_default()
}

/// Who acted. A message names its sender instead.
fn actor(event: &Value) -> UserId {
    if kind(event) == "message" { number(event, "sender_id") } else { number(event, "actor_id") }
}

/// The message that an event is, or is about.
pub(crate) fn message_id(event: &Value) -> i64 {
    number(event, if kind(event) == "message" { "id" } else { "message_id" })
}

/// Whether only the place of a message is left.
pub(crate) fn is_deleted(message: &Value) -> bool {
    message.get("deleted").and_then(Value::as_bool) == Some(true)
}

/// The content key of a message to send.
pub(crate) fn message_key(sender: UserId, content: &str) -> u64 {
    content_key(["message", &sender.to_string(), content])
}

pub(crate) fn event_key(event: &Value) -> u64 {
    let (kind, actor) = (kind(event), actor(event));
    let content = text(event, "content");
    if is_deleted(event) || (kind == "message_edited" && content.is_empty()) {
        return WITHHELD;
    }
    if kind == "message" {
        return message_key(actor, content);
    }
    let numbers = ["message_id", "user_id", "version"].map(|name| number(event, name).to_string());
    let texts = ["emoji", "role", "title", "topic"].map(|name| text(event, name));
    let actor = actor.to_string();
    let parts = [kind, &actor, content].into_iter();
    content_key(parts.chain(numbers.iter().map(String::as_str)).chain(texts))
}

pub(crate) fn delivery(event: &Value) -> Delivery {
    Delivery { seq: number(event, "seq"), stamp: stamp_key(text(event, "stamp")), content: event_key(event) }
}

pub(crate) fn logged(event: &Value) -> Logged {
    let Delivery { seq, stamp, content } = delivery(event);
    let message_id = message_id(event);
    let kind = match kind(event) {
        "message" => Kind::Message(event.get("client_id").and_then(Value::as_str).map(str::to_owned)),
        "message_edited" => Kind::Edited,
        "message_deleted" => Kind::Deleted,
        "participant_added" => Kind::Added(number(event, "user_id")),
        "participant_removed" => Kind::Removed(number(event, "user_id")),
        _ => Kind::Other,
    };
    Logged { seq, stamp, content, user: actor(event), message_id, kind }
}

/// The place that an `ok`, or a message, names.
pub(crate) fn place(frame: &Value, id: &str) -> Place {
    Place { seq: number(frame, "seq"), stamp: stamp_key(text(frame, "stamp")), message_id: number(frame, id) }
}

/// The conversation of a frame.
pub(crate) fn conversation(frame: &Value) -> ConversationId {
    number(frame, "conversation_id")
}
