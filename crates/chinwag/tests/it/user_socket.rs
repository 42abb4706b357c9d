//! `/ws`: what comes first, and which conversations it covers.

use std::time::{Duration, Instant};

use chinwag::protocol::limits::SMALL_CONVERSATION;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{Device, Person, Room, TestServer, now, open, soon};

async fn add(by: &Person, conversation: i64, person: &Person) {
    let path = format!("/conversations/{conversation}/participants");
    let added = by.post(&path, &json!({"user_id": person.id})).await;
    assert!(added.status < 300, "{:?}", added.body);
}

async fn remove(by: &Person, conversation: i64, person: &Person) {
    let removed = by.delete(&format!("/conversations/{conversation}/participants/{}", person.id)).await;
    assert!(removed.status < 300, "{:?}", removed.body);
}

fn cursor(message: &Value) -> String {
    format!("{}.{}", message["seq"], message["stamp"].as_str().unwrap())
}

/// A cursor with the position of this one and another stamp.
fn forked(cursor: &str) -> String {
    let (seq, stamp) = cursor.split_once('.').unwrap();
    let other = if stamp.starts_with('a') { 'b' } else { 'a' };
    format!("{seq}.{other}{}", &stamp[1..])
}

fn listed(ready: &Value, conversation: i64) -> &Value {
    let all = ready["conversations"].as_array().unwrap();
    all.iter().find(|state| state["id"] == conversation).unwrap_or_else(|| panic!("not listed: {ready}"))
}

fn contents(frames: &[Value]) -> Vec<&str> {
    frames.iter().filter_map(|frame| frame["content"].as_str()).collect()
}

#[tokio::test]
async fn ready_tells_how_everything_stands() {
    let server = TestServer::provisioning().await;
    let (anna, ben) = (server.person("anna").await, server.person("ben").await);
    let tea = anna.group("Tea", &[&ben]).await;
    let empty = anna.group("Empty", &[&ben]).await;
    ben.group("Of others", &[]).await;
    anna.say(tea, "one").await;
    anna.say(tea, "two, @ben").await;
    let newest = anna.say(tea, "three").await;
    ben.post(&format!("/conversations/{tea}/read"), &json!({"seq": 1})).await;
    let (_device, ready) = Device::of(&ben, &json!({})).await;
    assert_eq!((&ready["more"], &ready["heartbeat_ms"]), (&json!(false), &json!(25_000)));
    assert!((ready["server_time"].as_i64().unwrap() / 1000 - now()).abs() < 60);
    assert_eq!(ready["limits"]["content_chars"], 4000);
    assert!(ready["session_id"].is_string());
    assert_eq!(ready["conversations"].as_array().unwrap().len(), 3);
    let state = listed(&ready, tea);
    assert_eq!(
        (&state["title"], &state["kind"], &state["role"]),
        (&json!("Tea"), &json!("group"), &json!("member"))
    );
    assert_eq!(state["head"], cursor(&newest));
    assert_eq!((&state["read_seq"], &state["unread"], &state["mentions"]), (&json!(1), &json!(2), &json!(1)));
    assert_eq!((&state["last_message"]["content"], &state["participants"]), (&json!("three"), &json!(2)));
    let state = listed(&ready, empty);
    assert_eq!((&state["unread"], &state["last_message"]), (&json!(0), &Value::Null));
}

#[tokio::test]
async fn named_conversations_are_replayed_and_the_others_start_at_their_head() {
    let server = TestServer::provisioning().await;
    let anna = server.person("anna").await;
    let (named, other, fresh) =
        (anna.group("Named", &[]).await, anna.group("Other", &[]).await, anna.group("Fresh", &[]).await);
    let first = anna.say(named, "had").await;
    for content in ["missed 1", "missed 2"] {
        anna.say(named, content).await;
        anna.say(other, content).await;
    }
    let (mut device, ready) = Device::of(&anna, &json!({})).await;
    let head_of_nothing = listed(&ready, fresh)["head"].clone();
    device.frames_until_now().await;
    device.leave().await;
    anna.say(fresh, "the first").await;

    let cursors = json!({named.to_string(): cursor(&first), fresh.to_string(): head_of_nothing});
    let (mut device, ready) = Device::of(&anna, &cursors).await;
    let frames = device.frames_until_now().await;
    let told = |kind: &str, id: i64| -> Vec<&Value> {
        frames.iter().filter(|frame| frame["type"] == kind && frame["conversation_id"] == id).collect()
    };
    let replayed: Vec<_> =
        told("replay", named).iter().flat_map(|frame| frame["events"].as_array().unwrap()).collect();
    assert_eq!(replayed.iter().map(|event| &event["content"]).collect::<Vec<_>>(), ["missed 1", "missed 2"]);
    assert_eq!(told("replay", named)[0]["head"], listed(&ready, named)["head"]);
    assert_eq!(told("caught_up", named)[0]["seq"], 3);
    assert_eq!(told("replay", fresh)[0]["events"][0]["content"], "the first", "after an empty log's head");
    assert!(told("replay", other).is_empty() && told("caught_up", other).is_empty(), "{frames:?}");
    for id in [named, other, fresh] {
        anna.say(id, "live").await;
        let live = device.next_of("message").await;
        assert_eq!((&live["conversation_id"], &live["content"]), (&json!(id), &json!("live")));
    }
}

