//! Helpers around a process: wait for one, and watch its memory.

use std::time::Duration;

use crate::error::CheckError;

/// Often enough to catch the peak of a replay.
const EVERY: Duration = Duration::from_millis(3);
const MIB: f64 = 1024.0 * 1024.0;

/// Resident memory in MiB; `None` if the process is unknown or on another machine.
pub(crate) fn resident(pid: Option<u32>) -> Option<f64> {
    Some(chinwag_load::resident(pid?)? as f64 / MIB)
}

/// Runs `work`; returns its result and the process's peak memory meanwhile.
pub(crate) async fn peak_during<T>(pid: Option<u32>, work: impl Future<Output = T>) -> (T, Option<f64>) {
    let mut peak = resident(pid);
    tokio::pin!(work);
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        tokio::select! {
            done = &mut work => return (done, peak),
            _ = ticks.tick() => {
                if let (Some(height), Some(now)) = (peak.as_mut(), resident(pid)) {
                    *height = height.max(now);
                }
            }
        }
    }
}

/// Waits for a process without blocking the clients of another one.
pub(crate) async fn blocking<T: Send + 'static, E: Into<CheckError> + Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, CheckError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| CheckError::Protocol(format!("a thread failed: {error}")))?.map_err(Into::into)
}
