//! Says that the server is ready: a banner for people, one line of JSON for programs.

use std::io::{self, IsTerminal as _};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use chinwag::{Mode, PublicUrl};
use serde::Serialize;

use crate::output;

/// What the announcement contains.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) mode: Mode,
    /// Where the data is: a folder, or the address of a database.
    pub(super) data: String,
    pub(super) address: SocketAddr,
    pub(super) has_tls: bool,
    /// Where clients reach a proxy in front of the server.
    pub(super) public_url: Option<PublicUrl>,
    pub(super) setup_token: Option<String>,
    pub(super) took: Duration,
}

#[derive(Serialize)]
struct Line<'a> {
    event: &'static str,
    url: &'a str,
    version: &'static str,
    ready_ms: u128,
    #[serde(skip_serializing_if = "Option::is_none")]
    public_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    setup_url: Option<String>,
}

/// Writes it to stderr.
pub(super) fn announce(ready: &Ready) {
    if io::stderr().is_terminal() {
        output::note(banner(ready));
    } else {
        output::note(line(ready));
    }
}

fn line(ready: &Ready) -> String {
    let url = format!("{}://{}", ready.scheme("http"), ready.address);
    let line = Line {
        event: "ready",
        url: &url,
        version: env!("CARGO_PKG_VERSION"),
        ready_ms: ready.took.as_millis(),
        public_url: ready.public_url.as_ref().map(ToString::to_string),
        setup_url: ready.setup_url(&url),
    };
    // Strings and a number can't fail to serialize.
    serde_json::to_string(&line).unwrap_or_default()
}

fn banner(ready: &Ready) -> String {
    let host = ready.host_for_people();
    let url = format!("{}://{host}", ready.scheme("http"));
    let data = output::printable_line(&ready.data);
    let title = format!("chinwag {}", env!("CARGO_PKG_VERSION"));
    let purpose = match ready.mode {
        Mode::Demo => format!("demo workspace in {data}"),
        Mode::Serve => format!("data in {data}"),
    };
    let (took, stops) = (ready.took.as_millis(), "Ctrl+C stops.");
    let mut lines = vec![
        format!("{title:<45}{purpose}"),
        String::new(),
        row("Chat", &ready.shown(&url), "also /static/chat.html"),
        row("API docs", &format!("{}/docs", ready.shown(&url)), "spec /openapi.json"),
        row("WebSocket", &format!("{}://{host}/conversations/1/ws?token=…", ready.scheme("ws")), ""),
    ];
    match (ready.mode, ready.setup_url(&url)) {
        (Mode::Demo, _) => lines.extend([
            String::new(),
            row(
                "Sign in",
                "testuser / TestPassword123",
                "also testuser2, alice, bob (same password), admin / AdminPassword123",
            ),
            row("Next", &format!("chinwag tail 1{}", ready.url_option(&url)), "follow conversation 1 here"),
            row("", &format!("chinwag send 1 \"hello\"{}", ready.url_option(&url)), ""),
            String::new(),
            format!("Ready in {took} ms. Demo users work on this computer only. {stops}"),
        ]),
        (Mode::Serve, Some(setup)) => lines.extend([
            String::new(),
            format!("Setup       {setup}  (one use, 30 min)"),
            String::new(),
            format!("Ready in {took} ms. The setup link makes the first administrator. {stops}"),
        ]),
        (Mode::Serve, None) => lines.extend([String::new(), format!("Ready in {took} ms. {stops}")]),
    }
    let indented = lines.iter().map(|line| format!("  {line}").trim_end().to_owned());
    format!("\n{}\n", indented.collect::<Vec<_>>().join("\n"))
}

fn row(name: &str, text: &str, remark: &str) -> String {
    format!("{name:<12}{text:<33}{}{remark}", if text.len() < 33 { "" } else { "  " })
}

impl Ready {
    /// `http` or `https`, `ws` or `wss`.
    fn scheme(&self, plain: &str) -> String {
        if self.has_tls { format!("{plain}s") } else { plain.to_owned() }
    }

