//! The rules for a text, and its mentions.

use serde_json::{Value, json};

use super::{Group, edit};
use crate::harness::{Hand, Person, Way};

#[tokio::test]
async fn a_text_that_nobody_can_see_is_refused() {
    let group = Group::new().await;
    for way in Way::ALL {
        let mut hand = Hand::new(&group.anna, group.id, way).await;
        let id = hand.says("seen").await;
        for blank in
            [" \n\t", "\u{200b}", "\u{3164}", "\u{2800} \u{a0}", "\u{2060}\u{feff}\u{ad}", "\u{202e}"]
        {
            hand.is_refused(&json!({"type": "send", "content": blank}), "invalid_content").await;
            hand.is_refused(&edit(id, blank), "invalid_content").await;
        }
        hand.says("\u{200b}.").await;
    }
}

#[tokio::test]
async fn titles_topics_and_status_texts_have_something_to_see() {
    let group = Group::new().await;
    let path = format!("/conversations/{}", group.id);
    for blank in ["\u{200b}", " \u{3164}", "\u{2800}"] {
        for body in [json!({"title": blank}), json!({"topic": blank})] {
            let refused = group.owner.request("PATCH", &path).json(&body).send().await.unwrap();
            assert_eq!(refused.status(), 422, "{body}");
        }
        let refused =
            group.owner.post("/conversations", &json!({"title": blank, "participant_ids": []})).await;
        assert_eq!(refused.status, 422, "{blank:?}");
        let mut hand = Hand::new(&group.owner, group.id, Way::User).await;
        hand.is_refused(&json!({"type": "presence", "status": "online", "text": blank}), "invalid_frame")
            .await;
    }
    let composed =
        group.owner.request("PATCH", &path).json(&json!({"title": "Te\u{301}"})).send().await.unwrap();
    assert_eq!(composed.json::<Value>().await.unwrap()["title"], "Té");
}

async fn mentions(person: &Person) -> u64 {
    Hand::ready(person).await["conversations"][0]["mentions"].as_u64().unwrap()
}

#[tokio::test]
async fn nobody_is_named_in_code_and_names_end_where_their_letters_do() {
    let group = Group::new().await;
    for (content, format, expected) in [
        ("`@ben`", "markdown", 0),
        ("`@ben`", "plain", 1),
        ("```\n@ben\n```", "markdown", 0),
        ("> ~~~\n> @ben", "markdown", 0),
        ("    @ben", "markdown", 0),
        ("``a ` @ben`` @ben你好", "markdown", 1),
        ("@anna@ben", "plain", 1),
        ("@benny", "plain", 0),
        ("（@ben）", "plain", 1),
        ("mail@ben.example", "plain", 0),
    ] {
        let before = mentions(&group.ben).await;
        let sent = group.anna.send(group.id, &json!({"content": content, "format": format})).await;
        assert_eq!(mentions(&group.ben).await - before, expected, "{content} as {format}");
        // An edit keeps the message's format.
        let mut hand = Hand::new(&group.anna, group.id, Way::User).await;
        let id = sent.body["id"].as_i64().unwrap();
        hand.does(&edit(id, "nobody")).await;
        hand.does(&edit(id, content)).await;
        assert_eq!(mentions(&group.ben).await - before, expected, "{content} as {format}, edited");
    }
}

#[tokio::test]
async fn the_longest_name_is_meant() {
    let group = Group::new().await;
    let ming = group.server.person("小明").await;
    let added = json!({"user_id": ming.id});
    assert!(
        group.owner.post(&format!("/conversations/{}/participants", group.id), &added).await.status < 300
    );
    group.anna.say(group.id, "@小明你好").await;
    assert_eq!(mentions(&ming).await, 1);
}
