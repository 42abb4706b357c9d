//! Searching messages: parts of words in any script, filters, pages, and never a message that one may not
//! read.

use serde_json::{Value, json};

use crate::harness::{Person, Reply, TestServer, percent_encoded};

async fn people() -> (TestServer, Person, Person, i64) {
    let server = TestServer::provisioning_with(|config| config.limits.is_enforced = false).await;
    let (anna, ben) = (server.person("anna").await, server.person("ben").await);
    let id = anna.group("Tea", &[&ben]).await;
    (server, anna, ben, id)
}

async fn search(person: &Person, query: &str) -> Reply {
    person.get(&format!("/search?q={}", percent_encoded(query))).await
}

/// The texts that are found, newest first.
async fn found(person: &Person, query: &str) -> Vec<String> {
    let answer = search(person, query).await;
    assert_eq!(answer.status, 200, "{query}: {:?}", answer.body);
    let results = answer.body["results"].as_array().unwrap().iter();
    results.map(|hit| hit["content"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn parts_of_words_are_found_in_any_script() {
    let (_server, anna, ben, id) = people().await;
    let texts = [
        "Die Straßenbahnhaltestelle ist dort",
        "我们明天在北京见面",
        "東京でラーメンを食べました",
        "Встреча в Москве",
        "a rocket 🚀 to the moon",
        "x",
        "Éclair au café",
    ];
    for text in texts {
        anna.say(id, text).await;
    }
    for (query, expected) in [
        ("bahnhalte", 0),
        ("STRASSE", 0),
        ("straße", 0),
        ("北京", 1),
        ("明天在北京", 1),
        ("京", 12),
        ("ラーメン", 2),
        ("食", 2),
        ("москв", 3),
        ("🚀", 4),
        ("x", 5),
        ("CAFÉ", 6),
        ("fé", 6),
        ("cafe\u{301}", 6),
        ("cafe", 7),
        ("ｃａｆé", 6),
        ("caf\u{ad}é", 6),
        ("nowhere", 7),
        ("q", 7),
    ] {
        let mut expected: Vec<&str> = match expected {
            12 => vec![texts[1], texts[2]],
            none if none == texts.len() => vec![],
            place => vec![texts[place]],
        };
        expected.reverse();
        assert_eq!(found(&ben, query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn a_text_is_found_in_whatever_form_it_was_typed() {
    let (_server, anna, ben, id) = people().await;
    for (text, query) in [
        ("cafe\u{301} au lait", "café"),
        ("été à Québec", "e\u{301}te\u{301}"),
        ("\u{1112}\u{1161}\u{11ab}국어", "한국"),
        ("が行", "か\u{3099}行"),
        ("ｶﾞﾗｽ", "ガラス"),
        ("nguye\u{302}\u{303}n", "NGUYỄN"),
        ("κόσμος ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("é", "e\u{301}"),
        ("शुक्\u{200d}रिया", "शुक्रिया"),
    ] {
        anna.say(id, text).await;
        assert_eq!(found(&ben, query).await.first().map(String::as_str), Some(text), "{query}");
    }
    for unseen in ["\u{200b}", "\"\u{200b}\""] {
        assert_eq!(search(&ben, unseen).await.status, 422);
    }
}

#[tokio::test]
async fn every_term_has_to_occur_and_a_phrase_as_it_stands() {
    let (_server, anna, ben, id) = people().await;
    for text in ["the quick brown fox", "brown is the quick fox", "quick", "a b c", "c b a"] {
        anna.say(id, text).await;
    }
    for (query, expected) in [
        ("quick brown", vec!["brown is the quick fox", "the quick brown fox"]),
        ("\"quick brown\"", vec!["the quick brown fox"]),
        ("\"quick fox\" brown", vec!["brown is the quick fox"]),
        ("quick is", vec!["brown is the quick fox"]),
        ("\"b c\"", vec!["a b c"]),
        ("quick nowhere", vec![]),
        ("quick \"brown", vec!["brown is the quick fox", "the quick brown fox"]),
    ] {
        assert_eq!(found(&ben, query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn filters_narrow_what_is_found() {
    let (_server, anna, ben, id) = people().await;
    let other = ben.group("Other", &[&anna]).await;
    anna.say(id, "rent from anna").await;
    ben.say(id, "rent from ben").await;
    ben.say(other, "rent elsewhere").await;
    let (tomorrow, yesterday) = (day(1), day(-1));
    for (query, expected) in [
        (format!("rent in:{id}"), vec!["rent from ben", "rent from anna"]),
        (format!("in:{other}"), vec!["rent elsewhere"]),
        ("rent from:anna".to_owned(), vec!["rent from anna"]),
        ("rent from:@ANNA".to_owned(), vec!["rent from anna"]),
        ("from:nobody".to_owned(), vec![]),
        (format!("from:ben in:{id}"), vec!["rent from ben"]),
        (format!("rent after:{tomorrow}"), vec![]),
        (format!("rent before:{yesterday}"), vec![]),
        (
            format!("rent after:{yesterday} before:{tomorrow}"),
            vec!["rent elsewhere", "rent from ben", "rent from anna"],
        ),
        ("in:999 rent".to_owned(), vec![]),
    ] {
        assert_eq!(found(&ben, &query).await, expected, "{query}");
    }
    for wrong in ["in:tea", "in:", "before:yesterday", "after:2026-02-30", "", "  ", "\"\""] {
        let refused = search(&ben, wrong).await;
        assert_eq!(refused.status, 422, "{wrong}: {:?}", refused.body);
    }
    assert_eq!(ben.get("/search").await.status, 422);
}

/// The date so many days from now.
fn day(from_now: i64) -> String {
    jiff::Timestamp::from_second(crate::harness::now() + from_now * 86_400)
        .unwrap()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date()
        .to_string()
}

#[tokio::test]
async fn pages_cover_everything_once_while_more_is_said() {
    let (_server, anna, ben, id) = people().await;
    let other = ben.group("Other", &[]).await;
    for place in 0..30 {
        anna.say(id, &format!("needle {place}")).await;
        ben.say(other, &format!("hay {place}")).await;
    }
    // By the index, and row by row.
    for query in ["needle", "ne"] {
        for limit in [1, 7, 30, 50] {
            let (mut next, mut collected) = (String::new(), Vec::new());
            loop {
                let page = ben.get(&format!("/search?q={query}&limit={limit}{next}")).await.body;
                let results = page["results"].as_array().unwrap();
                assert!(results.len() <= limit);
                collected.extend(results.iter().map(|hit| hit["id"].as_i64().unwrap()));
                anna.say(id, "something that is no hit, and would shift counted pages").await;
                match &page["next"] {
                    Value::Null => break,
                    id => next = format!("&before_id={id}"),
                }
            }
            assert_eq!(collected.len(), 30, "{query} {limit}");
            assert!(collected.is_sorted_by(|newer, older| newer > older));
        }
    }
    assert_eq!(ben.get("/search?q=needle&limit=1000").await.body["results"].as_array().unwrap().len(), 30);
    for wrong in ["limit=0", "limit=-1", "limit=x", "before_id=x"] {
        assert_eq!(ben.get(&format!("/search?q=needle&{wrong}")).await.status, 422, "{wrong}");
    }
}

#[tokio::test]
async fn nobody_finds_what_they_may_not_open() {
    let (server, anna, ben, _) = people().await;
    let olga = server.person("olga").await;
    let private = anna.group("Private", &[]).await;
    anna.say(private, "the kanarienvogel sings @ben").await;
    let direct = anna.post("/conversations", &json!({"participant_id": olga.id})).await.body["id"].clone();
    anna.say(direct.as_i64().unwrap(), "another kanarienvogel").await;
    assert_eq!(found(&anna, "kanarienvogel").await.len(), 2);
    assert_eq!(found(&olga, "kanarienvogel").await, ["another kanarienvogel"]);
    for query in ["kanarienvogel", "ka", "from:anna", "@ben", "sings \" OR \"", "kanarien* OR x"] {
        assert!(found(&ben, query).await.is_empty(), "{query}");
    }
    assert!(found(&ben, &format!("in:{private}")).await.is_empty());
    assert!(found(&olga, &format!("kanarienvogel in:{private}")).await.is_empty());
}

#[tokio::test]
async fn an_edited_message_is_found_by_its_new_text_and_a_deleted_one_not_at_all() {
    let (_server, anna, ben, id) = people().await;
    // Indexed before the change, and after it.
    for is_indexed_first in [true, false] {
        let message = anna.say(id, "the old wording ßß").await["id"].as_i64().unwrap();
        if is_indexed_first {
            assert_eq!(found(&ben, "wording").await.len(), 1);
        }
        let path = format!("/conversations/{id}/messages/{message}");
        let edit = anna.request("PATCH", &path).json(&json!({"content": "the new phrase ßß"}));
        assert_eq!(edit.send().await.unwrap().status(), 200);
        for old in ["wording", "old", "ol"] {
            assert!(found(&ben, old).await.is_empty(), "{old}");
        }
        for new in ["phrase", "ew", "ßß"] {
            assert_eq!(found(&ben, new).await, ["the new phrase ßß"], "{new}");
        }
        assert_eq!(anna.delete(&path).await.status, 204);
        for gone in ["phrase", "wording", "ew", "ßß", &format!("in:{id}")] {
            assert!(found(&ben, gone).await.is_empty(), "{gone}");
        }
    }
    let message = anna.say(id, "never indexed").await["id"].as_i64().unwrap();
    assert_eq!(anna.delete(&format!("/conversations/{id}/messages/{message}")).await.status, 204);
    assert!(found(&ben, "never").await.is_empty());
}

#[tokio::test]
async fn operators_are_plain_text() {
    let (_server, anna, ben, id) = people().await;
    let texts = [
        "this OR that",
        "NEAR(this, that)",
        "2 * 3 - 1 ^ 4",
        "column:value {curly} +plus",
        "100% of_it's \\ done",
        "AND NOT",
    ];
    for text in texts {
        anna.say(id, text).await;
    }
    for (query, expected) in [
        ("OR", vec!["this OR that"]),
        ("this OR nowhere", vec![]),
        ("nowhere OR this", vec![]),
        ("NEAR(this,", vec!["NEAR(this, that)"]),
        ("NEAR", vec!["NEAR(this, that)"]),
        ("* 3", vec!["2 * 3 - 1 ^ 4"]),
        ("^ 4", vec!["2 * 3 - 1 ^ 4"]),
        ("\"- 1 ^\"", vec!["2 * 3 - 1 ^ 4"]),
        ("thi*", vec![]),
        ("column:value", vec!["column:value {curly} +plus"]),
        ("content:value", vec![]),
        ("{curly}", vec!["column:value {curly} +plus"]),
        ("+plus", vec!["column:value {curly} +plus"]),
        ("%", vec!["100% of_it's \\ done"]),
        ("100_", vec![]),
        ("it's", vec!["100% of_it's \\ done"]),
        ("NOT", vec!["AND NOT"]),
        ("AND NOT", vec!["AND NOT"]),
        ("\"", vec![]),
    ] {
        if query == "\"" {
            assert_eq!(search(&ben, query).await.status, 422);
            continue;
        }
        assert_eq!(found(&ben, query).await, expected, "{query}");
    }
    for odd in
        ["\"\"\"", "(((", ")", "'; DROP TABLE events; --", "a\"b", "\u{1}abc", "\u{202e}abc", "\u{fffd}"]
    {
        let answer = search(&ben, odd).await;
        assert!(matches!(answer.status, 200 | 422), "{odd}: {:?}", answer.body);
    }
}

#[tokio::test]
async fn a_filter_in_quotes_is_text() {
    let (_server, anna, ben, id) = people().await;
    anna.say(id, "write from:anna to filter").await;
    anna.say(id, "said by anna").await;
    assert_eq!(found(&ben, "\"from:anna\"").await, ["write from:anna to filter"]);
    assert_eq!(found(&ben, "\"in:x\"").await, Vec::<String>::new());
}

#[tokio::test]
async fn a_search_with_a_nul_is_refused() {
    let (_server, anna, ben, id) = people().await;
    anna.say(id, "abcdef").await;
    for query in ["abc\0def", "\0", "\0abc", "abc\0"] {
        let refused = search(&ben, query).await;
        assert_eq!(refused.status, 422, "{query:?}: {:?}", refused.body);
    }
}

#[tokio::test]
async fn a_search_has_at_most_200_characters() {
    let (_server, anna, ben, id) = people().await;
    let text = "ü".repeat(200);
    anna.say(id, &text).await;
    assert_eq!(found(&ben, &text).await, std::slice::from_ref(&text));
    let refused = search(&ben, &format!("{text}ü")).await;
    assert_eq!(refused.status, 422);
    assert_eq!(refused.body["detail"][0]["loc"][1], "q");
}

#[tokio::test]
async fn a_long_message_is_shown_by_the_part_around_the_find() {
    let (_server, anna, ben, id) = people().await;
    let text = format!("{}needle{}", "ein Heuhaufen, ".repeat(80), " und noch einer".repeat(80));
    anna.say(id, &text).await;
    for query in ["needle", "ne"] {
        let hit = search(&ben, query).await.body["results"][0].clone();
        assert_eq!(hit["content"], text.as_str());
        let snippet = hit["snippet"].as_str().unwrap();
        assert!(query == "ne" || snippet.contains("needle"), "{snippet}");
        assert!(snippet.chars().count() <= 122, "{snippet}");
    }
}

#[tokio::test]
async fn searching_is_limited_to_two_a_second() {
    let server = TestServer::provisioning().await;
    let (anna, ben) = (server.person("anna").await, server.person("ben").await);
    let mut refused = None;
    for _ in 0..200 {
        let answer = search(&anna, "nothing").await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("a limit");
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(search(&ben, "nothing").await.status, 200, "each has a limit of their own");
}

#[tokio::test]
async fn short_words_are_found_page_by_page_however_old_they_are() {
    let (server, anna, _ben, id) = people().await;
    anna.say(id, "a needle: xq").await;
    let stopped = server.stop().await;
    // As many as one page reads, and one more.
    let insert = format!(
        "WITH RECURSIVE n (seq) AS (SELECT 2 UNION ALL SELECT seq + 1 FROM n WHERE seq < 20002) \
         INSERT INTO events (id, conversation_id, seq, stamp, ts, actor_id, kind, content) \
         SELECT seq, {id}, seq, 'aaaaaaaa', 1, {}, 'message', 'hay' FROM n",
        anna.id
    );
    stopped.execute(&insert).await;
    // Short words are not searched in the index, so nothing waits for it here.
    stopped
        .execute(
            "INSERT INTO meta (key, value) VALUES ('indexed_through', '1000000') \
             ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        )
        .await;
    let server = stopped.start().await;
    let anna = server.person("anna").await;
    let first = search(&anna, "xq").await.body;
    assert_eq!(first["results"], json!([]));
    let older = anna.get(&format!("/search?q=xq&before_id={}", first["next"])).await.body;
    assert_eq!(older["results"][0]["content"], "a needle: xq");
    assert_eq!(older["next"], Value::Null);
}

#[tokio::test]
async fn days_are_of_utc_or_of_the_offset_that_stands_behind_them() {
    let (_server, anna, _ben, id) = people().await;
    let sent = anna.say(id, "a day").await;
    let now = jiff::Timestamp::from_millisecond(sent["ts"].as_i64().unwrap()).unwrap();
    // The offset whose midnight was an hour ago, and the one whose midnight is in an hour.
    for hours in [-1_i64, 1] {
        let midnight = now + jiff::SignedDuration::from_hours(hours);
        let whole = midnight.to_string();
        assert_eq!(
            found(&anna, &format!("day after:{whole}")).await.len(),
            usize::from(hours < 0),
            "{whole}"
        );
        assert_eq!(
            found(&anna, &format!("day before:{whole}")).await.len(),
            usize::from(hours > 0),
            "{whole}"
        );
    }
    for (offset, hours) in [("+14:00", 14), ("-12:00", -12), ("Z", 0)] {
        let today = jiff::tz::Offset::constant(hours).to_datetime(now).date();
        assert_eq!(found(&anna, &format!("day after:{today}{offset}")).await.len(), 1, "{today}{offset}");
        assert_eq!(found(&anna, &format!("day before:{today}{offset}")).await.len(), 0, "{today}{offset}");
    }
    let refused = search(&anna, "day before:2026-01-31T08:00").await;
    assert_eq!(refused.body["detail"][0]["loc"], json!(["query", "q"]), "{:?}", refused.body);
}
