//! `chinwag check`: tests a server's promises, and reports which of them it kept.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use chinwag_check::Options;

use crate::failure::{Exit, Failure};
use crate::output;

pub(crate) const EXAMPLES: &str = "  \
  chinwag check                                    a minute, with a server of its own
  chinwag check --disconnects 10000 --kills 1000   longer, for a machine of your own
  chinwag check --url http://127.0.0.1:8000 --token-secret-file secret
                                                   a server that runs already (--limits off, --provision-users)
  chinwag check --history run.jsonl                what another program recorded
  chinwag check --url https://localhost:8443 --ca cert.pem --token-secret-file secret
                                                   the same behind TLS, without the slow readers
";

/// Width of the progress bar.
const BAR: usize = 30;
/// The time between two lines if there is no terminal.
const QUIET: Duration = Duration::from_secs(5);

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    options: Options,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let executable = std::env::current_exe()
        .map_err(|error| Failure::new(Exit::Io, format!("can't find the file of this program: {error}")))?;
    let options = &arguments.options;
    let progress = Progress::default();
    let checked = chinwag_check::run(options, &executable, &|what, done, all| {
        progress.tell(what, done, all);
    });
    output::progress("");
    let report = checked.map_err(|error| Failure::new(Exit::Io, format!("the check failed: {error}")))?;
    if options.json {
        let json = serde_json::to_string_pretty(&report);
        output::result(json.map_err(|error| Failure::new(Exit::Bug, error))?)?;
    } else {
        output::result(output::printable(&report.table()))?;
    }
    if report.is_clean() {
        return Ok(());
    }
    let broken = Failure::new(Exit::Refused, "a promise was broken");
    if arguments.options.history.is_some() {
        return Err(broken);
    }
    Err(broken.fix(format!(
        "the same schedule again: chinwag check --seed {}; please report the table above",
        report.seed
    )))
}

/// A bar on a terminal, or otherwise an occasional line.
#[derive(Default)]
struct Progress {
    last: Mutex<Option<(String, Instant)>>,
}

impl Progress {
    fn tell(&self, what: &str, done: usize, all: usize) {
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
}
