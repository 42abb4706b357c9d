//! The one thread that writes. It takes everything that is queued, runs it in one transaction, commits, publishes the
//! new events, and only then answers the callers: acknowledged means on disk.
//!
//! There is no timer: a batch is what arrived during the last sync. A refused job does not affect its neighbours: each
//! job runs in a savepoint, unless it is a single statement, which happens as a whole or not at all.
//!
//! The writer remembers what every message needs: where logs end, and who takes part. Nobody else writes events or
//! participants to a file, and what other nodes write to a server's database it reads before it goes on ([`tail`]), so
//! its memory is exact; when a job is undone, it forgets what that job found. A database at the other end of a network is
//! asked once for a whole batch ([`foresight`]), and gets the new events in one statement.
//!
//! Publishing is a step of the commit. The thread that commits publishes before it takes the next batch, so frames have
//! the order of the log, and nothing is published that is not on disk. If the disk fails during a commit, the process
//! ends: after a failed sync, the kernel may report success for pages that are gone, so no later acknowledgement would
//! be true.

use std::collections::HashMap;
use std::ops::Deref;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use chinwag_protocol::rest::Receipt;
use chinwag_protocol::{ConversationId, Event, UserId};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::connection::Sql;
use super::postgres::LogEnd;
use super::sql::{DatabaseError, DatabaseErrorKind};
use super::{Failure, Standing, StoreError, View};
use crate::seeded_bugs::{self, Bug};

mod foresight;
mod heads;
mod jobs;
mod tail;
#[cfg(test)]
mod tests;

use foresight::ClientIds;
pub(crate) use foresight::Foreseen;
use heads::Heads;
use jobs::Outcome;
pub(crate) use jobs::{Job, Jobs, Statements};
use tail::Newest;

/// The most jobs that may wait. Further jobs are refused, and their clients try again.
const QUEUE: usize = 16_384;
/// The most jobs in one transaction, so that the first one does not wait for ever.
const MAX_BATCH: usize = 4_096;
/// The most participants in memory. Each of the others costs a query.
const MAX_STANDINGS: usize = 100_000;

/// What a transaction publishes once it is on disk.
#[derive(Clone, Debug, Default)]
pub(crate) struct Commit {
    /// In commit order.
    pub events: Vec<Event>,
    pub notices: Vec<Notice>,
}

/// A change of state that is not an event.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Notice {
    /// A user takes part in one more conversation.
    Joined(ConversationId, UserId),
    /// Somebody received or read more, in a conversation small enough to tell everybody.
    Receipt(Receipt),
    /// A user read more, so their counts changed.
    Read(ConversationId, UserId),
    /// A session of a user ended.
    SessionEnded(UserId, String),
    /// All sessions of a user ended but this one.
    OtherSessionsEnded(UserId, Option<String>),
    /// A user chose another status, which others see.
    StatusChosen(UserId),
    /// What a node tells the others, where nothing else carries it.
    Signals(String),
    /// The database has lost what was already told here.
    #[serde(skip)]
    BeginAnew,
}

/// Hears of every commit, in commit order, on the writer's thread, before the senders do; also of those of other nodes,
/// without a report. Must not wait.
pub(crate) trait Committed: FnMut(Commit, Option<BatchReport>) + Send + 'static {}
impl<F: FnMut(Commit, Option<BatchReport>) + Send + 'static> Committed for F {}

/// What one transaction did.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BatchReport {
    pub jobs: usize,
    pub commit: Duration,
}

/// One job's view of the write transaction: it can read everything and change what its methods offer.
pub(crate) struct Change {
    view: View,
    heads: Heads,
    client_ids: ClientIds,
    /// The last position that an event got. Positions are never used twice; an event that is not committed leaves a hole.
    last_position: Option<i64>,
    pub(super) standings: Standings,
    commit: Commit,
    /// How far this node knows a log that others write, too.
    seen: LogEnd,
    /// The newest event, with those of this batch.
    newest: Newest,
    /// The newest row of notices, with that of this batch.
    notice: i64,
    /// The connection's count of changes when this batch began.
    changes_before: u64,
}

