//! `/ws`: who is let in, what they are told first, and which conversations come over it.

use std::time::{Duration, Instant};

use chinwag::protocol::limits::SMALL_CONVERSATION;
use futures_util::StreamExt as _;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::client_async;

use crate::harness::{
    Device, Person, Room, TestServer, foreign_token, now, open, refusal_of, request, sign, soon,
};

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
async fn a_token_beside_the_subprotocol_lets_in_and_is_not_named_back() {
    let server = TestServer::provisioning().await;
    let anna = server.person("anna").await;
    let mut request = request(server.address, "/ws");
    let offer = format!("chinwag.v1, bearer.{}", anna.token);
    request.headers_mut().insert("sec-websocket-protocol", offer.parse().unwrap());
    let stream = TcpStream::connect(server.address).await.unwrap();
    let (socket, response) = soon("the handshake", client_async(request, stream)).await.unwrap();
    let named: Vec<_> = response.headers().get_all("sec-websocket-protocol").iter().collect();
    assert_eq!(named, ["chinwag.v1"]);
    let mut device = Device::over(Room { socket });
    let ready = device.greet(json!({"ref": "h"})).await;
    assert_eq!((&ready["ref"], &ready["user"]["id"]), (&json!("h"), &json!(anna.id)));
}

#[tokio::test]
async fn a_token_in_hello_lets_in() {
    let server = TestServer::provisioning().await;
    let anna = server.person("anna").await;
    let (mut device, ready) = Device::of(&anna, &json!({})).await;
    assert_eq!(ready["user"]["username"], "anna");
    assert_eq!(device.ask(json!({"type": "ping", "t": 5})).await["t"], 5);
}

#[tokio::test]
async fn a_ticket_lets_in_once() {
    let server = TestServer::provisioning().await;
    let anna = server.person("anna").await;
    let ticket = anna.post("/auth/ticket", &Value::Null).await;
    assert_eq!((ticket.status, &ticket.body["expires_in"]), (200, &json!(30)), "{:?}", ticket.body);
    let path = format!("/ws?ticket={}", ticket.body["ticket"].as_str().unwrap());
    let mut device = Device::over(open(server.address, &path).await);
    assert_eq!(device.greet(json!({})).await["user"]["id"], anna.id);
    assert_eq!(open(server.address, &path).await.refused_with().await, 4001, "spent");
    assert_eq!(open(server.address, "/ws?ticket=guessed").await.refused_with().await, 4001);
}

