//! Where logs end: a position is never used twice, whatever happens to the events.

use serde_json::{Value, json};

use crate::harness::{Device, TestServer};

/// The cursor of a position with the stamp of this event.
fn cursor(seq: i64, event: &Value) -> String {
    format!("{seq}.{}", event["stamp"].as_str().unwrap())
}

#[tokio::test]
async fn a_log_that_was_emptied_goes_on_behind_its_end() {
    let server = TestServer::provisioning().await;
    let anna = server.person("anna").await;
    let id = anna.group("Emptied", &[]).await;
    let first = anna.say(id, "one").await;
    anna.say(id, "two").await;
    let last = anna.say(id, "three").await;
    let head = anna.get(&format!("/conversations/{id}")).await.body["head"].clone();
    let stopped = server.stop().await;
    assert_eq!(stopped.execute("DELETE FROM events").await, 3);
    let server = stopped.start().await;
    let anna = server.person("anna").await;

    let state = anna.get(&format!("/conversations/{id}")).await.body;
    assert_eq!((&state["head"], &state["last_message"]), (&head, &json!(null)));
    let (mut current, _) = Device::of(&anna, &json!({id.to_string(): head})).await;
    let heard = current.frames_until_now().await;
    assert!(
        heard.iter().all(|frame| frame["type"] != "gap"),
        "who has all of it has missed nothing: {heard:?}"
    );
    let (mut behind, _) = Device::of(&anna, &json!({id.to_string(): cursor(1, &first)})).await;
    assert_eq!(behind.next_of("gap").await["reason"], "retention");
    let (mut ahead, _) = Device::of(&anna, &json!({id.to_string(): cursor(9, &last)})).await;
    assert_eq!(ahead.next_of("gap").await["reason"], "diverged");

    let next = anna.say(id, "four").await;
    assert_eq!(next["seq"], 4);
    assert!(next["id"].as_i64() > last["id"].as_i64(), "{next} behind {last}");
    assert_eq!(current.next_of("message").await["seq"], 4);
    assert_eq!(anna.history(id, "").await.len(), 1);
}
