//! SIGTERM and SIGINT: the first stops the server in order, the second ends the process at once.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// 128 + SIGINT, as shells report it.
const STOPPED_AT_ONCE: i32 = 130;

/// Takes over the signals; returns a future that completes at the first one.
pub(super) fn stop() -> io::Result<impl Future<Output = ()> + Send> {
    let mut signals =
        Signals { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? };
    // Counted separately from the future, so that two signals end a process that is still starting.
    let (first, mut came) = tokio::sync::watch::channel(false);
    tokio::spawn(async move {
        signals.next().await;
        tracing::info!("stopping; a second signal stops at once");
        first.send_replace(true);
        signals.next().await;
        std::process::exit(STOPPED_AT_ONCE);
    });
    Ok(async move {
        // An error means that the task is gone, and stopping is right then, too.
        let _ = came.wait_for(|has_come| *has_come).await;
    })
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
