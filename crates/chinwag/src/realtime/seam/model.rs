//! Explores the seam: one conversation with its writer, its fan-out and a few clients, small enough to try
//! every interleaving, and every answer of a socket.
//!
//! The decisions are the real [`Seam`] and [`Place`]. What surrounds them mirrors `room`, `connection`,
//! `line` and `drive`, with one atomic step for what happens there under a lock or between two awaits. It is
//! a violation if a client gets an event other than the one after its newest, if it sleeps while it lacks
//! something, or if it is removed and gets an event from there on. Each [`Mistake`] must be found, or the
//! model proves nothing.

// A failed expectation is the point of a test, and its small numbers fit anywhere.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::VecDeque;

use chinwag_protocol::Seq;
use indexmap::IndexMap;

use super::{Accept, CatchUp, Place, Seam, Taken};

mod explore;
mod rules;
mod walk;

use rules::{Mistake, Rules};

#[derive(Clone, PartialEq, Eq, Hash)]
struct World {
    /// The newest event in the log: all that survives a crash.
    head: Seq,
    /// The newest event that the writer has handed on.
    published: Seq,
    /// Open while a client holds it.
    room: Option<Room>,
    clients: Vec<Client>,
    crashes_left: u8,
}

#[derive(Clone, Default, PartialEq, Eq, Hash)]
struct Room {
    inbox: Vec<Seq>,
    seam: Seam,
    ring: VecDeque<Seq>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Client {
    /// Reconnects with its cursor; otherwise it begins anew at the head each time.
    resumes: bool,
    /// The newest event that it got. It got all events from its start to this one, once and in order.
    have: Seq,
    stage: Stage,
    /// Where it was removed from the conversation.
    removed_at: Option<Seq>,
    place: Place,
    /// What waits on the server for its socket.
    pending: VecDeque<Seq>,
    /// A page of the log that was read but not yet queued: its first seq and the one after it.
    page: Option<(Seq, Seq)>,
    /// Whether its driver has something to do, as far as it knows.
    is_awake: bool,
    connects_left: u8,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Stage {
    Away,
    /// Holds the room.
    Reserved,
    /// Admitted at `head`; has replayed up to `replayed`.
    Entered {
        head: Seq,
        replayed: Seq,
    },
    /// Only by mistake: knows the head, but does not hold the room.
    ReadHead(Seq),
    /// Has a place, which it took at this head.
    Seated(Seq),
}

/// What can happen next. The number names a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Commit,
    /// Commits that a client no longer takes part.
    Remove(usize),
    Publish,
    FanOut,
    Crash,
    Reserve(usize),
    Enter(usize),
    Replay(usize),
    Take(usize),
    /// The socket takes one of the waiting events.
    Drain(usize),
    /// The driver asks what to do for a conversation that is behind.
    CatchUp(usize),
    QueuePage(usize),
    Disconnect(usize),
}

/// What a client must never see.
#[derive(Debug)]
#[expect(dead_code, reason = "printed in a failure")]
enum Violation {
    Got {
        client: usize,
        seq: Seq,
        have: Seq,
    },
    Sleeps {
        client: usize,
        have: Seq,
        head: Seq,
    },
    /// Got its removal, or an event after it.
    Overhears {
        client: usize,
        seq: Seq,
    },
    /// The driver runs, but nothing changes.
    Spins {
        client: usize,
    },
}

/// Decides what the model leaves open: returns one of this many choices.
type Pick<'a> = &'a mut dyn FnMut(usize) -> usize;

impl World {
    fn new(resuming: &[bool], connects: u8, crashes: u8) -> Self {
        let client = |resumes: &bool| Client {
            resumes: *resumes,
            have: Seq::ZERO,
            stage: Stage::Away,
            removed_at: None,
            place: Place::Live,
            pending: VecDeque::new(),
            page: None,
            is_awake: false,
            connects_left: connects,
        };
        Self {
            head: Seq::ZERO,
            published: Seq::ZERO,
            room: None,
            clients: resuming.iter().map(client).collect(),
            crashes_left: crashes,
        }
    }

