//! How many connections there are, and how many of one address have not said yet who they are.
//!
//! An address that has too many waits: a burst of honest clients passes as each of them authenticates,
//! and sockets that only sit there are closed by the time limits.
//!
//! When everybody comes back at once, they begin in turns: fifteen thousand requests that are parsed side by side
//! take hundreds of megabytes, and most of the time to fetch them from the system.
//!
//! The accept loop first empties the system's queue, where a connection that finds no room waits for seconds. 256
//! connections begin side by side. A turn begins with the first byte and ends with the first pause, so a silent
//! connection has none.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::Config;

/// Connections of one address that may wait for others of it to authenticate.
const MAX_WAITING: usize = 512;
/// How long they wait.
const PATIENCE: Duration = Duration::from_secs(5);
/// Connections that begin at the same time: until they have said who they are, or sent a whole request.
const MAX_BEGINNING: usize = 256;
/// Whoever takes longer to say it makes room for the next.
pub(super) const TURN: Duration = Duration::from_millis(100);

pub(super) struct Admission {
    total: Arc<Semaphore>,
    addresses: Arc<Mutex<HashMap<IpAddr, Address>>>,
    per_address: Option<usize>,
    turns: Arc<Semaphore>,
}

struct Address {
    unauthenticated: Arc<Semaphore>,
    connections: usize,
}

/// A connection's slot; dropping it gives it back. An extension of each of its requests.
#[derive(Clone)]
pub(super) struct Slot(Arc<Held>);

struct Held {
    turn: Mutex<Option<OwnedSemaphorePermit>>,
    unauthenticated: Mutex<Option<OwnedSemaphorePermit>>,
    total: Mutex<Option<OwnedSemaphorePermit>>,
}

impl Admission {
    pub(super) fn new(config: &Config) -> Self {
        let limits = &config.limits;
        // Behind a proxy everybody has its address: one of them could keep all others out.
        let is_per_address = limits.is_enforced && !config.behind_proxy;
        Self {
            total: Arc::new(Semaphore::new(limits.connections.min(Semaphore::MAX_PERMITS))),
            addresses: Arc::default(),
            per_address: is_per_address.then_some(limits.unauthenticated_per_address),
            turns: Arc::new(Semaphore::new(MAX_BEGINNING)),
        }
    }

    /// Waits until there may be one more connection at all.
    pub(super) async fn one_more(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.total).acquire_owned().await.ok()
    }

    /// Waits until this address may have one more that has not authenticated. `None`: it may not.
    pub(super) async fn enter(&self, address: IpAddr, total: OwnedSemaphorePermit) -> Option<Slot> {
        let unauthenticated = match self.per_address {
            Some(limit) => Some(self.wait(address, limit).await?),
            None => None,
        };
        Some(Slot(Arc::new(Held {
            turn: Mutex::new(None),
            unauthenticated: Mutex::new(unauthenticated),
            total: Mutex::new(Some(total)),
        })))
    }

    /// Waits for the turn of a connection that has begun to speak. Whoever is silent gets none: hundreds of such
    /// would keep all others waiting.
    pub(super) async fn begin(&self, slot: &Slot) {
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        *slot.0.turn.lock() = turn.ok();
    }

    async fn wait(&self, address: IpAddr, limit: usize) -> Option<OwnedSemaphorePermit> {
        let waiting = Waiting::new(&self.addresses, address, limit)?;
        let permit = Arc::clone(&waiting.unauthenticated).acquire_owned();
        tokio::time::timeout(PATIENCE, permit).await.ok()?.ok()
    }
}

/// Counts who waits, so that an address is forgotten when nobody of it waits or holds a permit.
struct Waiting<'a> {
    addresses: &'a Mutex<HashMap<IpAddr, Address>>,
    address: IpAddr,
    unauthenticated: Arc<Semaphore>,
}

impl<'a> Waiting<'a> {
    fn new(addresses: &'a Mutex<HashMap<IpAddr, Address>>, address: IpAddr, limit: usize) -> Option<Self> {
        let mut table = addresses.lock();
        let entry = table
            .entry(address)
            .or_insert_with(|| Address { unauthenticated: Arc::new(Semaphore::new(limit)), connections: 0 });
        if entry.connections >= MAX_WAITING {
            return None;
        }
        entry.connections += 1;
        let unauthenticated = Arc::clone(&entry.unauthenticated);
        Some(Self { addresses, address, unauthenticated })
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut table = self.addresses.lock();
        if let Some(entry) = table.get_mut(&self.address) {
            entry.connections -= 1;
        }
        // The semaphore is shared with the permits it gave: only the table's own reference and this one
        // are left when all came back.
        table.retain(|_, entry| entry.connections > 0 || Arc::strong_count(&entry.unauthenticated) > 2);
    }
}

impl Slot {
    /// The connection has said who it is, or has sent a whole request that other limits bound.
    pub(super) fn settle(&self) {
        self.end_turn();
        drop(self.0.unauthenticated.lock().take());
    }

    /// The connection waits for its peer: others may begin meanwhile.
    pub(super) fn end_turn(&self) {
        drop(self.0.turn.lock().take());
    }

    /// As [`Slot::settle`], for a connection that outlives its requests: it is counted as long as what this gives
    /// is kept.
    pub(super) fn hand_over(&self) -> Option<OwnedSemaphorePermit> {
        self.settle();
        self.0.total.lock().take()
    }
}
