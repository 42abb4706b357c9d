//! What the writer is given to do, and how it answers: each job has a result of its own type, and the queue has
//! one type for all.

use tokio::sync::oneshot;

use super::super::{Failure, StoreError};
use super::{Change, Foreseen};

/// Jobs that are queued together, in their order.
#[derive(Default)]
pub(crate) struct Jobs(pub(super) Vec<Job>);

impl Jobs {
    /// Adds a job; the future tells what it came to.
    pub(crate) fn add<T, E, W>(
        &mut self,
        steps: Steps,
        work: W,
    ) -> impl Future<Output = Result<T, E>> + Send + use<T, E, W>
    where
        T: Send + 'static,
        E: Failure,
        W: FnOnce(&mut Change) -> Result<T, E> + Send + 'static,
    {
        let result = self.push(steps, None, work);
        async move { result.await.map_err(|_| StoreError::Stopped)? }
    }

    /// Adds a job that appends a message. What it will ask for is asked for all such jobs of a batch at once.
    pub(crate) fn add_message<T, E, W>(
        &mut self,
        steps: Steps,
        foreseen: Foreseen,
        work: W,
    ) -> impl Future<Output = Result<T, E>> + Send + use<T, E, W>
    where
        T: Send + 'static,
        E: Failure,
        W: FnOnce(&mut Change) -> Result<T, E> + Send + 'static,
    {
        let result = self.push(steps, Some(foreseen), work);
        async move { result.await.map_err(|_| StoreError::Stopped)? }
    }

    pub(super) fn push<T: Send + 'static, E: Failure>(
        &mut self,
        steps: Steps,
        foreseen: Option<Foreseen>,
        work: impl FnOnce(&mut Change) -> Result<T, E> + Send + 'static,
    ) -> oneshot::Receiver<Result<T, E>> {
        let (answer, result) = oneshot::channel();
        self.0.push(Box::new(Task { steps, foreseen, work, answer }));
        result
    }
}

pub(crate) type Job = Box<dyn Work>;

/// A job as the queue sees it: without the type of its result.
pub(crate) trait Work: Send {
    /// How much it may change.
    fn steps(&self) -> Steps;
    /// The message that it will append, if it is that kind of job.
    fn foreseen(&self) -> Option<&Foreseen>;
    /// Does it. Its caller hears what it came to by the outcome's answer.
    fn run(self: Box<Self>, change: &mut Change) -> Outcome;
    /// Tells the caller that it won't run.
    fn refuse(self: Box<Self>, error: StoreError);
}

struct Task<T, E, W> {
    steps: Steps,
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
    fn steps(&self) -> Steps {
        self.steps
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
                // Whoever asked may have gone; the change stands all the same.
                let _ = answer.send(result);
            }),
        }
    }

    fn refuse(self: Box<Self>, error: StoreError) {
        let _ = self.answer.send(Err(error.into()));
    }
}

/// How much a job may change before it refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Steps {
    /// Nothing: all that it does is one statement, and no refusal follows that, or the whole transaction is taken
    /// back. It costs less.
    One,
    /// Anything: what it did has to be undone.
    Many,
}

pub(super) type Answer = Box<dyn FnOnce(Result<(), &str>) + Send>;

/// What a job came to, and how to tell its caller once the batch's fate is known.
pub(crate) struct Outcome {
    pub(super) is_refused: bool,
    pub(super) answer: Answer,
}
