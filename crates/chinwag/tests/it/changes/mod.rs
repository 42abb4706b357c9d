//! Changes of messages: edits, deletions, reactions, pins, replies. The same over every transport.

mod deletions;
mod edits;
mod extras;
mod marks;
mod texts;

use serde_json::{Value, json};

use crate::harness::{Hand, Person, TestServer, Way, reply};

/// A group of three: its owner, and two members.
struct Group {
    server: TestServer,
    owner: Person,
    anna: Person,
    ben: Person,
    id: i64,
}

impl Group {
    async fn new() -> Self {
        let server = TestServer::provisioning_with(|config| config.limits.is_enforced = false).await;
        let [owner, anna, ben] =
            [server.person("owner").await, server.person("anna").await, server.person("ben").await];
        let id = owner.group("Tea", &[&anna, &ben]).await;
        Self { server, owner, anna, ben, id }
    }

    /// The message as history shows it to ben.
    async fn message(&self, id: i64) -> Value {
        let history = self.ben.history(self.id, "").await;
        history.into_iter().find(|message| message["id"] == id).unwrap()
    }

    /// The log, whole.
    async fn log(&self) -> Vec<Value> {
        let page = self.ben.get(&format!("/conversations/{}/events?limit=1000", self.id)).await;
        assert_eq!(page.body["more"], false);
        page.body["events"].as_array().unwrap().clone()
    }

    async fn head(&self) -> String {
        let page = self.ben.get(&format!("/conversations/{}/events", self.id)).await;
        page.body["head"].as_str().unwrap().to_owned()
    }
}

fn edit(id: i64, content: &str) -> Value {
    json!({"type": "edit", "message_id": id, "content": content})
}

fn delete(id: i64) -> Value {
    json!({"type": "delete", "message_id": id})
}

fn react(id: i64, emoji: &str, op: &str) -> Value {
    json!({"type": "react", "message_id": id, "emoji": emoji, "op": op})
}

fn pin(id: i64, op: &str) -> Value {
    json!({"type": "pin", "message_id": id, "op": op})
}

#[tokio::test]
async fn the_original_hears_of_messages_only() {
    let group = Group::new().await;
    let mut original = group.ben.enter(group.id).await;
    let id = group.anna.say(group.id, "hello").await["id"].as_i64().unwrap();
    assert_eq!(original.message().await["id"], id);
    let mut hand = Hand::new(&group.anna, group.id, Way::Rest).await;
    hand.does(&edit(id, "hello, all")).await;
    hand.does(&react(id, "👍", "add")).await;
    hand.does(&pin(id, "add")).await;
    hand.does(&json!({"type": "read", "seq": 2})).await;
    let path = format!("/conversations/{}", group.id);
    let renamed = reply(group.owner.request("PATCH", &path).json(&json!({"title": "Coffee"}))).await;
    assert_eq!(renamed.status, 200);
    hand.does(&delete(id)).await;
    original.hears_nothing_but_itself().await;
    assert_eq!(group.message(id).await["deleted"], true);
}

#[tokio::test]
async fn a_message_of_another_conversation_is_no_message_here() {
    let group = Group::new().await;
    let elsewhere = group.anna.group("Elsewhere", &[&group.ben]).await;
    let id = group.anna.say(elsewhere, "elsewhere").await["id"].as_i64().unwrap();
    let here = group.anna.say(group.id, "here").await["id"].as_i64().unwrap();
    let head = group.head().await;
    for way in Way::ALL {
        let mut hand = Hand::new(&group.anna, group.id, way).await;
        for command in [
            edit(id, "moved"),
            delete(id),
            react(id, "👍", "add"),
            react(id, "👍", "remove"),
            pin(id, "add"),
            pin(id, "remove"),
        ] {
            hand.is_refused(&command, "not_found").await;
        }
        let reply = json!({"type": "send", "content": "an answer", "reply_to": id});
        if way == Way::Rest {
            let refused = group.anna.send(group.id, &reply).await;
            assert_eq!(refused.status, 422);
            assert_eq!(refused.body["detail"][0]["loc"], json!(["body", "reply_to"]));
        } else {
            hand.is_refused(&reply, "not_found").await;
        }
    }
    // The event of an edit is not a message either, though it has its own row.
    let mut hand = Hand::new(&group.anna, group.id, Way::Rest).await;
    assert_eq!(group.head().await, head);
    hand.does(&edit(here, "here, edited")).await;
    for row in [here + 1, 0, -1, i64::MAX] {
        hand.is_refused(&delete(row), "not_found").await;
    }
    assert_eq!(group.anna.history(elsewhere, "").await[0]["content"], "elsewhere");
}

#[tokio::test]
async fn an_archived_conversation_is_read_but_not_changed() {
    let group = Group::new().await;
    let id = group.anna.say(group.id, "before").await["id"].as_i64().unwrap();
    let path = format!("/conversations/{}", group.id);
    let archive = async |archived: bool| {
        let answer = reply(group.owner.request("PATCH", &path).json(&json!({"archived": archived}))).await;
        assert_eq!((answer.status, &answer.body["archived"]), (200, &json!(archived)));
    };
    for way in Way::ALL {
        archive(true).await;
        let head = group.head().await;
        for person in [&group.anna, &group.owner] {
            let mut hand = Hand::new(person, group.id, way).await;
            for command in [
                json!({"type": "send", "content": "after"}),
                edit(id, "after"),
                delete(id),
                react(id, "👍", "add"),
                pin(id, "add"),
            ] {
                hand.is_refused(&command, "archived").await;
            }
            hand.does(&json!({"type": "read", "seq": 1})).await;
        }
        assert_eq!(group.head().await, head, "{way:?}");
        assert_eq!(group.message(id).await["content"], "before");
        assert_eq!(group.anna.get("/search?q=before").await.body["results"][0]["id"], id);
        archive(false).await;
        Hand::new(&group.anna, group.id, way).await.says("after").await;
    }
}
