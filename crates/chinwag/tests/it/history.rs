//! Reading back: pages in both directions, and their bounds.

use serde_json::{Value, json};

use crate::harness::{Person, TestServer};

/// A conversation with this many messages, and somebody to read them.
async fn filled(server: &TestServer, count: usize) -> (Person, i64) {
    let anna = server.person("anna").await;
    let conversation = anna.group("Long", &[]).await;
    let sends: Vec<_> = (0..count)
        .map(|place| {
            let anna = anna.clone();
            tokio::spawn(async move { anna.say(conversation, &place.to_string()).await })
        })
        .collect();
    for send in sends {
        send.await.unwrap();
    }
    (anna, conversation)
}

fn seqs(messages: &[Value]) -> Vec<u64> {
    messages.iter().map(|message| message["seq"].as_u64().unwrap()).collect()
}

/// Follows the `Link` header from this query on; gives the pages as they come.
async fn walk(anna: &Person, conversation: i64, query: &str, relation: &str) -> Vec<Vec<u64>> {
    let mut next = format!("/conversations/{conversation}/messages{query}");
    let mut pages = Vec::new();
    loop {
        let page = anna.get(&next).await;
        assert_eq!(page.status, 200, "{next}: {:?}", page.body);
        pages.push(seqs(page.body.as_array().unwrap()));
        let Some((url, rest)) = page.header("link").split_once('>') else { return pages };
        assert_eq!(rest, format!("; rel=\"{relation}\""));
        next = url.strip_prefix('<').unwrap().to_owned();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_pages_can_be_walked_both_ways() {
    let server = TestServer::provisioning_with(|config| config.limits.is_enforced = false).await;
    let (anna, conversation) = filled(&server, 23).await;
    let backward = walk(&anna, conversation, "?limit=5", "prev").await;
    assert_eq!(backward.iter().map(Vec::len).collect::<Vec<_>>(), [5, 5, 5, 5, 3]);
    let all: Vec<u64> = backward.into_iter().rev().flatten().collect();
    assert_eq!(all, (1..=23).collect::<Vec<_>>());
    let forward = walk(&anna, conversation, "?after=0&limit=10", "next").await;
    assert_eq!(forward.iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 3]);
    assert_eq!(forward.concat(), all);
    let between = walk(&anna, conversation, "?after=4&before=20&limit=7", "next").await;
    assert_eq!(between.concat(), (5..20).collect::<Vec<_>>());
    let exact = walk(&anna, conversation, "?after=0&limit=23", "next").await;
    assert_eq!(exact.len(), 1, "a last page that is full names no next one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_are_bounded() {
    let server = TestServer::provisioning_with(|config| config.limits.is_enforced = false).await;
    let (anna, conversation) = filled(&server, 1003).await;
    let whole = anna.history(conversation, "").await;
    assert_eq!(seqs(&whole), (4..=1003).collect::<Vec<_>>(), "without bounds the last thousand");
    for query in ["?limit=1000", "?limit=201", "?before=1004", "?limit=200"] {
        let page = anna.history(conversation, query).await;
        assert_eq!(seqs(&page), (804..=1003).collect::<Vec<_>>(), "{query}");
    }
    assert_eq!(seqs(&anna.history(conversation, "?after=1000").await), [1001, 1002, 1003]);
    assert_eq!(seqs(&anna.history(conversation, "?before=2").await), [1]);
    assert_eq!(seqs(&anna.history(conversation, "?after=0").await), (1..=200).collect::<Vec<_>>());
    for nothing in ["?after=1003", "?before=1", "?after=5&before=6", "?after=9000", "?before=-5"] {
        assert_eq!(anna.history(conversation, nothing).await, Vec::<Value>::new(), "{nothing}");
    }
    let pages = walk(&anna, conversation, "", "prev").await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [1000, 3]);
}

#[tokio::test]
async fn bounds_that_are_none_are_422() {
    let server = TestServer::provisioning().await;
    let anna = server.person("anna").await;
    let conversation = anna.group("Bounds", &[]).await;
    for (query, field, kind) in [
        ("?limit=0", "limit", "greater_than_equal"),
        ("?limit=-1", "limit", "greater_than_equal"),
        ("?limit=ten", "limit", "int_parsing"),
        ("?before=x", "before", "int_parsing"),
        ("?after=", "after", "int_parsing"),
        ("?after=99999999999999999999", "after", "int_parsing"),
    ] {
        let refused = anna.get(&format!("/conversations/{conversation}/messages{query}")).await;
        assert_eq!(refused.status, 422, "{query}");
        assert_eq!(refused.body["detail"][0]["loc"], json!(["query", field]), "{query}");
        assert_eq!(refused.body["detail"][0]["type"], kind, "{query}");
    }
    assert_eq!(anna.history(conversation, "?unknown=1").await, Vec::<Value>::new());
}

#[tokio::test]
async fn history_outlives_a_restart_to_the_letter() {
    let server = TestServer::demo().await;
    let user = server.sign_in("testuser").await;
    for content in ["plain", "\u{1F600} \u{202e}x", "<b>&amp;\"'\\", "line\nbreak\ttab\u{1}\u{7f}"] {
        user.say(1, content).await;
    }
    let before = user.history(1, "").await;
    assert_eq!(before.len(), 6);
    let server = server.restart().await;
    let user = server.sign_in("testuser").await;
    assert_eq!(user.history(1, "").await, before);
}
