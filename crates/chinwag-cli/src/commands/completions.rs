//! `chinwag completions`: a script that completes commands and options in a shell.

use clap::Command;
use clap_complete::Shell;

use crate::failure::Failure;
use crate::output;

pub(crate) const EXAMPLES: &str = "  \
  chinwag completions bash > ~/.local/share/bash-completion/completions/chinwag
  chinwag completions fish > ~/.config/fish/completions/chinwag.fish";

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(arguments: &Arguments, mut command: Command) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "chinwag", &mut script);
    output::result(String::from_utf8_lossy(&script).trim_end())
}
