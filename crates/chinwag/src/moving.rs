//! Moves a whole server from a data folder to a database of PostgreSQL's, or back: what is in the database, the bytes of
//! files, and the secrets with which tokens are signed.
//!
//! A server that keeps its data in PostgreSQL has a data folder, too: for files and secrets. So a move between a folder
//! and a database leaves both where they are, unless another folder is named.

use std::path::{Path, PathBuf};

use crate::blobs::{copy_files, has_file, sync_folder};
use crate::secrets::{PUSH_KEY, TOKEN_KEY, write_file};
use crate::store::{End, MoveError, MovedTable, Place, Secret, Target, Tell, claim_folder};

/// A move of everything that a server keeps, while no server uses either place.
///
/// ```no_run
/// let (from, to) = ("chinwag-data".parse()?, "postgres://chat@localhost/chat".parse()?);
/// let moved = chinwag::Move::new(from, to).run(&mut |what, done, all| println!("{what}: {done} of {all}"))?;
/// println!("{} files", moved.files);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Move {
    from: Place,
    to: Place,
    files_from: Option<PathBuf>,
    files_to: Option<PathBuf>,
    with_files: bool,
}

/// What was moved.
#[derive(Clone, Debug)]
pub struct Moved {
    /// Each table, in the order in which they were moved.
    pub tables: Vec<MovedTable>,
    /// Files that were put into another folder, with the small forms of pictures.
    pub files: u64,
    /// The data folder that the server needs from now on, if it is known: it has the files and secrets.
    pub folder: Option<PathBuf>,
}

impl Move {
    /// From one place to the other. Files and secrets stay in a folder that is one of them.
    #[must_use]
    pub fn new(from: Place, to: Place) -> Self {
        let folder = |place: &Place| match place {
            Place::Folder(folder) => Some(folder.clone()),
            Place::Database(_) => None,
        };
        let (files_from, files_to) = (folder(&from), folder(&to));
        Self { from, to, files_from, files_to, with_files: true }
    }

    /// The data folder that has the files and secrets now.
    #[must_use]
    pub fn files_from(mut self, folder: PathBuf) -> Self {
        self.files_from = Some(folder);
        self
    }

    /// The data folder that shall have them.
    #[must_use]
    pub fn files_to(mut self, folder: PathBuf) -> Self {
        self.files_to = Some(folder);
        self
    }

    /// Leaves files where they are: in a bucket.
    #[must_use]
    pub fn without_files(mut self) -> Self {
        self.with_files = false;
        self
    }

    /// Moves, and waits for the disk and the network: not in an async task. `tell` hears how far it is: with what, how
    /// much of it is done, and how much there is.
    ///
    /// After an error, the source is as it was. A target that was begun is refused by servers, until the same move is
    /// run again to its end.
    ///
    /// # Errors
    /// If a place can't be used, or is used by a server; if the target is not empty; if a file or a secret is missing; if
    /// the target is not the same in the end.
    pub fn run(self, tell: &mut Tell<'_>) -> Result<Moved, MoveError> {
        let mut origin = End::open(&self.from)?;
        let target = Target::open(&self.to, &origin)?;
        let _locks = self.claim_others()?;
        self.look_for_files(&origin)?;
        let secrets = self.secrets(&origin)?;
        let mut files = 0;
        let tables = origin.move_to(target, &secrets, tell, |tell| {
            if let Some(to) = self.folder_of_secrets() {
                for (name, bytes) in &secrets {
                    let path = to.join(name);
                    write_file(&path, bytes.clone()).map_err(|reason| failed(&path, &reason))?;
                }
            }
            let Some((from, to)) = self.folders() else { return Ok(()) };
            if self.with_files {
                let copied = copy_files(from, to, |done, all| tell("files", done, all));
                files = copied.map_err(|error| failed(to, &error))?;
            }
            sync_folder(to).map_err(|error| failed(to, &error))
        })?;
        Ok(Moved { tables, files, folder: self.files_to.or(self.files_from) })
    }

    /// From where to where files go, if they go.
    fn folders(&self) -> Option<(&Path, &Path)> {
        let (from, to) = (self.files_from.as_deref()?, self.files_to.as_deref()?);
        let is_same =
            from.canonicalize().ok().is_some_and(|from| to.canonicalize().is_ok_and(|to| from == to));
        (!is_same).then_some((from, to))
    }

    /// Keeps servers out of the folders that are no place of the move themselves.
    fn claim_others(&self) -> Result<Vec<std::fs::File>, MoveError> {
        let mut locks = Vec::new();
        let mut claimed: Vec<PathBuf> = Vec::new();
        for place in [&self.from, &self.to] {
            if let Place::Folder(folder) = place {
                claimed.extend(folder.canonicalize().ok());
            }
        }
        for folder in [&self.files_from, &self.files_to].into_iter().flatten() {
            let whole = folder.canonicalize().ok();
            if whole.as_ref().is_none_or(|whole| !claimed.contains(whole)) {
                locks.push(claim_folder(folder)?);
                claimed.extend(folder.canonicalize().ok());
            }
        }
        Ok(locks)
    }

    /// Looks for the bytes of every file in the folder that has them before the move.
    fn look_for_files(&self, origin: &End) -> Result<(), MoveError> {
        let Some(to) = self.files_to.as_ref().filter(|_| self.with_files) else { return Ok(()) };
        let folder = self.files_from.as_ref().unwrap_or(to);
        let mut missing = 0_u64;
        origin.files(|name, size| missing += u64::from(!has_file(folder, name, size)))?;
        if missing == 0 {
            return Ok(());
        }
        Err(MoveError::Refused(format!(
            "the bytes of {missing} files are not in {}: name the server's data folder with --files-from, or say \
             --without-files if they are in a bucket",
            folder.display()
        )))
    }

    /// The folder into which secrets go: a database has them as rows.
    fn folder_of_secrets(&self) -> Option<&PathBuf> {
        self.files_to.as_ref().filter(|_| matches!(self.to, Place::Folder(_)))
    }

    /// The secrets: rows of a database, or files.
    fn secrets(&self, origin: &End) -> Result<Vec<Secret>, MoveError> {
        let read = |path: PathBuf| match std::fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(&path, &error)),
        };
        let mut secrets = Vec::new();
        for name in [TOKEN_KEY, PUSH_KEY] {
            let row = origin.secret(name)?;
            let bytes = match (row, self.files_from.as_ref().or(self.files_to.as_ref())) {
                (None, Some(folder)) => read(folder.join(name))?,
                (row, _) => row,
            };
            let Some(bytes) = bytes else {
                if name == TOKEN_KEY
                    && let (None, Some(to)) = (&self.files_from, &self.files_to)
                {
                    return Err(MoveError::Refused(format!(
                        "there is no {TOKEN_KEY} in {}, and without it everybody has to sign in again: name the \
                         server's data folder with --files-from",
                        to.display()
                    )));
                }
                continue;
            };
            if let Some(to) = self.folder_of_secrets()
                && read(to.join(name))?.is_some_and(|other| other != bytes)
            {
                return Err(MoveError::Refused(format!(
                    "{} has another {name} than what is moved: put it aside",
                    to.display()
                )));
            }
            secrets.push((name, bytes));
        }
        Ok(secrets)
    }
}

fn failed(place: &Path, reason: &dyn std::fmt::Display) -> MoveError {
    MoveError::Failed { place: place.display().to_string(), reason: reason.to_string() }
}
