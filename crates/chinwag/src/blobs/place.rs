//! The folder in which the store keeps its files: the server's own, or one that others have, too. A shared folder has an
//! id, by which servers notice that they share the same one, wherever it is mounted.

use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::has_no_links;

/// The file with the id of a shared folder.
const ID: &str = "chinwag.id";

/// The id of a shared folder, which the first server there makes.
pub(super) fn id(folder: &Path) -> io::Result<String> {
    let path = folder.join(ID);
    match std::fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        read => return read,
    }
    let id = format!("{:032x}", rand::random::<u128>());
    // Whole or not at all, and never in place of another server's.
    let unfinished = folder.join(format!("{ID}.{id}"));
    let mut file = std::fs::File::options().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    file.write_all(id.as_bytes())?;
    file.sync_all()?;
    let made = match std::fs::hard_link(&unfinished, &path) {
        Err(error) if has_no_links(error.kind()) => std::fs::rename(&unfinished, &path),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    };
    // It is gone already where it was renamed.
    drop(std::fs::remove_file(&unfinished));
    made?;
    std::fs::read_to_string(path)
}

/// Removes what a crash left half written: the store writes beside the name and renames at the end. Not where others
/// write.
pub(super) fn drop_unfinished(folder: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().contains('#') {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Removes what a crash left half written of one file, which was given up.
pub(super) fn drop_unfinished_of(folder: &Path, key: &str) -> io::Result<()> {
    for number in 1.. {
        match std::fs::remove_file(folder.join(format!("{key}#{number}"))) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => break,
            removed => removed?,
        }
    }
    Ok(())
}
