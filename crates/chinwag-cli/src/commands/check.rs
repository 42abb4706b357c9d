//! `chinwag check`: tests a server's promises, and reports which of them it kept.

use chinwag_check::Options;

use crate::failure::{Exit, Failure};
use crate::output;
use crate::progress::Progress;

pub(crate) const EXAMPLES: &str = "  \
  chinwag check                                    a minute, with a server of its own
  chinwag check --disconnects 10000 --kills 1000   longer, for a machine of your own
  chinwag check --nodes 3                          three servers on one PostgreSQL, and everything that befalls them
  chinwag check --url http://127.0.0.1:8000 --token-secret-file secret
                                                   a server that runs already (--limits off, --provision-users)
  chinwag check --history run.jsonl                what another program recorded
  chinwag check --url https://localhost:8443 --ca cert.pem --token-secret-file secret
                                                   the same behind TLS, without the slow readers
";

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
    progress.end();
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
