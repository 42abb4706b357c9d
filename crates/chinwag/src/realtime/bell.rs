//! Tells a connection's driver that there is something to do which the socket does not tell.
//!
//! One task at a time waits for it, so it needs no list of who waits, and no future of its own in the memory
//! of a task that is idle.

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

    /// Ready once for all rings since it last was.
    pub(super) fn poll_rung(&self, context: &mut Context<'_>) -> Poll<()> {
        if self.was_rung.swap(false, Ordering::Acquire) {
            return Poll::Ready(());
        }
        self.waiting.register(context.waker());
        // It may have been rung before anybody was known to wait.
        if self.was_rung.swap(false, Ordering::Acquire) { Poll::Ready(()) } else { Poll::Pending }
    }
}
