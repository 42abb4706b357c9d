//! `chinwag migrate`: moves a server's data between a data folder and a database.

use std::path::PathBuf;

use chinwag::{Move, Moved, Place};
use serde_json::json;

use crate::failure::{Exit, Failure};
use crate::output;
use crate::progress::Progress;

pub(crate) const EXAMPLES: &str = "  \
  chinwag migrate --from chinwag-data --to postgres://chinwag:secret@localhost/chat
  chinwag serve --data-dir chinwag-data --store postgres://chinwag:secret@localhost/chat
                                        files and secrets stay in the folder
  chinwag migrate --from postgres://chinwag:secret@localhost/chat --files-from chinwag-data --to new-data
";

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Where the data is: a data folder, or the address of a PostgreSQL database
    #[arg(long, value_name = "PLACE", value_hint = clap::ValueHint::DirPath)]
    from: String,
    /// Where it goes: a folder or a database without a chat
    #[arg(long, value_name = "PLACE", value_hint = clap::ValueHint::DirPath)]
    to: String,
    /// The server's data folder, with files and secrets, if --from is a database
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    files_from: Option<PathBuf>,
    /// Where files and secrets go, if --to is a database [default: they stay where they are]
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    files_to: Option<PathBuf>,
    /// Leave files where they are: in a bucket
    #[arg(long)]
    without_files: bool,
    /// The report as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: Arguments) -> Result<(), Failure> {
    let mut work = Move::new(place("from", &arguments.from)?, place("to", &arguments.to)?);
    if let Some(folder) = arguments.files_from {
        work = work.files_from(folder);
    }
    if let Some(folder) = arguments.files_to {
        work = work.files_to(folder);
    }
    if arguments.without_files {
        work = work.without_files();
    }
    let progress = Progress::default();
    let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let moved = work.run(&mut |what, done, all| progress.tell(what, size(done), size(all)));
    progress.end();
    report(&moved?, arguments.json)
}

/// Not parsed with the other arguments: their errors repeat the text, which may have a password.
fn place(option: &str, text: &str) -> Result<Place, Failure> {
    text.parse().map_err(|what| Failure::new(Exit::Usage, format!("--{option}: {what}")))
}

fn report(moved: &Moved, is_json: bool) -> Result<(), Failure> {
    if is_json {
        let tables: Vec<_> = moved
            .tables
            .iter()
            .map(|table| json!({"name": table.name, "rows": table.rows, "checksum": table.checksum}))
            .collect();
        let report = json!({"tables": tables, "files": moved.files, "folder": moved.folder});
        let text = serde_json::to_string_pretty(&report).map_err(|error| Failure::new(Exit::Bug, error))?;
        return output::result(text);
    }
    let rows: Vec<[String; 3]> = moved
        .tables
        .iter()
        .map(|table| {
            let checksum = table.checksum.clone().unwrap_or_else(|| "made anew".to_owned());
            [table.name.clone(), table.rows.to_string(), checksum]
        })
        .collect();
    output::table(["table", "rows", "checksum"], &rows)?;
    output::note(format_args!(
        "all of it is there, as it was; {} files were put into another folder",
        moved.files
    ));
    if let Some(folder) = &moved.folder {
        let folder = output::printable_line(&folder.display().to_string());
        output::note(format_args!(
            "files and secrets are in {folder}: start the server with --data-dir {folder}"
        ));
    }
    Ok(())
}
