//! Wakes a connection's driver for work that its socket does not announce.
//!
//! One task at a time waits for it, so it needs no list of waiters, and no future of its own in the memory of
//! an idle task.

use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;

#[derive(Default)]
pub(super) struct Bell {
    was_rung: AtomicBool,
    waiting: AtomicWaker,
}

impl Bell {
    /// Wakes the driver, now or as soon as it waits.
    pub(super) fn ring(&self) {
        self.was_rung.store(true, Ordering::Release);
        self.waiting.wake();
    }

    /// Ready once for all rings since it was last ready.
    pub(super) fn poll_rung(&self, context: &mut Context<'_>) -> Poll<()> {
        if self.was_rung.swap(false, Ordering::Acquire) {
            return Poll::Ready(());
        }
        self.waiting.register(context.waker());
        // It may have rung before anybody was registered as waiting.
        if self.was_rung.swap(false, Ordering::Acquire) { Poll::Ready(()) } else { Poll::Pending }
    }
}
