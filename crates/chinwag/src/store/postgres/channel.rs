//! Notifications between the nodes of a database, with `LISTEN` and `NOTIFY`.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_postgres::Client;

use super::super::outbox::WAITING;
use super::super::sql::DatabaseError;
use super::{Target, errors};

/// The channel's name. Other databases of the same server have channels of their own.
///
/// A notification that a crash loses is no loss, so nobody waits for the disk or a standby with it.
const LISTEN: &str = "SET synchronous_commit = off; LISTEN chinwag";
const NOTIFY: &str = "SELECT pg_notify('chinwag', $1)";

/// A channel of a database.
#[derive(Clone)]
pub(crate) struct Channel(pub(in crate::store) Arc<Target>);

/// One's place in it, until its connection is lost.
pub(crate) struct Listener {
    client: Client,
    heard: mpsc::UnboundedReceiver<String>,
}

impl Channel {
    /// Listens from now on.
    pub(crate) async fn listen(&self) -> Result<Listener, DatabaseError> {
        self.listen_by(LISTEN).await
    }

    /// Listens for messages of applications' own transactions from now on.
    pub(crate) async fn listen_to_outbox(&self) -> Result<Listener, DatabaseError> {
        self.listen_by("LISTEN chinwag_outbox").await
    }

    async fn listen_by(&self, statement: &str) -> Result<Listener, DatabaseError> {
        let (notified, heard) = mpsc::unbounded_channel();
        let client = self.0.listener(notified).await?;
        client.batch_execute(statement).await.map_err(|error| errors::database_error(&error))?;
        Ok(Listener { client, heard })
    }
}

impl Listener {
    /// Tells everybody who listens, oneself included. At most 7,999 bytes.
    pub(crate) async fn notify(&self, text: &str) -> Result<(), DatabaseError> {
        let told = self.client.execute(NOTIFY, &[&text]).await;
        told.map(drop).map_err(|error| errors::database_error(&error))
    }

    /// Whether messages wait in the outbox.
    pub(crate) async fn has_outbox(&self) -> Result<bool, DatabaseError> {
        let asked = self.client.query_one(WAITING, &[]).await;
        asked.map(|row| row.get(0)).map_err(|error| errors::database_error(&error))
    }

    /// What was told next; `None` if the connection is lost.
    pub(crate) async fn heard(&mut self) -> Option<String> {
        self.heard.recv().await
    }
}
