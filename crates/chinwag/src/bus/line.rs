//! The line over which frames go to the other nodes. A lost one is opened anew; what should have gone meanwhile is lost.

use std::time::Duration;

use tokio::sync::mpsc;

use crate::store::{Channel, WriterBell};

/// The pause before a lost line is opened again.
const PAUSE: Duration = Duration::from_millis(200);
/// What the bell says: the version of what is told here, and nothing else.
const BELL: &str = "1";

/// What carries the frames.
pub(crate) enum Line {
    /// Notifications of the database.
    Notify(Channel),
    /// Nothing.
    None,
}

/// Carries frames until the bus or the writer has ended.
pub(super) async fn carry(line: Line, mut rings: mpsc::UnboundedReceiver<()>, bell: WriterBell) {
    let Line::Notify(channel) = line else {
        while rings.recv().await.is_some() {}
        return;
    };
    loop {
        match listen(&channel, &mut rings, &bell).await {
            Ok(Ended) => return,
            Err(error) => {
                tracing::warn!(%error, "the line to the other nodes is lost; the log is read all the same")
            }
        }
        tokio::time::sleep(PAUSE).await;
        while rings.try_recv().is_ok() {}
    }
}

/// The bus or the writer has ended.
struct Ended;

async fn listen(
    channel: &Channel,
    rings: &mut mpsc::UnboundedReceiver<()>,
    bell: &WriterBell,
) -> Result<Ended, String> {
    let mut listener = channel.listen().await.map_err(|error| error.to_string())?;
    loop {
        tokio::select! {
            told = listener.heard() => {
                let text = told.ok_or("the connection was closed")?;
                if text == BELL && !bell.ring() {
                    return Ok(Ended);
                }
            }
            rung = rings.recv() => {
                if rung.is_none() {
                    return Ok(Ended);
                }
                // One bell for all that was committed meanwhile.
                while rings.try_recv().is_ok() {}
                listener.notify(BELL).await.map_err(|error| error.to_string())?;
            }
        }
    }
}