#[tokio::test]
async fn who_does_not_say_who_they_are_is_closed_with_4001() {
    let server = TestServer::provisioning().await;
    let expired = sign(&json!({"sub": "anna", "exp": now() - 3600}), crate::harness::SECRET);
    for first in [
        json!({"type": "hello"}),
        json!({"type": "hello", "token": ""}),
        json!({"type": "hello", "token": "no token"}),
        json!({"type": "hello", "token": expired}),
    ] {
        let mut room = open(server.address, "/ws").await;
        room.send(&first.to_string()).await;
        assert_eq!(room.refused_with().await, 4001, "{first}");
    }
    let mut in_the_path = open(server.address, &format!("/ws?token={}", foreign_token("anna"))).await;
    in_the_path.send(r#"{"type":"hello"}"#).await;
    assert_eq!(in_the_path.refused_with().await, 4001, "a token in the path counts nothing here");
}

#[tokio::test]
async fn a_token_in_the_query_lets_in_where_that_is_configured() {
    let server = TestServer::provisioning_with(|config| config.auth.token_in_query = true).await;
    let anna = server.person("anna").await;
    let mut device = Device::over(open(server.address, &format!("/ws?token={}", anna.token)).await);
    assert_eq!(device.greet(json!({})).await["user"]["id"], anna.id);
    assert_eq!(open(server.address, "/ws?token=nonsense").await.refused_with().await, 4001);
}

#[tokio::test]
async fn a_first_frame_that_can_not_be_understood_is_explained_and_no_fault_of_the_token() {
    let server = TestServer::provisioning().await;
    let token = foreign_token("anna");
    for (first, code, close) in [
        (json!({"type": "hello", "token": token, "cursors": {"1": "41.k3v9x2ab!"}}), "invalid_frame", 1002),
        (json!({"type": "hello", "token": token, "cursors": {"one": "0"}}), "invalid_frame", 1002),
        (json!({"type": "hello", "token": token, "device_id": "x".repeat(4096)}), "too_large", 1009),
        (json!({"type": "send", "conversation_id": 1, "content": "Hello"}), "invalid_frame", 1002),
        (json!({"content": "Hello"}), "invalid_frame", 1002),
        (json!({"type": "greet"}), "unknown_type", 1002),
        (json!("hello"), "invalid_frame", 1002),
    ] {
        let mut room = open(server.address, "/ws").await;
        let text = first.to_string();
        room.send(&text).await;
        assert_eq!(room.error_code().await, code, "{text:.60}");
        assert_eq!(room.refused_with().await, close, "{text:.60}");
    }
    let mut named = open(server.address, "/ws").await;
    named.send(&json!({"type": "hello", "ref": "h", "token": token, "cursors": {"1": 41}}).to_string()).await;
    assert_eq!(named.frame().await["ref"], "h");
    let mut bytes = open(server.address, "/ws").await;
    bytes.send_message(tokio_tungstenite::tungstenite::Message::binary(vec![1])).await;
    assert_eq!(bytes.refused_with().await, 1003);
}

#[tokio::test]
async fn who_says_nothing_is_closed_after_5_seconds() {
    let server = TestServer::provisioning().await;
    let begun = Instant::now();
    let ticket = server.person("anna").await.post("/auth/ticket", &Value::Null).await;
    let known = format!("/ws?ticket={}", ticket.body["ticket"].as_str().unwrap());
    let (mut stranger, mut known) = (open(server.address, "/ws").await, open(server.address, &known).await);
    assert_eq!(stranger.refused_with().await, 4001, "no token");
    assert_eq!(known.refused_with().await, 4009, "only slow");
    assert!(begun.elapsed() > Duration::from_secs(4), "{:?}", begun.elapsed());
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_disabled_account_is_closed_with_4000() {
    let server = TestServer::demo().await;
    let bob = server.sign_in("bob").await;
    server.beside(|accounts| accounts.set_active("bob", false).unwrap()).await;
    let mut room = open(server.address, "/ws").await;
    room.send(&json!({"type": "hello", "token": bob.token}).to_string()).await;
    assert_eq!(room.refused_with().await, 4000);
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
        // Only what is sent once he knows that he takes part has to come live.
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

#[tokio::test]
async fn the_authorization_header_lets_in_on_both_sockets_and_counts_first() {
    let server = TestServer::provisioning().await;
    let anna = server.person("anna").await;
    let conversation = anna.group("Native", &[]).await;
    let with_header = |path: &str, value: String| {
        let mut request = request(server.address, path);
        request.headers_mut().insert("authorization", value.parse().unwrap());
        request
    };
    let enter = async |path: &str, value: String| {
        Room::over(TcpStream::connect(server.address).await.unwrap(), with_header(path, value)).await
    };
    for scheme in ["Bearer", "bearer"] {
        let mut device = Device::over(enter("/ws", format!("{scheme} {}", anna.token)).await);
        assert_eq!(device.greet(json!({})).await["user"]["id"], anna.id);
    }
    for level in ["", "?v=1", "?token=nonsense"] {
        let path = format!("/conversations/{conversation}/ws{level}");
        let mut room = enter(&path, format!("Bearer {}", anna.token)).await;
        assert_eq!(room.frame().await["type"], "connection", "{path}");
    }
    assert_eq!(enter("/ws", "Bearer nonsense".to_owned()).await.refused_with().await, 4001);
    let path = anna.room_path(conversation);
    assert_eq!(enter(&path, "Bearer nonsense".to_owned()).await.refused_with().await, 4001);
    let mut room = enter(&path, "Basic YTpi".to_owned()).await;
    assert_eq!(room.frame().await["type"], "connection", "a proxy's own credentials are none of ours");
}

#[tokio::test]
async fn versions_that_are_not_spoken_are_refused_and_not_taken_for_another() {
    let server = TestServer::provisioning().await;
    let anna = server.person("anna").await;
    let conversation = anna.group("Versions", &[]).await;
    for path in ["/ws".to_owned(), anna.room_path(conversation)] {
        for (offer, is_spoken) in [
            ("chinwag.v2", false),
            ("chinwag.v2, bearer.x", false),
            ("chinwag.v11", false),
            ("chinwag.v2, chinwag.v1", true),
            ("chinwag.v1", true),
        ] {
            let mut request = request(server.address, &path);
            request.headers_mut().insert("sec-websocket-protocol", offer.parse().unwrap());
            if !is_spoken {
                let (status, body) = refusal_of(request).await;
                assert_eq!(status, 400, "{path} {offer}");
                assert!(body["detail"].as_str().unwrap().contains("chinwag.v1"), "{body}");
            } else if path == "/ws" {
                let stream = TcpStream::connect(server.address).await.unwrap();
                let (_, response) = soon("the handshake", client_async(request, stream)).await.unwrap();
                assert_eq!(response.headers()["sec-websocket-protocol"], "chinwag.v1", "{offer}");
            }
        }
    }
    for level in ["2", "10", "x"] {
        let path = format!("{}&v={level}", anna.room_path(conversation));
        assert_eq!(refusal_of(request(server.address, &path)).await.0, 400, "{level}");
    }
}

#[tokio::test]
async fn the_reason_of_a_close_says_what_is_wrong_with_the_first_frame() {
    let server = TestServer::provisioning().await;
    let token = foreign_token("anna");
    for (first, expected) in [
        (
            json!({"type": "send", "content": "Hello", "conversation_id": 1}),
            "the first frame has to be hello",
        ),
        (json!({"type": "hello", "token": token, "cursors": {"1": "none"}}), "cursor"),
        (json!({"type": "hello", "token": token, "x": "y".repeat(4096)}), "4 KiB"),
    ] {
        let mut room = open(server.address, "/ws").await;
        room.send(&first.to_string()).await;
        let error = room.frame().await;
        let close = soon("a close", room.socket.next()).await.unwrap().unwrap();
        let tokio_tungstenite::tungstenite::Message::Close(Some(close)) = close else { panic!("{close:?}") };
        assert!(close.reason.contains(expected), "{}", close.reason);
        assert_eq!(error["message"], close.reason.as_str());
    }
}
