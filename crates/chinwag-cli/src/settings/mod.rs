//! Where each setting's value comes from: flags before environment, file and defaults, in that order.
//!
//! Values stay texts here, each with its origin; [`Options`] interprets them.

mod file;
mod options;
mod parse;
mod table;

use std::fmt;
use std::path::{Path, PathBuf};

use chinwag::Mode;
use clap::parser::ValueSource;
use clap::{ArgMatches, Command};

use crate::failure::{Exit, Failure};
use file::ConfigFile;

pub(crate) use options::{MAX_TOKEN_MINUTES, Options, data_dir, store, token_lifetime};
pub(crate) use table::{DATA_DIR, SETTINGS, STORE, Setting, TOKEN_MINUTES};

/// What the command line and the environment set, among the command's settings.
#[derive(Clone, Debug, Default)]
pub(crate) struct Given {
    config: Option<PathBuf>,
    values: Vec<(&'static Setting, Vec<String>, Origin)>,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Flag(&'static str),
    Environment(&'static str),
    File { path: PathBuf, line: usize },
    Default,
}

/// A setting's value, with its origin.
#[derive(Debug)]
pub(crate) struct Value {
    setting: &'static Setting,
    pub(crate) items: Vec<String>,
    pub(crate) origin: Origin,
}

/// All values that are set.
#[derive(Debug)]
pub(crate) struct Settings {
    mode: Mode,
    given: Given,
    file: Option<ConfigFile>,
}

impl Given {
    /// Adds the options for these settings, and `--config`, to a command.
    pub(crate) fn augment(command: Command, settings: &[&'static Setting], mode: Mode) -> Command {
        let config = clap::Arg::new("config")
            .long("config")
            .env("CHINWAG_CONFIG")
            .hide_env_values(true)
            .value_name("FILE")
            .value_hint(clap::ValueHint::FilePath)
            .value_parser(clap::value_parser!(PathBuf))
            .help("Configuration file [default: the first of ./, ~/.config/chinwag/, /etc/chinwag/ with a chinwag.toml]")
            .help_heading("Data");
        let command = settings.iter().fold(command, |command, setting| command.arg(setting.argument(mode)));
        command.arg(config)
    }

    /// Takes the given values from the matches. An empty variable counts as unset, as in `CHINWAG_LOG=
    /// chinwag`.
    pub(crate) fn read(matches: &ArgMatches, settings: &[&'static Setting]) -> Self {
        let mut values = Vec::new();
        for setting in settings {
            let items: Vec<String> = matches.get_many(setting.key).unwrap_or_default().cloned().collect();
            match matches.value_source(setting.key) {
                Some(ValueSource::CommandLine) => values.push((*setting, items, Origin::Flag(setting.flag))),
                Some(ValueSource::EnvVariable) if items.iter().any(|item| !item.is_empty()) => {
                    values.push((*setting, items, Origin::Environment(setting.env)));
                }
                _ => {}
            }
        }
        let config =
            matches.get_one::<PathBuf>("config").filter(|path| !path.as_os_str().is_empty()).cloned();
        Self { config, values }
    }
}

impl Settings {
    /// Reads the file and combines it with the given values.
    pub(crate) fn gather(given: Given, mode: Mode) -> Result<Self, Failure> {
        let file = ConfigFile::find(given.config.as_deref())?;
        Ok(Self { mode, given, file })
    }

    pub(crate) fn value(&self, setting: &'static Setting) -> Value {
        let given = self.given.values.iter().find(|(candidate, ..)| candidate.key == setting.key);
        if let Some((_, items, origin)) = given {
            return Value { setting, items: items.clone(), origin: origin.clone() };
        }
        if let Some((file, entry)) = self.file.as_ref().and_then(|file| Some((file, file.entry(setting)?))) {
            let origin = Origin::File { path: file.path.clone(), line: entry.line };
            return Value { setting, items: entry.items.clone(), origin };
        }
        let default = Some(setting.default_in(self.mode)).filter(|text| !text.is_empty());
        Value { setting, items: default.map(str::to_owned).into_iter().collect(), origin: Origin::Default }
    }

    /// The file that was read.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.file.as_ref().map(|file| file.path.as_path())
    }

    pub(crate) fn mode(&self) -> Mode {
        self.mode
    }
}

impl Value {
    /// The value, if it is set and not empty.
    pub(crate) fn text(&self) -> Option<&str> {
        self.items.first().map(String::as_str).filter(|text| !text.is_empty())
    }

    /// Says what is wrong with the value, and where it is set.
    pub(crate) fn refuse(&self, what: impl fmt::Display) -> Failure {
        let name = match &self.origin {
            Origin::Flag(flag) => format!("--{flag}"),
            Origin::Environment(variable) => (*variable).to_owned(),
            Origin::File { path, line } => format!("`{}` in {}:{line}", self.setting.key, path.display()),
            Origin::Default => format!("the default of --{}", self.setting.flag),
        };
        Failure::new(self.exit(), format!("{name}: {what}"))
    }

    /// A bad flag is a usage error; a bad variable or file is a configuration error.
    pub(crate) fn exit(&self) -> Exit {
        if matches!(self.origin, Origin::Flag(_)) { Exit::Usage } else { Exit::Config }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(formatter, "flag --{flag}"),
            Self::Environment(variable) => write!(formatter, "env {variable}"),
            Self::File { path, line } => write!(formatter, "{}:{line}", path.display()),
            Self::Default => formatter.write_str("default"),
        }
    }
}
