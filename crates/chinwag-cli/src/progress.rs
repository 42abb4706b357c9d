//! How far a long command is.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::output;

/// Width of the bar.
const BAR: usize = 30;
/// The time between two lines if there is no terminal.
const QUIET: Duration = Duration::from_secs(5);

/// A bar on a terminal, or otherwise an occasional line.
#[derive(Default)]
pub(crate) struct Progress {
    last: Mutex<Option<(String, Instant)>>,
}

impl Progress {
    /// Tells how much of something is done, and how much there is.
    pub(crate) fn tell(&self, what: &str, done: usize, all: usize) {
        let filled = (done * BAR).checked_div(all).unwrap_or(BAR).min(BAR);
        let bar = format!("{}{}", "#".repeat(filled), ".".repeat(BAR - filled));
        output::progress(format_args!("{what:16} [{bar}] {done} of {all}"));
        if output::is_watched() {
            return;
        }
        let Ok(mut last) = self.last.lock() else { return };
        let is_news = last.as_ref().is_none_or(|(name, at)| name != what || at.elapsed() >= QUIET);
        if is_news {
            output::note(format_args!("{what}: {done} of {all}"));
            *last = Some((what.to_owned(), Instant::now()));
        }
    }
    /// Removes the bar.
    pub(crate) fn end(&self) {
        output::progress("");
    }
}
