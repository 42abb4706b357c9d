//! Users with thousands of conversations: their cursors, their list, and what they were added to meanwhile.

use std::collections::BTreeMap;

use chinwag::protocol::rest::NewConversation;
use chinwag::protocol::{ConversationId, Send};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{Device, Person, TestServer, open};

/// Makes groups of one person inside the server, a thousand at a time; gives their ids.
pub(crate) async fn groups(server: &TestServer, person: &Person, count: usize) -> Vec<i64> {
    let (chat, actor) = (server.server.chat(), server.actor(person).await);
    let mut ids = Vec::new();
    while ids.len() < count {
        let more = (ids.len()..count).take(1000).map(|number| {
            let title = Some(format!("Group {number}"));
            chat.create_conversation(
                &actor,
                NewConversation { title, participant_ids: None, participant_id: None },
            )
        });
        ids.extend(join_all(more).await.into_iter().map(|made| made.unwrap().id.0));
    }
    ids.sort_unstable();
    ids
}

/// Says something in each of them.
pub(crate) async fn say_everywhere(server: &TestServer, person: &Person, ids: &[i64], content: &str) {
    let (chat, actor) = (server.server.chat(), server.actor(person).await);
    for some in ids.chunks(1000) {
        let sends = some.iter().map(|id| {
            let send = Send { content: content.to_owned(), ..Send::default() };
            chat.send(&actor, ConversationId(*id), send)
        });
        join_all(sends).await.into_iter().for_each(|sent| drop(sent.unwrap()));
    }
}

