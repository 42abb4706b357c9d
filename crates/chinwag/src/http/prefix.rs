//! The path below which the server is reached: its own, that of a host that nests it, or that of a proxy,
//! which may or may not strip it.

use axum::Router;
use axum::extract::Request;
use axum::http::Uri;
use axum::http::uri::PathAndQuery;
use tower::ServiceExt as _;

use crate::config::Config;

/// The path before the server's own paths as a browser sees it, without a trailing slash. `None` if it is
/// unknown, because a proxy may have stripped one.
fn known_prefix(config: &Config, original: &Uri, inner: &Uri) -> Option<String> {
    if let Some(url) = &config.public_url {
        return Some(url.path().to_owned());
    }
    let prefix = original.path().strip_suffix(inner.path()).unwrap_or(original.path()).trim_end_matches('/');
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~%".contains(&byte);
    (!prefix.is_empty() && prefix.bytes().all(is_plain)).then(|| prefix.to_owned())
}

/// The path of a request as its client knows it.
pub(super) fn known_path(config: &Config, original: &Uri, inner: &Uri) -> String {
    format!("{}{}", known_prefix(config, original, inner).unwrap_or_default(), inner.path())
}

/// How a page refers to the server's root: by the known path, or by the page's depth.
pub(super) fn root(config: &Config, original: &Uri, inner: &Uri) -> String {
    if let Some(prefix) = known_prefix(config, original, inner) {
        return format!("{prefix}/");
    }
    let depth = inner.path().matches('/').count().saturating_sub(1);
    if depth == 0 { "./".to_owned() } else { "../".repeat(depth) }
}

/// Serves the routes below the public path, too, for a proxy that does not strip it.
pub(super) fn also_below(path: &str, router: Router) -> Router {
    if path.is_empty() {
        return router;
    }
    let path = path.to_owned();
    let router = router.map_request(move |mut request: Request| {
        if let Some(uri) = stripped(&path, request.uri()) {
            *request.uri_mut() = uri;
        }
        request
    });
    Router::new().fallback_service(router)
}

fn stripped(prefix: &str, uri: &Uri) -> Option<Uri> {
    let rest = uri.path_and_query()?.as_str().strip_prefix(prefix)?;
    let rest = match rest.chars().next() {
        Some('/') => rest.to_owned(),
        None | Some('?') => format!("/{rest}"),
        Some(_) => return None,
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(rest.parse::<PathAndQuery>().ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    // A failed expectation is the point of a test.
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_path_is_stripped_as_a_whole() {
        for (uri, expected) in [
            ("/chat", Some("/")),
            ("/chat/", Some("/")),
            ("/chat?a=b", Some("/?a=b")),
            ("/chat/c/1?m=2", Some("/c/1?m=2")),
            ("/chat/chat", Some("/chat")),
            ("http://localhost/chat/ws", Some("http://localhost/ws")),
            ("/chatter", None),
            ("/c/1", None),
        ] {
            let found = stripped("/chat", &uri.parse().unwrap());
            assert_eq!(found.map(|uri| uri.to_string()).as_deref(), expected, "{uri}");
        }
    }

    #[test]
    fn a_page_names_its_files_by_the_path_that_is_known_or_by_its_depth() {
        let root = |public: Option<&str>, original: &str, inner: &str| {
            let public_url = public.map(|text| text.parse().unwrap());
            let config = Config { public_url, ..Config::default() };
            root(&config, &original.parse().unwrap(), &inner.parse().unwrap())
        };
        for (original, inner, expected) in [
            ("/", "/", "./"),
            ("/setup", "/setup", "./"),
            ("/setup/", "/setup/", "../"),
            ("/c/1", "/c/1", "../"),
            ("/static/chat.html", "/static/chat.html", "../"),
            ("/chat", "/", "/chat/"),
            ("/chat/", "/", "/chat/"),
            ("/a/chat/c/1", "/c/1", "/a/chat/"),
        ] {
            assert_eq!(root(None, original, inner), expected, "{original}");
            assert_eq!(root(Some("https://www.example.com/talk"), original, inner), "/talk/", "{original}");
            assert_eq!(root(Some("https://chat.example.com"), original, inner), "/", "{original}");
        }
    }
}