    /// Everything that can happen now.
    fn steps(&self, rules: &Rules) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut add = |is_possible: bool, step: Step| {
            if is_possible {
                steps.push(step);
            }
        };
        add(self.head.0 < rules.events, Step::Commit);
        let nobody_removed = self.clients.iter().all(|client| client.removed_at.is_none());
        let removals = if rules.removes && nobody_removed { self.clients.len() } else { 0 };
        for number in 0..removals {
            add(self.head.0 < rules.events, Step::Remove(number));
        }
        add(self.published < self.head, Step::Publish);
        add(self.room.as_ref().is_some_and(|room| !room.inbox.is_empty()), Step::FanOut);
        add(self.crashes_left > 0, Step::Crash);
        for (number, client) in self.clients.iter().enumerate() {
            let is_hasty = rules.mistake == Some(Mistake::HoldsAfterReading);
            let end = if rules.mistake == Some(Mistake::ReplaysPastHead) { self.head } else { Seq::ZERO };
            match client.stage {
                Stage::Away if is_hasty => add(client.connects_left > 0, Step::Enter(number)),
                Stage::Away => add(client.connects_left > 0, Step::Reserve(number)),
                Stage::Reserved => add(true, Step::Enter(number)),
                Stage::ReadHead(_) => add(true, Step::Reserve(number)),
                Stage::Entered { head, replayed } if replayed < head.max(end) => {
                    add(true, Step::Replay(number));
                }
                Stage::Entered { .. } => add(true, Step::Take(number)),
                Stage::Seated(_) => {
                    let is_free = client.is_awake && client.pending.is_empty() && client.page.is_none();
                    add(is_free && client.place != Place::Live, Step::CatchUp(number));
                    add(client.page.is_some(), Step::QueuePage(number));
                }
            }
            add(client.is_awake && !client.pending.is_empty(), Step::Drain(number));
            add(client.stage != Stage::Away, Step::Disconnect(number));
        }
        steps
    }

    /// Checks that everybody has everything, if only outside events are left.
    fn check_quiet(&self, steps: &[Step]) -> Result<(), Violation> {
        let is_from_outside = |step: &Step| {
            matches!(
                step,
                Step::Commit | Step::Remove(_) | Step::Crash | Step::Disconnect(_) | Step::Reserve(_)
            )
        };
        if !steps.iter().all(is_from_outside) {
            return Ok(());
        }
        let lacking = self.clients.iter().enumerate().find(|(_, client)| {
            client.is_seated() && (client.have < self.head || !client.pending.is_empty())
        });
        lacking.map_or(Ok(()), |(number, client)| {
            Err(Violation::Sleeps { client: number, have: client.have, head: self.head })
        })
    }

    fn take(&mut self, rules: &Rules, step: Step, pick: Pick<'_>) -> Result<(), Violation> {
        match step {
            Step::Commit => self.head = self.head.next(),
            Step::Remove(number) => {
                self.head = self.head.next();
                self.clients[number].removed_at = Some(self.head);
            }
            Step::Publish => self.publish(rules),
            Step::FanOut => self.drain(rules, pick)?,
            Step::Crash => self.crash(),
            Step::Reserve(number) => self.reserve(rules, number),
            Step::Enter(number) => self.enter(rules, number),
            Step::Replay(number) => self.replay(number, pick)?,
            Step::Take(number) => self.join(rules, number, pick)?,
            Step::Drain(number) => {
                let client = &mut self.clients[number];
                let seq = client.pending.pop_front().unwrap();
                client.get(number, seq)?;
            }
            Step::CatchUp(number) => {
                let before = self.clients[number].clone();
                self.catch_up(rules, number);
                if self.clients[number] == before {
                    return Err(Violation::Spins { client: number });
                }
            }
            Step::QueuePage(number) => {
                let client = &mut self.clients[number];
                let (first, next) = client.page.take().unwrap();
                client.queue(first, next);
            }
            Step::Disconnect(number) => self.clients[number].lose_connection(),
        }
        if self.clients.iter().all(|client| !client.holds_room()) {
            self.room = None;
        }
        Ok(())
    }

    /// `Hub::publish`, `Room::push`.
    fn publish(&mut self, rules: &Rules) {
        self.published = self.published.next();
        if let Some(room) = &mut self.room {
            if room.inbox.len() >= rules.inbox {
                room.inbox.retain(|seq| is_removal(&self.clients, *seq));
            }
            room.inbox.push(self.published);
        }
    }

