//! As much HTTP as Janus's API needs: a connection for each request, the answer read to its end (RFC 1945).

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// How long Janus may stay silent; it holds back an answer that has no events for 30 s.
const PATIENCE: Duration = Duration::from_secs(40);
/// Largest answer that is read.
const MOST: u64 = 64 << 20;

/// A server.
pub(super) struct Http {
    at: SocketAddr,
}

impl Http {
    pub(super) const fn new(at: SocketAddr) -> Self {
        Self { at }
    }

    /// What is at `path`.
    ///
    /// # Errors
    /// No answer, another status than 200, or no JSON.
    pub(super) fn get(&self, path: &str) -> Result<Value, String> {
        self.request(&format!("GET {path} HTTP/1.0\r\n\r\n"))
    }

    /// Puts a question to `path`.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub(super) fn post(&self, path: &str, body: &Value) -> Result<Value, String> {
        let body = body.to_string();
        let length = body.len();
        self.request(&format!(
            "POST {path} HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
    }

    fn request(&self, request: &str) -> Result<Value, String> {
        let ask = || -> std::io::Result<Vec<u8>> {
            let mut stream = TcpStream::connect_timeout(&self.at, PATIENCE)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.write_all(request.as_bytes())?;
            let mut answer = Vec::new();
            stream.take(MOST).read_to_end(&mut answer)?;
            Ok(answer)
        };
        let answer = ask().map_err(|error| format!("{}: {error}", self.at))?;
        read(&String::from_utf8_lossy(&answer))
    }
}

fn read(answer: &str) -> Result<Value, String> {
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .ok_or("Janus's answer has no end of its head")?;
    let status = head.lines().next().unwrap_or_default();
    if status.split(' ').nth(1) != Some("200") {
        return Err(format!("Janus answered {status}"));
    }
    serde_json::from_str(body).map_err(|error| format!("Janus's answer is no JSON: {error}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn answers_are_json_behind_an_empty_line() {
        assert_eq!(
            read("HTTP/1.0 200 OK\r\nX: 1\r\n\r\n{\"a\":1}"),
            Ok(json!({ "a": 1 }))
        );
        for broken in [
            "",
            "HTTP/1.0 200 OK\r\n\r\nno",
            "HTTP/1.0 404 Not Found\r\n\r\n{}",
        ] {
            assert!(read(broken).is_err(), "{broken}");
        }
    }
}
