//! The command line: the commands, their arguments and their help.

use std::ffi::OsString;
use std::time::Instant;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser, Subcommand};

use crate::arguments::{ForDemo, ForServe, HELP, SettingArguments};
use crate::commands::{bench, check, completions, config, migrate, send, tail, token, user};
use crate::failure::Failure;
use crate::{output, serve};

const TOP_HELP: &str = "\
{about}

Examples:
  chinwag demo                               try it: sample users, this computer only
  chinwag serve --data-dir /var/lib/chinwag  run it
  chinwag tail 1                             follow conversation 1 of the server on this computer

{usage-heading} {usage}

Commands:
{subcommands}

Options:
{options}

Every option of a command is also an environment variable, shown in its help, and a key of chinwag.toml.
A flag goes before the variable, the variable before the file, the file before the default.
";

/// A real-time chat server in one binary: web chat, REST and WebSocket.
#[derive(Parser)]
#[command(name = "chinwag", version, help_template = TOP_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Commands,
}

#[derive(Subcommand)]
enum Commands {
    /// Run the server (the same as `chinwag` alone)
    #[command(help_template = HELP, before_help = SERVE_EXAMPLES)]
    Serve(SettingArguments<ForServe>),
    /// Try it: a server with sample users, on this computer only
    #[command(help_template = HELP, before_help = DEMO_EXAMPLES)]
    Demo(SettingArguments<ForDemo>),
    /// Add, list, disable and enable users, and set their passwords
    User(user::Arguments),
    /// Print a token that signs a user in
    #[command(help_template = HELP, before_help = token::EXAMPLES)]
    Token(token::Arguments),
    /// Follow a conversation
    #[command(help_template = HELP, before_help = tail::EXAMPLES)]
    Tail(tail::Arguments),
    /// Send a message
    #[command(help_template = HELP, before_help = send::EXAMPLES)]
    Send(send::Arguments),
    /// Measure a server on this computer
    #[command(help_template = HELP, before_help = bench::EXAMPLES)]
    Bench(chinwag_load::Bench),
    /// Test the server's promises, with disconnects, crashes and slow readers
    #[command(help_template = HELP, before_help = check::EXAMPLES)]
    Check(check::Arguments),
    /// Move everything from a data folder to a PostgreSQL database, or back
    #[command(help_template = HELP, before_help = migrate::EXAMPLES)]
    Migrate(migrate::Arguments),
    /// Show or check the configuration
    Config(config::Arguments),
    /// Print the description of the REST interface, as served at /openapi.json
    Openapi,
    /// Print the description of the sockets, as served at /asyncapi.json
    Asyncapi,
    /// Print the completion script of a shell
    #[command(help_template = HELP, before_help = completions::EXAMPLES)]
    Completions(completions::Arguments),
    /// Print the version
    Version,
}

const SERVE_EXAMPLES: &str = "  \
  chinwag serve                                            on this computer, http://localhost:8000
  chinwag serve --listen 0.0.0.0:443 --tls-cert chain.pem --tls-key key.pem
  chinwag serve --listen 0.0.0.0:8000 --behind-proxy       a proxy in front does TLS";

const DEMO_EXAMPLES: &str = "  \
  chinwag demo                             testuser / TestPassword123 at http://localhost:8000
  chinwag demo --listen localhost:8001     on another port";

/// Reads the arguments and runs the command.
pub(crate) fn run(mut arguments: Vec<OsString>, started: Instant) -> Result<(), Failure> {
    // `chinwag` means `chinwag serve`, with or without options. Only the options that belong to no command
    // stay.
    let is_for_all = |argument: &OsString| {
        ["-h", "--help", "-V", "--version"].iter().any(|option| argument.as_os_str() == *option)
    };
    let is_command =
        |argument: &OsString| !argument.to_string_lossy().starts_with('-') || is_for_all(argument);
    if !arguments.get(1).is_some_and(is_command) {
        arguments.insert(arguments.len().min(1), "serve".into());
    }
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => explain(&error),
    };
    match cli.command {
        Commands::Serve(arguments) => serve::run(&arguments.gather()?, started),
        Commands::Demo(arguments) => serve::run(&arguments.gather()?, started),
        Commands::User(arguments) => user::run(arguments),
        Commands::Token(arguments) => token::run(arguments),
        Commands::Tail(arguments) => tail::run(arguments),
        Commands::Send(arguments) => send::run(arguments),
        Commands::Bench(arguments) => bench::run(&arguments),
        Commands::Check(arguments) => check::run(&arguments),
        Commands::Migrate(arguments) => migrate::run(arguments),
        Commands::Config(arguments) => config::run(arguments),
        Commands::Completions(arguments) => completions::run(&arguments, Cli::command()),
        Commands::Openapi => output::result(chinwag::openapi_document()),
        Commands::Asyncapi => output::result(chinwag::asyncapi_document()),
        Commands::Version => output::result(format_args!("chinwag {}", env!("CARGO_PKG_VERSION"))),
    }
}

/// Help and version go to stdout with code 0, mistakes to stderr with code 2.
fn explain(error: &clap::Error) -> ! {
    let is_asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    // If this fails, there is no one to tell.
    let _ = error.print();
    std::process::exit(if is_asked { 0 } else { 2 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
