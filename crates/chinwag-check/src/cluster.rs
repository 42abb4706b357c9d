//! Servers on one database, and what befalls them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use chinwag_client::{Client, Launch, Server};

use crate::args::Options;
use crate::client::nodes::Nodes;
use crate::error::CheckError;
use crate::postgres::Postgres;
use crate::process::blocking;

/// The limit of a request: shorter than the longest freeze, so that clients turn to another node meanwhile.
const PATIENCE: Duration = Duration::from_secs(3);

pub(crate) struct Cluster {
    servers: Vec<Server>,
    /// `None` if the database is somebody else's.
    postgres: Option<Postgres>,
}

impl Cluster {
    /// Starts as many servers as wanted, and a database unless there is one.
    pub(crate) async fn start(
        count: u8,
        options: &Options,
        executable: &Path,
        folder: &Path,
        secret_file: PathBuf,
    ) -> Result<Self, CheckError> {
        let (postgres, store) = match &options.store {
            Some(store) => (None, store.clone()),
            None => {
                let work_dir = options.work_dir.clone();
                let postgres = blocking(move || Postgres::start(work_dir.as_deref())).await?;
                let store = postgres.address();
                (Some(postgres), store)
            }
        };
        let files = folder.join("files").display().to_string();
        let environment = vec![
            ("CHINWAG_STORE", store),
            ("CHINWAG_BUS", options.bus.clone()),
            ("CHINWAG_SHARED_FILES", files),
        ];
        let mut cluster = Self { servers: Vec::new(), postgres };
        for number in 1..=count {
            let data_dir = folder.join(format!("node-{number}"));
            let launch = Launch {
                executable: executable.to_owned(),
                data_dir,
                secret_file: secret_file.clone(),
                environment: environment.clone(),
            };
            cluster.servers.push(blocking(move || launch.start()).await?);
        }
        Ok(cluster)
    }

    /// Where its clients go.
    pub(crate) fn nodes(&self) -> Result<Nodes, CheckError> {
        let addresses = self.servers.iter().map(|server| format!("http://{}", server.address()));
        let clients = addresses.map(|address| Ok(Client::new(&address, None)?.with_patience(PATIENCE)));
        let clients: Vec<Client> = clients.collect::<Result<_, CheckError>>()?;
        Nodes::of(clients.into_iter()).ok_or(CheckError::Options("a cluster needs servers"))
    }

    pub(crate) fn count(&self) -> usize {
        self.servers.len()
    }

    pub(crate) fn has_own_postgres(&self) -> bool {
        self.postgres.is_some()
    }

    /// Kills a node, and starts it again.
    pub(crate) async fn crash_node(&mut self, place: usize) -> Result<(), CheckError> {
        let server = self.servers.remove(place);
        self.servers.insert(place, blocking(move || server.crash()).await?);
        Ok(())
    }

    /// Lets a node stand still, perhaps in the middle of a transaction.
    pub(crate) async fn freeze_node(&self, place: usize, time: Duration) -> Result<(), CheckError> {
        let Some(server) = self.servers.get(place) else { return Ok(()) };
        server.freeze()?;
        tokio::time::sleep(time).await;
        Ok(server.thaw()?)
    }

    /// Kills PostgreSQL, and starts it again.
    pub(crate) async fn crash_postgres(&mut self) -> Result<(), CheckError> {
        if let Some(postgres) = self.postgres.take() {
            self.postgres = Some(blocking(move || postgres.crash()).await?);
        }
        Ok(())
    }
}
