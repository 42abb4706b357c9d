//! A conversation's log over REST: in pages by cursor, and as Server-Sent Events that stay open.

use serde_json::{Value, json};

use crate::harness::{Person, SECRET, TestServer, now, reply, sign, soon};

async fn people() -> (TestServer, Person, Person, i64) {
    let server = TestServer::provisioning_with(|config| config.limits.is_enforced = false).await;
    let (anna, ben) = (server.person("anna").await, server.person("ben").await);
    let id = anna.group("Tea", &[&ben]).await;
    (server, anna, ben, id)
}

async fn page(person: &Person, id: i64, query: &str) -> Value {
    let answer = person.get(&format!("/conversations/{id}/events{query}")).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    answer.body
}

fn cursor(event: &Value) -> String {
    format!("{}.{}", event["seq"], event["stamp"].as_str().unwrap())
}

/// An open stream of events.
struct Stream {
    answer: reqwest::Response,
    text: String,
}

impl Stream {
    async fn open(person: &Person, id: i64, after: &str) -> Self {
        Self::of(person.request("GET", &format!("/conversations/{id}/events?after={after}"))).await
    }

    async fn of(request: reqwest::RequestBuilder) -> Self {
        let request = request.header("accept", "text/event-stream").send();
        let answer = soon("a stream", request).await.unwrap();
        assert_eq!(answer.status(), 200);
        Self { answer, text: String::new() }
    }

    /// The next event with its id; `None` at the end. Comments are skipped.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                if block.starts_with(':') {
                    continue;
                }
                let (id, data) = block.split_once('\n').unwrap();
                let data = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
                return Some((id.strip_prefix("id: ").unwrap().to_owned(), data));
            }
            let chunk = soon("more of the stream", self.answer.chunk()).await.unwrap()?;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}

#[tokio::test]
async fn pages_by_cursor_lead_through_the_whole_log_once() {
    let (_server, anna, ben, id) = people().await;
    for place in 0..25 {
        anna.say(id, &format!("message {place}")).await;
    }
    let whole = page(&ben, id, "").await;
    assert_eq!((whole["events"].as_array().unwrap().len(), &whole["more"]), (25, &json!(false)));
    for limit in [1, 7, 24, 25, 26] {
        let (mut after, mut collected) = ("0".to_owned(), Vec::new());
        loop {
            let page = page(&ben, id, &format!("?after={after}&limit={limit}")).await;
            let events = page["events"].as_array().unwrap();
            assert!(events.len() <= limit);
            assert_eq!(page["head"], whole["head"]);
            collected.extend(events.iter().cloned());
            after = cursor(collected.last().unwrap());
            if page["more"] == false {
                break;
            }
            assert_eq!(events.len(), limit, "a page before the last is full");
        }
        assert_eq!(json!(collected), whole["events"], "{limit}");
        assert_eq!(after, whole["head"]);
    }
    let caught_up = page(&ben, id, &format!("?after={}", whole["head"].as_str().unwrap())).await;
    assert_eq!(caught_up, json!({"events": [], "head": whole["head"], "more": false}));
}

#[tokio::test]
async fn some_types_of_events_are_paged_by_position() {
    let (server, anna, ben, id) = people().await;
    let cleo = server.person("cleo").await;
    let participants = format!("/conversations/{id}/participants");
    for place in 0..5 {
        anna.say(id, &format!("message {place}")).await;
        assert_eq!(anna.post(&participants, &json!({"user_id": cleo.id})).await.status, 201);
        assert_eq!(anna.delete(&format!("{participants}/{}", cleo.id)).await.status, 204);
    }
    let seqs = |page: &Value| -> Vec<i64> {
        page["events"].as_array().unwrap().iter().map(|event| event["seq"].as_i64().unwrap()).collect()
    };
    let added = page(&ben, id, "?types=participant_added").await;
    assert_eq!(
        (seqs(&added), &added["more"], added.get("next")),
        (vec![2, 5, 8, 11, 14], &json!(false), None)
    );
    let both = page(&ben, id, "?types=participant_added,participant_removed&after=4&before=9").await;
    assert_eq!((seqs(&both), &both["more"]), (vec![5, 6, 8], &json!(false)));
    let mut after = "0".to_owned();
    for expected in [vec![2, 5], vec![8, 11], vec![14]] {
        let page = page(&ben, id, &format!("?types=participant_added&limit=2&after={after}")).await;
        assert_eq!((seqs(&page), &page["more"]), (expected, &json!(page.get("next").is_some())));
        after = page["next"].as_str().unwrap_or_default().to_owned();
    }
    let plain = page(&ben, id, "?before=4").await;
    assert_eq!((seqs(&plain), &plain["more"]), (vec![1, 2, 3], &json!(false)));
    for query in ["?types=said", "?types=", "?before=soon", "?after=4"] {
        assert_eq!(ben.get(&format!("/conversations/{id}/events{query}")).await.status, 422, "{query}");
    }
}

