//! Logs: lines on stderr, as text or JSON. One event is one line, whatever a peer put into it.

use std::io::{self, Write};

use tracing_subscriber::EnvFilter;

use crate::failure::{Exit, Failure};
use crate::output;

/// How and how much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogOptions {
    pub(crate) format: Format,
    /// A level, or directives as in `RUST_LOG`; checked by [`check_filter`].
    pub(crate) filter: String,
}

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Text,
    Json,
}

impl Default for LogOptions {
    /// For commands that run for a moment: only what went wrong.
    fn default() -> Self {
        Self { format: Format::Text, filter: "warn".to_owned() }
    }
}

const LEVELS: [&str; 6] = ["error", "warn", "info", "debug", "trace", "off"];

/// Says what is wrong with a filter.
pub(crate) fn check_filter(text: &str) -> Result<(), String> {
    let is_level = LEVELS.iter().any(|level| level.eq_ignore_ascii_case(text));
    // A single word that is no level would be taken for a module that does not exist, and silence all.
    if !is_level && !text.contains('=') && !text.contains(',') {
        return Err(format!("{text:?} is neither a level ({}) nor a filter", LEVELS.join(", ")));
    }
    EnvFilter::try_new(text).map(drop).map_err(|error| format!("{text:?} is no filter: {error}"))
}

/// Starts logging for the rest of the process.
pub(crate) fn start(options: &LogOptions) -> Result<(), Failure> {
    let bug = |error: &dyn std::fmt::Display| Failure::new(Exit::Bug, format!("can't log: {error}"));
    // Every new database would begin its log with the steps of its schema.
    let filter = if options.filter == "info" { "info,refinery_core=warn" } else { &options.filter };
    let filter = EnvFilter::try_new(filter).map_err(|error| bug(&error))?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| OneLine(io::stderr()))
        .with_ansi(false);
    let started = match options.format {
        Format::Text => lines.try_init(),
        Format::Json => lines.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| bug(&error))
}

/// Escapes control characters of a formatted event, so that no value can forge a line or drive a terminal.
struct OneLine<W>(W);

impl<W: Write> Write for OneLine<W> {
    /// Takes one whole event with its line end: that is how the subscriber writes.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let line = output::printable_line(text.strip_suffix('\n').unwrap_or(&text));
        self.0.write_all(format!("{line}\n").as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    // A failed expectation is the point of a test.
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn an_event_stays_on_its_line() {
        let mut written = Vec::new();
        OneLine(&mut written).write_all("name=a\nb\u{1b}[2J\u{9b}c\n".as_bytes()).unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), "name=a\\u000ab\\u001b[2J\\u009bc\n");
    }

    #[test]
    fn a_misspelt_level_does_not_silence_the_log() {
        assert!(check_filter("info").is_ok());
        assert!(check_filter("warn,chinwag=debug").is_ok());
        assert!(check_filter("inof").is_err());
        assert!(check_filter("chinwag=loud").is_err());
    }
}
