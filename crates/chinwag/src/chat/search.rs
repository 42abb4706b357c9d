//! Searches messages in one's own conversations.

use chinwag_protocol::rest::{Message, SearchHit, SearchResults};
use chinwag_protocol::{ConversationId, ErrorCode, MessageId, Timestamp, limits};

use super::Chat;
use crate::auth::Actor;
use crate::error::Refusal;
use crate::store::Query;
use crate::unicode::{nfc, search_key};

/// Characters around a match.
const SNIPPET_CHARS: usize = 120;
/// The form of a date.
const DAY: &str = "2026-01-31";

impl Chat {
    /// Finds messages, newest first. `text` has words that must all occur, also as parts of words, and
    /// filters: `in:7`, `from:alice`, `before:2026-01-31`, `after:2026-01-01`. Quotes mark a phrase. A day is
    /// in UTC unless it has an offset.
    ///
    /// # Errors
    /// `Invalid` if the text is too long, a filter can't be parsed, or there is nothing to search for.
    pub(crate) async fn search(
        &self,
        actor: &Actor,
        text: &str,
        before_id: Option<MessageId>,
        limit: usize,
    ) -> Result<SearchResults, Refusal> {
        let key = actor.user_id;
        self.inner.limits.searches.take(&key, std::time::Instant::now()).map_err(Refusal::RateLimited)?;
        let query = Query { before_id, limit, ..parse(text)? };
        if self.store().read(crate::store::View::is_index_behind).await? {
            while self.store().write(crate::store::Change::index_step).await? {}
        }
        let user_id = actor.user_id;
        self.store()
            .read(move |view| {
                let found = view.search(user_id, &query)?;
                let hit = |message: Message| {
                    let snippet = snippet(&message.content, &query.terms);
                    SearchHit { message, snippet }
                };
                // Newest first.
                let results = view.messages_by_id(&found.ids)?.into_iter().rev().map(hit).collect();
                Ok(SearchResults { results, next: found.next })
            })
            .await
    }
}

fn parse(text: &str) -> Result<Query, Refusal> {
    let text = &nfc(text);
    if text.chars().count() > limits::MAX_SEARCH_CHARS {
        return Err(invalid("q has more than 200 characters"));
    }
    // The index accepts a text up to its first U+0000, and no message has one.
    if text.contains('\0') {
        return Err(invalid("q has a U+0000"));
    }
    let mut query = Query::default();
    for (word, is_phrase) in words(text) {
        let Some((filter, value)) = word.split_once(':').filter(|_| !is_phrase) else {
            query.terms.extend(term(&word));
            continue;
        };
        match filter {
            "in" => {
                let id = value.parse().map_err(|_| invalid("in: needs a conversation's id"))?;
                query.conversation_id = Some(ConversationId(id));
            }
            "from" => query.from = Some(value.trim_start_matches('@').to_owned()),
            "before" => query.before = Some(moment(value)?),
            "after" => query.after = Some(moment(value)?),
            // A colon in the middle of a word is not a filter: 10:30.
            _ => query.terms.extend(term(&word)),
        }
    }
    let is_empty = query.terms.is_empty() && query.from.is_none() && query.conversation_id.is_none();
    if is_empty { Err(invalid("q has nothing to search for")) } else { Ok(query) }
}

/// The compared form of a word. `None` if it is invisible.
fn term(word: &str) -> Option<String> {
    let key = search_key(word);
    (!key.trim().is_empty()).then_some(key)
}

/// Words, and phrases in double quotes, for which the flag is true.
fn words(text: &str) -> Vec<(String, bool)> {
    text.split('"')
        .enumerate()
        .flat_map(|(place, part)| {
            // Every second part was in quotes.
            if place % 2 == 1 {
                vec![(part.to_owned(), true)]
            } else {
                part.split_whitespace().map(|word| (word.to_owned(), false)).collect()
            }
        })
        .filter(|(word, _)| !word.is_empty())
        .collect()
}