#[tokio::test]
async fn an_empty_log_has_its_beginning_as_head() {
    let (_server, _anna, ben, id) = people().await;
    assert_eq!(page(&ben, id, "").await, json!({"events": [], "head": "0", "more": false}));
    assert_eq!(page(&ben, id, "?after=0").await["events"], json!([]));
}

#[tokio::test]
async fn a_page_has_at_most_a_thousand_events() {
    let (_server, anna, ben, id) = people().await;
    let mut room = anna.enter(id).await;
    for place in 0..1003 {
        room.say(&format!("{place}")).await;
        room.message().await;
    }
    for (limit, events, more) in
        [("1000", 1000, true), ("1001", 1000, true), ("9223372036854775807", 1000, true), ("200", 200, true)]
    {
        let page = page(&ben, id, &format!("?limit={limit}")).await;
        assert_eq!((page["events"].as_array().unwrap().len(), &page["more"]), (events, &json!(more)));
    }
    assert_eq!(page(&ben, id, "").await["events"].as_array().unwrap().len(), 200);
    for (limit, kind) in
        [("0", "greater_than_equal"), ("-1", "greater_than_equal"), ("x", "int_parsing"), ("", "int_parsing")]
    {
        let refused = ben.get(&format!("/conversations/{id}/events?limit={limit}")).await;
        assert_eq!(refused.status, 422, "{limit}");
        assert_eq!(refused.body["detail"][0]["loc"], json!(["query", "limit"]));
        assert_eq!(refused.body["detail"][0]["type"], kind, "{limit}");
    }
    // A stream does not end with a page.
    let mut stream = Stream::open(&ben, id, "0").await;
    for seq in 1..=1003 {
        assert_eq!(stream.next().await.unwrap().1["seq"], seq);
    }
}

#[tokio::test]
async fn what_is_no_cursor_is_422_and_a_cursor_of_another_log_is_410() {
    let (_server, anna, ben, id) = people().await;
    let elsewhere = anna.group("Elsewhere", &[]).await;
    anna.say(elsewhere, "elsewhere").await;
    let foreign = page(&anna, elsewhere, "").await["head"].as_str().unwrap().to_owned();
    anna.say(id, "here").await;
    for (after, status) in [
        ("x", 422),
        ("1", 422),
        ("-1", 422),
        ("0.k3v9x2ab", 422),
        ("1.short", 422),
        ("", 422),
        ("1.k3v9x2ab", 410),
        (&*foreign, 410),
        ("2.k3v9x2ab", 410),
        ("9007199254740991.k3v9x2ab", 410),
    ] {
        let path = format!("/conversations/{id}/events");
        let by_query = ben.get(&format!("{path}?after={after}")).await;
        assert_eq!(by_query.status, status, "{after}: {:?}", by_query.body);
        // An empty header names no cursor.
        for accept in ["application/json", "text/event-stream"].iter().filter(|_| !after.is_empty()) {
            let request = ben.request("GET", &path).header("accept", *accept).header("last-event-id", after);
            let by_header = reply(request).await;
            assert_eq!(by_header.status, status, "{after} {accept}");
            assert!(by_header.header("content-type").starts_with("application/json"));
        }
    }
}

#[tokio::test]
async fn the_last_event_id_counts_more_than_after() {
    let (_server, anna, ben, id) = people().await;
    for content in ["one", "two", "three"] {
        anna.say(id, content).await;
    }
    let events = page(&ben, id, "").await["events"].clone();
    let request = ben.request("GET", &format!("/conversations/{id}/events?after=0"));
    let answer = reply(request.header("last-event-id", cursor(&events[1]))).await;
    assert_eq!(answer.body["events"], json!([events[2]]));
}

