//! The program `partyline`.

use std::process::ExitCode;

fn main() -> ExitCode {
    bridge::cli::run()
}
