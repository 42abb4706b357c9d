//! The loop of a worker that follows the log: reads on when a commit rings, calls others, and stores the
//! outcome.
//!
//! Each look gathers what came meanwhile: under load, answering every bell would mean thousands of looks a
//! second.

use std::future::Future;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::wait_until;

/// The chat is gone, so the worker ends.
pub(super) struct Ended;

/// What one kind of worker does.
pub(super) trait Worker: Send + Sized + 'static {
    /// The result of a call.
    type Called: Send + 'static;

    /// The calls in progress.
    fn calls(&mut self) -> &mut JoinSet<Self::Called>;

    /// Reads the log on by a step. Returns whether there is more.
    fn read_on(&mut self) -> impl Future<Output = Result<bool, Ended>> + Send;

    /// Stores the result of a call.
    fn note(&mut self, called: Self::Called) -> impl Future<Output = Result<(), Ended>> + Send;

    /// Starts the calls that are due. Returns when to look again if nothing happens before.
    fn call_what_is_due(&mut self) -> impl Future<Output = Result<Option<Instant>, Ended>> + Send;

    /// Works until the chat is gone, with `gather` between two looks at the log.
    fn follow(mut self, commits: watch::Receiver<()>, gather: Duration) -> impl Future<Output = ()> + Send {
        async move {
            // The only way out is that the chat ended.
            let _ = run(&mut self, commits, gather).await;
        }
    }
}

async fn run<W: Worker>(
    worker: &mut W,
    mut commits: watch::Receiver<()>,
    gather: Duration,
) -> Result<(), Ended> {
    let (mut is_behind, mut look_at) = (true, Instant::now());
    let mut wake_at = None;
    loop {
        tokio::select! {
            rung = commits.changed(), if !is_behind => {
                rung.map_err(|_| Ended)?;
                is_behind = true;
                continue;
            }
            () = wait_until(Some(look_at)), if is_behind => {
                is_behind = worker.read_on().await?;
                look_at = Instant::now() + gather;
            }
            Some(ended) = worker.calls().join_next() => {
                // A call that panicked stays in progress until the next start, because it would panic again.
                if let Ok(called) = ended {
                    worker.note(called).await?;
                }
            }
            () = wait_until(wake_at) => {}
        }
        wake_at = worker.call_what_is_due().await?;
    }
}
