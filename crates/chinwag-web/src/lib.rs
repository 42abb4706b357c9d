//! The web pages of chinwag, embedded into the binary.
//!
//! `/static/chat.html` signs in and talks in one conversation, over the public API alone. `/setup` makes
//! the first administrator, and `/docs/ws` tries out the sockets; their files ask for the others relative
//! to those paths. This crate only hands out bytes; the server decides on headers and routes.
//! The files are the source: nothing is generated, nothing is downloaded, and no page loads
//! anything from another origin.

/// One embedded file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asset {
    /// Absolute path of the URL it is served at, for example `/static/chat.js`.
    pub path: &'static str,
    /// Value of the `Content-Type` header.
    pub content_type: &'static str,
    /// The whole body.
    pub bytes: &'static [u8],
    /// Strong entity tag, quotes included. Changes whenever `bytes` do.
    ///
    /// File names carry no hash, so serve them with `Cache-Control: no-cache` and answer
    /// `If-None-Match` with 304: a page never meets the script of another version.
    pub etag: &'static str,
}

/// The `Content-Security-Policy` that every page of this crate lives under.
///
/// Nothing runs, loads or connects outside the page's own origin, and the DOM sinks that turn
/// strings into markup are closed: the pages build every node by hand.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; \
     frame-ancestors 'none'; require-trusted-types-for 'script'";

/// The asset served at `path` (exact match, no query string), or `None`.
#[must_use]
pub fn asset(path: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.path == path)
}

/// Every embedded file, for a server that builds its routes from a list.
#[must_use]
pub fn assets() -> &'static [Asset] {
    ASSETS
}

macro_rules! embed {
    ($name:literal, $content_type:literal) => {{
        const BYTES: &[u8] = include_bytes!(concat!("../static/", $name));
        const TAG: [u8; TAG_LENGTH] = entity_tag(BYTES);
        const ETAG: &str = match str::from_utf8(&TAG) {
            Ok(tag) => tag,
            // Quotes and hexadecimal digits are always UTF-8.
            Err(_) => "\"\"",
        };
        Asset { path: concat!("/static/", $name), content_type: $content_type, bytes: BYTES, etag: ETAG }
    }};
}

static ASSETS: &[Asset] = &[
    embed!("chat.html", "text/html; charset=utf-8"),
    embed!("chat.css", "text/css; charset=utf-8"),
    embed!("chat.js", "text/javascript; charset=utf-8"),
    embed!("api.js", "text/javascript; charset=utf-8"),
    embed!("room.js", "text/javascript; charset=utf-8"),
    embed!("timeline.js", "text/javascript; charset=utf-8"),
    embed!("setup.html", "text/html; charset=utf-8"),
    embed!("setup.js", "text/javascript; charset=utf-8"),
    embed!("ws.html", "text/html; charset=utf-8"),
    embed!("ws.css", "text/css; charset=utf-8"),
    embed!("ws.js", "text/javascript; charset=utf-8"),
    embed!("ws-log.js", "text/javascript; charset=utf-8"),
    embed!("ws-code.js", "text/javascript; charset=utf-8"),
    embed!("favicon.svg", "image/svg+xml"),
];

/// Sixteen hexadecimal digits between two quotes.
const TAG_LENGTH: usize = 18;

/// Quoted 64-bit FNV-1a of `bytes`. It tells our own versions apart; nobody is meant to attack it.
const fn entity_tag(bytes: &[u8]) -> [u8; TAG_LENGTH] {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut rest = bytes;
    while let [byte, tail @ ..] = rest {
        hash = (hash ^ *byte as u64).wrapping_mul(0x0000_0100_0000_01b3);
        rest = tail;
    }

    let mut tag = [b'"'; TAG_LENGTH];
    let [_, digits @ .., _] = &mut tag;
    let mut rest: &mut [u8] = digits;
    while let [digit, tail @ ..] = rest {
        hash = hash.rotate_left(4);
        let nibble = (hash & 0xf) as u8;
        *digit = if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
        rest = tail;
    }
    tag
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(path: &str) -> &'static str {
        asset(path).and_then(|asset| str::from_utf8(asset.bytes).ok()).unwrap_or_default()
    }

    #[test]
    fn an_asset_is_found_by_its_exact_path_only() {
        assert_eq!(
            asset("/static/chat.html").map(|asset| asset.content_type),
            Some("text/html; charset=utf-8")
        );
        for path in ["", "/", "/static/", "/static/../Cargo.toml", "chat.html", "/static/chat.html/"] {
            assert_eq!(asset(path), None, "{path}");
        }
    }

    #[test]
    fn entity_tags_are_quoted_hexadecimal_and_follow_the_bytes() {
        for asset in assets() {
            let digits = asset.etag.trim_matches('"');
            assert_eq!(asset.etag, format!("\"{digits}\""));
            assert!(digits.len() == 16 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
            assert_eq!(entity_tag(asset.bytes), asset.etag.as_bytes());
        }
        // Published FNV-1a values.
        assert_eq!(&entity_tag(b""), b"\"cbf29ce484222325\"");
        assert_eq!(&entity_tag(b"foobar"), b"\"85944171f73967e8\"");
    }

    #[test]
    fn every_file_a_page_asks_for_is_embedded() {
        // Where a page lives, which its relative links start from.
        let pages =
            [("/static/chat.html", "/static/"), ("/static/setup.html", "/"), ("/static/ws.html", "/docs/")];
        // What the server makes itself.
        let made = ["/docs", "/asyncapi.json"];
        for (page, folder) in pages {
            let mut found = 0;
            for attribute in [" src=\"", " href=\""] {
                for part in text(page).split(attribute).skip(1) {
                    let target = part.split('"').next().unwrap_or_default();
                    let path = format!("{folder}{target}").replace("/docs/../", "/");
                    if !target.starts_with('#') && !made.contains(&path.as_str()) {
                        assert!(asset(&path).is_some(), "{target} in {page}");
                        found += 1;
                    }
                }
            }
            assert!(found >= 3, "a style sheet, a script and an icon in {page}");
        }
    }

    #[test]
    fn pages_hold_nothing_that_their_policy_forbids() {
        for page in assets().iter().filter(|asset| asset.path.ends_with(".html")) {
            let html = text(page.path);
            for forbidden in
                [" style=", "<style", "onclick=", "onload=", "javascript:", "http://", "https://"]
            {
                assert!(!html.contains(forbidden), "{forbidden} in {}", page.path);
            }
            for tag in html.split("<script").skip(1) {
                assert!(tag.starts_with(" type=\"module\" src=\""), "inline script in {}", page.path);
            }
        }
        for script in assets().iter().filter(|asset| asset.path.ends_with(".js")) {
            for sink in [
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
                "Function(",
                "DOMParser",
                "srcdoc",
                "localStorage",
                "sessionStorage",
                "document.cookie",
            ] {
                assert!(!text(script.path).contains(sink), "{sink} in {}", script.path);
            }
        }
    }

    #[test]
    fn every_module_that_a_script_imports_is_embedded() {
        for asset in assets() {
            for part in text(asset.path).split(" from './").skip(1) {
                let name = part.split('\'').next().unwrap_or_default();
                assert!(super::asset(&format!("/static/{name}")).is_some(), "{name}");
            }
        }
    }
}
