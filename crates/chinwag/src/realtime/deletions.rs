//! Keeps deleted texts from going out, although their events are still on their way.
//!
//! The log has already removed them. This does the same for events that were committed before the deletion
//! and are fanned out together with it; the ring drops those that were fanned out before.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use chinwag_protocol::rest::Message;
use chinwag_protocol::{Event, MessageId};

/// Removes the texts of messages that later events delete. What is left matches the log.
pub(super) fn blank(events: &mut VecDeque<Event>) {
    let deleted: HashSet<MessageId> = events.iter().filter_map(deleted_by).collect();
    if deleted.is_empty() {
        return;
    }
    for event in events {
        match event {
            Event::Message(message) if deleted.contains(&message.id) => {
                *message = Arc::new(Message::clone(message).emptied());
            }
            Event::MessageEdited { message_id, content, .. } if deleted.contains(message_id) => {
                content.clear();
            }
            _ => {}
        }
    }
}

fn deleted_by(event: &Event) -> Option<MessageId> {
    if let Event::MessageDeleted { message_id, .. } = event { Some(*message_id) } else { None }
}
