//! This server among those of its database: it says that it is alive, notices how many others are, and learns whether it
//! is the one that does the work which one does for all: pushes, webhooks, clearing up.
//!
//! A lease by the database's clock decides that. Here it ends a little earlier than there, since its time is counted from
//! the moment at which it was asked for. A server that is alone with its database always has it, and asks nobody.

use std::sync::Weak;
use std::time::{Duration, Instant};

use chinwag_protocol::Timestamp;
use tokio::sync::{Notify, watch};
use tokio::time::MissedTickBehavior;

use super::{Chat, Inner};
use crate::error::Refusal;
use crate::store::{Beat, Change, FilesPlace, Node, Store, StoreError};

/// How often a server says that it is alive.
const BEAT_EVERY: Duration = Duration::from_secs(2);
/// How long a lease lasts from the moment at which it was asked for.
const LEASE: Duration = Duration::from_secs(10);
/// The pause before a server in the way is looked at again.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// How long a goodbye may take.
const LEAVE_IN: Duration = Duration::from_secs(5);
/// Clocks may differ by this much.
const CLOCK_TOLERANCE_MS: i64 = 5_000;
/// How often the same thing is in the log.
const REPEAT_AFTER: Duration = Duration::from_secs(60);

/// Why a server can't join the others.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JoinError {
    #[error(
        "another server of this database is called {0}; give this one a name of its own with --node, or stop the other one"
    )]
    Name(String),
    #[error(
        "the server {0} of this database keeps files in a folder of its own, where others do not find them; stop it, or \
         give all servers a bucket (--s3-bucket) or a folder that they share (--shared-files)"
    )]
    TheirFiles(String),
    #[error(
        "this server keeps files in a folder of its own, where the server {0} of this database does not find them; give \
         both a bucket (--s3-bucket) or a folder that they share (--shared-files), or stop the other one"
    )]
    OwnFiles(String),
    #[error(
        "the server {0} of this database keeps files in another place; give all servers the same bucket (--s3-bucket) or \
         shared folder (--shared-files)"
    )]
    OtherFiles(String),
    #[error(transparent)]
    Store(#[from] Refusal),
}

/// Who this server is among others, and what it has learnt of them. Dropping it ends what waits for its lease.
pub(crate) struct Membership {
    /// `None` if the database is this server's alone.
    node: Option<Node>,
    held: watch::Sender<Held>,
    /// Notified when it is to leave.
    leaving: Notify,
}

/// Whether this server does the work that one does for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    Always,
    Until(Instant),
    No,
    /// It has left, and says nothing more.
    Left,
}

impl Held {
    fn is_held(self) -> bool {
        match self {
            Self::Always => true,
            Self::Until(end) => Instant::now() < end,
            Self::No | Self::Left => false,
        }
    }
}

/// The right to do the work that one server does for all, while it lasts.
#[derive(Clone)]
pub(crate) struct Lease(watch::Receiver<Held>);

impl Lease {
    /// Waits until this server has the lease. `None` once the chat is gone.
    pub(crate) async fn taken(&mut self) -> Option<()> {
        self.0.wait_for(|held| held.is_held()).await.ok().map(drop)
    }

    /// Waits until this server has it no longer.
    pub(crate) async fn lost(&mut self) {
        loop {
            let held = *self.0.borrow_and_update();
            match held {
                Held::Always | Held::Until(_) if self.0.has_changed().is_err() => return,
                Held::Always => drop(self.0.changed().await),
                Held::Until(end) if held.is_held() => {
                    // Renewed, or over.
                    drop(tokio::time::timeout_at(end.into(), self.0.changed()).await);
                }
                Held::Until(_) | Held::No | Held::Left => return,
            }
        }
    }
}

impl Membership {
    /// A server alone with its database.
    pub(crate) fn alone() -> Self {
        Self { node: None, held: watch::Sender::new(Held::Always), leaving: Notify::new() }
    }

