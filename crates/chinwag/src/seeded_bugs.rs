//! Bugs on purpose: each breaks one promise, to prove that the checker notices.
//!
//! Without the feature `seeded-bugs`, which only that proof enables, [`is`] is the constant `false` and its
//! call sites compile to nothing. With it, `CHINWAG_BUG` names the active bug.

/// One broken promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bug {
    /// Senders are answered before the transaction is committed.
    AckBeforeCommit,
    /// Events are handed to the rooms before the transaction is committed.
    PublishBeforeCommit,
    /// One of 997 writes to live connections is left out.
    DropFanout,
    /// A connection that joins misses the first event after its head.
    SeamLate,
    /// A connection that joins gets the last event before its head again.
    SeamEarly,
    /// Idempotency keys are forgotten.
    NoIdempotency,
    /// Removed participants keep listening.
    KeepRemoved,
    /// An upload is acknowledged before its bytes are on disk.
    UnsyncedUpload,
    /// Replayed frames stay in memory.
    KeepReplays,
    /// A node does not read what others write until it writes itself.
    DeafTail,
    /// The writer keeps what it remembers although another node wrote.
    KeepMemory,
}

/// Whether this bug is active.
#[cfg(not(feature = "seeded-bugs"))]
pub(crate) const fn is(_bug: Bug) -> bool {
    false
}

/// Whether this bug is active.
#[cfg(feature = "seeded-bugs")]
pub(crate) fn is(bug: Bug) -> bool {
    static ACTIVE: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
    let active = ACTIVE.get_or_init(|| std::env::var("CHINWAG_BUG").ok());
    active.as_deref() == Some(bug.name())
}

/// Whether to drop this write.
pub(crate) fn is_dropped() -> bool {
    static WRITES: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    is(Bug::DropFanout) && WRITES.fetch_add(1, std::sync::atomic::Ordering::Relaxed) % 997 == 996
}

/// Stretches the moment between the wrong order and the right one, so that a kill can hit it.
pub(crate) fn dawdle() {
    std::thread::sleep(std::time::Duration::from_millis(20));
}

/// Keeps the replayed frames.
pub(crate) fn keep_replay(frames: &[u8]) {
    static KEPT: parking_lot::Mutex<Vec<Vec<u8>>> = parking_lot::Mutex::new(Vec::new());
    if is(Bug::KeepReplays) {
        KEPT.lock().push(frames.to_vec());
    }
}

/// Where a connection's live events begin.
pub(crate) fn seam(after: chinwag_protocol::Seq) -> chinwag_protocol::Seq {
    let off = i64::from(is(Bug::SeamLate)) - i64::from(is(Bug::SeamEarly));
    chinwag_protocol::Seq((after.0 + off).max(0))
}

#[cfg(feature = "seeded-bugs")]
impl Bug {
    fn name(self) -> &'static str {
        match self {
            Self::AckBeforeCommit => "ack-before-commit",
            Self::PublishBeforeCommit => "publish-before-commit",
            Self::DropFanout => "drop-fanout",
            Self::SeamLate => "seam-late",
            Self::SeamEarly => "seam-early",
            Self::NoIdempotency => "no-idempotency",
            Self::KeepRemoved => "keep-removed",
            Self::UnsyncedUpload => "unsynced-upload",
            Self::KeepReplays => "keep-replays",
            Self::DeafTail => "deaf-tail",
            Self::KeepMemory => "keep-memory",
        }
    }
}
