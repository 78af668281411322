//! Panics are lines of the log. On the mixer's thread nothing may block, so what happened there waits until control reads it.

use std::backtrace::Backtrace;
use std::fmt;
use std::panic::PanicHookInfo;

use crossbeam_channel::{Receiver, bounded};

/// Faults of the mixer that may wait to be read; the first ones tell the most.
const WAITING: usize = 16;
/// Bytes of a file's path that are kept: its end.
const PATH: usize = 64;
/// Name of the thread that must not wait for anything.
pub(super) const MIXER: &str = "mixer";

/// Where a panic happened, kept without memory of the heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    file: [u8; PATH],
    line: u32,
}

impl Place {
    fn new(file: &str, line: u32) -> Self {
        let end = file.as_bytes();
        let end = &end[end.len().saturating_sub(PATH)..];
        let mut kept = [0; PATH];
        kept[..end.len()].copy_from_slice(end);
        Self { file: kept, line }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = String::from_utf8_lossy(&self.file);
        write!(f, "{}:{}", file.trim_end_matches('\0'), self.line)
    }
}

/// Takes the place of the standard hook; what comes out are the faults of the mixer's thread.
pub(super) fn log_them() -> Receiver<Place> {
    let (sender, receiver) = bounded(WAITING);
    std::panic::set_hook(Box::new(move |info| {
        let place = info.location().map(|at| Place::new(at.file(), at.line()));
        if std::thread::current().name() == Some(MIXER) {
            // What finds no room is one more of the same.
            let _ = place.map(|place| sender.try_send(place));
        } else {
            log(info, place);
        }
    }));
    receiver
}

fn log(info: &PanicHookInfo<'_>, place: Option<Place>) {
    let thread = std::thread::current();
    tracing::error!(
        thread = thread.name().unwrap_or_default(),
        place = place.map(tracing::field::display),
        what = info.payload_as_str().unwrap_or_default(),
        // Empty unless RUST_BACKTRACE asks for it.
        trace = %Backtrace::capture(),
        "a fault of the program"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_keeps_the_end_of_a_long_path() {
        assert_eq!(Place::new("src/a.rs", 7).to_string(), "src/a.rs:7");
        let long = format!("{}/b.rs", "x".repeat(100));
        let kept = Place::new(&long, 9).to_string();
        assert_eq!((kept.len(), kept.ends_with("x/b.rs:9")), (PATH + 2, true));
    }
}
