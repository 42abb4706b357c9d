//! What reading costs the database: a few statements, however many conversations or messages are requested.
//!
//! `/metrics` counts them for the whole server, and others read meanwhile, so the minimum of some attempts
//! counts.

use serde_json::{Value, json};

use crate::harness::{Device, Person, TestServer, open, reply};
use crate::many_conversations::{groups, say_everywhere};

async fn statements(server: &TestServer) -> u64 {
    server.metric("chinwag_read_statements_total").await
}

/// The minimum of statements over a few attempts at an answer.
async fn taken_by(server: &TestServer, person: &Person, path: &str) -> u64 {
    let mut least = u64::MAX;
    for _ in 0..5 {
        let before = statements(server).await;
        assert_eq!(person.get(path).await.status, 200, "{path}");
        least = least.min(statements(server).await - before);
    }
    least
}

/// Edits the message of this path, reacts to it and pins it.
async fn edit_and_mark(person: &Person, path: &str, content: &str) {
    let edited = reply(person.request("PATCH", path).json(&json!({"content": content}))).await;
    assert_eq!(edited.status, 200, "{:?}", edited.body);
    for mark in ["reactions/%F0%9F%91%8D", "pin"] {
        let marked = reply(person.request("PUT", &format!("{path}/{mark}"))).await;
        assert!((200..300).contains(&marked.status), "{:?}", marked.body);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_of_500_conversations_is_ready_in_at_most_15_statements() {
    let server = TestServer::provisioning_with(|config| config.limits.is_enforced = false).await;
    let (anna, ben) = (server.person("anna").await, server.person("ben").await);
    let mut ids = groups(&server, &anna, 498).await;
    ids.push(anna.group("With ben", &[&ben]).await);
    let direct = ben.post("/conversations", &json!({"participant_id": anna.id})).await;
    say_everywhere(&server, &anna, &ids, "the first").await;
    let had = anna.get("/conversations").await.body;
    ids.push(direct.body["id"].as_i64().unwrap());
    let tea = ids[498];
    let message = &ben.say(tea, "to be changed").await["id"];
    edit_and_mark(&ben, &format!("/conversations/{tea}/messages/{message}"), "changed").await;
    say_everywhere(&server, &anna, &ids[..498], "the last").await;

    let (device, ready) = Device::of(&anna, &json!({})).await;
    device.leave().await;
    let listed = ready["conversations"].as_array().unwrap();
    assert_eq!(listed.len(), 500);
    assert_eq!(listed[0]["last_message"]["content"], "the last");
    let last = &listed[498]["last_message"];
    assert_eq!((&last["content"], &last["reactions"][0]["emoji"]), (&json!("changed"), &json!("👍")));
    assert_eq!(listed[499]["peer"]["username"], "ben");
    let heads = listed.iter().map(|state| (state["id"].to_string(), state["head"].clone()));
    let heads: serde_json::Map<String, Value> = heads.collect();
    let mut behind = heads.clone();
    for state in &had.as_array().unwrap()[..100] {
        behind.insert(state["id"].to_string(), state["head"].clone());
    }

    for (what, cursors) in
        [("without cursors", json!({})), ("up to date", json!(heads)), ("behind", json!(behind))]
    {
        let mut least = u64::MAX;
        // The server asks for changes of accounts beside it, now and then.
        for _ in 0..20 {
            if least <= 15 {
                break;
            }
            let before = statements(&server).await;
            let mut device = Device::over(open(server.address, "/ws").await);
            // They are too many for a frame of an unauthenticated client.
            let hello = json!({"type": "hello", "token": anna.token, "more_cursors": true});
            device.room.send(&hello.to_string()).await;
            device.room.send(&json!({"type": "cursors", "cursors": cursors}).to_string()).await;
            assert_eq!(device.frame().await["type"], "ready");
            device.frames_until_now().await;
            least = least.min(statements(&server).await - before);
            device.leave().await;
        }
        assert!(least <= 15, "{what}: {least} statements");
    }
    // Two of them authenticate the caller.
    for path in ["/conversations?limit=200".to_owned(), format!("/conversations/{tea}")] {
        let taken = taken_by(&server, &anna, &path).await;
        assert!(taken <= 2 + 5, "{path}: {taken} statements");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_history_hits_and_pins_take_as_many_statements_as_one_message() {
    let server = TestServer::provisioning_with(|config| config.limits.is_enforced = false).await;
    let anna = server.person("anna").await;
    let id = anna.group("Tea", &[]).await;
    for place in 0..20 {
        let message = &anna.say(id, &format!("a needle of {place}")).await["id"];
        let path = format!("/conversations/{id}/messages/{message}");
        edit_and_mark(&anna, &path, &format!("the needle of {place}")).await;
    }
    // Brings the index up to date.
    assert_eq!(anna.get("/search?q=needle").await.body["results"].as_array().unwrap().len(), 20);
    // Two of them authenticate the caller.
    for (path, limit) in [
        (format!("/conversations/{id}/messages?limit=20"), 5),
        (format!("/conversations/{id}/pins"), 5),
        ("/search?q=needle".to_owned(), 6),
        ("/search?q=ne".to_owned(), 6),
    ] {
        let taken = taken_by(&server, &anna, &path).await;
        assert!(taken <= 2 + limit, "{path}: {taken} statements");
    }
}
