//! The client's address as a trusted proxy in front reports it: in `X-Forwarded-For`, or if the proxy sets
//! that instead, in `Forwarded` (RFC 7239).
//!
//! Only the last entry counts, because the proxy added it. A client may have made up all earlier ones.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::HeaderMap;

/// Why the client of a proxied request is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unnamed {
    /// Neither header is there.
    Missing,
    /// The entry is not an address: `unknown`, a made-up identifier (RFC 7239 section 6.3), or malformed.
    Unreadable,
}

/// The address that the proxy in front reports.
pub(super) fn named_address(headers: &HeaderMap) -> Result<IpAddr, Unnamed> {
    if let Some(entry) = last_entry(headers, "x-forwarded-for") {
        return node(&entry).ok_or(Unnamed::Unreadable);
    }
    let entry = last_entry(headers, "forwarded").ok_or(Unnamed::Missing)?;
    let of = entry.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then_some(value)
    });
    of.and_then(node).ok_or(Unnamed::Unreadable)
}

/// A list may span several headers, and have empty entries (RFC 9110 section 5.6.1).
fn last_entry(headers: &HeaderMap, name: &str) -> Option<String> {
    let values = headers.get_all(name).into_iter().rev();
    let text = values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    text.flat_map(|text| text.rsplit(',').map(|entry| entry.trim().to_owned()).collect::<Vec<_>>())
        .find(|entry| !entry.is_empty())
}

/// A node as in RFC 7239 section 6, and its counterpart in `X-Forwarded-For`: an address with or without
/// brackets, zone, port and quotes.
fn node(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    if let Some(rest) = text.strip_prefix('[') {
        let (address, after) = rest.split_once(']')?;
        let is_whole = after.is_empty() || after.strip_prefix(':').is_some_and(is_port);
        return without_zone(address).parse::<Ipv6Addr>().ok().filter(|_| is_whole).map(IpAddr::from);
    }
    if let Ok(address) = without_zone(text).parse() {
        return Some(address);
    }
    let (address, port) = text.split_once(':')?;
    address.parse::<Ipv4Addr>().ok().filter(|_| is_port(port)).map(IpAddr::from)
}

fn without_zone(address: &str) -> &str {
    address.split_once('%').map_or(address, |(address, _)| address)
}

/// A number, or an identifier in its place.
fn is_port(text: &str) -> bool {
    let is_hidden = text.strip_prefix('_').is_some_and(|rest| !rest.is_empty());
    is_hidden || text.parse::<u16>().is_ok()
}

/// Logs each kind once: all such requests count as one address, the proxy's, and share its limits.
#[derive(Default)]
pub(super) struct Complaints {
    has_told_missing: AtomicBool,
    has_told_unreadable: AtomicBool,
}

impl Complaints {
    pub(super) fn tell(&self, why: Unnamed) {
        match why {
            Unnamed::Missing => {
                if !self.has_told_missing.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        "a request has neither X-Forwarded-For nor Forwarded; all such requests count as one \
                         client, the proxy in front"
                    );
                }
            }
            Unnamed::Unreadable => {
                if !self.has_told_unreadable.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        "the X-Forwarded-For or Forwarded header of a request does not end with an address; all such \
                         requests count as one client, the proxy in front"
                    );
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    // A failed expectation is the point of a test.
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn named(lines: &[(&'static str, &str)]) -> Result<String, Unnamed> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        named_address(&headers).map(|address| address.to_string())
    }

    #[test]
    fn the_last_entry_is_read_in_every_form_that_proxies_write() {
        for (text, expected) in [
            ("203.0.113.5", "203.0.113.5"),
            ("203.0.113.5:40000", "203.0.113.5"),
            ("203.0.113.5:_port", "203.0.113.5"),
            ("\"203.0.113.5\"", "203.0.113.5"),
            ("\"203.0.113.5:40000\"", "203.0.113.5"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("\"[2001:db8::1]:443\"", "2001:db8::1"),
            ("fe80::1%eth0", "fe80::1"),
            ("[fe80::1%25eth0]:80", "fe80::1"),
            ("::ffff:192.0.2.7", "::ffff:192.0.2.7"),
            ("198.51.100.1, 203.0.113.5:40000", "203.0.113.5"),
            ("unknown,203.0.113.5 ,  ", "203.0.113.5"),
            ("\"a, 203.0.113.5", "203.0.113.5"),
        ] {
            assert_eq!(named(&[("x-forwarded-for", text)]).as_deref(), Ok(expected), "{text}");
            let forwarded = text.split(',').filter(|entry| !entry.trim().is_empty()).map(|entry| {
                let entry = entry.trim();
                format!("proto=https; For={entry};by=_proxy")
            });
            let forwarded = forwarded.collect::<Vec<_>>().join(", ");
            assert_eq!(named(&[("forwarded", &forwarded)]).as_deref(), Ok(expected), "{forwarded}");
        }
    }

    #[test]
    fn what_is_no_address_is_nobody() {
        for text in [
            "unknown",
            "_hidden",
            "_hidden:40000",
            "203.0.113.5, unknown",
            "203.0.113",
            "203.0.113.5:99999",
            "203.0.113.5:",
            "[203.0.113.5]:80",
            "[2001:db8::1",
            "[2001:db8::1]443",
            "chat.example.com",
            "\u{e9}",
        ] {
            assert_eq!(named(&[("x-forwarded-for", text)]), Err(Unnamed::Unreadable), "{text}");
        }
        assert_eq!(named(&[("forwarded", "proto=https")]), Err(Unnamed::Unreadable));
        assert_eq!(named(&[]), Err(Unnamed::Missing));
        assert_eq!(named(&[("x-forwarded-for", " ")]), Err(Unnamed::Missing));
    }

    #[test]
    fn the_proxys_own_line_is_the_last_and_counts_more_than_what_a_client_sent() {
        let lines = [("x-forwarded-for", "198.51.100.1"), ("x-forwarded-for", "203.0.113.5")];
        assert_eq!(named(&lines).as_deref(), Ok("203.0.113.5"));
        let lines = [("forwarded", "for=198.51.100.1"), ("x-forwarded-for", "unknown")];
        assert_eq!(named(&lines), Err(Unnamed::Unreadable));
    }
}
