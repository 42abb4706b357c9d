//! A writer over REST: one message at a time, some of them twice at once, each until it is answered.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chinwag_client::{Api, ClientError};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::json;
use tokio::sync::watch;
use tokio::time::sleep;

use super::device::{Person, Phase, Plan, World};
use super::frames::{message_key, place};
use super::record::{Record, now};
use crate::history::{Attempt, Change, ConversationId, Outcome};

const PAUSE: Duration = Duration::from_millis(5);

pub(crate) struct RestWriter {
    pub(crate) world: Arc<World>,
    pub(crate) phase: watch::Receiver<Phase>,
    pub(crate) plan: Plan,
    pub(crate) person: Person,
    pub(crate) conversation: ConversationId,
}

impl RestWriter {
    pub(crate) async fn run(self) -> (u32, Record) {
        let mut rng = StdRng::seed_from_u64(self.plan.seed);
        let mut record = Record::default();
        let mut turn = usize::try_from(self.plan.number).unwrap_or_default();
        let mut sent = 0_u64;
        while matches!(*self.phase.borrow(), Phase::Run) {
            sent += 1;
            let client_id = format!("d{}-{sent}", self.plan.number);
            let content = format!("{client_id} {}", "y".repeat(rng.random_range(0..200)));
            let is_twice = rng.random_bool(0.1);
            loop {
                // Each attempt asks another node, and of two at once each its own.
                turn = turn.wrapping_add(1);
                if self.post(turn, &mut record, &client_id, &content, is_twice).await {
                    break;
                }
                if matches!(*self.phase.borrow(), Phase::Stop) {
                    break;
                }
                sleep(PAUSE).await;
            }
            sleep(self.plan.pause.mul_f64(2.0 * rng.random::<f64>())).await;
        }
        self.world.settled.fetch_add(1, Ordering::Relaxed);
        (self.plan.number, record)
    }

    /// Sends one or two simultaneous requests for one message. True once one of them is answered.
    async fn post(
        &self,
        turn: usize,
        record: &mut Record,
        client_id: &str,
        content: &str,
        is_twice: bool,
    ) -> bool {
        let [api, other] =
            [turn, turn.wrapping_add(1)].map(|turn| Api::new(self.world.nodes.at(turn), &self.person.token));
        let path = format!("/conversations/{}/messages", self.conversation);
        let body = json!({"content": content, "client_id": client_id});
        let mut begin = || {
            record.begin(Attempt {
                // Simultaneous requests have no order, so each counts as its own connection.
                attach: self.world.attaches.fetch_add(1, Ordering::Relaxed),
                user: self.person.id,
                conversation: self.conversation,
                change: Change::Message {
                    client_id: client_id.to_owned(),
                    content: message_key(self.person.id, content),
                },
                invoked: now(self.world.clock),
                outcome: Outcome::Unknown,
            })
        };
        let first = begin();
        let answers = if is_twice {
            let second = begin();
            let (one, other) = tokio::join!(api.post(&path, &body), other.post(&path, &body));
            vec![(first, one), (second, other)]
        } else {
            vec![(first, api.post(&path, &body).await)]
        };
        let mut is_answered = false;
        for (attempt, answer) in answers {
            match answer {
                Ok(message) => {
                    let outcome = Outcome::Stored { at: now(self.world.clock), place: place(&message, "id") };
                    record.end(attempt, outcome);
                    is_answered = true;
                }
                Err(ClientError::Refused { .. }) => record.end(attempt, Outcome::Refused),
                Err(_) => {}
            }
        }
        if is_answered {
            self.world.acknowledged.fetch_add(1, Ordering::Relaxed);
        }
        is_answered
    }
}
