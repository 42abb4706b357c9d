//! What nodes of one database tell each other beside it: a bell, which says that the log has news, and signals.
//!
//! All of it may be lost, and nothing waits for it: the log is read every half second anyway, and whoever misses a signal of
//! a node asks it again. The frames of one node arrive in the order in which it sent them, or not at all.

mod frame;
mod line;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

pub(crate) use frame::{Frame, Signal};
pub(crate) use line::Line;

use crate::store::WriterBell;

/// How often the log is read on without a bell.
const POLL: Duration = Duration::from_millis(500);

/// Where a node sends what others should hear. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Bus {
    /// Who sends.
    pub(crate) node: Arc<str>,
    /// `None` if there are no others.
    outgoing: Option<mpsc::UnboundedSender<Outgoing>>,
}

#[derive(Debug)]
enum Outgoing {
    Ring,
    Signal(Signal),
}

/// The other end of a [`Bus`], until the line to the others is known.
pub(crate) struct Exchange {
    node: Arc<str>,
    outgoing: mpsc::UnboundedReceiver<Outgoing>,
}

impl Bus {
    /// Of a server that has its database for itself.
    pub(crate) fn alone() -> (Self, Option<Exchange>) {
        (Self { node: Arc::from(""), outgoing: None }, None)
    }

    /// Of a node among others.
    pub(crate) fn shared() -> (Self, Option<Exchange>) {
        let node: Arc<str> = format!("{:016x}", rand::random::<u64>()).into();
        let (sender, outgoing) = mpsc::unbounded_channel();
        let exchange = Exchange { node: Arc::clone(&node), outgoing };
        (Self { node, outgoing: Some(sender) }, Some(exchange))
    }

    /// Whether there may be other nodes.
    pub(crate) fn is_shared(&self) -> bool {
        self.outgoing.is_some()
    }

    /// Tells the others that the log has news.
    pub(crate) fn ring(&self) {
        self.send(Outgoing::Ring);
    }

    /// Tells the others something that they may miss.
    pub(crate) fn signal(&self, signal: Signal) {
        self.send(Outgoing::Signal(signal));
    }

    fn send(&self, outgoing: Outgoing) {
        if let Some(sender) = &self.outgoing {
            // Nobody takes it only while the server ends.
            let _ = sender.send(outgoing);
        }
    }
}

impl Exchange {
    /// Carries what is told between this node and the others, and looks after the log, until the writer has ended.
    pub(crate) fn start(self, line: Line, bell: WriterBell, hear: impl Fn(Frame) + Send + Sync + 'static) {
        tokio::spawn(poll(bell.clone()));
        tokio::spawn(self.carry(line, bell, hear));
    }
}

#[cfg(test)]
impl Exchange {
    /// What waits to be sent.
    pub(crate) fn frames(&mut self, count: &mut u64) -> Vec<Frame> {
        let waiting = std::iter::from_fn(|| self.outgoing.try_recv().ok());
        let signals = waiting.filter_map(|outgoing| match outgoing {
            Outgoing::Signal(signal) => Some(signal),
            Outgoing::Ring => None,
        });
        Frame::pack(&self.node, count, signals.collect())
    }
}

async fn poll(bell: WriterBell) {
    let mut interval = tokio::time::interval(POLL);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while bell.ring() {
        interval.tick().await;
    }
}
