//! HTTP: one request, one answer, as JSON.

use std::io::BufReader;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use ureq::http::request::Builder;
use ureq::http::{Method, Request, Response, StatusCode};
use ureq::tls::TlsConfig;
use ureq::{Agent, Body, BodyReader};

use super::access::Found;
use super::failure::Failure;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// Largest answer that is read, in octets.
const MOST: u64 = 64 << 20;

/// The body of an answer that goes on.
pub(super) type Stream = BufReader<BodyReader<'static>>;

/// A client with a login.
pub(super) struct Client {
    agent: Agent,
    found: Found,
}

impl Client {
    /// Of the API that was found.
    pub(super) fn new(found: Found) -> Self {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(provider)
            .root_certs(found.roots.clone())
            .build();
        let agent = Agent::config_builder()
            .tls_config(tls)
            .https_only(true)
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT))
            .timeout_recv_response(Some(PATIENCE))
            .timeout_per_read(Some(PATIENCE))
            .user_agent(concat!("partyline-ctl/", env!("CARGO_PKG_VERSION")))
            .build()
            .into();
        Self { agent, found }
    }

    /// What is at `path`, which begins with a slash.
    pub(super) fn get(&self, path: &str) -> Result<Value, Failure> {
        self.ask(Method::GET, path, None)
    }

    /// Sends `body` to `path`.
    pub(super) fn send(&self, method: Method, path: &str, body: &Value) -> Result<Value, Failure> {
        self.ask(method, path, Some(body))
    }

    /// Asks for the action at `path`, which needs no body.
    pub(super) fn act(&self, path: &str) -> Result<(), Failure> {
        // An empty one has a length; a POST without one would be sent in chunks.
        let request = finished(self.request(Method::POST, path), "");
        let answered = self.agent.run(request);
        self.settled(&format!("POST {path}"), answered).map(drop)
    }

    /// Ends or deletes what is at `path`.
    pub(super) fn delete(&self, path: &str) -> Result<(), Failure> {
        self.ask(Method::DELETE, path, None).map(drop)
    }

    /// Opens the stream of events at `path`, of those after `last`, if any; silence of `patience` ends it.
    pub(super) fn stream(
        &self,
        path: &str,
        last: Option<&str>,
        patience: Duration,
    ) -> Result<Stream, Failure> {
        let mut request = self
            .request(Method::GET, path)
            .header("Accept", "text/event-stream");
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last);
        }
        let request = self.agent.configure_request(finished(request, ()));
        let request = request.timeout_per_read(Some(patience)).build();
        let name = format!("GET {path}");
        let mut answer = self
            .agent
            .run(request)
            .map_err(|error| self.unanswered(&name, &error))?;
        if answer.status() != StatusCode::OK {
            return Err(self.refusal(&name, &mut answer));
        }
        Ok(BufReader::new(answer.into_body().into_reader()))
    }

    fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
        let name = format!("{method} {path}");
        let request = self.request(method, path);
        let answered = match body {
            Some(body) => {
                let request = request.header("Content-Type", "application/json");
                self.agent.run(finished(request, body.to_string()))
            }
            None => self.agent.run(finished(request, ())),
        };
        self.settled(&name, answered)
    }

    /// What came of a request.
    fn settled(&self, name: &str, answered: Result<Response<Body>, ureq::Error>) -> Result<Value, Failure> {
        let mut answer = answered.map_err(|error| self.unanswered(name, &error))?;
        match answer.status().is_success() {
            true => self.said(name, &mut answer),
            false => Err(self.refusal(name, &mut answer)),
        }
    }

    fn request(&self, method: Method, path: &str) -> Builder {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.found.url));
        request.header("Authorization", &self.found.authorization)
    }

    /// What an answer says. One that was cut off, or that another server gave, is not taken for one that says nothing.
    fn said(&self, name: &str, answer: &mut Response<Body>) -> Result<Value, Failure> {
        // What the API has taken, and does later, it says nothing of.
        if [StatusCode::NO_CONTENT, StatusCode::ACCEPTED].contains(&answer.status()) {
            return Ok(Value::Null);
        }
        let text = text(answer).map_err(|error| self.unanswered(name, &error))?;
        serde_json::from_slice(&text).map_err(|_| Failure::unreadable(&self.found.url, name))
    }

    fn refusal(&self, name: &str, answer: &mut Response<Body>) -> Failure {
        let status = answer.status().as_u16();
        let retry_after = answer
            .headers()
            .get("retry-after")
            .and_then(|value| value.to_str().ok());
        let retry_after = retry_after.map(str::to_owned);
        Failure::refused(
            &self.found.url,
            name,
            status,
            &json(answer),
            retry_after.as_deref(),
        )
    }

    fn unanswered(&self, name: &str, error: &ureq::Error) -> Failure {
        Failure::unanswered(&self.found.url, name, error)
    }
}

fn finished<B>(request: Builder, body: B) -> Request<B> {
    request.body(body).expect("paths are escaped")
}

fn text(answer: &mut Response<Body>) -> Result<Vec<u8>, ureq::Error> {
    answer.body_mut().with_config().limit(MOST).read_to_vec()
}

/// The JSON of a refusal; null where it has none.
fn json(answer: &mut Response<Body>) -> Value {
    let text = text(answer).ok();
    text.and_then(|text| serde_json::from_slice(&text).ok())
        .unwrap_or_default()
}

/// As a query holds it, or one part of a path (RFC 3986, section 2).
pub(super) fn escape(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tail::tests::server;
    use super::*;

    #[test]
    fn an_answer_that_is_cut_off_or_no_json_is_not_taken_for_an_empty_list() {
        let (client, served) = server(&[
            "HTTP/1.1 200 OK\r\ncontent-length: 30\r\nconnection: close\r\n\r\n{\"items\":",
            "HTTP/1.1 200 OK\r\ncontent-length: 13\r\nconnection: close\r\n\r\n<html></html>",
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
            "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n",
        ]);
        for _ in 0..3 {
            let failure = client.get("/calls").unwrap_err();
            assert!(failure.to_string().starts_with("GET /calls: no "), "{failure}");
            assert_eq!(failure.status(), 2);
        }
        assert_eq!(client.delete("/calls/7"), Ok(()));
        assert_eq!(served.join().unwrap().len(), 4);
    }

    #[test]
    fn what_needs_no_body_is_sent_with_an_empty_one_and_answered_by_nothing() {
        let (client, served) = server(&[
            "HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
            "HTTP/1.1 404 Not Found\r\ncontent-length: 34\r\nconnection: close\r\n\r\n{\"code\":404,\"message\":\"Not found\"}",
        ]);
        assert_eq!(client.act("/webhooks/whk_1/deliveries/9/redeliver"), Ok(()));
        let failure = client.act("/webhooks/whk_1/rotate").unwrap_err();
        assert!(failure.to_string().contains("404 Not found"), "{failure}");
        assert_eq!(failure.status(), 1);
        let heads = served.join().unwrap();
        let head = heads[0].to_lowercase();
        assert!(
            head.starts_with("post /conference/v1/webhooks/whk_1/deliveries/9/redeliver "),
            "{head}"
        );
        assert!(head.contains("\r\ncontent-length: 0\r\n"), "{head}");
    }

    #[test]
    fn a_filter_is_escaped_into_the_query() {
        assert_eq!(escape("role = 1 & x~é"), "role%20%3D%201%20%26%20x~%C3%A9");
    }
}
