//! A stream of events through curl, read line by line.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

/// A running stream; cut off when dropped.
pub(crate) struct Stream {
    curl: Child,
    lines: BufReader<ChildStdout>,
}

impl Stream {
    /// What `curl` brings.
    pub(crate) fn of(mut curl: Command) -> Self {
        let mut curl = curl.stdout(Stdio::piped()).spawn().expect("curl runs");
        let lines = BufReader::new(curl.stdout.take().expect("it is piped"));
        Self { curl, lines }
    }

    /// The data of the next event.
    pub(crate) fn next(&mut self) -> Value {
        loop {
            let mut line = String::new();
            let read = self.lines.read_line(&mut line).expect("a line is UTF-8");
            assert!(read > 0, "the stream has ended");
            if let Some(data) = line.strip_prefix("data:") {
                return serde_json::from_str(data.trim()).expect("data is JSON");
            }
        }
    }

    /// Events up to the first of type `kind`.
    pub(crate) fn until(&mut self, kind: &str) -> Vec<Value> {
        let mut events = vec![];
        loop {
            let event = self.next();
            let last = event["type"] == kind;
            events.push(event);
            if last {
                return events;
            }
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.curl.kill();
        let _ = self.curl.wait();
    }
}
