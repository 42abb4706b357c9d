//! What goes over the bus: a version, who sends, a count, and signals. A frame of another version is passed over, so that
//! nodes of two releases work side by side.

use std::sync::Arc;

use chinwag_protocol::{ConversationId, UserId};
use serde::{Deserialize, Deserializer, Serialize};

/// The first character of each frame.
const VERSION: char = '1';
/// The most bytes of signals in a frame: PostgreSQL notifies of less than 8,000.
const MAX_BYTES: usize = 7_000;
/// The most conversations in a signal, so that it fits into a frame.
const MAX_CONVERSATIONS: usize = 200;

/// What one node says at a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Frame {
    /// Who says it: a name that each start of a node draws anew.
    pub node: Arc<str>,
    /// Counts the node's frames. One that is missing was lost.
    pub count: u64,
    #[serde(deserialize_with = "known")]
    pub signals: Vec<Signal>,
}

/// Something that concerns the people who are connected to other nodes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Signal {
    /// The node is there: once a second.
    Alive,
    /// The named node should say who is connected to it: something of it was lost here.
    Ask(Arc<str>),
    /// What was said before is void: up to the end of the roll follows all of it.
    RollBegins,
    RollEnds,
    /// The first connection of a user.
    Here {
        user_id: UserId,
        username: Arc<str>,
    },
    /// The last connection of a user is gone, from all conversations.
    Gone {
        user_id: UserId,
    },
    /// The first connection of a user in these conversations.
    Entered {
        user_id: UserId,
        conversations: Vec<ConversationId>,
    },
    /// The last connection of a user in these conversations is gone.
    Left {
        user_id: UserId,
        conversations: Vec<ConversationId>,
    },
    /// Somebody types, or no longer.
    Typing {
        conversation_id: ConversationId,
        user_id: UserId,
        username: Arc<str>,
        on: bool,
    },
}

impl Signal {
    /// Takes another signal into this one, if both say the same of one user. Gives it back if not.
    fn merge(&mut self, other: Self) -> Option<Self> {
        match (self, other) {
            (
                Self::Entered { user_id, conversations },
                Self::Entered { user_id: other, conversations: more },
            ) if *user_id == other && conversations.len() < MAX_CONVERSATIONS => {
                conversations.extend(more);
                None
            }
            (_, other) => Some(other),
        }
    }
}

impl Frame {
    /// Packs signals into as few frames as possible, in their order.
    pub(super) fn pack(node: &Arc<str>, count: &mut u64, signals: Vec<Signal>) -> Vec<Self> {
        let mut merged: Vec<Signal> = Vec::with_capacity(signals.len());
        for signal in signals {
            let rest = match merged.last_mut() {
                Some(last) => last.merge(signal),
                None => Some(signal),
            };
            merged.extend(rest);
        }
        let mut frames: Vec<Self> = Vec::new();
        let mut bytes = 0;
        for signal in merged {
            let size = serde_json::to_string(&signal).map_or(0, |text| text.len());
            bytes += size;
            match frames.last_mut() {
                Some(frame) if bytes <= MAX_BYTES => frame.signals.push(signal),
                _ => {
                    *count += 1;
                    bytes = size;
                    frames.push(Self { node: Arc::clone(node), count: *count, signals: vec![signal] });
                }
            }
        }
        frames
    }

    /// The text that goes over a line.
    pub(super) fn text(&self) -> String {
        format!("{VERSION}{}", serde_json::to_string(self).unwrap_or_default())
    }

    /// The frame of a text; `None` for the bell, and for what another release says.
    pub(crate) fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text.strip_prefix(VERSION)?).ok()
    }
}

/// The signals that this release knows.
fn known<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Signal>, D::Error> {
    let signals = Vec::<serde_json::Value>::deserialize(deserializer)?;
    Ok(signals.into_iter().filter_map(|signal| serde_json::from_value(signal).ok()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_counted_fit_their_line_and_pass_over_what_is_of_a_later_release() {
        let node: Arc<str> = "here".into();
        let entered = |id| Signal::Entered { user_id: UserId(7), conversations: vec![ConversationId(id)] };
        let mut signals: Vec<Signal> = (0..500).map(|id| entered(i64::MAX - id)).collect();
        signals.push(Signal::Alive);
        let mut count = 4;
        let frames = Frame::pack(&node, &mut count, signals);
        assert_eq!(frames.iter().map(|frame| frame.count).collect::<Vec<_>>(), [5, 6]);
        let mut told = Vec::new();
        for frame in &frames {
            let text = frame.text();
            assert!(text.len() < 8_000, "{}", text.len());
            assert_eq!(Frame::read(&text).as_ref(), Some(frame));
            told.extend(frame.signals.clone());
        }
        let conversations: usize = told
            .iter()
            .map(|signal| match signal {
                Signal::Entered { conversations, .. } => conversations.len(),
                _ => 0,
            })
            .sum();
        assert_eq!((conversations, told.last()), (500, Some(&Signal::Alive)));
        let later = "1{\"node\":\"there\",\"count\":9,\"signals\":[\"alive\",{\"waves\":{\"user_id\":1}}],\"more\":1}";
        assert_eq!(Frame::read(later).map(|frame| frame.signals), Some(vec![Signal::Alive]));
        assert_eq!((Frame::read("1"), Frame::read("2{}")), (None, None));
    }
}
