//! The line over which frames go to the other nodes. A lost one is opened anew; what should have gone meanwhile is lost, and
//! the count of frames tells the others so.

use std::time::Duration;

use tokio::sync::mpsc;

use super::{Exchange, Frame, Outgoing, Signal};
use crate::store::{Channel, WriterBell};

/// The pause before a lost line is opened again.
const PAUSE: Duration = Duration::from_millis(200);
/// What the bell says: the version of what is told here, and nothing else.
const BELL: &str = "1";
/// Where there is no line, what is to be told is written to the database, together with what comes within this time.
const GATHER: Duration = Duration::from_millis(250);

/// What carries the frames.
pub(crate) enum Line {
    /// Notifications of the database.
    Notify(Channel),
    /// Nothing but the log itself, which the others read.
    Log,
}

/// The bus or the writer has ended.
struct Ended;

impl Exchange {
    /// Carries frames until the bus or the writer has ended.
    pub(super) async fn carry(mut self, line: Line, bell: WriterBell, hear: impl Fn(Frame) + Send + Sync) {
        let mut count = 0;
        let Line::Notify(channel) = line else { return self.write_to_log(&bell).await };
        loop {
            match self.listen(&channel, &mut count, &bell, &hear).await {
                Ok(Ended) => return,
                Err(error) => {
                    tracing::warn!(%error, "the line to the other nodes is lost; the log is read all the same");
                }
            }
            tokio::time::sleep(PAUSE).await;
            while self.outgoing.try_recv().is_ok() {}
            // A hole in the count.
            count += 1;
        }
    }

    async fn listen(
        &mut self,
        channel: &Channel,
        count: &mut u64,
        bell: &WriterBell,
        hear: impl Fn(Frame),
    ) -> Result<Ended, String> {
        let mut listener = channel.listen().await.map_err(|error| error.to_string())?;
        loop {
            tokio::select! {
                told = listener.heard() => {
                    let text = told.ok_or("the connection was closed")?;
                    if text == BELL {
                        if !bell.ring() {
                            return Ok(Ended);
                        }
                    } else if let Some(frame) = Frame::read(&text)
                        && frame.node != self.node
                    {
                        hear(frame);
                    }
                }
                first = self.outgoing.recv() => {
                    let Some(first) = first else { return Ok(Ended) };
                    let (rings, signals) = gather(first, &mut self.outgoing);
                    // First the bell: messages wait for nothing else.
                    if rings {
                        listener.notify(BELL).await.map_err(|error| error.to_string())?;
                    }
                    for frame in Frame::pack(&self.node, count, signals) {
                        listener.notify(&frame.text()).await.map_err(|error| error.to_string())?;
                    }
                }
            }
        }
    }

    /// Without a line, the others find the frames in the log.
    async fn write_to_log(mut self, bell: &WriterBell) {
        let mut count = 0;
        while let Some(first) = self.outgoing.recv().await {
            tokio::time::sleep(GATHER).await;
            let (_, signals) = gather(first, &mut self.outgoing);
            for frame in Frame::pack(&self.node, &mut count, signals) {
                bell.tell(frame.text());
            }
        }
    }
}

/// Everything that waits, and whether the bell is to be rung.
fn gather(first: Outgoing, outgoing: &mut mpsc::UnboundedReceiver<Outgoing>) -> (bool, Vec<Signal>) {
    let (mut rings, mut signals) = (false, Vec::new());
    for next in std::iter::once(first).chain(std::iter::from_fn(|| outgoing.try_recv().ok())) {
        match next {
            Outgoing::Ring => rings = true,
            Outgoing::Signal(signal) => signals.push(signal),
        }
    }
    (rings, signals)
}
