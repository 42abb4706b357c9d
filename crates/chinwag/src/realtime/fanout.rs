//! The threads that write live events to sockets. A room is on at most one of them, and in its queue at most
//! once, so a queue is never longer than there are rooms.
//!
//! They are separate threads because fan-out to ten thousand sockets takes tens of milliseconds of system
//! calls, during which an async thread could serve nobody else.
//!
//! After a commit of few events (at most 16), the writer itself writes to those of their rooms that are small
//! (at most 16 connections) and that no thread is serving: waking a thread takes longer. All other rooms are
//! scheduled here, and the writer takes its next batch meanwhile. Both call the same function under the same
//! lock. A room is always on the same thread, and there are half as many threads as cores.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::hub::Hub;
use super::room::Room;

pub(super) struct Fanout {
    queues: Vec<Sender<Arc<Room>>>,
    /// Taken by the threads when they start.
    ends: Mutex<Vec<Receiver<Arc<Room>>>>,
}

impl Fanout {
    /// Half of the cores: the others receive, parse and commit.
    pub(super) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let (queues, ends) = (0..(cores / 2).max(1)).map(|_| channel()).unzip();
        Self { queues, ends: Mutex::new(ends) }
    }

    /// Starts the threads. They end when the hub is dropped.
    pub(super) fn start(&self, hub: &Arc<Hub>) -> Result<(), std::io::Error> {
        for queue in self.ends.lock().drain(..) {
            let hub = Arc::downgrade(hub);
            std::thread::Builder::new().name("chinwag-fanout".to_owned()).spawn(move || run(&queue, &hub))?;
        }
        Ok(())
    }

    pub(super) fn schedule(&self, room: Arc<Room>) {
        let queues = i64::try_from(self.queues.len()).unwrap_or(1);
        let index = usize::try_from(room.id.0.rem_euclid(queues)).unwrap_or(0);
        if let Some(queue) = self.queues.get(index) {
            // This fails only while the process ends, when nobody listens.
            let _ = queue.send(room);
        }
    }
}

fn run(queue: &Receiver<Arc<Room>>, hub: &Weak<Hub>) {
    while let Ok(room) = queue.recv() {
        let Some(hub) = hub.upgrade() else { return };
        room.drain(&hub);
    }
}
