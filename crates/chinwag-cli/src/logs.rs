//! Logs: lines on stderr, as text or JSON. One event is one line, whatever a peer sent.

use std::io::{self, Write};

use tracing_subscriber::EnvFilter;

use crate::failure::{Exit, Failure};
use crate::output;

/// The format and the filter of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogOptions {
    pub(crate) format: Format,
    /// A level, or directives as in `RUST_LOG`; checked by [`check_filter`].
    pub(crate) filter: String,
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
        Self { format: Format::Text, filter: "warn".to_owned() }
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

/// Escapes control characters of a formatted event, so that no value can forge a line or control a terminal.
struct OneLine<W>(W);

impl<W: Write> Write for OneLine<W> {
    /// Takes one whole event with its line end, because the subscriber writes it in one call.
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
