//! The files of a data folder, for another one: linked where the disk allows it, copied elsewhere. Files never change, so
//! both folders may have the same one.

use std::fs::File;
use std::io;
use std::path::Path;

use super::place::drop_unfinished;
use super::staging::make_private_folder;
use super::{FOLDER, has_no_links, sync_folder};

/// What is being copied has this behind its name. A server removes it.
const UNFINISHED: &str = "#move";

/// Puts every file of one data folder into another. They are durable when this returns.
pub(crate) fn copy_files(from: &Path, to: &Path, mut tell: impl FnMut(u64, u64)) -> io::Result<u64> {
    let (from, to) = (from.join(FOLDER), to.join(FOLDER));
    if !from.is_dir() {
        return Ok(0);
    }
    make_private_folder(&to)?;
    drop_unfinished(&to)?;
    let all = std::fs::read_dir(&from)?.count() as u64;
    let mut copied = 0;
    for entry in std::fs::read_dir(&from)? {
        let entry = entry?;
        let name = entry.file_name();
        if !entry.file_type()?.is_file() || name.to_string_lossy().contains('#') {
            continue;
        }
        copy_file(&entry.path(), &to.join(&name))?;
        copied += 1;
        tell(copied, all);
    }
    sync_folder(&to)?;
    Ok(copied)
}

/// Puts a file that never changes at another place, unless it is there. Its name is durable once the folder is synced.
fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    match std::fs::hard_link(from, to) {
        // By a move that was interrupted: a name is given once, and no half file has one.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) if has_no_links(error.kind()) => {
            let mut unfinished = to.as_os_str().to_owned();
            unfinished.push(UNFINISHED);
            std::fs::copy(from, &unfinished)?;
            File::open(&unfinished)?.sync_all()?;
            std::fs::rename(&unfinished, to)
        }
        result => result,
    }
}

/// Whether a data folder has this file with as many bytes.
pub(crate) fn has_file(data_dir: &Path, name: &str, size: u64) -> bool {
    let found = std::fs::metadata(data_dir.join(FOLDER).join(name));
    found.is_ok_and(|found| found.is_file() && found.len() == size)
}