/// The path of the next page, as `Link` names it.
fn next(link: &str) -> Option<String> {
    let (path, rest) = link.strip_prefix('<')?.split_once('>')?;
    assert_eq!(rest, "; rel=\"next\"");
    Some(path.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_thousand_conversations_are_listed_and_resumed() {
    let server = TestServer::provisioning_with(|config| config.limits.is_enforced = false).await;
    let anna = server.person("anna").await;
    let ids = groups(&server, &anna, 4000).await;
    say_everywhere(&server, &anna, &ids, "had").await;

    // Page by page, and all at once: the same.
    let mut states = BTreeMap::new();
    let mut path = Some("/conversations?limit=200".to_owned());
    let mut pages = 0;
    while let Some(page) = path {
        let answer = anna.get(&page).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        path = next(answer.header("link"));
        for state in answer.body.as_array().unwrap() {
            assert!(states.insert(state["id"].as_i64().unwrap(), state.clone()).is_none(), "twice: {state}");
        }
        pages += 1;
    }
    assert_eq!((pages, states.len()), (20, 4000));
    assert_eq!(states.keys().copied().collect::<Vec<_>>(), ids);
    let all = anna.get("/conversations").await;
    assert_eq!(all.header("link"), "");
    assert!(
        all.body.as_array().unwrap().iter().eq(states.values()),
        "all is the pages, one behind the other"
    );

    say_everywhere(&server, &anna, &ids, "missed").await;
    let cursors: Vec<_> = states.iter().map(|(id, state)| (id.to_string(), state["head"].clone())).collect();
    let mut frames = cursors.chunks(1000).map(|some| some.iter().cloned().collect::<serde_json::Map<_, _>>());
    let mut device = Device::over(open(server.address, "/ws").await);
    let hello =
        json!({"type": "hello", "ref": "h", "token": anna.token, "cursors": {}, "more_cursors": true});
    device.room.send(&hello.to_string()).await;
    for left in (0..4).rev() {
        let frame = json!({"type": "cursors", "cursors": frames.next().unwrap(), "more_cursors": left > 0});
        assert!(frame.to_string().len() < 64 * 1024);
        device.room.send(&frame.to_string()).await;
    }
    let ready = device.frame().await;
    assert_eq!((&ready["type"], &ready["ref"], &ready["more"]), (&json!("ready"), &json!("h"), &json!(true)));
    let listed: Vec<_> = ready["conversations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|state| state["id"].as_i64().unwrap())
        .collect();
    assert_eq!(listed, ids[..500]);
    let mut missed = BTreeMap::new();
    while missed.len() < ids.len() {
        let frame = device.frame().await;
        match frame["type"].as_str().unwrap() {
            "replay" => {
                let events = frame["events"].as_array().unwrap();
                let told: Vec<_> = events.iter().map(|event| (&event["seq"], &event["content"])).collect();
                assert_eq!(told, [(&json!(2), &json!("missed"))]);
            }
            "caught_up" => {
                missed.insert(frame["conversation_id"].as_i64().unwrap(), frame["seq"].as_i64().unwrap());
            }
            other => panic!("{other}: {frame}"),
        }
    }
    assert!(missed.values().all(|seq| *seq == 2) && missed.keys().eq(ids.iter()));
    anna.say(ids[3999], "live").await;
    assert_eq!(device.next_of("message").await["content"], "live");
}

#[tokio::test]
async fn cursors_come_right_behind_a_hello_that_announced_them_and_nowhere_else() {
    let server = TestServer::provisioning().await;
    let anna = server.person("anna").await;
    let hello = json!({"type": "hello", "token": anna.token, "more_cursors": true});
    let many: serde_json::Map<_, _> =
        (0..3_000).map(|number| ((1_000_000 + number).to_string(), json!("0"))).collect();
    for (follows, code, close) in [
        (json!({"type": "ping"}), "invalid_frame", 1002),
        (json!({"type": "hello", "token": anna.token}), "invalid_frame", 1002),
        (json!({"content": "Hello"}), "invalid_frame", 1002),
        (json!({"type": "cursors", "cursors": {"1": "x"}}), "invalid_frame", 1002),
        (json!({"type": "cursors"}), "invalid_frame", 1002),
        (json!({"type": "cursors", "cursors": {}, "pad": "x".repeat(64 * 1024)}), "too_large", 1009),
    ] {
        let mut room = open(server.address, "/ws").await;
        room.send(&hello.to_string()).await;
        room.send(&follows.to_string()).await;
        assert_eq!(room.error_code().await, code, "{follows:.60}");
        assert_eq!(room.refused_with().await, close, "{follows:.60}");
    }
    let mut first = open(server.address, "/ws").await;
    first.send(&json!({"type": "cursors", "cursors": {}}).to_string()).await;
    assert_eq!((first.error_code().await.as_str(), first.refused_with().await), ("invalid_frame", 1002));

    let mut endless = open(server.address, "/ws").await;
    endless.send(&hello.to_string()).await;
    for place in 0..34 {
        let cursors: serde_json::Map<_, _> =
            many.iter().map(|(id, cursor)| (format!("{place}{id}"), cursor.clone())).collect();
        let frame = json!({"type": "cursors", "cursors": cursors, "more_cursors": true});
        endless.send(&frame.to_string()).await;
    }
    assert_eq!((endless.error_code().await.as_str(), endless.refused_with().await), ("too_large", 1009));

    let (mut device, _) = Device::of(&anna, &json!({})).await;
    assert_eq!(device.is_refused(json!({"type": "cursors", "cursors": {}})).await, "unknown_type");
}

#[tokio::test]
async fn who_announces_cursors_and_sends_none_is_closed_with_4009() {
    let server = TestServer::provisioning().await;
    let anna = server.person("anna").await;
    let mut room = open(server.address, "/ws").await;
    room.send(&json!({"type": "hello", "token": anna.token, "more_cursors": true}).to_string()).await;
    assert_eq!(room.refused_with().await, 4009);
}

/// The contents of what is replayed of a conversation, up to where it is caught up.
async fn replayed(device: &mut Device, conversation: i64) -> Vec<Value> {
    let mut events = Vec::new();
    loop {
        let frame = device.next(|frame| frame["conversation_id"] == conversation).await;
        match frame["type"].as_str().unwrap() {
            "replay" => events.extend(frame["events"].as_array().unwrap().iter().cloned()),
            "caught_up" => return events,
            "gap" => events.push(frame["reason"].clone()),
            _ => {}
        }
    }
}

fn kinds(events: &[Value]) -> Vec<&str> {
    let kinds =
        events.iter().map(|event| event["content"].as_str().or(event["type"].as_str()).or(event.as_str()));
    kinds.map(Option::unwrap).collect()
}

#[tokio::test]
async fn what_a_bot_was_added_to_while_away_is_replayed_from_where_it_was_added() {
    let server = TestServer::provisioning().await;
    let (anna, bot) = (server.person("anna").await, server.person("bot").await);
    let older = anna.group("Older", &[]).await;
    anna.say(older, "before the bot").await;
    let path = format!("/conversations/{older}/participants");
    assert_eq!(anna.post(&path, &json!({"user_id": bot.id})).await.status, 201);
    anna.say(older, "@bot help").await;
    let made = anna.group("Made with it", &[&bot]).await;
    anna.say(made, "@bot hello").await;

    let hello = json!({"token": bot.token, "cursors": {}, "added": "replay"});
    let mut device = Device::over(open(server.address, "/ws").await);
    device.greet(hello.clone()).await;
    let events = replayed(&mut device, older).await;
    assert_eq!(kinds(&events), ["participant_added", "@bot help"]);
    assert_eq!((&events[0]["user_id"], &events[0]["seq"]), (&json!(bot.id), &json!(2)));
    assert_eq!(kinds(&replayed(&mut device, made).await), ["@bot hello"]);
    device.frames_until_now().await;

    // Also while it is connected: messages sent before it hears of the conversation.
    let newer = anna.group("Newer", &[]).await;
    for content in ["one", "two"] {
        anna.say(newer, content).await;
    }
    let path = format!("/conversations/{newer}/participants");
    assert_eq!(anna.post(&path, &json!({"user_id": bot.id})).await.status, 201);
    let told = device.next_of("conversation").await;
    assert_eq!(told["id"], newer);
    assert_eq!(kinds(&replayed(&mut device, newer).await), ["participant_added"]);
    anna.say(newer, "live").await;
    assert_eq!(device.next_of("message").await["content"], "live");
    device.leave().await;

    // The named ones continue from there, the others from where the user was added, if the client wants that.
    let mut device = Device::over(open(server.address, "/ws").await);
    let mut near = hello;
    near["cursors"] = json!({made.to_string(): "0"});
    near["replay_limit"] = json!(1);
    device.greet(near).await;
    assert_eq!(kinds(&replayed(&mut device, older).await), ["too_far"]);
    device.leave().await;

    let (mut device, _) = Device::of(&bot, &json!({})).await;
    let heard = device.frames_until_now().await;
    assert!(heard.iter().all(|frame| frame["type"] != "replay"), "not unless it is asked for: {heard:?}");
}

#[tokio::test]
async fn the_list_shows_how_each_conversation_stands() {
    let server = TestServer::provisioning().await;
    let (anna, ben) = (server.person("anna").await, server.person("ben").await);
    let tea = anna.group("Tea", &[&ben]).await;
    anna.say(tea, "hello, @ben").await;
    let direct =
        ben.post("/conversations", &json!({"participant_id": anna.id})).await.body["id"].as_i64().unwrap();
    let listed = ben.get("/conversations").await.body;
    let (_device, ready) = Device::of(&ben, &json!({})).await;
    assert_eq!(listed, ready["conversations"]);
    let state = &listed[0];
    assert_eq!(
        (&state["role"], &state["unread"], &state["mentions"]),
        (&json!("member"), &json!(1), &json!(1))
    );
    assert_eq!(state["last_message"]["content"], "hello, @ben");
    assert!(state["head"].as_str().unwrap().starts_with("1."), "{state}");
    assert_eq!((&listed[1]["id"], &listed[1]["peer"]["username"]), (&json!(direct), &json!("anna")));
    assert_eq!(ben.get(&format!("/conversations/{tea}")).await.body, *state);

    let page = ben.get("/conversations?limit=1").await;
    assert_eq!(page.body, json!([state]));
    assert_eq!(next(page.header("link")).as_deref(), Some(&*format!("/conversations?after={tea}&limit=1")));
    let rest = ben.get(&format!("/conversations/?after={tea}")).await;
    assert_eq!((rest.header("link"), rest.body.as_array().unwrap().len()), ("", 1));
    for wrong in ["?limit=0", "?limit=x", "?after=x"] {
        assert_eq!(ben.get(&format!("/conversations{wrong}")).await.status, 422, "{wrong}");
    }
}
