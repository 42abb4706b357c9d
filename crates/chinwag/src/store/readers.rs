//! A few connections that read, opened when they are first needed, and the queries that wait for one.
//!
//! A thread that has answered a query goes on with the next one, also if that arrives a moment later. When all clients
//! come back at once, waking a thread for each query would cost more than the queries.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::oneshot;

use super::postgres::Channel;
use super::source::Source;
use super::sql::DatabaseError;
use super::{Failure, StoreError, View};

/// The most reads at the same time. More would only compete for the same cores.
const MAX_READERS: usize = 4;
/// The most queries that may wait. Further queries are refused, and their clients try again.
const QUEUE: usize = 100_000;
/// How often a thread yields to others, which may have a query, before it sleeps.
const GLANCES: usize = 4;

pub(super) struct Readers {
    pool: Arc<Pool>,
}

struct Pool {
    source: Source,
    idle: Mutex<Vec<View>>,
    queue: Mutex<Queue>,
    /// The number of statements that ran.
    statements: AtomicU64,
}

type Read = Box<dyn FnOnce(&Pool) + Send>;

/// The queries that wait, and the threads that run them.
#[derive(Default)]
struct Queue {
    waiting: VecDeque<Read>,
    /// Threads that take queries.
    readers: usize,
    /// Those of them that have no query and look for one.
    looking: usize,
}

impl Readers {
    pub(super) fn new(source: Source) -> Self {
        let pool =
            Pool { source, idle: Mutex::default(), queue: Mutex::default(), statements: AtomicU64::new(0) };
        Self { pool: Arc::new(pool) }
    }

    pub(super) async fn read<T: Send + 'static, E: Failure>(
        &self,
        query: impl FnOnce(&View) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        let (answer, result) = oneshot::channel();
        let needs_reader = self.pool.enqueue(Box::new(move |pool| {
            // The caller may have gone while the query waited.
            if !answer.is_closed() {
                let _ = answer.send(pool.with(query));
            }
        }))?;
        if needs_reader {
            let pool = Arc::clone(&self.pool);
            tokio::task::spawn_blocking(move || pool.run());
        }
        result.await.map_err(|_| StoreError::Stopped)?
    }

    pub(super) fn channel(&self) -> Option<Channel> {
        self.pool.source.channel()
    }

    pub(super) fn is_shared(&self) -> bool {
        matches!(self.pool.source, Source::Server(_))
    }

    /// The number of statements that ran, without those that begin and end transactions.
    pub(super) fn statements(&self) -> u64 {
        self.pool.statements.load(Ordering::Relaxed)
    }

    pub(super) fn read_blocking<T, E: From<StoreError>>(
        &self,
        query: impl FnOnce(&View) -> Result<T, E>,
    ) -> Result<T, E> {
        self.pool.with(query)
    }
}

impl Pool {
    /// Queues a query. True if it needs another thread.
    fn enqueue(&self, job: Read) -> Result<bool, StoreError> {
        let mut queue = self.queue.lock();
        if queue.waiting.len() >= QUEUE {
            return Err(StoreError::Busy);
        }
        queue.waiting.push_back(job);
        let needs_reader = queue.readers < MAX_READERS && queue.waiting.len() > queue.looking;
        queue.readers += usize::from(needs_reader);
        Ok(needs_reader)
    }

    /// Runs queries until none waits.
    fn run(&self) {
        while let Some(job) = self.next() {
            // The panic of a query is reported, and its caller hears that there is no answer.
            drop(catch_unwind(AssertUnwindSafe(|| job(self))));
        }
    }

    fn next(&self) -> Option<Read> {
        let mut queue = self.queue.lock();
        queue.looking += 1;
        for _ in 0..GLANCES {
            if !queue.waiting.is_empty() {
                break;
            }
            MutexGuard::unlocked(&mut queue, std::thread::yield_now);
        }
        queue.looking -= 1;
        let job = queue.waiting.pop_front();
        queue.readers -= usize::from(job.is_none());
        job
    }

    /// A connection that works: an idle one, or a new one.
    fn take(&self) -> Result<View, DatabaseError> {
        loop {
            let Some(view) = self.idle.lock().pop() else { return self.source.reader() };
            if view.sql.is_usable() {
                return Ok(view);
            }
        }
    }

    fn with<T, E: From<StoreError>>(&self, query: impl FnOnce(&View) -> Result<T, E>) -> Result<T, E> {
        let mut view = self.take().map_err(StoreError::from)?;
        // All statements of a query see the same moment.
        view.sql.begin_reading().map_err(StoreError::from)?;
        let result = query(&view);
        let ended = if result.is_ok() { view.sql.commit() } else { view.sql.roll_back() };
        self.statements.fetch_add(view.sql.take_ran(), Ordering::Relaxed);
        // A connection is not put back after a panic. After a failed query it is fine.
        match ended {
            Ok(()) => {
                self.idle.lock().push(view);
                result
            }
            // The query's own error says more than that of its end.
            Err(error) => result.and(Err(StoreError::from(error).into())),
        }
    }
}

#[cfg(test)]
mod tests {
    // A failed expectation is the point of a test.
    #![allow(clippy::unwrap_used)]

    use std::pin::pin;
    use std::sync::mpsc;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn poll<T>(future: &mut (impl Future<Output = T> + Unpin)) -> Poll<T> {
        std::pin::Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
    }

    #[tokio::test]
    async fn queries_that_find_no_room_are_refused_and_those_that_wait_are_answered() {
        let folder = tempfile::tempdir().unwrap();
        let readers = Readers::new(Source::File(folder.path().join("chinwag.db")));
        let (begun, all_begun) = mpsc::channel();
        let gates: Vec<_> = (0..MAX_READERS)
            .map(|_| {
                let (gate, closed) = mpsc::channel::<()>();
                let begun = begun.clone();
                let read = Box::pin(readers.read(move |_| {
                    begun.send(()).unwrap();
                    // Until the gate is dropped.
                    let _ = closed.recv();
                    Ok::<_, StoreError>(())
                }));
                (gate, read)
            })
            .collect();
        let mut blocked = Vec::new();
        let mut open = Vec::new();
        for (gate, mut read) in gates {
            assert!(poll(&mut read).is_pending());
            blocked.push(read);
            open.push(gate);
        }
        (0..MAX_READERS).for_each(|_| all_begun.recv().unwrap());
        let mut waiting: Vec<_> =
            (0..QUEUE).map(|_| Box::pin(readers.read(|_| Ok::<_, StoreError>(())))).collect();
        assert!(waiting.iter_mut().all(|read| poll(read).is_pending()));
        let one_more = pin!(readers.read(|_| Ok::<_, StoreError>(())));
        assert!(matches!(one_more.await, Err(StoreError::Busy)));
        drop(open);
        for read in blocked.into_iter() {
            read.await.unwrap();
        }
        waiting.truncate(3);
        for read in waiting {
            read.await.unwrap();
        }
        readers.read(|_| Ok::<_, StoreError>(())).await.unwrap();
    }
}
