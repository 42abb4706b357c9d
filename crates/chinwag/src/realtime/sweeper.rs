//! One task pings and times out all connections, so that a connection has no timer of its own.
//!
//! A heartbeat has 25 ticks. Each tick visits a fifth of the connections, so that each is checked five times
//! per heartbeat, which is how exact these times are.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use chinwag_protocol::{CloseCode, Frame, Timestamp};

use super::connection::Connection;
use super::hub::Hub;
use super::room::encode_frame;
use crate::auth::over_at;

const TICKS_PER_HEARTBEAT: u32 = 25;
/// 2.2 heartbeats without a byte: the peer is gone.
const TICKS_TO_LIVE: u32 = 55;
/// How long before its end a token's expiry is announced.
const WARNING_MS: i64 = 60_000;
const PARTS: usize = 5;
/// Ticks between two visits of a connection.
const PARTS_TICKS: u32 = 5;
const MIN_TICK: Duration = Duration::from_millis(2);

/// Starts the task. It ends when the hub is dropped.
pub(super) fn start(hub: &Arc<Hub>) {
    let tick = (hub.settings.heartbeat / TICKS_PER_HEARTBEAT).max(MIN_TICK);
    let stall = hub.settings.write_stall.div_duration_f64(tick).ceil();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive; saturates")]
    let stall_ticks = stall as u32;
    let hub = Arc::downgrade(hub);
    tokio::spawn(run(hub, tick, stall_ticks));
}

async fn run(hub: Weak<Hub>, tick: Duration, stall_ticks: u32) {
    let ping = chinwag_ws::ping_frame(b"");
    let mut interval = tokio::time::interval(tick);
    // After a pause of the whole machine, skip the missed ticks: nobody could have answered.
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut part = 0;
    loop {
        interval.tick().await;
        let Some(hub) = hub.upgrade() else { return };
        let now = hub.advance_tick();
        let clock = Timestamp::now();
        hub.for_each(part, PARTS, |connection| visit(connection, now, clock, stall_ticks, &ping));
        part = (part + 1) % PARTS;
    }
}

fn visit(connection: &Connection, now: u32, clock: Timestamp, stall_ticks: u32, ping: &Bytes) {
    let since = |then: u32| now.wrapping_sub(then);
    let silence = since(connection.heard_at.load(Ordering::Relaxed));
    let expires_at = connection.expires_at();
    if clock >= over_at(expires_at) {
        connection.close(CloseCode::TokenExpired);
    } else if let Some(then) = connection.stalled_at() {
        // Its silence means nothing: a ping can't overtake the waiting bytes, so no pong can come. But a dead
        // link may have filled its buffers only recently, so this does not last forever.
        if since(then) > stall_ticks {
            connection.close(CloseCode::SlowConsumer);
        } else if silence > stall_ticks + PARTS_TICKS {
            connection.close(CloseCode::HeartbeatMissed);
        }
    } else if silence > TICKS_TO_LIVE {
        connection.close(CloseCode::HeartbeatMissed);
    } else if since(connection.pinged_at.load(Ordering::Relaxed)) >= TICKS_PER_HEARTBEAT {
        connection.pinged_at.store(now, Ordering::Relaxed);
        connection.signal(ping, now);
    }
    if clock.0 >= expires_at.0 - WARNING_MS && connection.has_to_be_warned() {
        connection.answer(&encode_frame(&Frame::AuthExpiring { expires_at }), now);
    }
}
