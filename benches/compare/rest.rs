//! The bridge's REST as a client uses it: HTTPS, connections that are kept, a login in every request.

use std::fs;
use std::io::BufReader;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, BodyReader};

use crate::door::Door;

/// The login that owns the demo room, as the bridge prints it at its first start.
const LOGIN: &str = "demo";
/// The login of the account above all others.
const ABOVE_ALL: &str = "admin";
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a stream may say nothing: it has a heartbeat every 15 s.
const SILENCE: Duration = Duration::from_secs(60);
/// Largest answer that is read.
const MOST: u64 = 64 << 20;

/// A client with a login; its clones have connections of their own.
pub(crate) struct Client {
    agent: Agent,
    api: SocketAddr,
    base: String,
    authorization: String,
    certificate: Certificate<'static>,
}

impl Clone for Client {
    fn clone(&self) -> Self {
        Self {
            agent: agent(self.certificate.clone()),
            api: self.api,
            base: self.base.clone(),
            authorization: self.authorization.clone(),
            certificate: self.certificate.clone(),
        }
    }
}

impl Client {
    /// Of the bridge that has printed this; `data` is its folder, where its certificate is.
    ///
    /// # Errors
    /// It did not print its login, or there is no certificate.
    pub(crate) fn new(printed: &str, api: SocketAddr, data: &Path) -> Result<Self, String> {
        Self::of(LOGIN, printed, api, data)
    }

    /// The same of the account above all others.
    ///
    /// # Errors
    /// The bridge did not print its login, or there is no certificate.
    pub(crate) fn above_all(printed: &str, api: SocketAddr, data: &Path) -> Result<Self, String> {
        Self::of(ABOVE_ALL, printed, api, data)
    }

    fn of(login: &str, printed: &str, api: SocketAddr, data: &Path) -> Result<Self, String> {
        let password = password(printed, login);
        let password = password.ok_or_else(|| format!("the bridge printed no password of {login}"))?;
        let path = data.join("cert.pem");
        let pem = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let certificate =
            Certificate::from_pem(&pem).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self {
            agent: agent(certificate.clone()),
            api,
            base: format!("https://{api}/conference/v1"),
            authorization: format!("Basic {}", STANDARD.encode(format!("{login}:{password}"))),
            certificate,
        })
    }

    /// What is at `path`, which begins with a slash.
    ///
    /// # Errors
    /// No answer, or another status than 2xx.
    pub(crate) fn get(&self, path: &str) -> Result<Vec<u8>, String> {
        let request = self.agent.get(format!("{}{path}", self.base));
        let request = request.header("Authorization", &self.authorization);
        let read = |error: ureq::Error| format!("GET {path}: {error}");
        let mut answer = request.call().map_err(read)?;
        answer
            .body_mut()
            .with_config()
            .limit(MOST)
            .read_to_vec()
            .map_err(read)
    }

    /// Changes what is at `path`.
    ///
    /// # Errors
    /// No answer, or another status than 2xx; with what it said.
    pub(crate) fn put(&self, path: &str, body: &Value) -> Result<(), String> {
        let request = self.agent.put(format!("{}{path}", self.base));
        let request = request
            .header("Authorization", &self.authorization)
            .header("Content-Type", "application/json");
        let request = request.config().http_status_as_error(false).build();
        let mut answer = request
            .send(body.to_string())
            .map_err(|error| format!("PUT {path}: {error}"))?;
        // Only after what has been read to its end a connection is kept.
        let said = answer.body_mut().read_to_string().unwrap_or_default();
        match answer.status().is_success() {
            true => Ok(()),
            false => Err(format!("PUT {path}: {}: {}", answer.status(), said.trim())),
        }
    }

    /// The stream of events at `path`, to be read until it ends or is silent for too long.
    ///
    /// # Errors
    /// No answer, or another status than 2xx.
    pub(crate) fn follow(&self, path: &str) -> Result<BufReader<BodyReader<'static>>, String> {
        let request = self.agent.get(format!("{}{path}", self.base));
        let request = request
            .header("Authorization", &self.authorization)
            .header("Accept", "text/event-stream");
        let request = request
            .config()
            .timeout_global(None)
            .timeout_per_read(Some(SILENCE))
            .build();
        let answer = request.call().map_err(|error| format!("GET {path}: {error}"))?;
        Ok(BufReader::new(answer.into_body().into_reader()))
    }

    /// What connections are made with that are too many for a client each.
    ///
    /// # Errors
    /// The certificate is none.
    pub(crate) fn door(&self) -> Result<Door, String> {
        Door::new(self.api, &self.authorization, self.certificate.der())
    }

    /// The id of a call that is up.
    ///
    /// # Errors
    /// There is none, or none that can be read.
    pub(crate) fn any_call(&self) -> Result<String, String> {
        let calls = self.calls("limit=1")?;
        let first = calls.into_iter().next();
        first.ok_or_else(|| "GET /calls: no call is up".to_owned())
    }

    /// The ids of calls that are up, of the list with these parameters.
    ///
    /// # Errors
    /// It can't be read.
    pub(crate) fn calls(&self, parameters: &str) -> Result<Vec<String>, String> {
        let list = self.get_json(&format!("/calls?{parameters}"))?;
        let items = list.pointer("/items").and_then(Value::as_array);
        let id = |call: &Value| {
            let id = &call["id"];
            id.as_str().map_or_else(|| id.to_string(), str::to_owned)
        };
        Ok(items.into_iter().flatten().map(id).collect())
    }

    /// How many objects the list at `path` has in all.
    ///
    /// # Errors
    /// It can't be read.
    pub(crate) fn total(&self, path: &str) -> Result<u64, String> {
        let total = self.get_json(path)?["total"].as_u64();
        total.ok_or_else(|| format!("GET {path}: no total"))
    }

    fn get_json(&self, path: &str) -> Result<Value, String> {
        serde_json::from_slice(&self.get(path)?).map_err(|error| format!("GET {path}: {error}"))
    }
}

fn agent(certificate: Certificate<'static>) -> Agent {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = TlsConfig::builder()
        .unversioned_rustls_crypto_provider(provider)
        .root_certs(RootCerts::new_with_certs(&[certificate]));
    Agent::config_builder()
        .tls_config(tls.build())
        .timeout_global(Some(PATIENCE))
        .build()
        .into()
}

fn password<'a>(printed: &'a str, login: &str) -> Option<&'a str> {
    let start = format!("login {login} ");
    let mut lines = printed.lines();
    let line = lines.find_map(|line| line.trim().strip_prefix(start.as_str()))?;
    line.trim().strip_prefix("password ").map(str::trim)
}

/// The path of a list of as many calls as one answer holds, with one more parameter.
pub(crate) fn list(parameter: &str, value: &str) -> String {
    format!("/calls?limit=1000&{parameter}={}", escape(value))
}

/// As a query holds it (RFC 3986, section 2).
pub(crate) fn escape(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_stands_behind_its_login() {
        let printed = "x\n       login admin  password a1\n       login demo  password b2\n";
        assert_eq!(password(printed, LOGIN), Some("b2"));
        assert_eq!(password(printed, ABOVE_ALL), Some("a1"));
        assert_eq!(password("login admin  password a1", LOGIN), None);
    }

    #[test]
    fn a_filter_is_escaped_into_the_query() {
        assert_eq!(
            list("filter", "role eq 1 & x~é"),
            "/calls?limit=1000&filter=role%20eq%201%20%26%20x~%C3%A9"
        );
    }
}