#[tokio::test]
async fn who_missed_more_than_a_page_in_each_of_many_conversations_gets_all_of_it() {
    let server = TestServer::provisioning_with(|config| config.limits.is_enforced = false).await;
    let anna = server.person("anna").await;
    let long = "長".repeat(4000);
    let mut cursors = json!({});
    for number in 0..5 {
        let id = anna.group(&format!("Group {number}"), &[]).await;
        cursors[id.to_string()] = json!("0");
        for _ in 0..4 {
            anna.say(id, &long).await;
        }
    }
    let (mut device, _) = Device::of(&anna, &cursors).await;
    let frames = device.frames_until_now().await;
    for (id, _) in cursors.as_object().unwrap() {
        let id: i64 = id.parse().unwrap();
        let of_it = frames.iter().filter(|frame| frame["conversation_id"] == id);
        let (replays, others): (Vec<_>, Vec<_>) = of_it.partition(|frame| frame["type"] == "replay");
        let seqs: Vec<_> = replays
            .iter()
            .flat_map(|frame| frame["events"].as_array().unwrap())
            .map(|event| &event["seq"])
            .collect();
        assert_eq!(seqs, [1, 2, 3, 4], "conversation {id}");
        assert_eq!((&others[0]["type"], &others[0]["seq"]), (&json!("caught_up"), &json!(4)));
    }
}

