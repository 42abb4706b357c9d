//! `hold`: one server of `million` and the process of its clients, which follows the orders of `million`.

use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::args::Hold;
use crate::crowd::{Crowd, Nobody};
use crate::error::{BenchError, system};
use crate::helper::{answer, orders};
use crate::ledger::Faults;
use crate::listeners::Listeners;
use crate::machine::allows_sockets;
use crate::marker::Template;
use crate::population::Population;
use crate::setup::Setup;
use crate::socket::Manner;
use crate::target::Target;

/// The server runs, with all users and conversations.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Prepared {
    /// The server's memory before they connect.
    pub(super) empty: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Order {
    /// Open all connections.
    Open,
    /// Send a message in each room, and check that everybody gets it.
    Greet,
    /// Close all connections and stop the server.
    End,
}

/// The result of an order.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Seen {
    pub(super) alive: u64,
    pub(super) delivered: u64,
    /// The server's memory.
    pub(super) resident: u64,
    /// The time until all had the message.
    pub(super) seconds: f64,
    /// Faults that were not reported before.
    pub(super) faults: Faults,
}

/// How long pings may wait for their answer.
const GLANCE: Duration = Duration::from_millis(200);

/// Holds connections until told to end.
pub(crate) fn hold(case: &Hold, setup: &Setup<'_>) -> Result<(), BenchError> {
    allows_sockets(case.connections)?;
    let target = Target::open(setup)?;
    let mut population = Population::make(&target, case.connections, case.room_size)?;
    let mut crowd = Crowd::new()?;
    let empty = target.resident().unwrap_or(0);
    answer(&Prepared { empty }).map_err(system("can't answer"))?;

    let mut listeners = Listeners::new(case.connections, case.room_size);
    let mut template = Template::new(200);
    let mut next = 0;
    let arriving = listen_for_orders()?;
    loop {
        match arriving.try_recv() {
            Ok(Order::Open) => {
                crowd.open(population.address, &population.requests, Manner::Attentive)?;
                // This frees memory that nothing else needs.
                population.requests = Vec::new();
                crowd.settle()?;
                answer(&Seen::default()).map_err(system("can't answer"))?;
            }
            Ok(Order::Greet) => {
                let begun = Instant::now();
                let before = listeners.received;
                listeners.greet(&mut crowd, &mut template, 0, next)?;
                next += 1;
                let seen = Seen {
                    alive: if crowd.is_whole() { crowd.len().try_into().unwrap_or(0) } else { 0 },
                    delivered: listeners.received - before,
                    resident: target.resident().unwrap_or(0),
                    seconds: begun.elapsed().as_secs_f64(),
                    faults: Faults::default(),
                };
                answer(&seen).map_err(system("can't answer"))?;
            }
            Ok(Order::End) => break,
            Err(TryRecvError::Empty) => crowd.wait(GLANCE, &mut Nobody)?,
            // The parent is gone, so there is no one to answer.
            Err(TryRecvError::Disconnected) => return Ok(()),
        }
    }
    let mut faults = listeners.faults(|_| next);
    faults.add(&crowd.faults().0);
    drop(crowd);
    target.close()?;
    answer(&Seen { faults, ..Seen::default() }).map_err(system("can't answer"))
}

/// Reads orders on a thread of its own, because this one must answer pings meanwhile.
fn listen_for_orders() -> Result<Receiver<Order>, BenchError> {
    let (tell, told) = channel();
    std::thread::Builder::new()
        .name("orders".to_owned())
        .spawn(move || orders().try_for_each(|order| tell.send(order)))
        .map_err(system("can't start a thread"))?;
    Ok(told)
}