    fn crash(&mut self) {
        self.crashes_left -= 1;
        self.room = None;
        self.published = self.head;
        self.clients.iter_mut().for_each(Client::lose_connection);
    }

    /// `Line::reserve`.
    fn reserve(&mut self, rules: &Rules, number: usize) {
        let client = &mut self.clients[number];
        client.connects_left -= 1;
        if rules.mistake == Some(Mistake::AsksTwice) && client.removed_at.is_some() {
            return;
        }
        client.is_awake = true;
        client.stage = match client.stage {
            Stage::ReadHead(head) => Stage::Entered { head, replayed: client.have },
            _ => Stage::Reserved,
        };
        self.room.get_or_insert_default();
    }

    /// `Chat::enter`: what was committed can be read, published or not.
    fn enter(&mut self, rules: &Rules, number: usize) {
        let head = self.head;
        let client = &mut self.clients[number];
        if client.removed_at.is_some() && rules.mistake != Some(Mistake::AsksTwice) {
            client.connects_left = 0;
            return client.lose_connection();
        }
        if !client.resumes {
            client.have = head;
        }
        client.stage = match client.stage {
            Stage::Away => Stage::ReadHead(head),
            _ => Stage::Entered { head, replayed: client.have },
        };
    }

    /// One event of `Line::replay`: an answer, so what the socket does not take becomes pending.
    fn replay(&mut self, number: usize, pick: Pick<'_>) -> Result<(), Violation> {
        let client = &mut self.clients[number];
        let Stage::Entered { replayed, .. } = &mut client.stage else { panic!("replays before it enters") };
        *replayed = replayed.next();
        let seq = *replayed;
        if client.pending.is_empty() && pick(2) == 1 {
            return client.get(number, seq);
        }
        client.pending.push_back(seq);
        Ok(())
    }

    /// `Line::take`, `Room::join`.
    fn join(&mut self, rules: &Rules, number: usize, pick: Pick<'_>) -> Result<(), Violation> {
        self.drain(rules, pick)?;
        let client = &mut self.clients[number];
        let Stage::Entered { head, .. } = client.stage else { panic!("joins before it enters") };
        let after = match rules.mistake {
            Some(Mistake::JoinsEarly) => Seq((head.0 - 1).max(0)),
            Some(Mistake::JoinsLate) => head.next(),
            _ => head,
        };
        let room = self.room.as_mut().unwrap();
        client.place = room.seam.join(after);
        client.stage = Stage::Seated(after);
        // `still_takes_part`, which the same task checks before it reads on.
        let asks = client.place != Place::Live && rules.mistake != Some(Mistake::AsksOnce);
        if asks && client.removed_at.is_some() {
            client.lose_connection();
        }
        Ok(())
    }

    /// `Room::drain`, `Live::fan_out`.
    fn drain(&mut self, rules: &Rules, pick: Pick<'_>) -> Result<(), Violation> {
        let room = self.room.as_mut().unwrap();
        let mut page = Vec::new();
        for seq in std::mem::take(&mut room.inbox) {
            if is_removal(&self.clients, seq) {
                write_to_all(&mut self.clients, rules, &std::mem::take(&mut page), pick)?;
                for client in seated(&mut self.clients) {
                    if client.removed_at == Some(seq) && client.stage.is_before(seq) {
                        client.lose_connection();
                    }
                }
            }
            let accept = room.seam.accept(seq);
            if accept == Accept::Old {
                continue;
            }
            if page.len() >= rules.page || page.last().is_some_and(|last: &Seq| last.next() != seq) {
                write_to_all(&mut self.clients, rules, &std::mem::take(&mut page), pick)?;
            }
            if let Accept::Hole { next } = accept {
                room.ring.clear();
                if rules.mistake != Some(Mistake::IgnoresHole) {
                    for client in seated(&mut self.clients) {
                        client.place = client.place.sent_to_log(next);
                        client.is_awake = true;
                    }
                }
            }
            page.push(seq);
            room.ring.push_back(seq);
            if room.ring.len() > rules.ring {
                room.ring.pop_front();
            }
        }
        write_to_all(&mut self.clients, rules, &page, pick)
    }

