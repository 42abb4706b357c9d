//! The web pages of chinwag, embedded into the binary: the chat, built from `web/` into `dist/`; the page
//! that tries out the sockets, whose source is `static/`; and the files of Swagger UI.
//!
//! This crate only provides bytes; the server decides on headers and routes. No page loads anything from
//! another origin.

use std::io::{self, Read as _};

use flate2::read::GzDecoder;

/// One embedded file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asset {
    /// Absolute path of the URL it is served at, for example `/widget.js`.
    pub path: &'static str,
    /// Value of the `Content-Type` header.
    pub content_type: &'static str,
    /// The whole body.
    pub bytes: &'static [u8],
    /// Strong entity tag, quotes included. Changes whenever `bytes` do.
    pub etag: &'static str,
    /// The same body for clients that accept the content coding `br`; `None` if it would save little.
    pub brotli: Option<Brotli>,
}

/// A body compressed with Brotli (RFC 7932).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Brotli {
    /// The whole body.
    pub bytes: &'static [u8],
    /// Strong entity tag, quotes included; it differs from that of the plain body (RFC 9110 section 8.8.3).
    pub etag: &'static str,
}

impl Asset {
    /// Whether the file's name changes with its content, so that it may be cached forever.
    #[must_use]
    pub fn is_immutable(&self) -> bool {
        self.path.starts_with("/assets/")
    }
}

/// A file that is embedded only compressed, since it is large and rarely requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packed {
    /// The last part of its URL, for example `swagger-ui.css`.
    pub name: &'static str,
    /// Value of the `Content-Type` header.
    pub content_type: &'static str,
    /// The whole body in the content coding `gzip`: browsers accept Brotli only over TLS.
    pub gzip: &'static [u8],
}

impl Packed {
    /// The uncompressed body, for clients that do not accept `gzip`.
    ///
    /// # Errors
    /// If the embedded bytes are broken.
    pub fn unpack(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        GzDecoder::new(self.gzip).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// The `Content-Security-Policy` of this crate's pages, except who may frame them.
///
/// Nothing runs, loads or connects outside the page's own origin, and the DOM sinks that turn strings into
/// markup are closed, except for the address of the service worker.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self'; connect-src 'self'; \
     worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; \
     require-trusted-types-for 'script'; trusted-types chat-sw";

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

/// The files of Swagger UI that the page of the API documentation loads.
#[must_use]
pub fn documentation() -> &'static [Packed] {
    DOCUMENTATION
}

static DOCUMENTATION: &[Packed] = include!(concat!(env!("OUT_DIR"), "/documentation.rs"));
static ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The limit for all files of the built application together; compressed with Brotli they take a third of it.
#[cfg(test)]
const MAX_DIST_BYTES: usize = 544 * 1024;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn text(path: &str) -> &'static str {
        asset(path).and_then(|asset| str::from_utf8(asset.bytes).ok()).unwrap_or_default()
    }

    #[test]
    fn an_asset_is_found_by_its_exact_path_only() {
        assert_eq!(asset("/index.html").map(|asset| asset.content_type), Some("text/html; charset=utf-8"));
        for path in ["", "/", "/static/", "/static/../Cargo.toml", "index.html", "/index.html/"] {
            assert_eq!(asset(path), None, "{path}");
        }
    }

    #[test]
    fn entity_tags_are_quoted_and_belong_to_one_body() {
        let mut bodies = HashSet::new();
        for asset in assets() {
            let tags = [Some(asset.etag), asset.brotli.map(|brotli| brotli.etag)];
            for tag in tags.into_iter().flatten() {
                let inner = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
                assert!(inner.is_some_and(|inner| inner.len() >= 16 && !inner.contains('"')), "{tag}");
                bodies.insert(tag);
            }
        }
        assert!(bodies.len() > assets().len(), "the larger files have a second, compressed body");
    }

    #[test]
    fn the_built_application_stays_small_and_has_no_source_maps() {
        let dist: Vec<_> = assets().iter().filter(|asset| !asset.path.starts_with("/static/")).collect();
        let total: usize = dist.iter().map(|asset| asset.bytes.len()).sum();
        assert!(total <= MAX_DIST_BYTES, "{total} bytes");
        assert!(dist.iter().all(|asset| !asset.path.ends_with(".map")));
        assert!(assets().iter().any(Asset::is_immutable));
    }

    #[test]
    fn every_file_a_page_asks_for_is_embedded() {
        // The application's paths start at the root, those of the sockets' page at its own address.
        for (page, folder) in [("/index.html", "/"), ("/static/ws.html", "/docs/")] {
            let mut found = 0;
            for attribute in [" src=\"", " href=\""] {
                for part in text(page).split(attribute).skip(1) {
                    let target = part.split('"').next().unwrap_or_default().trim_start_matches("./");
                    let path = format!("{folder}{target}").replace("/docs/../", "/");
                    // The server itself generates these.
                    let is_made = matches!(path.as_str(), "/docs" | "/asyncapi.json");
                    if !target.starts_with('#') && !is_made {
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
            for rest in html.split("<script").skip(1) {
                let tag = rest.split('>').next().unwrap_or_default();
                assert!(tag.contains(" src=\""), "an inline script in {}", page.path);
            }
        }
    }
}
