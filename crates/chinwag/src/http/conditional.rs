//! Whether a client has what it asks for already, and which part of it it wants: RFC 9110 sections 13 and 14.
//!
//! Everything that may be kept has a tag. There are no dates: what is served has none that says as much.

use std::ops::Range;

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;

/// Names what an answer has in it, and says who may keep it for how long.
pub(super) fn set_tag(response: &mut Response, tag: &str, keep: &'static str) {
    if let Ok(tag) = HeaderValue::from_str(tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
}

/// RFC 9110 section 13.1.2.
pub(super) fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let known = headers.get_all(header::IF_NONE_MATCH).into_iter().filter_map(|value| value.to_str().ok());
    known
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

/// The part begins behind the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unsatisfiable;

/// The part that is asked for; `None` for all of it. Several parts, and what is no range, are answered with the
/// whole file, as RFC 9110 section 14.2 allows: one answer is never more than the file.
pub(super) fn wanted_part(
    headers: &HeaderMap,
    tag: &str,
    size: u64,
) -> Result<Option<Range<u64>>, Unsatisfiable> {
    let is_of_this = headers.get(header::IF_RANGE).is_none_or(|known| known == tag);
    let text = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    let Some((first, last)) = text
        .filter(|_| is_of_this)
        .and_then(|text| text.strip_prefix("bytes="))
        .filter(|text| !text.contains(','))
        .and_then(|text| text.trim().split_once('-'))
    else {
        return Ok(None);
    };
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(first) || !is_number(last) || (first.is_empty() && last.is_empty()) {
        return Ok(None);
    }
    // What is too long for a number is behind the end of every file.
    let number = |text: &str| text.parse::<u64>().unwrap_or(u64::MAX);
    let range = if first.is_empty() {
        size.saturating_sub(number(last))..size
    } else if last.is_empty() {
        number(first)..size
    } else if number(last) < number(first) {
        return Ok(None);
    } else {
        number(first)..number(last).saturating_add(1).min(size)
    };
    if range.is_empty() { Err(Unsatisfiable) } else { Ok(Some(range)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(range: &'static str) -> Result<Option<Range<u64>>, Unsatisfiable> {
        let headers = HeaderMap::from_iter([(header::RANGE, HeaderValue::from_static(range))]);
        wanted_part(&headers, "\"x\"", 1000)
    }

    #[test]
    fn one_part_is_understood_and_everything_else_is_the_whole() {
        for (range, expected) in [
            ("bytes=0-99", Ok(Some(0..100))),
            ("bytes=0-0", Ok(Some(0..1))),
            ("bytes=999-", Ok(Some(999..1000))),
            ("bytes=500-99999999999999999999999999", Ok(Some(500..1000))),
            ("bytes=-100", Ok(Some(900..1000))),
            ("bytes=-18446744073709551616", Ok(Some(0..1000))),
            ("bytes=1000-", Err(Unsatisfiable)),
            ("bytes=18446744073709551615-", Err(Unsatisfiable)),
            ("bytes=-0", Err(Unsatisfiable)),
            ("bytes=0-1,3-4", Ok(None)),
            ("bytes=5-4", Ok(None)),
            ("bytes=-", Ok(None)),
            ("bytes=+1-2", Ok(None)),
            ("bytes=a-b", Ok(None)),
            ("lines=0-1", Ok(None)),
        ] {
            assert_eq!(part(range), expected, "{range}");
        }
    }

    #[test]
    fn a_tag_is_found_in_a_list_or_several_headers_weak_or_not() {
        for (values, expected) in [
            (vec!["\"a\""], true),
            (vec!["W/\"a\""], true),
            (vec!["\"b\" , \"a\""], true),
            (vec!["\"b\"", "\"a\""], true),
            (vec!["*"], true),
            (vec!["\"b\""], false),
            (vec!["a"], false),
            (vec![], false),
        ] {
            let mut headers = HeaderMap::new();
            for value in &values {
                headers.append(header::IF_NONE_MATCH, HeaderValue::from_static(value));
            }
            assert_eq!(is_known(&headers, "\"a\""), expected, "{values:?}");
        }
    }
}
