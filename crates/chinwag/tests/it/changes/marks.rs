//! Reactions and pins.

use serde_json::{Value, json};

use super::{Group, pin, react};
use crate::harness::{Hand, Way};

#[tokio::test]
async fn reactions_are_counted_by_person_and_repeating_one_is_no_event() {
    let group = Group::new().await;
    for way in Way::ALL {
        let id = group.anna.say(group.id, "react!").await["id"].as_i64().unwrap();
        let mut listener = Hand::new(&group.owner, group.id, Way::User).await;
        let mut anna = Hand::new(&group.anna, group.id, way).await;
        let mut ben = Hand::new(&group.ben, group.id, way).await;
        assert_eq!(anna.does(&react(id, "🎉", "add")).await["duplicate"], false, "{way:?}");
        assert_eq!(ben.does(&react(id, "🎉", "add")).await["duplicate"], false);
        assert_eq!(anna.does(&react(id, "🎉", "add")).await["duplicate"], true);
        assert_eq!(
            group.message(id).await["reactions"],
            json!([{"emoji": "🎉", "user_ids": [group.anna.id, group.ben.id]}])
        );
        assert_eq!(anna.does(&react(id, "🎉", "remove")).await["duplicate"], false);
        assert_eq!(anna.does(&react(id, "🎉", "remove")).await["duplicate"], true);
        assert_eq!(anna.does(&react(id, "👍", "remove")).await["duplicate"], true, "never there");
        assert_eq!(
            group.message(id).await["reactions"],
            json!([{"emoji": "🎉", "user_ids": [group.ben.id]}])
        );
        let heard: Vec<_> = listener.events_until_now().await;
        let heard: Vec<_> = heard.iter().map(|event| (&event["type"], &event["user_id"])).collect();
        let (added, removed) = (json!("reaction_added"), json!("reaction_removed"));
        let (anna, ben) = (json!(group.anna.id), json!(group.ben.id));
        assert_eq!(heard, [(&added, &anna), (&added, &ben), (&removed, &anna)], "{way:?}");
    }
}

#[tokio::test]
async fn a_reaction_is_one_real_emoji() {
    let group = Group::new().await;
    let id = group.anna.say(group.id, "react!").await["id"].as_i64().unwrap();
    for way in Way::ALL {
        let mut hand = Hand::new(&group.ben, group.id, way).await;
        for emoji in ["👍", "👍🏽", "🇩🇪", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "👩‍👩‍👧‍👦", "❤️", "#️⃣", "👩🏿‍🚀"]
        {
            assert_eq!(hand.does(&react(id, emoji, "add")).await["duplicate"], false, "{way:?} {emoji}");
            assert_eq!(hand.does(&react(id, emoji, "remove")).await["duplicate"], false, "{way:?} {emoji}");
        }
        for nothing in ["a", "1", "👍👍", ":+1:", "thumbsup", "👍 ", "🇩", "<b>", "\u{200d}"] {
            hand.is_refused(&react(id, nothing, "add"), "invalid_content").await;
        }
    }
    assert_eq!(group.message(id).await["reactions"], Value::Null);
}

#[tokio::test]
async fn two_spellings_of_an_emoji_are_one_reaction() {
    let group = Group::new().await;
    let id = group.anna.say(group.id, "react!").await["id"].as_i64().unwrap();
    let mut hand = Hand::new(&group.ben, group.id, Way::Room).await;
    let (plain, full) = ("\u{2764}", "\u{2764}\u{fe0f}");
    hand.does(&react(id, plain, "add")).await;
    assert_eq!(hand.does(&react(id, full, "add")).await["duplicate"], true);
    assert_eq!(hand.does(&react(id, full, "remove")).await["duplicate"], false);
    assert_eq!(hand.does(&react(id, plain, "remove")).await["duplicate"], true);
}

#[tokio::test]
async fn a_message_has_at_most_fifty_different_emoji() {
    let group = Group::new().await;
    let emoji: Vec<&str> = emojis::iter().step_by(7).take(51).map(emojis::Emoji::as_str).collect();
    for way in Way::ALL {
        let id = group.anna.say(group.id, "react!").await["id"].as_i64().unwrap();
        let mut hand = Hand::new(&group.ben, group.id, way).await;
        for one in &emoji[..50] {
            hand.does(&react(id, one, "add")).await;
        }
        hand.is_refused(&react(id, emoji[50], "add"), "invalid_content").await;
        // An emoji that is there may get more users, and one that is gone makes room.
        let mut other = Hand::new(&group.owner, group.id, way).await;
        other.does(&react(id, emoji[0], "add")).await;
        hand.does(&react(id, emoji[1], "remove")).await;
        hand.does(&react(id, emoji[50], "add")).await;
    }
}

