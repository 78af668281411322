//! The REST API through curl, over HTTPS, with the certificate that the bridge made.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::bridge::word_after;
use super::program::tool;
use super::stream::Stream;
use super::until::until;

/// Where the API begins.
const BASE: &str = "/conference/v1";
/// What every call of curl is told that [`Answer::of`] reads: when to give up, and to print the status behind the body.
pub(crate) const CURL: [&str; 7] = [
    "--silent",
    "--show-error",
    "--no-buffer",
    "--max-time",
    "20",
    "--write-out",
    "\\n%{http_code}",
];

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// HTTP status.
    pub(crate) status: u16,
    /// Its JSON; null where there is none.
    pub(crate) body: Value,
}

impl Answer {
    /// What `curl` brings that was told [`CURL`]; panics saying `what` was asked, should there be no answer.
    pub(crate) fn of(curl: Command, what: &str) -> Self {
        Self::read(&told(curl, what))
    }

    /// The same, and its headers, in small letters.
    pub(crate) fn with_head(mut curl: Command, what: &str) -> (String, Self) {
        curl.arg("--include");
        let text = told(curl, what);
        let (head, rest) = text
            .split_once("\r\n\r\n")
            .expect("headers end with an empty line");
        (head.to_lowercase(), Self::read(rest))
    }

    fn read(text: &str) -> Self {
        let (body, status) = text.rsplit_once('\n').expect("a status at the end");
        Self {
            status: status.parse().expect("a status"),
            body: serde_json::from_str(body).unwrap_or(Value::Null),
        }
    }
}

fn told(mut curl: Command, what: &str) -> String {
    let output = curl.output().expect("curl runs");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{what}: {complaint}");
    String::from_utf8(output.stdout).expect("answers are UTF-8")
}

/// The API of one bridge, with one login.
#[derive(Clone, Debug)]
pub(crate) struct Rest {
    /// `https://127.0.0.1:PORT/conference/v1`.
    pub(crate) url: String,
    /// `login:password`: of the administrator, unless another was asked for; empty for none.
    pub(crate) login: String,
    data: PathBuf,
    /// The bridge's certificate, PEM.
    certificate: PathBuf,
}

impl Rest {
    /// From what the program prints at its start.
    pub(crate) fn new(banner: &str, data: &Path) -> Self {
        Self {
            url: word_after(banner, "API ").to_owned(),
            login: login_of(data, "admin"),
            data: data.to_owned(),
            certificate: data.join("cert.pem"),
        }
    }

    /// The same with the login of another account that was made at the first start.
    pub(crate) fn by(&self, login: &str) -> Self {
        self.with_login(&self.login_of(login))
    }

    /// The same with these credentials, `login:password`; with none where that is empty.
    pub(crate) fn with_login(&self, login: &str) -> Self {
        Self {
            login: login.to_owned(),
            ..self.clone()
        }
    }

    /// `https://127.0.0.1:PORT`.
    pub(crate) fn root(&self) -> &str {
        self.url.strip_suffix(BASE).expect("the API begins there")
    }

    /// `login:password` of another account that was made at the first start.
    pub(crate) fn login_of(&self, login: &str) -> String {
        login_of(&self.data, login)
    }

    /// A call of curl for any request, to which arguments may be added.
    pub(crate) fn curl(&self, method: &str, path: &str) -> Command {
        let mut curl = Command::new(tool("curl"));
        curl.args(CURL)
            .args(["--request", method, "--cacert"])
            .arg(&self.certificate);
        if !self.login.is_empty() {
            curl.args(["--user", &self.login]);
        }
        curl.arg(format!("{}{path}", self.url));
        curl
    }

    /// Any request.
    pub(crate) fn request(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let mut curl = self.curl(method, path);
        if let Some(body) = body {
            curl.args([
                "--header",
                "Content-Type: application/json",
                "--data",
                &body.to_string(),
            ]);
        }
        Answer::of(curl, &format!("{method} {path}"))
    }

    /// A stream of events that goes on after `last`.
    pub(crate) fn stream(&self, path: &str, last: Option<&Value>) -> Stream {
        let mut curl = Command::new(tool("curl"));
        curl.args([
            "--silent",
            "--show-error",
            "--no-buffer",
            "--fail",
            "--max-time",
            "60",
        ])
        .args(["--header", "Accept: text/event-stream"])
        .args(["--user", &self.login, "--cacert"])
        .arg(&self.certificate);
        if let Some(last) = last {
            curl.arg("--header").arg(format!("Last-Event-ID: {}", last["id"]));
        }
        curl.arg(format!("{}{path}", self.url));
        Stream::of(curl)
    }

    /// GET that must answer 200.
    pub(crate) fn get(&self, path: &str) -> Value {
        let answer = self.request("GET", path, None);
        assert_eq!(answer.status, 200, "GET {path}: {}", answer.body);
        answer.body
    }

    /// PUT that must answer 200.
    pub(crate) fn put(&self, path: &str, body: &Value) -> Value {
        let answer = self.request("PUT", path, Some(body));
        assert_eq!(answer.status, 200, "PUT {path}: {}", answer.body);
        answer.body
    }

    /// DELETE that must answer 204.
    pub(crate) fn delete(&self, path: &str) {
        let answer = self.request("DELETE", path, None);
        assert_eq!(answer.status, 204, "DELETE {path}: {}", answer.body);
    }

    /// All items of a list.
    pub(crate) fn list(&self, path: &str) -> Vec<Value> {
        let body = self.get(&format!("{path}?limit=1000"));
        body["items"].as_array().cloned().expect("a list has items")
    }

    /// The one item of a list that fits, once there is one.
    pub(crate) fn wait_for(&self, path: &str, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        until(what, Duration::from_secs(15), || {
            self.list(path).into_iter().find(&fits)
        })
    }
}

/// An id as it stands in an address, whether it is a number or a text.
pub(crate) fn in_address(id: &Value) -> String {
    id.as_str().map_or_else(|| id.to_string(), str::to_owned)
}

/// From the file that the bridge keeps of the logins it made.
fn login_of(data: &Path, login: &str) -> String {
    let noted = std::fs::read_to_string(data.join("credentials.toml")).unwrap();
    let found = noted.split_once(&format!("login = \"{login}\"\npassword = \""));
    let (_, password) = found.unwrap_or_else(|| panic!("no login {login}"));
    let (password, _) = password.split_once('"').unwrap();
    format!("{login}:{password}")
}
