//! What nodes of one database tell each other beside it: that the log has news.
//!
//! All of it may be lost, and nothing waits for it: the log is read every half second anyway.

mod line;

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

pub(crate) use line::Line;

use crate::store::WriterBell;

/// How often the log is read on without a bell.
const POLL: Duration = Duration::from_millis(500);

/// Where a node sends what others should hear. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Bus {
    /// `None` if there are no others.
    rings: Option<mpsc::UnboundedSender<()>>,
}

/// The other end of a [`Bus`], until the line to the others is known.
pub(crate) struct Exchange {
    rings: mpsc::UnboundedReceiver<()>,
}

impl Bus {
    /// Of a server that has its database for itself.
    pub(crate) fn alone() -> (Self, Option<Exchange>) {
        (Self { rings: None }, None)
    }

    /// Of a node among others.
    pub(crate) fn shared() -> (Self, Option<Exchange>) {
        let (sender, rings) = mpsc::unbounded_channel();
        (Self { rings: Some(sender) }, Some(Exchange { rings }))
    }

    /// Tells the others that the log has news.
    pub(crate) fn ring(&self) {
        if let Some(rings) = &self.rings {
            // Nobody takes it only while the server ends.
            let _ = rings.send(());
        }
    }
}

impl Exchange {
    /// Carries what is told between this node and the others, and looks after the log, until the writer has ended.
    pub(crate) fn start(self, line: Line, bell: WriterBell) {
        tokio::spawn(poll(bell.clone()));
        tokio::spawn(line::carry(line, self.rings, bell));
    }
}

async fn poll(bell: WriterBell) {
    let mut interval = tokio::time::interval(POLL);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while bell.ring() {
        interval.tick().await;
    }
}