/// The standings of participants, as they were last read. A change removes them.
#[derive(Default)]
pub(super) struct Standings {
    known: HashMap<(ConversationId, UserId), Standing>,
    /// Those that the running job read. If it is undone, they may be its own work, and are forgotten.
    found: Vec<(ConversationId, UserId)>,
}

impl Standings {
    pub(super) fn get(&self, conversation_id: ConversationId, user_id: UserId) -> Option<Standing> {
        self.known.get(&(conversation_id, user_id)).copied()
    }

    pub(super) fn keep(&mut self, conversation_id: ConversationId, user_id: UserId, standing: Standing) {
        if self.known.len() >= MAX_STANDINGS {
            self.known.clear();
        }
        self.known.insert((conversation_id, user_id), standing);
        self.found.push((conversation_id, user_id));
    }

    /// A participant leaves or gets another role.
    pub(super) fn forget(&mut self, conversation_id: ConversationId, user_id: UserId) {
        self.known.remove(&(conversation_id, user_id));
    }

    /// Something changes for every participant of a conversation.
    pub(super) fn forget_conversation(&mut self, conversation_id: ConversationId) {
        self.known.retain(|(id, _), _| *id != conversation_id);
    }

    fn begin_job(&mut self) {
        self.found.clear();
    }

    fn undo_job(&mut self) {
        for key in self.found.drain(..) {
            self.known.remove(&key);
        }
    }

    fn forget_all(&mut self) {
        self.known.clear();
    }
}

/// Dropping it waits until everything queued is on disk and the database is closed.
pub(super) struct Writer {
    /// `None` only while dropping: the thread ends when the queue's last sender is gone.
    queue: Option<mpsc::UnboundedSender<Vec<Job>>>,
    /// Jobs in the queue.
    waiting: Arc<AtomicUsize>,
    was_rung: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Wakes the writer of a database that others write, too: there may be news. Does not keep it alive.
#[derive(Clone)]
pub(crate) struct WriterBell {
    queue: mpsc::WeakUnboundedSender<Vec<Job>>,
    waiting: Arc<AtomicUsize>,
    was_rung: Arc<AtomicBool>,
}

impl WriterBell {
    /// Wakes it, once for all rings since it last looked. False if it has ended.
    pub(crate) fn ring(&self) -> bool {
        let Some(queue) = self.queue.upgrade() else { return false };
        // A batch without jobs.
        self.was_rung.swap(true, Ordering::AcqRel) || queue.send(Vec::new()).is_ok()
    }

    /// Writes what other nodes should find. It may be lost.
    pub(crate) fn tell(&self, signals: String) {
        let mut jobs = Jobs::default();
        drop(jobs.push(Statements::Many, None, |change| {
            change.tell(Notice::Signals(signals));
            Ok::<_, StoreError>(())
        }));
        if let Some(queue) = self.queue.upgrade() {
            self.waiting.fetch_add(1, Ordering::Relaxed);
            let _ = queue.send(jobs.0);
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the writer was already reported; there is nothing left to save here.
            let _ = thread.join();
        }
    }
}

impl Writer {
    /// Starts the thread. With the end of a log that others write, too, it publishes what they write behind that.
    pub(super) fn start(
        sql: Sql,
        log_end: Option<LogEnd>,
        committed: impl Committed,
    ) -> std::io::Result<Self> {
        let (queue, jobs) = mpsc::unbounded_channel();
        let (waiting, was_rung) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
        let change = Change {
            view: View { sql },
            heads: Heads::default(),
            client_ids: ClientIds::default(),
            last_position: None,
            standings: Standings::default(),
            commit: Commit::default(),
            seen: log_end.unwrap_or_default(),
            newest: None,
            notice: 0,
            changes_before: 0,
        };
        let thread = std::thread::Builder::new().name("chinwag-writer".to_owned()).spawn({
            let (waiting, was_rung) = (Arc::clone(&waiting), Arc::clone(&was_rung));
            move || run(change, jobs, &waiting, &was_rung, committed)
        })?;
        Ok(Self { queue: Some(queue), waiting, was_rung, thread: Some(thread) })
    }

