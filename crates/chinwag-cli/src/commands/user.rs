//! `chinwag user`: the accounts of a data folder, whether or not a server runs on it.

use chinwag::NewAccount;
use chinwag::protocol::rest::{User, UserRole};
use clap::{Subcommand, ValueEnum};

use super::{open_accounts, open_or_make_accounts};
use crate::arguments::{ForFolder, HELP, SettingArguments};
use crate::failure::{Exit, Failure};
use crate::output;
use crate::password::NewPassword;

type Folder = SettingArguments<ForFolder>;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: UserCommand,
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Add a user
    #[command(help_template = HELP, before_help = ADD_EXAMPLES)]
    Add {
        /// 1 to 64 letters, digits or `. _ -` of one script
        name: String,
        /// An address that also signs the user in
        #[arg(long)]
        email: Option<String>,
        /// The user's role on the whole server
        #[arg(long, value_enum, default_value_t)]
        role: RoleArgument,
        #[command(flatten)]
        password: NewPassword,
        #[command(flatten)]
        folder: Folder,
    },
    /// List all users
    #[command(help_template = HELP, before_help = "  chinwag user list --json | jq -r .[].username")]
    List {
        /// As a JSON array
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        folder: Folder,
    },
    /// Keep a user out, and end all of their sessions
    #[command(help_template = HELP, before_help = "  chinwag user disable alice")]
    Disable {
        /// The user
        name: String,
        #[command(flatten)]
        folder: Folder,
    },
    /// Let a user in again
    #[command(help_template = HELP, before_help = "  chinwag user enable alice")]
    Enable {
        /// The user
        name: String,
        #[command(flatten)]
        folder: Folder,
    },
    /// Make a user an administrator of the server, or an ordinary user again
    #[command(help_template = HELP, before_help = "  chinwag user role alice admin")]
    Role {
        /// The user
        name: String,
        /// The user's role on the whole server
        #[arg(value_enum)]
        role: RoleArgument,
        #[command(flatten)]
        folder: Folder,
    },
    /// Give a user another username
    #[command(help_template = HELP, before_help = "  chinwag user rename alice alice.smith")]
    Rename {
        /// The user
        name: String,
        /// 1 to 64 letters, digits or `. _ -` of one script
        new: String,
        #[command(flatten)]
        folder: Folder,
    },
    /// Delete a user's account for good; their messages stay
    #[command(help_template = HELP, before_help = "  chinwag user remove alice             can't be undone; `disable` can")]
    Remove {
        /// The user
        name: String,
        #[command(flatten)]
        folder: Folder,
    },
    /// Link an account to a user of the application that shares its token secret
    #[command(help_template = HELP, before_help = "  chinwag user link alice 4711          tokens with this `sub` are alice's")]
    Link {
        /// The account here
        name: String,
        /// The `sub` of that user's tokens
        subject: String,
        #[command(flatten)]
        folder: Folder,
    },
    /// Set a user's password, and end all of their sessions
    #[command(help_template = HELP, before_help = "  chinwag user passwd alice")]
    Passwd {
        /// The user
        name: String,
        #[command(flatten)]
        password: NewPassword,
        #[command(flatten)]
        folder: Folder,
    },
}

const ADD_EXAMPLES: &str = "  \
  chinwag user add alice --email alice@example.com     asks for the password
  chinwag user add ops --role admin --generate-password";

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum RoleArgument {
    #[default]
    User,
    Admin,
}

impl From<RoleArgument> for UserRole {
    fn from(role: RoleArgument) -> Self {
        match role {
            RoleArgument::User => Self::User,
            RoleArgument::Admin => Self::Admin,
        }
    }
}