/// The beginning of a day, in UTC or at its offset, or a moment in RFC 3339 format.
fn moment(text: &str) -> Result<Timestamp, Refusal> {
    // Without a time it is not a timestamp, and then a day may have an offset.
    let whole = match text.get(DAY.len()..) {
        Some("") => format!("{text}T00:00:00Z"),
        Some(offset) if !offset.starts_with(['T', 't']) => {
            let day = text.get(..DAY.len()).unwrap_or_default();
            format!("{day}T00:00:00{offset}")
        }
        _ => text.to_owned(),
    };
    let moment: jiff::Timestamp = whole
        .parse()
        .map_err(|_| invalid("dates look like 2026-01-31, 2026-01-31+02:00 or 2026-01-31T08:30:00+02:00"))?;
    Ok(Timestamp(moment.as_millisecond()))
}

fn invalid(message: &str) -> Refusal {
    Refusal::invalid("q", ErrorCode::InvalidFrame, message)
}

/// The text around the first match; all of it if it is short.
fn snippet(content: &str, terms: &[String]) -> String {
    let text: Vec<char> = content.chars().collect();
    if text.len() <= SNIPPET_CHARS {
        return content.to_owned();
    }
    let key = search_key(content);
    let found = terms.iter().find_map(|term| key.find(term)).unwrap_or(0);
    // The key may be longer or shorter than its text, so the place is approximate.
    let place = key.get(..found).map_or(0, |before| before.chars().count());
    let from = place.saturating_sub(SNIPPET_CHARS / 3).min(text.len().saturating_sub(SNIPPET_CHARS));
    let middle: String = text.iter().skip(from).take(SNIPPET_CHARS).collect();
    let (start, end) =
        (if from > 0 { "…" } else { "" }, if from + SNIPPET_CHARS < text.len() { "…" } else { "" });
    format!("{start}{}{end}", middle.trim())
}

#[cfg(test)]
mod tests {
    // A failed expectation is the point of a test.
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn words_phrases_and_filters() {
        let query = parse(r#"rent "two words" in:7 from:@alice at 10:30 before:2026-01-31"#).unwrap();
        assert_eq!(query.terms, ["rent", "two words", "at", "10:30"]);
        assert_eq!(query.conversation_id, Some(ConversationId(7)));
        assert_eq!(query.from.as_deref(), Some("alice"));
        assert_eq!(query.before, Some(Timestamp(1_769_817_600_000)));
    }

    #[test]
    fn a_day_is_of_utc_or_of_its_offset() {
        for (text, expected) in [
            ("2026-01-31", 1_769_817_600_000),
            ("2026-01-31Z", 1_769_817_600_000),
            ("2026-01-31+02:00", 1_769_810_400_000),
            ("2026-01-31-03:30", 1_769_830_200_000),
            ("2026-01-31T00:00:00Z", 1_769_817_600_000),
            ("2026-01-31T02:00:00+02:00", 1_769_817_600_000),
            ("2026-01-31T02:00+02:00", 1_769_817_600_000),
            ("2026-01-31t02:00:00.250+02:00", 1_769_817_600_250),
        ] {
            let query = parse(&format!("a before:{text}")).unwrap();
            assert_eq!(query.before, Some(Timestamp(expected)), "{text}");
        }
        for text in ["2026-01-31T02:00:00", "2026-01-31+2", "2026-01-31 02:00", "31.01.2026", "é2026-01-31"]
        {
            let query = parse(&format!("a after:{text}"));
            assert!(query.is_err() || text.contains(' '), "{text}");
        }
    }

    #[test]
    fn what_can_not_be_read_is_refused() {
        for text in ["", "  ", "\"\"", "in:x", "before:soon", "after:2026-02-30", &"x".repeat(201)] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_snippet_has_the_find_in_it() {
        let text = format!("{} needle {}", "hay ".repeat(100), "stack ".repeat(100));
        let snippet = snippet(&text, &["needle".to_owned()]);
        assert!(snippet.contains("needle") && snippet.chars().count() <= SNIPPET_CHARS + 2, "{snippet}");
    }
}