    /// Joins the servers of the database. A server in the way may have died a moment ago: that is known once it has been
    /// silent for ten seconds.
    ///
    /// # Errors
    /// If a server that is alive is in the way.
    pub(crate) async fn join(store: &Store, mut node: Node) -> Result<Self, JoinError> {
        let mut silent: Option<Obstacle> = None;
        loop {
            let joining = node.clone();
            let joined = store.write(move |change| Ok::<_, JoinError>(join(change, joining)?)).await?;
            let obstacle = match joined {
                Ok(started_at) => {
                    node.started_at = started_at;
                    return Ok(Self {
                        node: Some(node),
                        held: watch::Sender::new(Held::No),
                        leaving: Notify::new(),
                    });
                }
                Err(obstacle) => obstacle,
            };
            let seen = silent.get_or_insert(obstacle.clone());
            if seen.node.folder != obstacle.node.folder {
                *seen = obstacle;
            } else if seen.seen_at != obstacle.seen_at {
                return Err(obstacle.error(&node));
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Removes this server from those of the database, and gives its lease back. It takes no other.
    pub(crate) async fn leave(&self) {
        if self.node.is_some() {
            self.leaving.notify_one();
            let mut held = self.held.subscribe();
            // If the database is away, the others notice the silence.
            drop(tokio::time::timeout(LEAVE_IN, held.wait_for(|held| *held == Held::Left)).await);
        }
    }

    pub(crate) fn lease(&self) -> Lease {
        Lease(self.held.subscribe())
    }

    pub(super) fn leads(&self) -> bool {
        self.held.borrow().is_held()
    }

    /// The id of the data folder, as the owner of what is being written; empty if nobody else writes.
    pub(crate) fn folder(&self) -> &str {
        self.node.as_ref().map_or("", |node| &node.folder)
    }
}

/// A server that was seen a moment ago, and is in the way.
#[derive(Clone)]
struct Obstacle {
    node: Node,
    seen_at: Timestamp,
}

impl Obstacle {
    fn error(self, own: &Node) -> JoinError {
        match (own.name == self.node.name, &own.place, &self.node.place) {
            (true, ..) => JoinError::Name(self.node.name),
            (false, FilesPlace::Own, _) => JoinError::OwnFiles(self.node.name),
            (false, _, FilesPlace::Own) => JoinError::TheirFiles(self.node.name),
            _ => JoinError::OtherFiles(self.node.name),
        }
    }
}

/// Adds a server, unless another one is in its way; says when it began.
fn join(change: &mut Change, mut node: Node) -> Result<Result<i64, Obstacle>, StoreError> {
    let is_in_the_way =
        |other: &Node| other.name == node.name || other.place == FilesPlace::Own || other.place != node.place;
    let mut others = change.other_nodes(&node.folder)?.into_iter();
    if let Some((node, seen_at)) = others.find(|(other, _)| is_in_the_way(other)) {
        return Ok(Err(Obstacle { node, seen_at }));
    }
    node.started_at = change.clock()?.0;
    change.add_node(&node)?;
    Ok(Ok(node.started_at))
}

/// What a server hears when it says that it is alive.
enum Heard {
    Beat(Beat),
    /// It was silent for so long that it was forgotten, and has joined again, since this time.
    JoinedAgain(i64),
    /// It was forgotten, and another server is in its way now.
    Obstructed(Obstacle),
    /// Another process has its place, with a copy of its data folder.
    Displaced,
}

/// Says that the server is alive until it leaves, or the chat is gone.
pub(super) async fn look_after_nodes(inner: Weak<Inner>) {
    let Some(mut node) = inner.upgrade().and_then(|inner| inner.membership.node.clone()) else { return };
    let mut interval = tokio::time::interval(BEAT_EVERY);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut spoken = Spoken::default();
    loop {
        let Some(inner) = inner.upgrade() else { return };
        let chat = Chat { inner };
        let membership = &chat.inner.membership;
        tokio::select! {
            _ = interval.tick() => {}
            () = membership.leaving.notified() => {
                let removed = chat.store().write(move |change| Ok::<_, Refusal>(change.remove_node(&node)?));
                if let Err(error) = removed.await {
                    tracing::warn!(%error, "can't say goodbye to the other servers; they will notice");
                }
                membership.held.send_replace(Held::Left);
                return;
            }
        }
        chat.beat(&mut node, &mut spoken).await;
    }
}

impl Chat {
    async fn beat(&self, node: &mut Node, spoken: &mut Spoken) {
        let membership = &self.inner.membership;
        let (asked_at, before) = (Instant::now(), Timestamp::now());
        let me = node.clone();
        let heard = self.store().write(move |change| {
            let beat = change.beat(&me)?;
            Ok::<_, Refusal>(if beat.is_known {
                Heard::Beat(beat)
            } else if change.is_displaced(&me)? {
                Heard::Displaced
            } else {
                match join(change, me)? {
                    Ok(started_at) => Heard::JoinedAgain(started_at),
                    Err(obstacle) => Heard::Obstructed(obstacle),
                }
            })
        });
        let held = match heard.await {
            Ok(Heard::Beat(beat)) => {
                self.inner.metrics.nodes.set(beat.nodes);
                warn_of_clock(before, beat.now, Timestamp::now(), spoken);
                if beat.leads { Held::Until(asked_at + LEASE) } else { Held::No }
            }
            Ok(Heard::JoinedAgain(started_at)) => {
                node.started_at = started_at;
                Held::No
            }
            Ok(Heard::Obstructed(obstacle)) => {
                if spoken.may_say(Topic::Obstacle) {
                    tracing::error!(
                        "{}; this server was away for a while, and should stop",
                        obstacle.error(node)
                    );
                }
                Held::No
            }
            Ok(Heard::Displaced) => {
                if spoken.may_say(Topic::Obstacle) {
                    tracing::error!(
                        "another server runs with a copy of this one's data folder; give it a folder of its own"
                    );
                }
                Held::No
            }
            // It holds what it has until that is over.
            Err(error) => {
                tracing::debug!(%error, "can't say that this server is alive");
                return;
            }
        };
        membership.held.send_replace(held);
    }

    /// The right to do the work that one server does for all.
    pub(crate) fn lease(&self) -> Lease {
        self.inner.membership.lease()
    }

    /// Leaves the other servers of the database, for a clean stop.
    pub(crate) async fn leave(&self) {
        self.inner.membership.leave().await;
    }

    /// The server's name among those of its database; `None` if it is alone with it.
    pub(crate) fn node(&self) -> Option<&str> {
        self.inner.membership.node.as_ref().map(|node| node.name.as_str())
    }
}

/// What the log should have only once in a while.
#[derive(Clone, Copy)]
enum Topic {
    Clock,
    Obstacle,
}

#[derive(Default)]
struct Spoken {
    clock: Option<Instant>,
    obstacle: Option<Instant>,
}

impl Spoken {
    fn may_say(&mut self, topic: Topic) -> bool {
        let last = match topic {
            Topic::Clock => &mut self.clock,
            Topic::Obstacle => &mut self.obstacle,
        };
        let may = last.is_none_or(|last| last.elapsed() >= REPEAT_AFTER);
        if may {
            *last = Some(Instant::now());
        }
        may
    }
}

/// Warns if the database's clock shows what this machine's showed neither before nor after it was asked.
fn warn_of_clock(before: Timestamp, now: Timestamp, after: Timestamp, spoken: &mut Spoken) {
    let difference_ms = clock_difference(before, now, after);
    if difference_ms.abs() > CLOCK_TOLERANCE_MS && spoken.may_say(Topic::Clock) {
        tracing::warn!(
            difference_ms,
            "this machine's clock and the database's differ by more than 5 s; set both by NTP: tokens and times of \
             messages depend on them"
        );
    }
}

/// How far the database's clock is ahead at least.
fn clock_difference(before: Timestamp, now: Timestamp, after: Timestamp) -> i64 {
    if now < before { now.0 - before.0 } else { (now.0 - after.0).max(0) }
}

impl From<StoreError> for JoinError {
    fn from(error: StoreError) -> Self {
        Self::Store(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_answer_is_no_wrong_clock() {
        let difference =
            |before, now, after| clock_difference(Timestamp(before), Timestamp(now), Timestamp(after));
        assert_eq!(difference(1_000, 9_000, 20_000), 0);
        assert_eq!(difference(10_000, 3_000, 10_100), -7_000);
        assert_eq!(difference(10_000, 17_000, 10_100), 6_900);
    }
}
