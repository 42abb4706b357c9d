//! The kinds of events: the one list of them. Each has one word, its `type` on the wire and its `kind` in a database.

use strum::{EnumString, IntoStaticStr, VariantArray};

/// What an event is about.
///
/// A new kind begins here. The compiler then asks for the [`Event`](super::Event) that it is and for how the store
/// reads it, and the tests below for its description.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum EventKind {
    /// Somebody said something.
    Message,
    /// An author wrote a message anew.
    MessageEdited,
    /// A message is gone.
    MessageDeleted,
    /// Somebody reacted.
    ReactionAdded,
    /// Somebody took a reaction back.
    ReactionRemoved,
    /// A message was pinned.
    Pinned,
    /// A message is no longer pinned.
    Unpinned,
    /// Somebody takes part from now on.
    ParticipantAdded,
    /// Somebody no longer takes part.
    ParticipantRemoved,
    /// Somebody has another role.
    ParticipantUpdated,
    /// Title, topic or archive changed.
    ConversationUpdated,
}

impl EventKind {
    /// All that there are.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// Its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