    /// The address to type on this computer.
    fn host_for_people(&self) -> String {
        let ip = self.address.ip();
        let is_local = ip == IpAddr::from([127, 0, 0, 1]) || ip.is_unspecified();
        if is_local { format!("localhost:{}", self.address.port()) } else { self.address.to_string() }
    }

    /// The address to visit: the public one, if there is one.
    fn shown(&self, url: &str) -> String {
        self.public_url.as_ref().map_or_else(|| url.to_owned(), ToString::to_string)
    }

    /// The token follows the `#`, which browsers do not send.
    fn setup_url(&self, url: &str) -> Option<String> {
        self.setup_token.as_ref().map(|token| format!("{}/setup#{token}", self.shown(url)))
    }

    /// The option for other commands, if their default does not lead to this server.
    fn url_option(&self, url: &str) -> String {
        if self.address.port() == 8000 { String::new() } else { format!(" --url {url}") }
    }
}

#[cfg(test)]
mod tests {
    // A failed expectation is the point of a test.
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn ready(mode: Mode, address: &str, setup_token: Option<&str>) -> Ready {
        Ready {
            mode,
            data: "./here".to_owned(),
            address: address.parse().unwrap(),
            has_tls: false,
            public_url: None,
            setup_token: setup_token.map(str::to_owned),
            took: Duration::from_millis(38),
        }
    }

    #[test]
    fn the_banner_of_a_demo_tells_how_to_sign_in() {
        let banner = banner(&ready(Mode::Demo, "127.0.0.1:8001", None));
        assert_eq!(
            banner,
            concat!(
                "\n  chinwag ",
                env!("CARGO_PKG_VERSION"),
                "                                demo workspace in ./here\n",
                "\n",
                "  Chat        http://localhost:8001            also /static/chat.html\n",
                "  API docs    http://localhost:8001/docs       spec /openapi.json\n",
                "  WebSocket   ws://localhost:8001/conversations/1/ws?token=…\n",
                "\n",
                "  Sign in     testuser / TestPassword123       also testuser2, alice, bob (same password), ",
                "admin / AdminPassword123\n",
                "  Next        chinwag tail 1 --url http://localhost:8001  follow conversation 1 here\n",
                "              chinwag send 1 \"hello\" --url http://localhost:8001\n",
                "\n",
                "  Ready in 38 ms. Demo users work on this computer only. Ctrl+C stops.\n",
            )
        );
    }

    #[test]
    fn the_setup_link_is_shown_while_there_is_no_user() {
        let ready = ready(Mode::Serve, "127.0.0.1:8000", Some("4f7c"));
        let shown = banner(&ready);
        assert!(
            shown.contains("\n  Setup       http://localhost:8000/setup#4f7c  (one use, 30 min)\n"),
            "{shown}"
        );
        let expected = concat!(
            r#"{"event":"ready","url":"http://127.0.0.1:8000","version":""#,
            env!("CARGO_PKG_VERSION"),
            r#"","ready_ms":38,"#,
            r#""setup_url":"http://127.0.0.1:8000/setup#4f7c"}"#,
        );
        assert_eq!(line(&ready), expected);
    }

    #[test]
    fn the_setup_link_leads_to_the_address_from_outside() {
        let mut ready = ready(Mode::Serve, "127.0.0.1:8000", Some("4f7c"));
        ready.public_url = Some("https://www.example.com/chat/".parse().unwrap());
        let shown = banner(&ready);
        assert!(shown.contains("  Setup       https://www.example.com/chat/setup#4f7c  "), "{shown}");
        assert!(shown.contains("  Chat        https://www.example.com/chat "), "{shown}");
        let line = line(&ready);
        assert!(line.contains(r#""setup_url":"https://www.example.com/chat/setup#4f7c""#), "{line}");
        assert!(line.contains(r#""url":"http://127.0.0.1:8000""#), "{line}");
    }

    #[test]
    fn other_addresses_are_shown_as_they_are() {
        assert_eq!(ready(Mode::Serve, "0.0.0.0:80", None).host_for_people(), "localhost:80");
        assert_eq!(ready(Mode::Serve, "[::1]:80", None).host_for_people(), "[::1]:80");
        assert_eq!(ready(Mode::Serve, "192.0.2.1:80", None).host_for_people(), "192.0.2.1:80");
    }
}
