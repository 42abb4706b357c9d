//! Events, receipts and ends of sessions over nodes.

use serde_json::{Value, json};

use super::{Pair, WAYS, none};
use crate::harness::{Device, Person, TestServer, soon};

fn seqs(frames: &[Value]) -> Vec<i64> {
    frames.iter().map(|frame| frame["seq"].as_i64().unwrap()).collect()
}

fn cursor_of(event: &Value) -> String {
    format!("{}.{}", event["seq"], event["stamp"].as_str().unwrap())
}

async fn messages(device: &mut Device, count: usize) -> Vec<Value> {
    let mut heard = Vec::new();
    while heard.len() < count {
        heard.push(device.next_of("message").await);
    }
    heard
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
async fn what_is_sent_on_one_node_comes_on_the_other_at_every_level() {
    for pair in Pair::each().await {
        let id = pair.anna[0].group("Both", &[&pair.ben[0]]).await;
        for (here, there) in WAYS {
            let mut plain = pair.ben[there].enter(id).await;
            let (mut full, _) = Device::of(&pair.ben[there], &none()).await;
            pair.anna[here].say(id, "over here").await;
            let (at_plain, at_full) = (plain.message().await, full.next_of("message").await);
            assert_eq!(at_plain, at_full);
            assert_eq!(at_full["content"], "over here");
            let edit = json!({"content": "over there"});
            let path = format!("/conversations/{id}/messages/{}", at_full["id"]);
            let edited = pair.anna[here].request("PATCH", &path).json(&edit).send().await.unwrap();
            assert_eq!(edited.status(), 200);
            assert_eq!(full.next_of("message_edited").await["content"], "over there");
            assert_eq!(pair.anna[here].delete(&path).await.status, 204);
            assert_eq!(full.next_of("message_deleted").await["message_id"], at_full["id"]);
            full.leave().await;
            plain.leave().await;
        }
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
async fn both_nodes_write_one_log_in_one_order_without_holes() {
    const EACH: usize = 150;
    for pair in Pair::each().await {
        let id = pair.anna[0].group("Both", &[&pair.ben[0]]).await;
        let (mut first, _) = Device::of(&pair.ben[0], &none()).await;
        let (mut second, _) = Device::of(&pair.anna[1], &none()).await;
        let speak = async |person: &Person, name: &str| {
            for number in 0..EACH {
                person.say(id, &format!("{name} {number}")).await;
            }
        };
        let (at_first, at_second, ..) = tokio::join!(
            messages(&mut first, 4 * EACH),
            messages(&mut second, 4 * EACH),
            speak(&pair.anna[0], "anna here"),
            speak(&pair.anna[1], "anna there"),
            speak(&pair.ben[0], "ben here"),
            speak(&pair.ben[1], "ben there"),
        );
        assert_eq!(seqs(&at_first), (1..=4 * EACH as i64).collect::<Vec<_>>());
        assert_eq!(at_first, at_second);
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
async fn a_retry_on_another_node_finds_the_first_result() {
    for pair in Pair::each().await {
        let id = pair.anna[0].group("Again", &[]).await;
        for number in 0..20 {
            let body = json!({"content": "once", "client_id": format!("retry-{number}")});
            let (one, other) = tokio::join!(pair.anna[0].send(id, &body), pair.anna[1].send(id, &body));
            assert_ne!(one.body["duplicate"], other.body["duplicate"], "one of them was the first");
            assert_eq!((&one.body["id"], &one.body["seq"]), (&other.body["id"], &other.body["seq"]));
            assert_eq!(one.body["seq"], number + 1, "no hole");
        }
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
async fn a_client_goes_on_where_it_was_on_another_node() {
    for pair in Pair::each().await {
        let id = pair.anna[0].group("Moves", &[&pair.ben[0]]).await;
        let mut cursors = none();
        let mut seen = Vec::new();
        for round in 0..6 {
            let (mut device, _) = Device::of(&pair.ben[round % 2], &cursors).await;
            pair.anna[(round + 1) % 2].say(id, &format!("live {round}")).await;
            while seen.len() < 2 * round + 1 {
                let frame =
                    device.next(|frame| frame["type"] == "message" || frame["type"] == "replay").await;
                let missed = frame["events"].as_array().cloned().unwrap_or_else(|| vec![frame]);
                cursors = json!({id.to_string(): cursor_of(&missed[missed.len() - 1])});
                seen.extend(seqs(&missed));
            }
            device.leave().await;
            pair.anna[round % 2].say(id, &format!("missed {round}")).await;
        }
        assert_eq!(seen, (1..=11).collect::<Vec<_>>());
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
async fn who_is_removed_on_one_node_is_out_on_the_other() {
    for pair in Pair::each().await {
        for (here, there) in WAYS {
            let id = pair.anna[here].group("Out", &[&pair.ben[here]]).await;
            let (mut device, _) = Device::of(&pair.ben[there], &none()).await;
            let mut room = pair.ben[there].enter(id).await;
            // The other node's writer remembers that ben takes part.
            pair.ben[there].say(id, "I am in").await;
            device.next_of("message").await;
            let path = format!("/conversations/{id}/participants/{}", pair.ben[here].id);
            assert_eq!(pair.anna[here].delete(&path).await.status, 204);
            let refused = pair.ben[there].send(id, &json!({"content": "am I?"})).await;
            assert_eq!((refused.status, refused.body["code"].as_str()), (403, Some("not_participant")));
            assert_eq!(device.next_of("conversation_left").await["conversation_id"], id);
            assert_eq!(room.close_code().await, 4003);
            let again = json!({"user_id": pair.ben[here].id});
            let added = pair.anna[here].post(&format!("/conversations/{id}/participants"), &again).await;
            assert!(added.status < 300, "{added:?}");
            assert_eq!(device.next_of("conversation").await["id"], id);
            pair.ben[there].say(id, "back").await;
            device.leave().await;
        }
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
async fn receipts_counts_and_new_conversations_come_from_the_other_node() {
    for pair in Pair::each().await {
        for (here, there) in WAYS {
            let (mut anna, _) = Device::of(&pair.anna[here], &none()).await;
            let (mut ben, _) = Device::of(&pair.ben[there], &none()).await;
            let (mut elsewhere, _) = Device::of(&pair.ben[here], &none()).await;
            let id = pair.anna[here].group("New", &[&pair.ben[here]]).await;
            assert_eq!(ben.next_of("conversation").await["id"], id);
            elsewhere.next_of("conversation").await;
            pair.anna[here].say(id, "read this").await;
            ben.next_of("message").await;
            let read = json!({"type": "read", "conversation_id": id, "seq": 1});
            ben.does(read).await;
            let of_ben = |frame: &Value| {
                frame["type"] == "receipt" && frame["user_id"] == pair.ben[0].id && frame["read_seq"] == 1
            };
            assert_eq!(anna.next(of_ben).await["conversation_id"], id);
            let read_here = |frame: &Value| {
                frame["type"] == "unread" && frame["conversation_id"] == id && frame["unread"] == 0
            };
            elsewhere.next(read_here).await;
            for device in [anna, ben, elsewhere] {
                device.leave().await;
            }
        }
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
async fn a_database_that_lost_what_was_told_is_noticed_by_every_node() {
    for pair in Pair::each().await {
        let id = pair.anna[0].group("Lost", &[&pair.ben[0]]).await;
        let (mut here, _) = Device::of(&pair.ben[0], &none()).await;
        let (mut there, _) = Device::of(&pair.ben[1], &none()).await;
        for number in 0..3 {
            pair.anna[0].say(id, &format!("message {number}")).await;
        }
        let (_, last) = (messages(&mut here, 3).await, messages(&mut there, 3).await.pop().unwrap());
        // What a failover to a standby does that was behind.
        pair.nodes[0].execute("ALTER TABLE events DISABLE TRIGGER USER").await;
        pair.nodes[0].execute("DELETE FROM events WHERE seq = 3").await;
        assert_eq!(there.close_code().await, 1012);
        assert_eq!(here.close_code().await, 1012);
        let cursor = cursor_of(&last);
        let (mut back, _) = Device::of(&pair.ben[1], &json!({id.to_string(): cursor})).await;
        assert_eq!(back.next_of("gap").await["reason"], "diverged");
        assert_eq!(pair.anna[1].say(id, "instead").await["seq"], 3);
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
async fn a_session_that_ends_on_one_node_ends_on_the_other() {
    let first = TestServer::demo().await;
    let second = first.another_node().await;
    for (here, there) in [(&first, &second), (&second, &first)] {
        let alice = here.sign_in("alice").await;
        let (mut device, _) = Device::of(&alice.on(there), &none()).await;
        let gone = alice.post("/auth/logout", &json!({})).await;
        assert_eq!(gone.status, 204, "{gone:?}");
        assert_eq!(soon("the end", device.close_code()).await, 4006);
    }
}
