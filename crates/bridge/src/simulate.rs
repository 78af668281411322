//! `partyline sim`: simulated callers, until they are done or Ctrl-C makes them hang up.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sim::{Options, Outcome};

/// Wrong options, or nobody answers there: the same status as that of a command line that cannot be read.
const UNUSABLE: u8 = 2;

/// Status 0 where all was within the limits, 1 where something was not, 2 where nothing could be judged.
pub(crate) fn run(options: Options) -> ExitCode {
    let stop = Arc::new(AtomicBool::new(false));
    listen_for_interrupt(Arc::clone(&stop));
    match sim::run(options, &stop) {
        Ok(Outcome::Pass) => ExitCode::SUCCESS,
        Ok(Outcome::Fail) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("partyline: {error}");
            ExitCode::from(UNUSABLE)
        }
    }
}

/// The first Ctrl-C lets the phones hang up, the second ends the program.
fn listen_for_interrupt(stop: Arc<AtomicBool>) {
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
        // Without it Ctrl-C ends the program as it always does.
        let Ok(runtime) = runtime else { return };
        runtime.block_on(async {
            if tokio::signal::ctrl_c().await.is_ok() {
                stop.store(true, Ordering::Relaxed);
            }
            if tokio::signal::ctrl_c().await.is_ok() {
                std::process::exit(i32::from(UNUSABLE));
            }
        });
    });
}
