//! Limits how many connections there are, and how many of one address have not authenticated yet.
//!
//! An address that has too many waits: a burst of honest clients passes as each of them authenticates, and
//! the time limits close sockets that stay silent.
//!
//! When all clients come back at once, they take turns to begin: parsing fifteen thousand requests side by
//! side takes hundreds of megabytes, and most of the time to get them from the system.
//!
//! The accept loop first empties the system's queue, where a connection that finds no room waits for seconds.
//! 256 connections begin side by side. A turn begins with the first byte and ends with the first pause, so a
//! silent connection has none.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::Config;

/// Connections of one address that may wait until others of it have authenticated.
const MAX_WAITING: usize = 512;
/// How long they wait.
const PATIENCE: Duration = Duration::from_secs(5);
/// Connections that may begin at the same time: until they have authenticated, or sent a whole request.
const MAX_BEGINNING: usize = 256;
/// A connection that takes longer makes room for the next.
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

/// A connection's slot, given back when dropped. It is an extension of each of its requests.
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
        // Behind a proxy, all clients share its address: one of them could keep all others out.
        let is_per_address = limits.is_enforced && !config.behind_proxy;
        Self {
            total: Arc::new(Semaphore::new(limits.connections.min(Semaphore::MAX_PERMITS))),
            addresses: Arc::default(),
            per_address: is_per_address.then_some(limits.unauthenticated_per_address),
            turns: Arc::new(Semaphore::new(MAX_BEGINNING)),
        }
    }

    /// Waits until the server may have one more connection.
    pub(super) async fn one_more(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.total).acquire_owned().await.ok()
    }

    /// Waits until this address may have one more unauthenticated connection. `None`: it may not.
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

    /// Waits for the turn of a connection that has begun to send. A silent connection gets none: hundreds of
    /// them would block all others.
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

/// Counts the waiting connections, so that an address is forgotten when none of it waits or holds a permit.
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
        // The permits share the semaphore: only the table's own reference and this one are left when all have
        // come back.
        table.retain(|_, entry| entry.connections > 0 || Arc::strong_count(&entry.unauthenticated) > 2);
    }
}

impl Slot {
    /// The connection has authenticated, or has sent a whole request, which other limits bound.
    pub(super) fn leave_unauthenticated(&self) {
        self.end_turn();
        drop(self.0.unauthenticated.lock().take());
    }

    /// The connection waits for its peer, so others may begin meanwhile.
    pub(super) fn end_turn(&self) {
        drop(self.0.turn.lock().take());
    }

    /// The same for a connection that outlives its requests: it counts while the returned permit is
    /// kept.
    pub(super) fn hand_over(&self) -> Option<OwnedSemaphorePermit> {
        self.leave_unauthenticated();
        self.0.total.lock().take()
    }
}
