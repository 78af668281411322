//! Small files that are there whole or not at all, whatever happens while they are written.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Rights of a file that nobody but our user may read.
pub(super) const PRIVATE: u32 = 0o600;
/// Rights of a file that everybody may read.
pub(super) const PUBLIC: u32 = 0o644;

/// Writes `text` to `path` in place of what is there, with these rights from its first octet on.
///
/// # Errors
/// When it could not be written: what is there is what was there before. Or when the folder could not be: it is there, but for a power cut.
pub(super) fn write(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    let part = part(path);
    // What a crash left behind there may have other rights, or lead elsewhere.
    let _ = fs::remove_file(&part);
    let written = fill(&part, text, mode).and_then(|()| fs::rename(&part, path));
    if written.is_err() {
        // Where this fails, too, the next one takes it away.
        let _ = fs::remove_file(&part);
    }
    written.and_then(|()| keep_name(path))
}

/// Where it is written first.
fn part(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}

fn fill(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(text.as_bytes())?;
    // A name that is on disk before what it stands for would be an empty file after a power cut.
    file.sync_all()
}

/// A power cut takes a new name away until its folder is on disk. One that can't be read, and so not be waited for, is no cause to fail.
fn keep_name(path: &Path) -> io::Result<()> {
    match path.parent().map(File::open) {
        Some(Ok(folder)) => folder.sync_all(),
        Some(Err(_)) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_takes_the_place_of_the_one_before_with_the_rights_asked_for() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a.toml");
        for (text, mode) in [("one", PUBLIC), ("two", PRIVATE)] {
            write(&path, text, mode).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
            let rights = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(rights & 0o777, mode);
        }
        assert_eq!(names(home.path()), ["a.toml"]);
    }

    #[test]
    fn what_lies_where_it_is_written_first_is_neither_followed_nor_kept() {
        let home = tempfile::tempdir().unwrap();
        let (path, victim) = (home.path().join("a"), home.path().join("victim"));
        fs::write(&victim, "whole").unwrap();
        symlink(&victim, home.path().join("a.part")).unwrap();
        write(&path, "secret", PRIVATE).unwrap();
        assert_eq!(fs::read_to_string(&victim).unwrap(), "whole");
        assert_eq!(fs::read_to_string(&path).unwrap(), "secret");
        fs::write(home.path().join("a.part"), "of a crash").unwrap();
        write(&path, "more", PRIVATE).unwrap();
        let rights = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(rights & 0o777, PRIVATE);
        assert_eq!(names(home.path()), ["a", "victim"]);
    }

    #[test]
    fn one_that_cannot_be_written_leaves_what_was_there() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("folder");
        fs::create_dir(&path).unwrap();
        assert!(write(&path, "text", PRIVATE).is_err());
        assert!(write(&home.path().join("absent").join("a"), "text", PRIVATE).is_err());
        assert_eq!(names(home.path()), ["folder"]);
    }
}