#[tokio::test]
async fn continuity_that_is_lost_is_told_with_its_reason() {
    let server = TestServer::provisioning().await;
    let (anna, ben) = (server.person("anna").await, server.person("ben").await);
    let (diverged, future, far) =
        (anna.group("Forked", &[]).await, anna.group("Future", &[]).await, anna.group("Far", &[]).await);
    let foreign = ben.group("Not hers", &[]).await;
    let mut heads = std::collections::HashMap::new();
    for id in [diverged, future, far] {
        for content in ["one", "two", "three", "four"] {
            heads.insert(id, cursor(&anna.say(id, content).await));
        }
    }
    let cursors = json!({
        diverged.to_string(): forked(&heads[&diverged]), future.to_string(): "99.k3v9x2ab",
        far.to_string(): "0", foreign.to_string(): "0", "424242": "7.k3v9x2ab",
    });
    let mut device = Device::over(open(server.address, "/ws").await);
    device.greet(json!({"token": anna.token, "cursors": cursors, "replay_limit": 3})).await;
    let frames = device.frames_until_now().await;
    let mut gaps: Vec<_> = frames
        .iter()
        .filter(|frame| frame["type"] == "gap")
        .map(|gap| (gap["conversation_id"].as_i64().unwrap(), gap["reason"].as_str().unwrap()))
        .collect();
    gaps.sort_unstable();
    let expected = [
        (diverged, "diverged"),
        (future, "diverged"),
        (far, "too_far"),
        (foreign, "membership"),
        (424_242, "membership"),
    ];
    assert_eq!(gaps, expected);
    for gap in frames.iter().filter(|frame| frame["type"] == "gap") {
        if let Some(head) = heads.get(&gap["conversation_id"].as_i64().unwrap()) {
            assert_eq!(gap["head"], *head);
        }
    }
    assert!(frames.iter().all(|frame| frame["type"] != "replay"), "{frames:?}");
    for id in [diverged, future, far] {
        anna.say(id, "goes on").await;
        assert_eq!(device.next_of("message").await["seq"], 5);
    }
    device.leave().await;
    let mut device = Device::over(open(server.address, "/ws").await);
    device.greet(json!({"token": anna.token, "cursors": {far.to_string(): "0"}, "replay_limit": 5})).await;
    assert_eq!(device.next_of("replay").await["events"].as_array().unwrap().len(), 5, "just near enough");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_conversation_sends_counts_until_it_is_subscribed_to() {
    let server = TestServer::provisioning_with(|config| config.limits.is_enforced = false).await;
    let anna = server.person("anna").await;
    let names: Vec<_> = (0..SMALL_CONVERSATION).map(|place| format!("user{place}")).collect();
    let people = join_all(names.iter().map(|name| server.person(name))).await;
    let large = anna.group("Large", &people.iter().collect::<Vec<_>>()).await;
    let ben = &people[0];
    let had = anna.say(large, "before").await;
    let (mut device, ready) = Device::of(ben, &json!({})).await;
    assert_eq!(listed(&ready, large)["participants"], SMALL_CONVERSATION + 1);

    let unseen = anna.say(large, "unseen, @user0").await;
    let unread = device.next(|frame| frame["type"] == "unread" && frame["unread"] == 2).await;
    assert_eq!((&unread["conversation_id"], &unread["mentions"]), (&json!(large), &json!(1)));
    assert_eq!(unread["head"], cursor(&unseen));
    assert!(contents(&device.frames_until_now().await).is_empty(), "no event comes");

    device.does(json!({"type": "subscribe", "conversation_id": large, "after": cursor(&had)})).await;
    let replay = device.next_of("replay").await;
    assert_eq!(replay["events"][0]["content"], "unseen, @user0");
    assert_eq!(device.next_of("caught_up").await["seq"], unseen["seq"]);
    anna.say(large, "seen").await;
    assert_eq!(device.next_of("message").await["content"], "seen");
    device.does(json!({"type": "subscribe", "conversation_id": large})).await;
    anna.say(large, "seen once").await;
    assert_eq!(device.next_of("message").await["content"], "seen once");

    device.does(json!({"type": "unsubscribe", "conversation_id": large})).await;
    anna.say(large, "unseen again").await;
    device.next(|frame| frame["type"] == "unread" && frame["unread"] == 5).await;
    assert!(contents(&device.frames_until_now().await).is_empty());
    device.does(json!({"type": "subscribe", "conversation_id": large})).await;
    anna.say(large, "from the head on").await;
    assert_eq!(device.next_of("message").await["content"], "from the head on");
    let forked = forked(&cursor(&had));
    device.does(json!({"type": "subscribe", "conversation_id": large, "after": forked})).await;
    assert_eq!(device.next_of("gap").await["reason"], "diverged");
    assert_eq!(device.is_refused(json!({"type": "subscribe", "conversation_id": 999})).await, "not_found");
}

#[tokio::test]
async fn who_is_added_while_connected_is_told_and_hears_everything_from_then_on() {
    let server = TestServer::provisioning().await;
    let (anna, ben) = (server.person("anna").await, server.person("ben").await);
    let (mut device, ready) = Device::of(&ben, &json!({})).await;
    assert_eq!(ready["conversations"], json!([]));
    let made = anna.group("Made with him", &[&ben]).await;
    let told = device.next_of("conversation").await;
    assert_eq!(
        (&told["id"], &told["title"], &told["role"]),
        (&json!(made), &json!("Made with him"), &json!("member"))
    );
    anna.say(made, "welcome").await;
    assert_eq!(device.next_of("message").await["content"], "welcome");

    let older = anna.group("Older", &[]).await;
    anna.say(older, "before him").await;
    add(&anna, older, &ben).await;
    let told = device.next_of("conversation").await;
    assert_eq!(told["id"], older);
    let have: i64 = told["head"].as_str().unwrap().split('.').next().unwrap().parse().unwrap();
    let said = anna.say(older, "with him").await;
    let live = device.next(|frame| frame["conversation_id"] == older && frame["seq"].is_i64()).await;
    assert_eq!((&live["content"], &live["seq"]), (&json!("with him"), &said["seq"]));
    assert_eq!(live["seq"], have + 1, "the head that was told, and then what follows it");
}

#[tokio::test]
async fn who_is_removed_is_told_within_a_second_and_hears_nothing_later() {
    let server = TestServer::provisioning().await;
    let (anna, ben) = (server.person("anna").await, server.person("ben").await);
    let group = anna.group("Group", &[&ben]).await;
    let fence = anna.group("Fence", &[&ben]).await;
    let (mut device, _) = Device::of(&ben, &json!({})).await;
    let (mut level_1, _) = Device::in_room(&ben, group, "").await;
    let mut level_0 = ben.enter(group).await;
    device.frames_until_now().await;
    let begun = Instant::now();
    remove(&anna, group, &ben).await;
    assert_eq!(level_0.close_code().await, 4003);
    assert_eq!(level_1.close_code().await, 4003);
    assert_eq!(device.next_of("conversation_left").await["conversation_id"], group);
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    for place in 0..20 {
        anna.say(group, &format!("secret {place}")).await;
    }
    assert_eq!(
        device.is_refused(json!({"type": "typing", "conversation_id": group, "on": true})).await,
        "not_participant"
    );
    assert_eq!(
        device.is_refused(json!({"type": "subscribe", "conversation_id": group, "after": "0"})).await,
        "not_participant"
    );
    anna.say(fence, "the fence").await;
    let mut later = Vec::new();
    loop {
        let frame = device.frame().await;
        if frame["content"] == "the fence" {
            break;
        }
        later.push(frame);
    }
    assert!(later.iter().all(|frame| frame["conversation_id"] != group), "{later:?}");
    assert_eq!(ben.knock(group).await.refused_with().await, 4003);

    add(&anna, group, &ben).await;
    let told = device.next_of("conversation").await;
    assert_eq!(told["id"], group);
    let said = anna.say(group, "again").await;
    let live = device.next_of("message").await;
    assert_eq!((&live["content"], &live["seq"]), (&json!("again"), &said["seq"]));
    let mut room = ben.enter(group).await;
    room.hears_nothing_but_itself().await;
}

#[tokio::test]
async fn who_is_removed_and_added_again_at_once_stays_connected() {
    let server = TestServer::provisioning_with(|config| config.limits.is_enforced = false).await;
    let (anna, ben) = (server.person("anna").await, server.person("ben").await);
    let group = anna.group("Group", &[&ben]).await;
    let (mut device, _) = Device::of(&ben, &json!({})).await;
    for place in 0..30 {
        remove(&anna, group, &ben).await;
        add(&anna, group, &ben).await;
        let content = format!("round {place}");
        // Only what is sent after he knows that he takes part must come live.
        device.next(|frame| frame["type"] == "conversation" && frame["id"] == group).await;
        anna.say(group, &content).await;
        device.next(|frame| frame["content"] == content.as_str()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_removed_in_the_middle_of_a_long_replay_hears_nothing_later() {
    let server = TestServer::provisioning_with(|config| config.limits.is_enforced = false).await;
    let (anna, ben) = (server.person("anna").await, server.person("ben").await);
    let group = anna.group("Long", &[&ben]).await;
    let long = "長".repeat(4000);
    for _ in 0..100 {
        join_all((0..8).map(|_| anna.say(group, &long))).await;
    }
    let path = format!("{}&v=1&after=0", ben.room_path(group));
    let mut room = Room::narrow(server.address, &path, 4096).await;
    assert_eq!(room.frame().await["type"], "connection");
    let mut device = Device::over(Room::narrow(server.address, "/ws", 4096).await);
    device.greet(json!({"token": ben.token, "cursors": {group.to_string(): "0"}})).await;
    remove(&anna, group, &ben).await;
    anna.say(group, "a secret").await;
    let is_secret = |frame: &Value| frame.to_string().contains("a secret");
    loop {
        let message =
            soon("a frame", futures_util::StreamExt::next(&mut room.socket)).await.unwrap().unwrap();
        match message {
            tokio_tungstenite::tungstenite::Message::Text(text) => assert!(!text.contains("a secret")),
            tokio_tungstenite::tungstenite::Message::Close(frame) => {
                assert_eq!(u16::from(frame.unwrap().code), 4003);
                break;
            }
            _ => {}
        }
    }
    loop {
        let frame = device.frame().await;
        assert!(!is_secret(&frame));
        if frame["type"] == "conversation_left" {
            break;
        }
    }
    assert!(!device.frames_until_now().await.iter().any(is_secret));
}
