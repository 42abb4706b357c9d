//! Editing one's own message.

use serde_json::json;

use super::{Group, edit};
use crate::harness::{Hand, Told, Way};

#[tokio::test]
async fn an_edit_changes_history_and_is_added_to_the_log() {
    let group = Group::new().await;
    for way in Way::ALL {
        let mut listener = Hand::new(&group.ben, group.id, Way::Room).await;
        let mut hand = Hand::new(&group.anna, group.id, way).await;
        let id = hand.says("first").await;
        hand.does(&edit(id, "second")).await;
        let mut conditional = edit(id, "third");
        conditional["if_version"] = json!(2);
        let answer = hand.does(&conditional).await;
        assert_eq!(answer["version"], 3, "{way:?} {answer}");
        let message = group.message(id).await;
        assert_eq!((&message["content"], &message["version"]), (&json!("third"), &json!(3)), "{way:?}");

        let mut live = Vec::new();
        for (kind, content, version) in
            [("message", "first", 1), ("message_edited", "second", 2), ("message_edited", "third", 3)]
        {
            let event = listener.event().await;
            assert_eq!(event["type"], kind, "{way:?} {event}");
            assert_eq!((&event["content"], &event["version"]), (&json!(content), &json!(version)));
            assert_eq!(event["actor_id"], group.anna.id);
            live.push(event);
        }
        assert_eq!(live[1]["message_id"], id);
        assert_eq!(group.log().await[live[0]["seq"].as_u64().unwrap() as usize - 1..], live, "{way:?}");
    }
}

#[tokio::test]
async fn an_edit_of_another_version_is_a_conflict_and_changes_nothing() {
    let group = Group::new().await;
    for way in Way::ALL {
        let mut hand = Hand::new(&group.anna, group.id, way).await;
        let id = hand.says("first").await;
        hand.does(&edit(id, "second")).await;
        let head = group.head().await;
        for version in [0, 1, 3, -1] {
            let mut stale = edit(id, "stale");
            stale["if_version"] = json!(version);
            hand.is_refused(&stale, "conflict").await;
        }
        assert_eq!(group.head().await, head, "{way:?}");
        assert_eq!(group.message(id).await["content"], "second");
    }
}

#[tokio::test]
async fn of_many_edits_at_once_with_the_same_version_one_wins() {
    let group = Group::new().await;
    let id = group.anna.say(group.id, "first").await["id"].as_i64().unwrap();
    let edits = (0..8).map(|place| {
        let (anna, conversation) = (group.anna.clone(), group.id);
        tokio::spawn(async move {
            let mut hand = Hand::new(&anna, conversation, Way::ALL[place % 3]).await;
            let mut command = edit(id, &format!("edit {place}"));
            command["if_version"] = json!(1);
            matches!(hand.tell(&command).await, Told::Done(_))
        })
    });
    let mut won = 0;
    for edit in edits.collect::<Vec<_>>() {
        won += usize::from(edit.await.unwrap());
    }
    assert_eq!(won, 1);
    assert_eq!(group.message(id).await["version"], 2);
}

#[tokio::test]
async fn only_its_author_edits_a_message() {
    let group = Group::new().await;
    let id = group.anna.say(group.id, "mine").await["id"].as_i64().unwrap();
    for way in Way::ALL {
        for other in [&group.owner, &group.ben] {
            Hand::new(other, group.id, way).await.is_refused(&edit(id, "yours"), "forbidden").await;
        }
        let mut hand = Hand::new(&group.anna, group.id, way).await;
        for (content, code) in
            [("", "invalid_content"), (" \n", "invalid_content"), (&*"x".repeat(4001), "too_large")]
        {
            hand.is_refused(&edit(id, content), code).await;
        }
        hand.is_refused(&edit(id, "a\0b"), "invalid_content").await;
        hand.is_refused(&edit(id + 1000, "none"), "not_found").await;
    }
    assert_eq!(group.message(id).await["version"], 1);
}

#[tokio::test]
async fn an_edit_to_the_text_that_it_has_is_no_event() {
    let group = Group::new().await;
    for way in Way::ALL {
        let mut listener = Hand::new(&group.ben, group.id, Way::User).await;
        let mut hand = Hand::new(&group.anna, group.id, way).await;
        let id = hand.says("the same").await;
        listener.events_until_now().await;
        for (content, version, is_duplicate) in
            [("the same", 1, true), ("another", 2, false), ("another", 2, true), ("the same", 3, false)]
        {
            let answer = hand.does(&edit(id, content)).await;
            assert_eq!(
                (&answer["version"], &answer["duplicate"]),
                (&json!(version), &json!(is_duplicate)),
                "{way:?} {content}: {answer}"
            );
            let heard = listener.events_until_now().await;
            assert_eq!(heard.len(), usize::from(!is_duplicate), "{way:?} {content}: {heard:?}");
            assert_eq!(group.message(id).await["version"], version);
        }
        let mut stale = edit(id, "the same");
        stale["if_version"] = json!(1);
        hand.is_refused(&stale, "conflict").await;
    }
}

#[tokio::test]
async fn what_a_group_and_its_people_are_already_is_no_event() {
    let group = Group::new().await;
    let path = format!("/conversations/{}", group.id);
    let patch = async |path: &str, body: serde_json::Value| {
        let answer = crate::harness::reply(group.owner.request("PATCH", path).json(&body)).await;
        assert_eq!(answer.status, 200, "{body}: {:?}", answer.body);
    };
    patch(&path, json!({"topic": "green tea"})).await;
    let head = group.head().await;
    for body in [
        json!({}),
        json!({"title": "Tea"}),
        json!({"title": " Tea "}),
        json!({"topic": "green tea"}),
        json!({"archived": false}),
        json!({"title": "Tea", "topic": "green tea", "archived": false}),
    ] {
        patch(&path, body).await;
    }
    patch(&format!("{path}/participants/{}", group.ben.id), json!({"role": "member"})).await;
    let again = group.owner.post(&format!("{path}/participants"), &json!({"user_id": group.ben.id})).await;
    assert_eq!(again.status, 201);
    assert_eq!(group.head().await, head);
}
