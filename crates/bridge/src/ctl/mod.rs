//! `partyline ctl`: a client of the REST API for the terminal, of this bridge or another.

mod access;
mod actions;
mod client;
mod failure;
mod lists;
mod options;
mod records;
mod room;
mod sse;
mod table;
mod tail;
mod webhook;

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use serde_json::Value;

use client::Client;
use failure::Failure;
use options::Command;
pub(crate) use options::Ctl;

/// Status 0 where it was done, 1 where the API refused, 2 where nothing could be asked.
pub(crate) fn run(ctl: &Ctl) -> ExitCode {
    let done = access::find(&ctl.access, &|name| std::env::var(name).ok())
        .map(Client::new)
        .and_then(|client| execute(&client, ctl));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("partyline: {failure}");
            ExitCode::from(failure.status())
        }
    }
}

fn execute(client: &Client, ctl: &Ctl) -> Result<(), Failure> {
    let out = Out { json: ctl.json };
    match &ctl.command {
        Command::Meetings(page) => lists::MEETINGS.show(client, page, out),
        Command::Meeting { number } => lists::roster(client, *number, out),
        Command::Calls(page) => lists::CALLS.show(client, page, out),
        Command::Mute { calls } => actions::steer(client, calls, &[("muteMode", 2)], out),
        Command::Unmute { calls } => actions::steer(client, calls, &[("muteMode", 0)], out),
        Command::Hold { calls } => actions::steer(client, calls, &[("holdMode", 2)], out),
        Command::Release { calls } => actions::steer(client, calls, &[("holdMode", 0)], out),
        Command::Drop { calls } => actions::hang_up(client, calls, out),
        Command::Lock { number } => actions::meeting(client, *number, "isSecured", true.into(), out),
        Command::Unlock { number } => actions::meeting(client, *number, "isSecured", false.into(), out),
        Command::MuteAll { number } => {
            actions::meeting(client, *number, "muteMode", actions::ALL_BUT_HOSTS.into(), out)
        }
        Command::UnmuteAll { number } => actions::meeting(client, *number, "muteMode", 0.into(), out),
        Command::HoldAll { number } => {
            actions::meeting(client, *number, "holdMode", actions::ALL_BUT_HOSTS.into(), out)
        }
        Command::ReleaseAll { number } => actions::meeting(client, *number, "holdMode", 0.into(), out),
        Command::End { number } => actions::end(client, *number, out),
        Command::Rooms(page) => lists::ROOMS.show(client, page, out),
        Command::Room { what } => room::run(client, what, out),
        Command::Dids(page) => lists::DIDS.show(client, page, out),
        Command::Groups(page) => lists::GROUPS.show(client, page, out),
        Command::Subscribers(page) => lists::SUBSCRIBERS.show(client, page, out),
        Command::Cdrs(page) => records::CDRS.show(client, page, out),
        Command::Mdrs(page) => records::MDRS.show(client, page, out),
        Command::Audit(page) => records::AUDIT.show(client, page, out),
        Command::Webhooks(page) => webhook::WEBHOOKS.show(client, page, out),
        Command::Webhook { what } => webhook::run(client, what, out),
        Command::Quality { number, page } => lists::quality(client, *number, page, out),
        Command::Tail { number } => tail::follow(client, *number, ctl.json, &mut |line| out.next(line)),
    }
}

/// How results are told.
#[derive(Clone, Copy, Debug)]
struct Out {
    /// As the API said them.
    json: bool,
}

impl Out {
    /// What the API said, or the text made of it.
    fn tell(self, said: &Value, text: impl FnOnce() -> String) -> Result<(), Failure> {
        match self.json {
            true => self.line(&escaped(&serde_json::to_string_pretty(said).unwrap_or_default())),
            false => self.line(&text()),
        }
    }

    /// A line. That nobody reads it keeps nothing from being done.
    fn line(self, text: &str) -> Result<(), Failure> {
        self.next(text).map(drop)
    }

    /// A line at once; whether others may follow.
    fn next(self, text: &str) -> Result<bool, Failure> {
        print(&mut std::io::stdout().lock(), text)
    }
}

/// The same JSON without the control characters that may stand in it as they are: others wrote them, and terminals obey them.
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '\u{7f}'..='\u{9f}' => text.push_str(&format!("\\u{:04x}", u32::from(c))),
            _ => text.push(c),
        }
    }
    text
}

/// Writes a line; false where nobody reads any more: whoever wanted only the first ones has had enough, which is no fault.
fn print(out: &mut impl Write, text: &str) -> Result<bool, Failure> {
    match writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::unusable(format!("standard output: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    /// What takes nothing.
    struct Shut(ErrorKind);

    impl Write for Shut {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn json_says_the_same_without_what_steers_a_terminal() {
        let said = serde_json::json!({"customName": "\u{7f}A\u{9b}31m\u{80}\u{1b}[2J\u{9f}\u{a0}é"});
        let told = escaped(&said.to_string());
        assert!(
            !told.contains(char::is_control) && told.contains("\u{a0}é"),
            "{told}"
        );
        assert!(told.contains(r"A\u009b31m"), "{told}");
        assert_eq!(serde_json::from_str::<Value>(&told).unwrap(), said);
    }

    #[test]
    fn that_nobody_reads_on_is_no_fault_and_a_full_disk_is() {
        let mut out = Vec::new();
        assert_eq!(print(&mut out, "a \n"), Ok(true));
        assert_eq!(out, b"a\n");
        assert_eq!(print(&mut Shut(ErrorKind::BrokenPipe), "a"), Ok(false));
        let failure = print(&mut Shut(ErrorKind::StorageFull), "a").unwrap_err();
        assert_eq!(failure.status(), 2);
    }
}
