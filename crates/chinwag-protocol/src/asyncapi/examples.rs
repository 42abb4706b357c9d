//! One frame of each type, built from the types that the server sends.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use serde_json::value::RawValue;

use crate::codes::ErrorCode;
use crate::event::{Entry, Event, Membership, Reaction};
use crate::frame::{Done, Frame, GapReason, Ready};
use crate::ids::{ConversationId, Cursor, FileId, MessageId, Seq, Stamp, UserId};
use crate::limits;
use crate::rest::{
    Attachment, ConversationKind, ConversationState, Extras, Limits, Message, NotificationLevel,
    PresenceStatus, Receipt, Role, User, UserRole,
};
use crate::time::Timestamp;

const CONVERSATION: ConversationId = ConversationId(1);
const ALICE: UserId = UserId(3);
const TIME: Timestamp = Timestamp(1_763_807_400_123);

fn entry(seq: i64) -> Entry {
    let stamp = Stamp::from_bits(0x5a_c3_91_7e_08_u64.wrapping_mul(seq.unsigned_abs()));
    Entry { conversation_id: CONVERSATION, seq: Seq(seq), stamp, ts: TIME, actor_id: ALICE }
}

fn message() -> Message {
    let (text, key) = ("Hello".to_owned(), "b2f7c1d0".to_owned());
    let (name, mime) = ("a.png".to_owned(), "image/png".to_owned());
    let attachments = vec![Attachment::new(FileId(55), name, mime, 183_220, Some((800, 600)))];
    let extras = Extras { attachments, ..Extras::default() };
    Message::new(MessageId(123), entry(41), "alice".to_owned(), text, Some(key), extras)
}

fn state() -> ConversationState {
    ConversationState {
        id: CONVERSATION,
        title: "Roommate Chat".to_owned(),
        topic: String::new(),
        kind: ConversationKind::Group,
        archived: false,
        role: Role::Member,
        head: entry(41).cursor(),
        read_seq: Seq(40),
        unread: 1,
        mentions: 0,
        last_message: Some(message()),
        participants: 2,
        notifications: NotificationLevel::All,
        peer: None,
        created_at: TIME.created_at(),
    }
}

fn membership(seq: i64) -> Membership {
    Membership { entry: entry(seq), user_id: UserId(4), username: "bob".to_owned(), role: Role::Member }
}

/// One event of each kind, and one of an unknown kind.
pub(super) fn events() -> Vec<Event> {
    let message_id = MessageId(123);
    let reaction = |seq| Reaction { entry: entry(seq), message_id, emoji: "👍".to_owned(), user_id: ALICE };
    vec![
        Event::Message(Arc::new(message())),
        Event::MessageEdited { entry: entry(42), message_id, content: "Hello again".to_owned(), version: 2 },
        Event::ReactionAdded(reaction(43)),
        Event::ReactionRemoved(reaction(44)),
        Event::Pinned { entry: entry(45), message_id },
        Event::Unpinned { entry: entry(46), message_id },
        Event::MessageDeleted { entry: entry(47), message_id },
        Event::ParticipantAdded(membership(48)),
        Event::ParticipantUpdated(membership(49)),
        Event::ParticipantRemoved(membership(50)),
        Event::ConversationUpdated {
            entry: entry(51),
            title: "Roommate Chat".to_owned(),
            topic: "Bills and bread".to_owned(),
            archived: false,
        },
        Event::Unknown(entry(52)),
    ]
}

/// One frame of each type, as JSON.
pub(super) fn frames() -> Vec<Value> {
    let head: Cursor = entry(41).cursor();
    let username = "alice";
    let receipt =
        Receipt { conversation_id: CONVERSATION, user_id: ALICE, delivered_seq: Seq(41), read_seq: Seq(40) };
    let state = state();
    let replayed: Vec<Box<RawValue>> =
        events().iter().take(1).filter_map(|event| serde_json::value::to_raw_value(event).ok()).collect();
    let t = serde_json::Number::from(7);
    let reference = Some("r1");
    let frames = [
        Frame::Connection {
            status: "connected",
            conversation_id: CONVERSATION,
            user_id: ALICE,
            head: Some(head),
            heartbeat_ms: Some(25_000),
        },
        Frame::Ready(Box::new(ready(&state))),
        Frame::Replay { conversation_id: CONVERSATION, events: &replayed, head },
        Frame::CaughtUp { conversation_id: CONVERSATION, seq: Seq(41) },
        Frame::Gap { conversation_id: CONVERSATION, head, reason: GapReason::TooFar },
        Frame::Ok(Done {
            reference,
            message_id: Some(MessageId(123)),
            seq: Some(head.seq),
            stamp: head.stamp,
            ts: Some(TIME),
            client_id: Some("b2f7c1d0"),
            duplicate: Some(false),
            ..Done::default()
        }),
        Frame::Error {
            reference,
            message: "Too many messages",
            code: ErrorCode::RateLimited,
            retry: true,
            retry_after_ms: Some(1_500),
            client_id: Some("b2f7c1d0"),
            upload_id: None,
        },
        Frame::Pong { reference, t: Some(&t) },
        Frame::UserJoined { user_id: ALICE, username },
        Frame::UserLeft { user_id: ALICE, username },
        Frame::Typing { conversation_id: CONVERSATION, user_id: ALICE, username, on: true },
        Frame::Receipt(&receipt),
        Frame::Unread { conversation_id: CONVERSATION, head, unread: 1, mentions: 0 },
        Frame::Presence {
            user_id: ALICE,
            status: PresenceStatus::Away,
            text: "back at three",
            last_seen: None,
        },
        Frame::Conversation(&state),
        Frame::ConversationLeft { conversation_id: CONVERSATION, actor_id: Some(ALICE) },
        Frame::UploadProgress { upload_id: 17, offset: 65_536 },
        Frame::AuthExpiring { expires_at: TIME.after(Duration::from_secs(60)) },
        Frame::Goaway { reconnect_after_ms: 3_210 },
    ];
    let frames = frames.iter().map(|frame| serde_json::to_value(frame).unwrap_or_default());
    frames.chain(events().iter().map(|event| serde_json::to_value(event).unwrap_or_default())).collect()
}

fn ready(state: &ConversationState) -> Ready<'static> {
    Ready {
        reference: Some("h"),
        session_id: "s7f3k2".to_owned(),
        user: User {
            id: ALICE,
            email: Some("alice@example.com".to_owned()),
            username: "alice".to_owned(),
            first_name: "Alice".to_owned(),
            last_name: "Example".to_owned(),
            role: UserRole::User,
            is_active: true,
            created_at: TIME.created_at(),
        },
        heartbeat_ms: 25_000,
        server_time: TIME,
        limits: Limits {
            content_chars: limits::MAX_CONTENT_CHARS,
            content_bytes: limits::MAX_CONTENT_BYTES,
            frame_bytes: limits::MAX_FRAME_BYTES,
            replay_events: limits::REPLAY_LIMIT,
            upload_bytes: 25 * 1024 * 1024,
            attachments: limits::MAX_ATTACHMENTS,
            push: true,
        },
        conversations: vec![state.clone()],
        more: false,
    }
}
