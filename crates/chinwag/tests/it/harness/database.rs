//! A PostgreSQL database of its own for each server, where the tests run on PostgreSQL.

use chinwag::StoreUrl;
use tokio_postgres::NoTls;

/// The address of a PostgreSQL server without a database, under an account that may make some. Without it servers keep
/// their data in their folders.
const SERVER: &str = "CHINWAG_TEST_STORE";

/// A database; dropping it drops it.
pub(crate) struct Database {
    server: String,
    name: String,
}

impl Database {
    /// A new one, if the tests run on PostgreSQL.
    pub(crate) async fn make() -> Option<Self> {
        let server = std::env::var(SERVER).ok()?;
        let name = format!("chinwag_{:016x}", rand::random::<u64>());
        run(&format!("{server}/postgres"), &format!("CREATE DATABASE {name}")).await;
        Some(Self { server, name })
    }

    pub(crate) async fn execute(&self, statement: &str) -> u64 {
        run(&self.address(), statement).await
    }

    pub(crate) fn address(&self) -> String {
        format!("{}/{}", self.server, self.name)
    }

    pub(crate) fn url(&self) -> StoreUrl {
        self.address().parse().unwrap()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (server, statement) = (self.server.clone(), format!("DROP DATABASE {} WITH (FORCE)", self.name));
        // A drop can't wait in the test's own runtime.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(run(&format!("{server}/postgres"), &statement));
        });
        drop(dropped.join());
    }
}

/// Runs a statement on a connection of its own; says how many rows it changed.
async fn run(address: &str, statement: &str) -> u64 {
    let (client, connection) = tokio_postgres::connect(address, NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    let changed = client.execute(statement, &[]).await.unwrap();
    drop(client);
    connection.await.unwrap().unwrap();
    changed
}
