//! `chinwag token`: a signed token for scripts, made on the server's own computer.

use std::time::Duration;

use super::open_accounts;
use crate::arguments::{ForTokens, SettingArguments};
use crate::failure::Failure;
use crate::output;
use crate::settings::{MAX_TOKEN_MINUTES, token_lifetime};

pub(crate) const EXAMPLES: &str = "  \
  chinwag token alice
  CHINWAG_TOKEN=$(chinwag token reporter --minutes 5) chinwag send 1 \"backup done\"";

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The user whom the token signs in
    name: String,
    /// How long the token is valid [default: the server's token_minutes]
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=MAX_TOKEN_MINUTES))]
    minutes: Option<u64>,
    #[command(flatten)]
    settings: SettingArguments<ForTokens>,
}

pub(crate) fn run(arguments: Arguments) -> Result<(), Failure> {
    let settings = arguments.settings.gather()?;
    let lifetime = match arguments.minutes {
        Some(minutes) => Duration::from_secs(minutes * 60),
        None => token_lifetime(&settings)?,
    };
    output::result(open_accounts(&settings)?.token(&arguments.name, lifetime)?)
}
