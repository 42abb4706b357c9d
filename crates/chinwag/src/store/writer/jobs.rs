//! The writer's jobs and their answers. Each job has a result of its own type; in the queue they have one type.

use tokio::sync::oneshot;

use super::super::{Failure, StoreError};
use super::{Change, Foreseen};

/// Jobs that are queued together, in their order.
#[derive(Default)]
pub(crate) struct Jobs(pub(super) Vec<Job>);

impl Jobs {
    /// Adds a job. The future resolves to its result.
    pub(crate) fn add<T, E, W>(
        &mut self,
        statements: Statements,
        work: W,
    ) -> impl Future<Output = Result<T, E>> + Send + use<T, E, W>
    where
        T: Send + 'static,
        E: Failure,
        W: FnOnce(&mut Change) -> Result<T, E> + Send + 'static,
    {
        self.add_foreseen(statements, None, work)
    }

    /// Adds a job that says which message it will append. The writer may look up what it needs for all such jobs of a
    /// batch at once.
    pub(crate) fn add_foreseen<T, E, W>(
        &mut self,
        statements: Statements,
        foreseen: Option<Foreseen>,
        work: W,
    ) -> impl Future<Output = Result<T, E>> + Send + use<T, E, W>
    where
        T: Send + 'static,
        E: Failure,
        W: FnOnce(&mut Change) -> Result<T, E> + Send + 'static,
    {
        let result = self.push(statements, foreseen, work);
        async move { result.await.map_err(|_| StoreError::Stopped)? }
    }

    pub(super) fn push<T: Send + 'static, E: Failure>(
        &mut self,
        statements: Statements,
        foreseen: Option<Foreseen>,
        work: impl FnOnce(&mut Change) -> Result<T, E> + Send + 'static,
    ) -> oneshot::Receiver<Result<T, E>> {
        let (answer, result) = oneshot::channel();
        self.0.push(Box::new(Task { statements, foreseen, work, answer }));
        result
    }
}

pub(crate) type Job = Box<dyn Work>;

/// A job in the queue, without the type of its result.
pub(crate) trait Work: Send {
    /// How much it may change.
    fn statements(&self) -> Statements;
    /// The message that it will append, if it appends one.
    fn foreseen(&self) -> Option<&Foreseen>;
    /// Runs it. The outcome's answer tells the caller the result.
    fn run(self: Box<Self>, change: &mut Change) -> Outcome;
    /// Tells the caller that it will not run.
    fn refuse(self: Box<Self>, error: StoreError);
}

struct Task<T, E, W> {
    statements: Statements,
    foreseen: Option<Foreseen>,
    work: W,
    answer: oneshot::Sender<Result<T, E>>,
}

impl<T, E, W> Work for Task<T, E, W>
where
    T: Send + 'static,
    E: Failure,
    W: FnOnce(&mut Change) -> Result<T, E> + Send,
{
    fn statements(&self) -> Statements {
        self.statements
    }

    fn foreseen(&self) -> Option<&Foreseen> {
        self.foreseen.as_ref()
    }

    fn run(self: Box<Self>, change: &mut Change) -> Outcome {
        let Self { work, answer, .. } = *self;
        let result = work(change);
        Outcome {
            is_refused: result.is_err(),
            answer: Box::new(move |fate| {
                let result = match fate {
                    Ok(()) => result,
                    Err(reason) => result.and(Err(StoreError::NotCommitted(reason.to_owned()).into())),
                };
                // The caller may have gone. The change stands all the same.
                let _ = answer.send(result);
            }),
        }
    }

    fn refuse(self: Box<Self>, error: StoreError) {
        let _ = self.answer.send(Err(error.into()));
    }
}

/// How many statements a job runs that change something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Statements {
    /// One, and the job does not refuse after it; if it does, the whole batch is taken back. This costs less.
    One,
    /// Any number: a refusal must undo them.
    Many,
}

pub(super) type Answer = Box<dyn FnOnce(Result<(), &str>) + Send>;

/// The result of a job, and how to tell its caller once the batch is committed or lost.
pub(crate) struct Outcome {
    pub(super) is_refused: bool,
    pub(super) answer: Answer,
}
