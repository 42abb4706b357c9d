//! Logs: lines on stderr, as text or JSON. One event is one line, whatever a peer sent.

use std::io::{self, Write};
use std::sync::Arc;

use chinwag::NodeName;
use tracing_subscriber::EnvFilter;

use crate::failure::{Exit, Failure};
use crate::output;

/// The format and the filter of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogOptions {
    pub(crate) format: Format,
    /// A level, or directives as in `RUST_LOG`; checked by [`check_filter`].
    pub(crate) filter: String,
    /// The server's name, in every line, where it may be one of several.
    pub(crate) node: Option<NodeName>,
}

/// The format of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Text,
    Json,
}

impl Default for LogOptions {
    /// For short commands: warnings and errors only.
    fn default() -> Self {
        Self { format: Format::Text, filter: "warn".to_owned(), node: None }
    }
}

const LEVELS: [&str; 6] = ["error", "warn", "info", "debug", "trace", "off"];

/// Returns what is wrong with a filter.
pub(crate) fn check_filter(text: &str) -> Result<(), String> {
    let is_level = LEVELS.iter().any(|level| level.eq_ignore_ascii_case(text));
    // A single word that is not a level would count as an unknown module, and silence everything.
    if !is_level && !text.contains('=') && !text.contains(',') {
        return Err(format!("{text:?} is neither a level ({}) nor a filter", LEVELS.join(", ")));
    }
    EnvFilter::try_new(text).map(drop).map_err(|error| format!("{text:?} is not a filter: {error}"))
}

/// Starts logging for the rest of the process.
pub(crate) fn start(options: &LogOptions) -> Result<(), Failure> {
    let bug = |error: &dyn std::fmt::Display| Failure::new(Exit::Bug, format!("can't log: {error}"));
    // Otherwise every new database would begin its log with its schema's migrations.
    let filter = if options.filter == "info" { "info,refinery_core=warn" } else { &options.filter };
    let filter = EnvFilter::try_new(filter).map_err(|error| bug(&error))?;
    let begin: Arc<str> = match (&options.node, options.format) {
        (Some(node), Format::Text) => format!("node={node} ").into(),
        (Some(node), Format::Json) => format!("{{\"node\":\"{node}\",").into(),
        (None, _) => "".into(),
    };
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(move || OneLine { out: io::stderr(), begin: Arc::clone(&begin) })
        .with_ansi(false);
    let started = match options.format {
        Format::Text => lines.try_init(),
        Format::Json => lines.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| bug(&error))
}

/// Escapes control characters of a formatted event, so that no value can forge a line or control a terminal.
/// Every line begins with the name of the server, if it has one: as a field of the JSON object, too.
struct OneLine<W> {
    out: W,
    begin: Arc<str>,
}

impl<W: Write> Write for OneLine<W> {
    /// Takes one whole event with its line end, because the subscriber writes it in one call.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let line = output::printable_line(text.strip_suffix('\n').unwrap_or(&text));
        let rest = if self.begin.starts_with('{') { line.strip_prefix('{').unwrap_or(&line) } else { &line };
        self.out.write_all(format!("{}{rest}\n", self.begin).as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    // A failed expectation is the point of a test.
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn an_event_stays_on_its_line() {
        let line = |begin: &str, event: &str| {
            let mut out = Vec::new();
            OneLine { out: &mut out, begin: begin.into() }.write_all(event.as_bytes()).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(line("", "name=a\nb\u{1b}[2J\u{9b}c\n"), "name=a\\u000ab\\u001b[2J\\u009bc\n");
        assert_eq!(line("node=a ", "text\n"), "node=a text\n");
        assert_eq!(line("{\"node\":\"a\",", "{\"level\":1}\n"), "{\"node\":\"a\",\"level\":1}\n");
    }

    #[test]
    fn a_misspelt_level_does_not_silence_the_log() {
        assert!(check_filter("info").is_ok());
        assert!(check_filter("warn,chinwag=debug").is_ok());
        assert!(check_filter("inof").is_err());
        assert!(check_filter("chinwag=loud").is_err());
    }
}
