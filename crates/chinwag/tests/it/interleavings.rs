//! Any interleaving of arrivals, departures and sends: attached sockets see what is committed, once and in
//! order.

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::json;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use crate::harness::{Person, Room, TestServer, soon};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
static SERVER: LazyLock<(TestServer, [Person; 3])> = LazyLock::new(|| {
    RUNTIME.block_on(async {
        let server = TestServer::provisioning_with(|config| config.limits.is_enforced = false).await;
        let people = [server.person("anna").await, server.person("ben").await, server.person("cleo").await];
        (server, people)
    })
});

#[derive(Clone, Debug)]
enum Step {
    /// Somebody opens a socket.
    Enter(usize),
    /// The socket at this place among the open ones goes, with a goodbye or without.
    Leave(usize, bool),
    /// Somebody sends over REST and does not wait for the answer.
    Post(usize),
    /// The socket at this place among the open ones sends.
    Say(usize),
    /// Everything that was posted so far is answered.
    Settle,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..3_usize).prop_map(Step::Enter),
        2 => (0..8_usize, any::<bool>()).prop_map(|(place, is_polite)| Step::Leave(place, is_polite)),
        6 => (0..3_usize).prop_map(Step::Post),
        4 => (0..8_usize).prop_map(Step::Say),
        1 => Just(Step::Settle),
    ]
}

/// An open socket and what it saw.
struct Attached {
    room: Room,
    /// The newest event that was acknowledged before this socket was opened.
    acknowledged_before: u64,
    /// Posts that began before the socket was admitted, which it may or may not see.
    posts_before: usize,
    seen: Vec<u64>,
    /// Its own messages whose echo has not come yet.
    own: Vec<String>,
}

impl Attached {
    async fn read(&mut self) {
        let message = self.room.message().await;
        self.seen.push(message["seq"].as_u64().unwrap());
        self.own.retain(|own| message["content"] != **own);
    }

    /// Reads what must come: up to this event, and the echo of everything that it sent.
    async fn read_through(&mut self, seq: u64) {
        while self.seen.last().copied().unwrap_or(self.acknowledged_before) < seq || !self.own.is_empty() {
            self.read().await;
        }
    }

    fn check(&self, first_due: Option<u64>) {
        let dense = self.seen.windows(2).all(|pair| pair[1] == pair[0] + 1);
        assert!(dense, "each once, in order, without holes: {:?}", self.seen);
        if let Some(first) = self.seen.first() {
            assert!(*first > self.acknowledged_before, "{first} was acknowledged before");
            assert!(first_due.is_none_or(|due| *first <= due), "{first_due:?} is missing: {:?}", self.seen);
        }
    }
}

struct Play {
    conversation: i64,
    people: &'static [Person; 3],
    attached: Vec<Attached>,
    posts: Vec<Post>,
    sent: usize,
}

struct Post {
    task: Option<JoinHandle<u64>>,
    seq: Option<u64>,
}

impl Play {
    fn acknowledged(&self) -> u64 {
        self.posts.iter().filter_map(|post| post.seq).max().unwrap_or(0)
    }

    async fn settle(&mut self) {
        for post in &mut self.posts {
            if let Some(task) = post.task.take() {
                post.seq = Some(soon("an answer", task).await.unwrap());
            }
        }
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Enter(who) => {
                let acknowledged_before = self.acknowledged();
                let room = self.people[who].enter(self.conversation).await;
                let posts_before = self.posts.len();
                let (seen, own) = (Vec::new(), Vec::new());
                self.attached.push(Attached { room, acknowledged_before, posts_before, seen, own });
            }
            Step::Leave(place, is_polite) if !self.attached.is_empty() => {
                self.settle().await;
                let mut leaving = self.attached.swap_remove(place % self.attached.len());
                leaving.read_through(self.due(&leaving).max().unwrap_or(0)).await;
                leaving.check(self.due(&leaving).min());
                if is_polite {
                    leaving.room.leave().await;
                }
            }
            Step::Post(who) => {
                let (person, conversation) = (self.people[who].clone(), self.conversation);
                let content = self.next_content();
                let task =
                    tokio::spawn(
                        async move { person.say(conversation, &content).await["seq"].as_u64().unwrap() },
                    );
                self.posts.push(Post { task: Some(task), seq: None });
            }
            Step::Say(place) if !self.attached.is_empty() => {
                let content = self.next_content();
                let place = place % self.attached.len();
                let speaker = &mut self.attached[place];
                speaker.room.say(&content).await;
                speaker.own.push(content);
            }
            Step::Leave(..) | Step::Say(_) => {}
            Step::Settle => self.settle().await,
        }
    }

    /// What was posted after this socket was admitted, so that it must see it.
    fn due(&self, attached: &Attached) -> impl Iterator<Item = u64> {
        self.posts.iter().skip(attached.posts_before).filter_map(|post| post.seq)
    }

    fn next_content(&mut self) -> String {
        self.sent += 1;
        format!("message {}", self.sent)
    }

    async fn finish(mut self) {
        self.settle().await;
        for attached in &mut self.attached {
            attached.read_through(0).await;
        }
        self.take(Step::Post(0)).await;
        self.settle().await;
        let history = self.people[0].history(self.conversation, "").await;
        let seqs: Vec<_> = history.iter().map(|message| message["seq"].as_u64().unwrap()).collect();
        assert_eq!(seqs, (1..=self.sent as u64).collect::<Vec<_>>(), "all that was sent, once");
        for mut attached in std::mem::take(&mut self.attached) {
            attached.read_through(self.sent as u64).await;
            attached.check(self.due(&attached).min());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn every_socket_sees_what_is_committed_while_it_is_attached(
        steps in proptest::collection::vec(step(), 1..60),
    ) {
        let (_, people) = &*SERVER;
        RUNTIME.block_on(async {
            let [anna, ben, cleo] = people;
            let made = anna
                .post("/conversations", &json!({"title": "Any", "participant_ids": [ben.id, cleo.id]}))
                .await;
            let conversation = made.body["id"].as_i64().unwrap();
            let mut play =
                Play { conversation, people, attached: Vec::new(), posts: Vec::new(), sent: 0 };
            for step in steps {
                play.take(step).await;
            }
            play.finish().await;
        });
    }
}
