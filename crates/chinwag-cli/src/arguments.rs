//! What commands have in common: the order of their help, and the options that are settings.

use std::marker::PhantomData;

use chinwag::Mode;
use clap::{ArgMatches, Args, Command, FromArgMatches};

use crate::failure::Failure;
use crate::settings::{DATA_DIR, Given, SETTINGS, STORE, Setting, Settings, TOKEN_MINUTES};

/// Examples come first: most people look for the line to copy.
pub(crate) const HELP: &str = "\
{about}

Examples:
{before-help}{usage-heading} {usage}

{all-args}
";

/// The settings that a command takes.
pub(crate) trait Choice {
    const SETTINGS: &'static [&'static Setting];
    /// Whose defaults apply.
    const MODE: Mode = Mode::Serve;
}

/// All settings, as for `serve`.
#[derive(Debug)]
pub(crate) struct ForServe;

/// All settings, as for `demo`.
#[derive(Debug)]
pub(crate) struct ForDemo;

/// The settings of commands that work on a data folder.
#[derive(Debug)]
pub(crate) struct ForFolder;

/// The settings of commands that make tokens in a data folder.
#[derive(Debug)]
pub(crate) struct ForTokens;

impl Choice for ForServe {
    const SETTINGS: &'static [&'static Setting] = &SETTINGS;
}

impl Choice for ForDemo {
    const SETTINGS: &'static [&'static Setting] = &SETTINGS;
    const MODE: Mode = Mode::Demo;
}

impl Choice for ForFolder {
    const SETTINGS: &'static [&'static Setting] = &[&DATA_DIR, &STORE];
}

impl Choice for ForTokens {
    const SETTINGS: &'static [&'static Setting] = &[&DATA_DIR, &STORE, &TOKEN_MINUTES];
}

/// The options of a command that are settings.
#[derive(Debug)]
pub(crate) struct SettingArguments<C> {
    given: Given,
    choice: PhantomData<C>,
}

impl<C: Choice> SettingArguments<C> {
    /// Combines them with the environment and the file.
    pub(crate) fn gather(self) -> Result<Settings, Failure> {
        Settings::gather(self.given, C::MODE)
    }
}

impl<C: Choice> Args for SettingArguments<C> {
    fn augment_args(command: Command) -> Command {
        Given::augment(command, C::SETTINGS, C::MODE)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<C: Choice> FromArgMatches for SettingArguments<C> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self { given: Given::read(matches, C::SETTINGS), choice: PhantomData })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
