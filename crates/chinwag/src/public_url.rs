//! The address at which people reach the server: that of the proxy in front of it, with the path of the chat.

use std::fmt;
use std::str::FromStr;

/// The address of the chat as browsers know it, `https://www.example.com/chat`. Parse it with [`str::parse`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    origin: String,
    path: String,
}

impl PublicUrl {
    /// Scheme, host and port as a browser's `Origin` header spells them.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The path without a trailing slash: empty, or such as `/chat`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{}", self.origin, self.path)
    }
}

impl FromStr for PublicUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refuse = |what: &str| Err(format!("{text:?} {what}"));
        let url = url::Url::parse(text).map_err(|error| format!("{text:?} is not an address: {error}"))?;
        if !matches!(url.scheme(), "https" | "http") {
            return refuse("must begin with https:// or http://");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return refuse("must not name a user");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return refuse("may have only a host and a path");
        }
        let path = url.path().trim_end_matches('/');
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
        if path.contains("//") || !path.bytes().all(is_plain) {
            return refuse("has a path with characters other than letters, digits and -._~");
        }
        Ok(Self { origin: url.origin().ascii_serialization(), path: path.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    // A failed expectation is the point of a test.
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn an_address_has_an_origin_and_a_path() {
        for (text, origin, path) in [
            ("https://www.example.com/chat", "https://www.example.com", "/chat"),
            ("https://WWW.Example.com:443/chat/", "https://www.example.com", "/chat"),
            ("http://localhost:8080", "http://localhost:8080", ""),
            ("https://example.com/a/b.c", "https://example.com", "/a/b.c"),
        ] {
            let url: PublicUrl = text.parse().unwrap();
            assert_eq!((url.origin(), url.path()), (origin, path), "{text}");
            assert_eq!(url.to_string(), format!("{origin}{path}"));
        }
    }

    #[test]
    fn what_is_more_or_less_is_refused() {
        for text in [
            "",
            "www.example.com",
            "/chat",
            "ftp://example.com",
            "https://",
            "https://me@example.com/",
            "https://example.com/?a=b",
            "https://example.com/#a",
            "https://example.com/a b",
            "https://example.com//a",
            "https://example.com/{a}",
        ] {
            assert!(text.parse::<PublicUrl>().is_err(), "{text}");
        }
    }
}
