//! A few reading connections, opened when first needed and kept.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Semaphore;

use super::{StoreError, View, connect};

/// Reads at the same time. More would only wait for the same cores.
const MAX_READERS: usize = 4;

pub(super) struct Readers {
    permits: Arc<Semaphore>,
    pool: Arc<Pool>,
}

struct Pool {
    path: PathBuf,
    idle: Mutex<Vec<View>>,
}

impl Readers {
    pub(super) fn new(path: PathBuf) -> Self {
        let pool = Pool { path, idle: Mutex::new(Vec::new()) };
        Self { permits: Arc::new(Semaphore::new(MAX_READERS)), pool: Arc::new(pool) }
    }

    pub(super) async fn read<T, E>(
        &self,
        query: impl FnOnce(&View) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| StoreError::Stopped)?;
        let pool = Arc::clone(&self.pool);
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            pool.with(query)
        })
        .await
        .map_err(|_| StoreError::Stopped)?
    }

    pub(super) fn read_blocking<T, E: From<StoreError>>(
        &self,
        query: impl FnOnce(&View) -> Result<T, E>,
    ) -> Result<T, E> {
        self.pool.with(query)
    }
}

impl Pool {
    fn with<T, E: From<StoreError>>(&self, query: impl FnOnce(&View) -> Result<T, E>) -> Result<T, E> {
        let idle = self.idle.lock().pop();
        let view = match idle {
            Some(view) => view,
            None => open(&self.path).map_err(StoreError::from)?,
        };
        // Whatever a query asks, it sees one moment: who takes part, where a log ends, what is unread.
        view.execute("BEGIN").map_err(StoreError::from)?;
        let result = query(&view);
        view.execute("COMMIT").map_err(StoreError::from)?;
        // A connection that panicked is not put back; one whose query failed is fine.
        self.idle.lock().push(view);
        result
    }
}

fn open(path: &Path) -> Result<View, rusqlite::Error> {
    let connection = connect(path)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(View { connection })
}
