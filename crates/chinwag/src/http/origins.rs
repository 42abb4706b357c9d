//! Which page a browser's request comes from, and whether that page may make it: the server's own pages, by
//! whatever name the browser knows the server, and those of the configured origins.

use axum::http::uri::{Authority, Uri};
use axum::http::{HeaderMap, header};

use crate::config::Config;

/// Why the page may not make it, as a sentence for the operator.
pub(super) fn refusal(config: &Config, headers: &HeaderMap) -> Option<String> {
    let origin = headers.get(header::ORIGIN)?;
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let origin = origin.to_str().unwrap_or_default();
    let is_allowed = config.allowed_origins.iter().any(|allowed| allowed == origin)
        || config.public_url.as_ref().is_some_and(|url| url.origin() == origin)
        || is_own(origin, host);
    (!is_allowed).then(|| {
        format!(
            "This origin is not allowed: the page is from {origin:?}, and the request asks for the host {host:?}. \
             If both are this server, the proxy in front changed the host: pass it on (nginx: proxy_set_header Host \
             $host), or set public_url. Otherwise add the origin to allowed_origins"
        )
    })
}

/// Whether the page came from this host, by name and port. Behind a proxy with TLS, only the page's address
/// tells the scheme, and so the default port.
fn is_own(origin: &str, host: &str) -> bool {
    let Ok(page) = origin.parse::<Uri>() else { return false };
    let Ok(host) = host.parse::<Authority>() else { return false };
    let default_port = match page.scheme_str() {
        Some("https") => 443,
        Some("http") => 80,
        _ => return false,
    };
    let Some(page) = page.authority() else { return false };
    let is_plain = |authority: &Authority| !authority.as_str().contains('@');
    is_plain(page)
        && is_plain(&host)
        && page.host().eq_ignore_ascii_case(host.host())
        && page.port_u16().unwrap_or(default_port) == host.port_u16().unwrap_or(default_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_our_own_by_name_and_port_however_they_are_written() {
        for (origin, host) in [
            ("https://chat.example.com", "chat.example.com"),
            ("http://chat.example.com", "chat.example.com"),
            ("https://chat.example.com", "chat.example.com:443"),
            ("http://chat.example.com", "chat.example.com:80"),
            ("https://chat.example.com", "Chat.Example.COM"),
            ("https://chat.example.com:8443", "chat.example.com:8443"),
            ("http://localhost:8000", "localhost:8000"),
            ("http://[::1]:8000", "[::1]:8000"),
            ("https://[2001:db8::1]", "[2001:db8::1]:443"),
        ] {
            assert!(is_own(origin, host), "{origin} {host}");
        }
        for (origin, host) in [
            ("https://chat.example.com", "chat.example.com:80"),
            ("http://chat.example.com", "chat.example.com:443"),
            ("https://chat.example.com:8443", "chat.example.com"),
            ("https://chat.example.com", "127.0.0.1:8000"),
            ("https://chat.example.com.evil.example", "chat.example.com"),
            ("https://evil@chat.example.com", "chat.example.com"),
            ("https://chat.example.com", "evil@chat.example.com"),
            ("ftp://chat.example.com", "chat.example.com"),
            ("null", "null"),
            ("", ""),
            ("chat.example.com", "chat.example.com"),
        ] {
            assert!(!is_own(origin, host), "{origin} {host}");
        }
    }
}
