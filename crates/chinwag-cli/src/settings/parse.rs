//! Turns texts into values: one function for each kind of setting. An error says what is wrong with the
//! value; the caller adds where it is set.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use chinwag::BusKind;

/// `on` and `off`, in their usual spellings.
pub(super) fn switch(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "on" | "true" | "yes" | "1" => Ok(true),
        "off" | "false" | "no" | "0" => Ok(false),
        _ => Err(format!("{text:?} is neither on nor off")),
    }
}

/// How nodes hear of each other.
pub(super) fn bus(text: &str) -> Result<BusKind, String> {
    match text {
        "notify" => Ok(BusKind::Notify),
        "none" => Ok(BusKind::None),
        _ => Err(format!("{text:?} is neither notify nor none")),
    }
}

/// A whole number within bounds.
pub(super) fn number(text: &str, lowest: u64, highest: u64) -> Result<u64, String> {
    let number = text.parse().map_err(|_| format!("{text:?} is not a whole number"))?;
    if (lowest..=highest).contains(&number) {
        Ok(number)
    } else {
        Err(format!("{number} is not between {lowest} and {highest}"))
    }
}

/// An address and a port. `localhost` is 127.0.0.1 (RFC 6761 6.3), and so is nothing before the colon:
/// without an address, nobody has asked to be reached from elsewhere.
pub(super) fn listen(text: &str) -> Result<SocketAddr, String> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let (host, port) = text.rsplit_once(':').ok_or_else(|| format!("{text:?} has no port"))?;
    let port = port.parse().map_err(|_| format!("{port:?} is not a port"))?;
    if host.is_empty() || host.eq_ignore_ascii_case("localhost") {
        return Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port));
    }
    Err(format!("{host:?} is not an IP address"))
}

/// A browser's origin, spelt as browsers spell it, because origins are compared byte by byte.
pub(super) fn origin(text: &str) -> Result<String, String> {
    let origin = text.to_ascii_lowercase();
    let authority = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    let authority = authority.ok_or_else(|| format!("{text:?} must begin with https:// or http://"))?;
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || ".-:[]".contains(letter);
    if authority.is_empty() || !authority.chars().all(is_plain) {
        return Err(format!("{text:?} must be a scheme, a host and an optional port"));
    }
    let default_port = if origin.starts_with("https:") { ":443" } else { ":80" };
    Ok(origin.strip_suffix(default_port).unwrap_or(&origin).to_owned())
}

/// The contact that push services may write to (RFC 8292 2.1).
pub(super) fn contact(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("mailto:").filter(|address| address.contains('@'));
    let rest = rest.or_else(|| text.strip_prefix("https://"));
    match rest {
        Some(rest) if !rest.is_empty() && rest.chars().all(|letter| letter.is_ascii_graphic()) => {
            Ok(text.to_owned())
        }
        _ => Err(format!("{text:?} is neither a mailto: nor an https:// address")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_people_write_them() {
        for (text, expected) in [
            ("127.0.0.1:8000", Some("127.0.0.1:8000")),
            ("localhost:8000", Some("127.0.0.1:8000")),
            (":0", Some("127.0.0.1:0")),
            ("[::1]:80", Some("[::1]:80")),
            ("0.0.0.0:443", Some("0.0.0.0:443")),
            ("8000", None),
            ("localhost", None),
            ("chat.example.com:80", None),
            ("127.0.0.1:65536", None),
        ] {
            assert_eq!(listen(text).ok(), expected.and_then(|text| text.parse().ok()), "{text}");
        }
    }

    #[test]
    fn origins_are_spelt_as_browsers_spell_them() {
        for (text, expected) in [
            ("https://App.Example.com", Some("https://app.example.com")),
            ("https://app.example.com:443", Some("https://app.example.com")),
            ("http://localhost:3000", Some("http://localhost:3000")),
            ("https://app.example.com/", None),
            ("https://*.example.com", None),
            ("https://", None),
            ("app.example.com", None),
            ("null", None),
        ] {
            assert_eq!(origin(text).ok().as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn contacts_are_mail_or_web_addresses() {
        for text in ["mailto:a@b.example", "https://example.com/contact"] {
            assert_eq!(contact(text).as_deref(), Ok(text));
        }
        for text in ["a@b.example", "mailto:", "mailto:a", "http://example.com", "https://", "mailto:a@b c"] {
            assert!(contact(text).is_err(), "{text}");
        }
    }

    #[test]
    fn switches_and_numbers_have_bounds() {
        assert_eq!(switch("On"), Ok(true));
        assert_eq!(switch("0"), Ok(false));
        assert!(switch("maybe").is_err());
        assert_eq!(number("5", 1, 5), Ok(5));
        assert!(number("6", 1, 5).is_err());
        assert!(number("-1", 0, 5).is_err());
    }
}