#[tokio::test]
async fn a_stream_gives_the_log_and_then_what_is_added() {
    let (_server, anna, ben, id) = people().await;
    anna.say(id, "before\n\nthe stream").await;
    let mut stream = Stream::open(&ben, id, "0").await;
    let header = |name: &str| stream.answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "text/event-stream");
    assert_eq!(header("cache-control"), "no-store");
    let (first_id, first) = stream.next().await.unwrap();
    assert_eq!(first["content"], "before\n\nthe stream");
    assert_eq!(first_id, cursor(&first));
    let mut seen = vec![first];
    for place in 0..20 {
        anna.say(id, &format!("live {place}")).await;
        let (event_id, event) = stream.next().await.unwrap();
        assert_eq!(event["content"], format!("live {place}"));
        assert_eq!(event_id, cursor(&event));
        seen.push(event);
    }
    assert_eq!(json!(seen), page(&ben, id, "").await["events"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_breaks_resumes_without_gap_or_repeat() {
    let (_server, anna, ben, id) = people().await;
    let writer = tokio::spawn(async move {
        for place in 0..200 {
            anna.say(id, &format!("{place}")).await;
        }
    });
    let (mut after, mut next, mut streams) = ("0".to_owned(), 1, 0);
    while next <= 200 {
        let request = ben.request("GET", &format!("/conversations/{id}/events"));
        let mut stream = Stream::of(request.header("last-event-id", &after)).await;
        streams += 1;
        // Breaks off after a different number of events each time.
        for _ in 0..=(streams % 7) {
            if next > 200 {
                break;
            }
            let (event_id, event) = stream.next().await.unwrap();
            assert_eq!((&event["seq"], &event["content"]), (&json!(next), &json!((next - 1).to_string())));
            after = event_id;
            next += 1;
        }
    }
    writer.await.unwrap();
    assert!(streams > 40, "{streams}");
}

#[tokio::test]
async fn a_stream_ends_when_its_reader_signs_out() {
    let server = TestServer::demo_with(|config| config.limits.is_enforced = false).await;
    let (reader, other) = (server.sign_in("testuser").await, server.sign_in("testuser2").await);
    let head = page(&reader, 1, "?limit=1000").await["head"].as_str().unwrap().to_owned();
    let mut stream = Stream::open(&reader, 1, &head).await;
    other.say(1, "while signed in").await;
    assert_eq!(stream.next().await.unwrap().1["content"], "while signed in");
    let out = reader.post("/auth/logout", &json!({})).await;
    assert!(out.status < 300, "{:?}", out.body);
    other.say(1, "after that").await;
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn a_quiet_stream_ends_within_a_second_of_its_sign_out() {
    let server = TestServer::demo().await;
    let (reader, other) = (server.sign_in("testuser").await, server.sign_in("testuser").await);
    let head = reader.get("/conversations/1/events").await.body["head"].as_str().unwrap().to_owned();
    let mut stream = Stream::open(&reader, 1, &head).await;
    let mut lasting = Stream::open(&other, 1, &head).await;
    let begun = std::time::Instant::now();
    let out = reader.post("/auth/logout", &json!({})).await;
    assert!(out.status < 300, "{:?}", out.body);
    assert_eq!(stream.next().await, None);
    assert!(begun.elapsed() < std::time::Duration::from_secs(1), "{:?}", begun.elapsed());
    other.say(1, "still here").await;
    assert_eq!(lasting.next().await.unwrap().1["content"], "still here");
}

#[tokio::test]
async fn a_stream_ends_when_its_account_is_disabled() {
    let (server, anna, ben, id) = people().await;
    anna.say(id, "hello").await;
    let mut stream = Stream::open(&ben, id, "0").await;
    stream.next().await.unwrap();
    server.beside(|accounts| accounts.set_active("ben", false).unwrap()).await;
    anna.say(id, "after that").await;
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn a_stream_ends_with_its_token() {
    let (server, anna, mut ben, id) = people().await;
    // Valid for a moment: there is no session whose end could end the stream.
    let claims = json!({"sub": "ben", "iat": now() - 60, "exp": now() - 22});
    ben.token = sign(&claims, SECRET);
    let mut stream = Stream::open(&ben, id, "0").await;
    anna.say(id, "in time").await;
    assert_eq!(stream.next().await.unwrap().1["content"], "in time");
    assert_eq!(stream.next().await, None, "the token's end is the stream's");
    drop(server);
}

#[tokio::test]
async fn a_stream_ends_when_the_server_stops() {
    let (server, anna, ben, id) = people().await;
    anna.say(id, "hello").await;
    let mut stream = Stream::open(&ben, id, "0").await;
    let (last, _) = stream.next().await.unwrap();
    let stopped = server.stop().await;
    assert_eq!(stream.next().await, None);
    // And it continues after the restart.
    let server = stopped.start().await;
    let ben = server.person("ben").await;
    let mut stream = Stream::open(&ben, id, &last).await;
    server.person("anna").await.say(id, "again").await;
    assert_eq!(stream.next().await.unwrap().1["content"], "again");
}

#[tokio::test]
async fn an_empty_last_event_id_is_none_and_a_wrong_one_is_the_headers_fault() {
    let server = TestServer::provisioning().await;
    let anna = server.person("anna").await;
    let id = anna.group("Log", &[]).await;
    anna.say(id, "first").await;
    let path = format!("/conversations/{id}/events");
    let empty = reply(anna.request("GET", &path).header("last-event-id", "")).await;
    assert_eq!((empty.status, empty.body["events"].as_array().map(Vec::len)), (200, Some(1)));
    let wrong = reply(anna.request("GET", &path).header("last-event-id", "x")).await;
    assert_eq!((wrong.status, &wrong.body["detail"][0]["loc"]), (422, &json!(["header", "Last-Event-ID"])));
}