    pub(super) fn bell(&self) -> Option<WriterBell> {
        let queue = self.queue.as_ref()?.downgrade();
        Some(WriterBell { queue, waiting: Arc::clone(&self.waiting), was_rung: Arc::clone(&self.was_rung) })
    }

    pub(super) fn write_blocking<T: Send + 'static, E: Failure>(
        &self,
        work: impl FnOnce(&mut Change) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        let mut jobs = Jobs::default();
        let result = jobs.push(Statements::Many, None, work);
        self.enqueue(jobs);
        result.blocking_recv().map_err(|_| StoreError::Stopped)?
    }

    /// Queues jobs, which go into one transaction if they fit. Jobs without room in the queue are refused.
    pub(super) fn enqueue(&self, Jobs(jobs): Jobs) {
        let count = jobs.len();
        if self.waiting.fetch_add(count, Ordering::Relaxed) + count > QUEUE {
            self.waiting.fetch_sub(count, Ordering::Relaxed);
            jobs.into_iter().for_each(|job| job.refuse(StoreError::Busy));
        } else if let Some(queue) = &self.queue {
            // This fails if the writer has stopped. The jobs are dropped with their answers, which tells their callers.
            let _ = queue.send(jobs);
        }
    }

    /// Jobs that wait.
    pub(super) fn queued(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}

fn run(
    mut change: Change,
    mut queue: mpsc::UnboundedReceiver<Vec<Job>>,
    waiting: &AtomicUsize,
    was_rung: &AtomicBool,
    mut committed: impl Committed,
) {
    while let Some(mut batch) = queue.blocking_recv() {
        was_rung.store(false, Ordering::Release);
        let mut publish_others = |commit| committed(commit, None);
        if batch.is_empty() {
            if let Err(error) = change.look_around(&mut publish_others) {
                tracing::debug!(%error, "can't read yet what other nodes wrote");
            }
            continue;
        }
        let begun = change.begin_behind_others(&mut publish_others);
        // What came while others had their turn is part of this batch.
        while batch.len() < MAX_BATCH
            && let Ok(mut next) = queue.try_recv()
        {
            batch.append(&mut next);
        }
        let jobs = batch.len();
        waiting.fetch_sub(jobs, Ordering::Relaxed);
        let begun = begun.and_then(|()| change.foresee(&batch));
        // Jobs that do not run are dropped with their answers, which tells their callers.
        let result = begun.map_err(|error| (Vec::new(), error)).and_then(|()| transact(&mut change, batch));
        match result {
            Ok((outcomes, commit)) => {
                change.note_committed();
                committed(std::mem::take(&mut change.commit), Some(BatchReport { jobs, commit }));
                if seeded_bugs::is(Bug::PublishBeforeCommit) {
                    seeded_bugs::dawdle();
                    drop(change.view.sql.commit());
                }
                for outcome in outcomes {
                    (outcome.answer)(Ok(()));
                }
            }
            Err((outcomes, error)) => {
                change.roll_back_batch();
                let reason = error.to_string();
                tracing::error!(%reason, jobs, "a batch was not committed");
                for outcome in outcomes {
                    (outcome.answer)(Err(&reason));
                }
            }
        }
    }
}

/// Runs the jobs in the transaction that has begun, and commits it.
///
/// After an error nothing of it is on disk, and the callers of jobs that are not in the returned list hear that the
/// store dropped them. An error of the disk itself ends the process: what is stored is then unknown, and after a failed
/// sync the next one would report success for pages that are lost.
fn transact(
    change: &mut Change,
    batch: Vec<Job>,
) -> Result<(Vec<Outcome>, Duration), (Vec<Outcome>, StoreError)> {
    let mut outcomes = Vec::with_capacity(batch.len());
    for job in batch {
        let ran = match job.statements() {
            Statements::One => change.run_bare(job),
            Statements::Many => change.run_in_savepoint(job),
        };
        match ran {
            Ok(Some(outcome)) => outcomes.push(outcome),
            Ok(None) => {}
            Err(error) => return Err((outcomes, error.into())),
        }
    }
    // Only batches with events: the checker's set-up must work.
    if seeded_bugs::is(Bug::AckBeforeCommit) && !change.commit.events.is_empty() {
        outcomes.drain(..).for_each(|outcome| (outcome.answer)(Ok(())));
        seeded_bugs::dawdle();
    }
    if seeded_bugs::is(Bug::PublishBeforeCommit) {
        return Ok((outcomes, Duration::ZERO));
    }
    let trace = match change.keep_notices() {
        Ok(trace) => trace,
        Err(error) => return Err((outcomes, error)),
    };
    let begun = Instant::now();
    match change.view.sql.commit_traced(trace.as_ref()) {
        Ok(()) => Ok((outcomes, begun.elapsed())),
        Err(error) => {
            if error.kind() == DatabaseErrorKind::Disk {
                tracing::error!(%error, "the disk failed during a commit; stopping, so that nothing is acknowledged that is not stored");
                std::process::abort();
            }
            Err((outcomes, error.into()))
        }
    }
}

impl Change {
    /// Runs one job, and undoes it alone if it refuses or panics.
    ///
    /// `Ok(None)` after a panic: the caller hears that the store dropped the job.
    fn run_in_savepoint(&mut self, job: Job) -> Result<Option<Outcome>, DatabaseError> {
        self.sql.savepoint("SAVEPOINT job")?;
        self.standings.begin_job();
        self.heads.begin_job();
        self.client_ids.begin_job();
        let (events_before, notices_before) = (self.commit.events.len(), self.commit.notices.len());
        let newest_before = self.newest;
        let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| job.run(self))).ok();
        if outcome.as_ref().is_none_or(|outcome| outcome.is_refused) {
            self.sql.savepoint("ROLLBACK TO job")?;
            self.commit.events.truncate(events_before);
            self.newest = newest_before;
            self.heads.undo_job();
            self.client_ids.undo_job();
            self.commit.notices.truncate(notices_before);
            self.standings.undo_job();
        }
        self.sql.savepoint("RELEASE job")?;
        Ok(outcome)
    }

    /// Runs a job of a single statement. If it refuses after its statement, it has a bug, and the whole batch is taken
    /// back: nothing may be stored that nobody is told of.
    fn run_bare(&mut self, job: Job) -> Result<Option<Outcome>, DatabaseError> {
        let changes_before = self.sql.total_changes();
        self.standings.begin_job();
        self.heads.begin_job();
        self.client_ids.begin_job();
        let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| job.run(self))).ok();
        let is_over = outcome.as_ref().is_some_and(|outcome| !outcome.is_refused);
        if is_over || (self.sql.total_changes() == changes_before && self.sql.is_sound()) {
            Ok(outcome)
        } else {
            Err(DatabaseError::other("a job stopped behind its statement"))
        }
    }

    fn roll_back_batch(&mut self) {
        self.commit = Commit::default();
        self.forget_all();
        // The positions of the batch may be free again, or taken by another process.
        self.last_position = None;
        if let Err(error) = self.sql.roll_back() {
            tracing::error!(%error, "can't roll back");
        }
    }

    /// Forgets what was found out about logs and participants.
    fn forget_all(&mut self) {
        self.heads.forget_all();
        self.standings.forget_all();
    }

    /// Notes an event that was just inserted; it is published when the batch is on disk.
    pub(super) fn note(&mut self, event: Event) {
        self.commit.events.push(event);
    }

    /// Notes a change of state, which is published when the batch is on disk.
    pub(crate) fn tell(&mut self, notice: Notice) {
        self.commit.notices.push(notice);
    }
}

impl Deref for Change {
    type Target = View;

    fn deref(&self) -> &View {
        &self.view
    }
}
