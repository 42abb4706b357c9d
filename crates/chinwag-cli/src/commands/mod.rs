//! The commands besides `serve` and `demo`. Those that work on a data folder use the library; the others use
//! only the public interface.

pub(crate) mod bench;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod migrate;
pub(crate) mod send;
pub(crate) mod tail;
pub(crate) mod token;
pub(crate) mod user;

use chinwag::Accounts;

use crate::failure::{Exit, Failure};
use crate::logs::{self, LogOptions};
use crate::settings::{self, Settings};

/// Opens the accounts of a database, or of the data folder, which must exist.
fn open_accounts(settings: &Settings) -> Result<Accounts, Failure> {
    let folder = settings::data_dir(settings)?;
    // Opening would create it, and a misspelt path would look like a server without users.
    if !folder.is_dir() && settings::store(settings)?.is_none() {
        return Err(Failure::new(Exit::Config, format!("there is no data folder {}", folder.display())).fix(
            "name the server's folder with --data-dir, or run `chinwag user add` or `chinwag serve` first",
        ));
    }
    open_or_make_accounts(settings)
}

/// Opens the accounts of a database or a data folder, and creates the folder if it does not exist.
fn open_or_make_accounts(settings: &Settings) -> Result<Accounts, Failure> {
    // The library logs why a query failed; without a log nobody would see it.
    logs::start(&LogOptions::default())?;
    Ok(Accounts::open(&settings::data_dir(settings)?, settings::store(settings)?.as_ref())?)
}

/// Runs a command that talks to a server. One thread is enough for that.
fn run_async(command: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Io, format!("can't start: {error}")))?;
    runtime.block_on(command)
}
