//! REST requests as they are counted.

use std::time::Duration;

use api::Login;
use axum::http::{Method, StatusCode};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;

/// Counters of requests and connections.
#[derive(Clone, Debug)]
pub(crate) struct Requests {
    pub(super) answered: Family<Answered, Counter>,
    pub(super) logins: Family<Worth, Counter>,
    /// From the whole head of a request to its answer, seconds.
    pub(super) seconds: Histogram,
    /// Connections now.
    pub(super) connections: Gauge,
    /// Connections that had to give way to a newcomer.
    pub(crate) gave_way: Counter,
    /// Newcomers that nobody gave way to.
    pub(crate) refused: Counter,
    /// Connections closed because their TLS handshake took too long.
    pub(crate) handshakes_too_long: Counter,
}

/// What answers are told apart by. The route is a template or `none`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Answered {
    route: String,
    method: &'static str,
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Worth {
    credentials: &'static str,
}

/// Routes of requests that none of ours answered.
const NO_ROUTE: &str = "none";

impl Default for Requests {
    fn default() -> Self {
        Self {
            answered: Family::default(),
            logins: Family::default(),
            seconds: Histogram::new([0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0]),
            connections: Gauge::default(),
            gave_way: Counter::default(),
            refused: Counter::default(),
            handshakes_too_long: Counter::default(),
        }
    }
}

/// One connection, counted until it is dropped.
pub(crate) struct Open(Gauge);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Requests {
    /// A connection begins.
    pub(crate) fn open(&self) -> Open {
        self.connections.inc();
        Open(self.connections.clone())
    }

    /// Counts one answer, and what the credentials were worth where they were looked at.
    pub(crate) fn answer(
        &self,
        route: Option<&api::Route>,
        method: &Method,
        status: StatusCode,
        login: Option<Login>,
        took: Duration,
    ) {
        let answered = Answered {
            route: route.map_or(NO_ROUTE, |route| &*route.0).to_owned(),
            method: known(method),
            status: class(status),
        };
        self.answered.get_or_create(&answered).inc();
        self.seconds.observe(took.as_secs_f64());
        if let Some(login) = login {
            let credentials = worth(login);
            self.logins.get_or_create(&Worth { credentials }).inc();
        }
    }
}

/// A method as a label: who asks can make up others.
fn known(method: &Method) -> &'static str {
    let all = ["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"];
    let known = all.into_iter().find(|name| *name == method.as_str());
    known.unwrap_or("other")
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        ..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        500.. => "5xx",
    }
}

fn worth(login: Login) -> &'static str {
    match login {
        Login::Good => "good",
        Login::Missing => "missing",
        Login::Wrong => "wrong",
        Login::Limited => "limited",
        Login::Busy => "busy",
        Login::Unchecked => "unchecked",
    }
}