pub(crate) fn run(arguments: Arguments) -> Result<(), Failure> {
    match arguments.command {
        UserCommand::Add { name, email, role, password, folder } => {
            add(name, email, role.into(), &password, folder)
        }
        UserCommand::List { json, folder } => list(json, folder),
        UserCommand::Disable { name, folder } => set_active(&name, false, folder),
        UserCommand::Enable { name, folder } => set_active(&name, true, folder),
        UserCommand::Role { name, role, folder } => set_role(&name, role.into(), folder),
        UserCommand::Rename { name, new, folder } => rename(&name, &new, folder),
        UserCommand::Remove { name, folder } => remove(&name, folder),
        UserCommand::Link { name, subject, folder } => link(&name, &subject, folder),
        UserCommand::Passwd { name, password, folder } => set_password(&name, &password, folder),
    }
}

fn add(
    username: String,
    email: Option<String>,
    role: UserRole,
    password: &NewPassword,
    folder: Folder,
) -> Result<(), Failure> {
    // The folder may be new: users can be created before the server first runs.
    let settings = folder.gather()?;
    let chosen = password.choose()?;
    let (first_name, last_name) = (String::new(), String::new());
    let new = NewAccount { username, email, password: chosen.password, first_name, last_name, role };
    let user = open_or_make_accounts(&settings)?.add(&new)?;
    output::note(format_args!("added {} ({})", output::printable_line(&user.username), role_name(user.role)));
    if chosen.is_generated { output::result(new.password) } else { Ok(()) }
}

fn list(is_json: bool, folder: Folder) -> Result<(), Failure> {
    let users = open_accounts(&folder.gather()?)?.list()?;
    if is_json {
        let json = serde_json::to_string_pretty(&users)
            .map_err(|error| Failure::new(Exit::Bug, format!("can't write users as JSON: {error}")))?;
        return output::result(json);
    }
    let rows: Vec<[String; 5]> = users.iter().map(row).collect();
    output::table(["id", "username", "role", "state", "email"], &rows)
}

fn row(user: &User) -> [String; 5] {
    [
        user.id.to_string(),
        output::printable_line(&user.username),
        role_name(user.role).to_owned(),
        if user.is_active { "active" } else { "disabled" }.to_owned(),
        output::printable_line(user.email.as_deref().unwrap_or_default()),
    ]
}

fn role_name(role: UserRole) -> &'static str {
    match role {
        UserRole::User => "user",
        UserRole::Admin => "admin",
    }
}

fn set_active(name: &str, is_active: bool, folder: Folder) -> Result<(), Failure> {
    open_accounts(&folder.gather()?)?.set_active(name, is_active)?;
    let done = if is_active { "enabled" } else { "disabled" };
    output::note(format_args!("{done} {}", output::printable_line(name)));
    Ok(())
}

fn set_role(name: &str, role: UserRole, folder: Folder) -> Result<(), Failure> {
    open_accounts(&folder.gather()?)?.set_role(name, role)?;
    output::note(format_args!("{} is now {}", output::printable_line(name), role_name(role)));
    Ok(())
}

fn rename(name: &str, new: &str, folder: Folder) -> Result<(), Failure> {
    open_accounts(&folder.gather()?)?.rename(name, new)?;
    output::note(format_args!("{} is now {}", output::printable_line(name), output::printable_line(new)));
    Ok(())
}

fn remove(name: &str, folder: Folder) -> Result<(), Failure> {
    open_accounts(&folder.gather()?)?.remove(name)?;
    output::note(format_args!(
        "removed {}; all of their sessions have ended, their messages stay",
        output::printable_line(name)
    ));
    Ok(())
}

fn link(name: &str, subject: &str, folder: Folder) -> Result<(), Failure> {
    open_accounts(&folder.gather()?)?.link(name, subject)?;
    let (subject, name) = (output::printable_line(subject), output::printable_line(name));
    output::note(format_args!("tokens with the `sub` {subject} are now {name}'s"));
    Ok(())
}

fn set_password(name: &str, password: &NewPassword, folder: Folder) -> Result<(), Failure> {
    let accounts = open_accounts(&folder.gather()?)?;
    let chosen = password.choose()?;
    accounts.set_password(name, &chosen.password)?;
    output::note(format_args!(
        "set the password of {}; all of their sessions have ended",
        output::printable_line(name)
    ));
    if chosen.is_generated { output::result(chosen.password) } else { Ok(()) }
}
