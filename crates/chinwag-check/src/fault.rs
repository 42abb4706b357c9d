//! What can be wrong with a history.

use serde::{Deserialize, Serialize};

use crate::history::ConversationId;

/// One broken promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which promise.
    pub kind: FaultKind,
    /// In which conversation.
    pub conversation: ConversationId,
    /// Who, what, at which position.
    pub detail: String,
}

/// Which promise was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// An acknowledged change is not in the log.
    Lost,
    /// A device had time to get an event, but did not.
    Undelivered,
    /// The log or a device has something that nobody sent, or that was refused.
    Phantom,
    /// Two messages have the same `client_id`.
    Duplicate,
    /// One `client_id` got two results.
    Unstable,
    /// A device got an event again.
    Repeated,
    /// A position has two contents or stamps.
    Diverged,
    /// A device got an event, but not the one before it.
    Gap,
    /// An event came after a later one.
    OutOfOrder,
    /// The log itself has a hole.
    Hole,
    /// A send began after another was acknowledged, but comes before it.
    RealTimeInversion,
    /// Two sends of one connection changed places.
    WriterInversion,
    /// Two observers disagree in the end, or a receipt went backwards or past the head.
    NotConverged,
    /// Somebody got an event of a time when they were not a participant.
    NotParticipant,
    /// A device was told of a gap although the log has everything.
    Discontinued,
    /// A deleted text appeared again.
    Revived,
}

impl FaultKind {
    /// Every kind, in the order of the report.
    pub const ALL: [Self; 16] = [
        Self::Lost,
        Self::Undelivered,
        Self::Phantom,
        Self::Duplicate,
        Self::Unstable,
        Self::Repeated,
        Self::Diverged,
        Self::Gap,
        Self::OutOfOrder,
        Self::Hole,
        Self::RealTimeInversion,
        Self::WriterInversion,
        Self::NotConverged,
        Self::NotParticipant,
        Self::Discontinued,
        Self::Revived,
    ];

    /// The kind in words, for a count: `3 lost`.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Undelivered => "not delivered",
            Self::Phantom => "phantom",
            Self::Duplicate => "doubled",
            Self::Unstable => "answered twice differently",
            Self::Repeated => "repeated",
            Self::Diverged => "diverged",
            Self::Gap => "gap",
            Self::OutOfOrder => "out of order",
            Self::Hole => "hole in a log",
            Self::RealTimeInversion => "real-time inversion",
            Self::WriterInversion => "writer-order inversion",
            Self::NotConverged => "not converged",
            Self::NotParticipant => "delivered to a non-participant",
            Self::Discontinued => "discontinued",
            Self::Revived => "said after its deletion",
        }
    }
}
