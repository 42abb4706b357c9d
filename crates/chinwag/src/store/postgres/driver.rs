//! What drives a connection while its thread waits for an answer.

use tokio::runtime::{Builder, Runtime};

/// A runtime of one thread's own. `None` only while dropping.
pub(super) struct Driver(Option<Runtime>);

impl Driver {
    pub(super) fn new() -> std::io::Result<Self> {
        Ok(Self(Some(Builder::new_current_thread().enable_all().build()?)))
    }

    /// Waits for the future. Not from an async task: that would stop others.
    pub(super) fn block_on<F: Future>(&self, future: F) -> F::Output {
        match &self.0 {
            Some(runtime) => runtime.block_on(future),
            None => unreachable!("only a drop takes the runtime"),
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Also from an async task, where a runtime may not wait for its end.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
