//! Servers and callers as children: kept on a core, ended by their id, and never left behind.

use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long a child may take to end when asked to.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a child is looked at.
pub(crate) const LOOK: Duration = Duration::from_millis(50);

/// A child; it ends when this is dropped, and with this process however that ends.
#[derive(Debug)]
pub(crate) struct Child {
    process: std::process::Child,
    log: PathBuf,
}

impl Child {
    /// Starts `program` on `core`; what it prints, both ways, is put into `log`.
    ///
    /// # Errors
    /// It cannot be started.
    pub(crate) fn start(command: &mut Command, core: usize, log: &Path) -> Result<Self, String> {
        let mut start = || -> io::Result<Self> {
            let file = File::create(log)?;
            command
                .stdin(Stdio::null())
                .stderr(file.try_clone()?)
                .stdout(file);
            // SAFETY: between fork and exec only system calls are made, which is what is allowed there.
            unsafe {
                command.pre_exec(move || {
                    benches::pin_to(core);
                    match libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) {
                        0 => Ok(()),
                        _ => Err(io::Error::last_os_error()),
                    }
                });
            }
            let process = command.spawn()?;
            Ok(Self {
                process,
                log: log.to_owned(),
            })
        };
        start().map_err(|error| format!("{}: {error}", command.get_program().display()))
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// What it has printed.
    pub(crate) fn printed(&self) -> String {
        fs::read(&self.log)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.process.try_wait().ok().flatten()
    }

    /// Waits until `ready`, at most so long.
    ///
    /// # Errors
    /// It ended before, or the time is over; with what it printed last.
    pub(crate) fn wait_until(
        &mut self,
        most: Duration,
        mut ready: impl FnMut(&Self) -> bool,
    ) -> Result<(), String> {
        let deadline = Instant::now() + most;
        loop {
            if let Some(status) = self.ended() {
                return Err(format!("{status}; it said: {}", last_line(&self.printed())));
            }
            if ready(self) {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(format!("not ready after {most:?}; see {}", self.log.display()));
            }
            thread::sleep(LOOK);
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if self.ended().is_some() {
            return;
        }
        // SAFETY: a signal to a child that was not waited for yet, so that the id is still its own.
        unsafe { libc::kill(self.process.id().cast_signed(), libc::SIGTERM) };
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if self.ended().is_some() {
                return;
            }
            thread::sleep(LOOK);
        }
        // Both fail only where it has ended after all.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The last line with something in it.
pub(crate) fn last_line(text: &str) -> &str {
    let mut lines = text.lines().rev().map(str::trim);
    lines.find(|line| !line.is_empty()).unwrap_or("nothing")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_of_a_program_is_its_last_line_that_is_not_empty() {
        assert_eq!(last_line("one\ntwo \n\n"), "two");
        assert_eq!(last_line("\n"), "nothing");
    }
}
