//! `chinwag config`: the settings that a server would start with, and where each comes from.

use chinwag::StoreUrl;
use clap::Subcommand;

use crate::arguments::{ForServe, HELP, SettingArguments};
use crate::failure::Failure;
use crate::output;
use crate::settings::{Options, SETTINGS, STORE, Settings};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Show every setting, its value and where the value comes from
    #[command(help_template = HELP, before_help = "  chinwag config show --config /etc/chinwag/chinwag.toml")]
    Show(SettingArguments<ForServe>),
    /// Check the settings and the files that they name, without starting a server
    #[command(help_template = HELP, before_help = "  chinwag config check && systemctl restart chinwag")]
    Check(SettingArguments<ForServe>),
}

pub(crate) fn run(arguments: Arguments) -> Result<(), Failure> {
    match arguments.command {
        ConfigCommand::Show(arguments) => show(&arguments.gather()?),
        ConfigCommand::Check(arguments) => check(&arguments.gather()?),
    }
}

/// A longer value has its line to itself; the others form a column.
const MAX_COLUMN: usize = 48;

/// Shows the settings as a table. It names secrets by their files or leaves them out, so anybody may see it.
fn show(settings: &Settings) -> Result<(), Failure> {
    let rows: Vec<(&str, String, String)> = SETTINGS
        .into_iter()
        .map(|setting| {
            let value = settings.value(setting);
            let text = match &value.items[..] {
                [] => "none".to_owned(),
                // It may have a password.
                [url] if setting.key == STORE.key => shown_url(url),
                items => items.join(", "),
            };
            (setting.key, output::printable_line(&text), output::printable_line(&value.origin.to_string()))
        })
        .collect();
    let key_width = rows.iter().map(|(key, ..)| key.len()).max().unwrap_or_default();
    // One long value, such as a list of origins, would push the others off the screen.
    let fits = |text: &String| Some(text.chars().count()).filter(|&width| width <= MAX_COLUMN);
    let width = rows.iter().filter_map(|(_, text, _)| fits(text)).max().unwrap_or_default();
    for (key, text, origin) in rows {
        output::result(format_args!("{key:<key_width$}  {text:<width$}  {origin}"))?;
    }
    Ok(())
}

fn shown_url(url: &str) -> String {
    url.parse::<StoreUrl>().map_or_else(|_| "no address of a database".to_owned(), |url| url.to_string())
}

fn check(settings: &Settings) -> Result<(), Failure> {
    Options::read(settings)?;
    let source = match settings.file() {
        Some(path) => path.display().to_string(),
        None => "no chinwag.toml found; flags, environment and defaults apply".to_owned(),
    };
    output::result(format_args!("ok: {}", output::printable_line(&source)))
}
