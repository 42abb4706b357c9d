//! Several nodes on one database: what is done on one is seen on the others, in both directions, with a bus and without.
//! Run by `scripts/with-postgres`.

mod log;
mod signals;

use chinwag::BusKind;
use serde_json::json;

use crate::harness::{Person, TestServer};

/// Two nodes, and the same two people on each.
pub(crate) struct Pair {
    pub(crate) nodes: [TestServer; 2],
    pub(crate) anna: [Person; 2],
    pub(crate) ben: [Person; 2],
}

impl Pair {
    pub(crate) async fn with(bus: BusKind) -> Self {
        let first = TestServer::provisioning_with(|config| {
            config.bus = bus;
            config.limits.is_enforced = false;
        })
        .await;
        let second = first.another_node().await;
        let anna = [first.person("anna").await, second.person("anna").await];
        let ben = [first.person("ben").await, second.person("ben").await];
        assert_eq!((anna[0].id, ben[0].id), (anna[1].id, ben[1].id));
        Self { nodes: [first, second], anna, ben }
    }

    /// One pair with each bus.
    pub(crate) async fn each() -> [Self; 2] {
        [Self::with(BusKind::Notify).await, Self::with(BusKind::None).await]
    }
}

/// Both directions: who acts, and who sees it.
pub(crate) const WAYS: [(usize, usize); 2] = [(0, 1), (1, 0)];

/// No cursors.
pub(crate) fn none() -> serde_json::Value {
    json!({})
}
