//! Where the servers of a run are: one, or several on one database, among which the clients wander.

use chinwag_client::Client;

#[derive(Clone, Debug)]
pub(crate) struct Nodes {
    first: Client,
    others: Vec<Client>,
}

impl Nodes {
    pub(crate) fn one(client: &Client) -> Self {
        Self { first: client.clone(), others: Vec::new() }
    }

    /// `None` of no server.
    pub(crate) fn of(mut clients: impl Iterator<Item = Client>) -> Option<Self> {
        Some(Self { first: clients.next()?, others: clients.collect() })
    }

    /// The server whose turn it is.
    pub(crate) fn at(&self, turn: usize) -> &Client {
        let place = turn % (self.others.len() + 1);
        place.checked_sub(1).and_then(|other| self.others.get(other)).unwrap_or(&self.first)
    }
}