    /// `Line::catch_up`, `Room::catch_up`.
    fn catch_up(&mut self, rules: &Rules, number: usize) {
        let room = self.room.as_ref().unwrap();
        let client = &mut self.clients[number];
        let Place::Behind(next) = client.place else { return };
        let is_early =
            rules.mistake == Some(Mistake::LivesEarly) && room.seam.catch_up(next.next()) == CatchUp::Live;
        match room.seam.catch_up(next) {
            _ if is_early => client.place = Place::Live,
            CatchUp::Live => {
                client.place = Place::Live;
                if rules.mistake == Some(Mistake::LivesLate) && next <= self.head {
                    client.pending.push_back(next);
                }
            }
            // The driver sleeps until the bell rings.
            CatchUp::Wait => client.is_awake = false,
            CatchUp::Read { after, through } => {
                let is_in_ring = room.ring.front().is_some_and(|oldest| *oldest <= next);
                let page = i64::try_from(rules.page).unwrap();
                let first = after.next();
                let end = Seq(first.0 + page).min(through.next());
                if is_in_ring {
                    client.queue(first, end);
                } else {
                    client.page = Some((first, end));
                }
            }
        }
    }
}

impl Stage {
    /// Whether it has a place that it took before this event.
    fn is_before(self, seq: Seq) -> bool {
        matches!(self, Self::Seated(after) if after < seq)
    }
}

impl Client {
    fn holds_room(&self) -> bool {
        matches!(self.stage, Stage::Reserved | Stage::Entered { .. } | Stage::Seated(_))
    }

    fn is_seated(&self) -> bool {
        matches!(self.stage, Stage::Seated(_))
    }

    fn get(&mut self, number: usize, seq: Seq) -> Result<(), Violation> {
        if self.removed_at.is_some_and(|at| seq >= at) {
            return Err(Violation::Overhears { client: number, seq });
        }
        if seq != self.have.next() {
            return Err(Violation::Got { client: number, seq, have: self.have });
        }
        self.have = seq;
        Ok(())
    }

    /// `Connection::queue_page`.
    fn queue(&mut self, first: Seq, next: Seq) {
        if let Some(place) = self.place.read(first, next) {
            self.place = place;
            self.pending.extend((first.0..next.0).map(Seq));
        }
    }

    /// `Connection::deliver`.
    fn deliver(
        &mut self,
        rules: &Rules,
        number: usize,
        page: &[Seq],
        pick: Pick<'_>,
    ) -> Result<(), Violation> {
        let is_offered = self.place == Place::Live || rules.mistake == Some(Mistake::WritesToBehind);
        let may_write = self.pending.is_empty() || rules.mistake == Some(Mistake::Overtakes);
        // Nothing, or a part that contains this many whole events.
        let taken = if is_offered && may_write { pick(page.len() + 2).checked_sub(1) } else { None };
        if is_offered && rules.mistake != Some(Mistake::ForgetsBehind) {
            let is_taken = if taken.is_some() { Taken::Some } else { Taken::Nothing };
            self.place = self.place.offered(page[0], is_taken);
        }
        if let Some(events) = taken {
            let (written, rest) = page.split_at(events);
            written.iter().try_for_each(|seq| self.get(number, *seq))?;
            self.pending.extend(rest);
            self.is_awake |= !rest.is_empty();
        } else if self.pending.is_empty() && rules.mistake != Some(Mistake::LetsSleep) {
            self.is_awake = true;
        }
        Ok(())
    }

    fn lose_connection(&mut self) {
        self.stage = Stage::Away;
        self.place = Place::Live;
        self.pending.clear();
        self.page = None;
        self.is_awake = false;
    }
}

fn seated(clients: &mut [Client]) -> impl Iterator<Item = &mut Client> {
    clients.iter_mut().filter(|client| client.is_seated())
}

fn is_removal(clients: &[Client], seq: Seq) -> bool {
    clients.iter().any(|client| client.removed_at == Some(seq))
}

fn write_to_all(
    clients: &mut [Client],
    rules: &Rules,
    page: &[Seq],
    pick: Pick<'_>,
) -> Result<(), Violation> {
    if page.is_empty() {
        return Ok(());
    }
    let seated = clients.iter_mut().enumerate().filter(|(_, client)| client.is_seated());
    for (number, client) in seated {
        client.deliver(rules, number, page, pick)?;
    }
    Ok(())
}