#[tokio::test]
async fn pins_are_listed_oldest_message_first() {
    let group = Group::new().await;
    for way in Way::ALL {
        let mut hand = Hand::new(&group.ben, group.id, way).await;
        let (first, second) = (hand.says("first").await, hand.says("second").await);
        let mut listener = Hand::new(&group.anna, group.id, Way::Room).await;
        assert_eq!(hand.does(&pin(second, "add")).await["duplicate"], false, "{way:?}");
        assert_eq!(hand.does(&pin(first, "add")).await["duplicate"], false);
        assert_eq!(hand.does(&pin(first, "add")).await["duplicate"], true);
        let pins = group.anna.get(&format!("/conversations/{}/pins", group.id)).await.body;
        assert_eq!(pins, json!([group.message(first).await, group.message(second).await]));
        for id in [first, second] {
            assert_eq!(hand.does(&pin(id, "remove")).await["duplicate"], false);
            assert_eq!(hand.does(&pin(id, "remove")).await["duplicate"], true);
        }
        let pins = group.anna.get(&format!("/conversations/{}/pins", group.id)).await.body;
        assert_eq!(pins, json!([]));
        let heard = listener.events_until_now().await;
        let kinds: Vec<_> = heard.iter().map(|event| event["type"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["pinned", "pinned", "unpinned", "unpinned"], "{way:?}");
    }
}

#[tokio::test]
async fn a_conversation_has_at_most_a_hundred_pins() {
    let group = Group::new().await;
    let mut hand = Hand::new(&group.ben, group.id, Way::Room).await;
    let mut last = 0;
    for place in 0..100 {
        last = hand.says(&format!("pin {place}")).await;
        hand.does(&pin(last, "add")).await;
    }
    let one_too_many = hand.says("one too many").await;
    for way in Way::ALL {
        let mut hand = Hand::new(&group.ben, group.id, way).await;
        hand.is_refused(&pin(one_too_many, "add"), "forbidden").await;
        // A pinned message stays pinned, even if no more pins fit.
        assert_eq!(hand.does(&pin(last, "add")).await["duplicate"], true, "{way:?}");
    }
}

#[tokio::test]
async fn reactions_stand_in_the_order_in_which_they_came() {
    let group = Group::new().await;
    let id = group.anna.say(group.id, "react!").await["id"].as_i64().unwrap();
    let mut anna = Hand::new(&group.anna, group.id, Way::Rest).await;
    let mut ben = Hand::new(&group.ben, group.id, Way::Room).await;
    let shown = async || {
        let reactions = group.message(id).await["reactions"].as_array().unwrap().clone();
        let listed = Hand::ready(&group.ben).await["conversations"][0]["last_message"]["reactions"].clone();
        assert_eq!(listed, Value::Array(reactions.clone()), "the same wherever it is shown");
        let shown = reactions.iter().map(|one| {
            (one["emoji"].as_str().unwrap().to_owned(), one["user_ids"].as_array().unwrap().len())
        });
        shown.collect::<Vec<_>>()
    };
    let expected = |all: &[(&str, usize)]| {
        all.iter().map(|(emoji, count)| ((*emoji).to_owned(), *count)).collect::<Vec<_>>()
    };
    for emoji in ["🛫", "🇬🇧", "🛬", "❤️"] {
        anna.does(&react(id, emoji, "add")).await;
    }
    assert_eq!(shown().await, expected(&[("🛫", 1), ("🇬🇧", 1), ("🛬", 1), ("❤️", 1)]));
    ben.does(&react(id, "❤️", "add")).await;
    ben.does(&react(id, "🇬🇧", "add")).await;
    // An emoji keeps its place as long as somebody reacts with it, and gets a new one afterwards.
    anna.does(&react(id, "🇬🇧", "remove")).await;
    anna.does(&react(id, "🛫", "remove")).await;
    assert_eq!(shown().await, expected(&[("🇬🇧", 1), ("🛬", 1), ("❤️", 2)]));
    anna.does(&react(id, "🛫", "add")).await;
    anna.does(&react(id, "🇬🇧", "add")).await;
    assert_eq!(shown().await, expected(&[("🇬🇧", 2), ("🛬", 1), ("❤️", 2), ("🛫", 1)]));
    let reactions = group.message(id).await["reactions"].clone();
    assert_eq!(reactions[0]["user_ids"], json!([group.ben.id, group.anna.id]), "who came first stands first");
}
