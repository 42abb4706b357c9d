//! A reader over Server-Sent Events, cut again and again. It resumes with the last `id`, and the rules of
//! every other device apply to it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chinwag_client::{Api, ClientError, StatusCode};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::device::{Person, Phase, Plan, World};
use super::event_stream::{EventStream, Sent};
use super::frames::{delivery, number};
use super::record::{Record, now};
use crate::history::{ConversationId, End, Scope, Seq, Session};

const PAUSE: Duration = Duration::from_millis(5);
/// The wait for events that come once too often.
const LINGER: Duration = Duration::from_millis(500);

pub(crate) struct StreamReader {
    world: Arc<World>,
    phase: watch::Receiver<Phase>,
    plan: Plan,
    person: Person,
    conversation: ConversationId,
    rng: StdRng,
    last_event_id: Option<String>,
    position: Seq,
    /// Grows with each connection: the next one leads to another node.
    turn: usize,
    cuts_left: usize,
    /// Set once it is known.
    head: Option<Seq>,
    is_over: bool,
    record: Record,
}

impl StreamReader {
    pub(crate) fn new(
        world: Arc<World>,
        phase: watch::Receiver<Phase>,
        plan: Plan,
        person: Person,
        conversation: ConversationId,
    ) -> Self {
        Self {
            rng: StdRng::seed_from_u64(plan.seed),
            last_event_id: None,
            position: 0,
            turn: usize::try_from(plan.number).unwrap_or_default(),
            cuts_left: plan.cuts,
            head: None,
            is_over: false,
            record: Record::default(),
            world,
            phase,
            plan,
            person,
            conversation,
        }
    }

    /// Runs until the reader has everything, or is stopped.
    pub(crate) async fn run(mut self) -> (u32, Record) {
        while !self.is_over && !matches!(*self.phase.borrow(), Phase::Stop) {
            self.follow().await;
            if !self.is_over {
                sleep(PAUSE).await;
            }
        }
        (self.plan.number, self.record)
    }

    /// Serves one connection.
    async fn follow(&mut self) {
        let mut session = Session {
            attach: self.world.attaches.fetch_add(1, Ordering::Relaxed),
            device: self.plan.number,
            user: self.person.id,
            conversation: self.conversation,
            scope: Scope::Everything,
            begun: now(self.world.clock),
            after: self.position,
            deliveries: Vec::new(),
            end: End::Cut,
        };
        self.turn = self.turn.wrapping_add(1);
        let api = Api::new(self.world.nodes.at(self.turn), &self.person.token);
        match EventStream::open(&api, self.conversation, self.last_event_id.as_deref()).await {
            Ok(stream) => {
                self.live(stream, &mut session).await;
                if let Some(head) = self.head.filter(|_| self.is_over) {
                    session.end = End::Settled(head);
                }
            }
            Err(ClientError::Refused { status: StatusCode::GONE, .. }) => {
                session.end = End::Discontinued;
                self.is_over = true;
            }
            // As if it never read this: the event comes again.
            Err(_) => return,
        }
        self.record.sessions.push(session);
    }

    async fn live(&mut self, mut stream: EventStream, session: &mut Session) {
        let cut_at = (self.cuts_left > 0)
            .then(|| Instant::now() + self.plan.life.mul_f64(self.rng.random::<f64>().powi(2)));
        let mut finish_at: Option<Instant> = None;
        let never = Instant::now() + Duration::from_secs(24 * 3600);
        loop {
            let phase = self.phase.borrow_and_update().clone();
            match &phase {
                Phase::Run | Phase::Settle => {}
                Phase::Finish(heads) => {
                    self.head = heads.get(&self.conversation).map(|head| head.event);
                    if self.head.is_some_and(|head| self.position >= head) && finish_at.is_none() {
                        finish_at = Some(Instant::now() + LINGER);
                    }
                }
                Phase::Stop => {
                    self.is_over = true;
                    return;
                }
            }
            let may_cut = matches!(phase, Phase::Run) && cut_at.is_some();
            tokio::select! {
                sent = stream.next() => match sent {
                    Some(sent) if self.hear(&sent, session) => {}
                    _ => return,
                },
                () = sleep_until(cut_at.unwrap_or(never)), if may_cut => {
                    self.cuts_left -= 1;
                    if self.rng.random_bool(0.5) {
                        // Stops reading for a while, so that the server meets a full socket.
                        sleep(self.plan.life.mul_f64(self.rng.random::<f64>())).await;
                    }
                    self.world.cuts.fetch_add(1, Ordering::Relaxed);
                    return;
                }
                () = sleep_until(finish_at.unwrap_or(never)), if finish_at.is_some() => {
                    self.is_over = true;
                    self.record.is_witness = true;
                    return;
                }
                changed = self.phase.changed() => if changed.is_err() {
                    self.is_over = true;
                    return;
                },
            }
        }
    }

    /// Records what came, then applies the client rule: false means reconnect.
    fn hear(&mut self, sent: &Sent, session: &mut Session) -> bool {
        session.deliveries.push(delivery(&sent.event));
        let seq = number(&sent.event, "seq");
        if seq == self.position + 1 {
            self.record.picture.apply(&sent.event);
            self.position = seq;
            self.last_event_id = Some(sent.id.clone());
        }
        seq <= self.position
    }
}
