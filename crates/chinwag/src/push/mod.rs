//! What the server sends on its own: notifications of devices ([`devices`]) and calls of webhooks
//! ([`webhooks`]). Both follow the log behind the commits, from a position in the database, so that no
//! message waits for them, and a crash loses none of their work.
//!
//! Nothing here is on the path of a message: the commit only rings.
//!
//! A worker reads the events after its *position*, the id of an event. One thread writes, and rows are
//! never removed, so ids grow in commit order, and a lower one can't appear later. A job for each device and
//! conversation is queued in the transaction that moves the position. So whenever the process dies, each
//! event is either queued or still to be read; and many messages cost the writer one small job. If no job is
//! due, the position is stored only every 1,000 events, and after a crash these are read again.
//!
//! A job says *which device* and *which conversation*. Its content is read when it is sent: the newest unread
//! message at that time. So whatever was read, deleted, edited or muted meanwhile is respected.

mod breakers;
mod devices;
mod follower;
mod webhooks;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::chat::{Chat, Lease, WeakChat};
use crate::metrics::Metrics;
use crate::outbound::Client;

/// Starts the workers on the current runtime. Each works while this server has the lease; a new one begins with what the
/// database knows then. They end when the chat is gone.
pub(crate) fn start(chat: &Chat, client: &Client, metrics: &Arc<Metrics>, commits: &watch::Receiver<()>) {
    if chat.vapid().is_ok() {
        let made = (client.clone(), Arc::clone(metrics));
        let make = move |chat: &Chat| devices::Devices::new(chat, &made.0, &made.1);
        tokio::spawn(work(chat.downgrade(), chat.lease(), commits.clone(), make));
    }
    let made = (client.clone(), Arc::clone(metrics));
    let make = move |chat: &Chat| webhooks::Webhooks::new(chat, &made.0, &made.1);
    tokio::spawn(work(chat.downgrade(), chat.lease(), commits.clone(), make));
}

async fn work<W: follower::Worker>(
    chat: WeakChat,
    mut lease: Lease,
    commits: watch::Receiver<()>,
    make: impl Fn(&Chat) -> W,
) {
    while lease.taken().await.is_some() {
        let (worker, gather) = match chat.upgrade() {
            Some(chat) => (make(&chat), chat.config().outbound.gather),
            None => return,
        };
        tokio::select! {
            () = worker.follow(commits.clone(), gather) => return,
            () = lease.lost() => {}
        }
    }
}

/// How long to wait after this many failures: doubled each time, bounded, and drawn from the upper half, so
/// that calls that failed together do not return together.
fn back_off(first: Duration, most: Duration, failures: u32) -> Duration {
    let doubled = first.saturating_mul(2_u32.saturating_pow(failures.min(31))).min(most);
    doubled.mul_f64(0.5 + 0.5 * rand::random::<f64>())
}

/// Waits until then; forever if there is no time.
async fn wait_until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}

/// The time until an instant of the database's clock.
fn until(time: chinwag_protocol::Timestamp) -> Duration {
    let milliseconds = time.0.saturating_sub(chinwag_protocol::Timestamp::now().0);
    Duration::from_millis(u64::try_from(milliseconds).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_doubles_up_to_a_bound_and_is_spread() {
        let (first, most) = (Duration::from_secs(10), Duration::from_secs(1800));
        for (failures, upper) in [(0, 10), (1, 20), (5, 320), (8, 1800), (u32::MAX, 1800)] {
            let wait = back_off(first, most, failures);
            assert!(wait <= Duration::from_secs(upper) && wait >= Duration::from_secs(upper) / 2, "{wait:?}");
        }
        assert_ne!(back_off(first, most, 3), back_off(first, most, 3));
    }
}
