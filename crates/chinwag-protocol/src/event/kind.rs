//! The list of all kinds of events. Each is one word: its `type` on the wire and its `kind` in a database.

use strum::{EnumString, IntoStaticStr, VariantArray};

/// The kind of an event.
///
/// A new kind begins here. The compiler then asks for its [`Event`](super::Event) and for how the store reads
/// it, and the tests below for its description.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum EventKind {
    /// A user sent a message.
    Message,
    /// An author edited a message.
    MessageEdited,
    /// A message was deleted.
    MessageDeleted,
    /// A user reacted.
    ReactionAdded,
    /// A user removed a reaction.
    ReactionRemoved,
    /// A message was pinned.
    Pinned,
    /// A message was unpinned.
    Unpinned,
    /// A user became a participant.
    ParticipantAdded,
    /// A user stopped being a participant.
    ParticipantRemoved,
    /// A participant's role changed.
    ParticipantUpdated,
    /// Title, topic or archive changed.
    ConversationUpdated,
}

impl EventKind {
    /// All kinds.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// Its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
