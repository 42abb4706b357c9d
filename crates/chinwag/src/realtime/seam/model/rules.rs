//! How large a model gets, what may happen in it, and what is wrong with it. Each mistake must be found.

/// How large the conversation gets, and what is wrong with it.
#[derive(Clone, Copy)]
pub(super) struct Rules {
    pub events: i64,
    pub inbox: usize,
    pub ring: usize,
    pub page: usize,
    /// Whether a participant may be removed.
    pub removes: bool,
    pub mistake: Option<Mistake>,
}

/// What a programmer might get wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mistake {
    /// Reads the head, then holds the room.
    HoldsAfterReading,
    /// Replays what was committed since, too.
    ReplaysPastHead,
    /// Joins one before, or after, what it has replayed.
    JoinsEarly,
    JoinsLate,
    /// Goes live one event before the seam, or one after it.
    LivesEarly,
    LivesLate,
    /// A socket that takes nothing stays live.
    ForgetsBehind,
    /// Writes although the rest of something older waits.
    Overtakes,
    /// Does not tell live connections that events are missing.
    IgnoresHole,
    /// Fan-out does not ring for those who wait at the seam.
    LetsSleep,
    /// Writes live events also to those who are behind.
    WritesToBehind,
    /// Reads the participants first, and the end of the log a moment later.
    AsksTwice,
    /// Does not check again whether a user whose place is behind still takes part.
    AsksOnce,
}
