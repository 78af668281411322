//! Posts one event to one webhook: a connection of its own to an address that was looked at, one request, no redirects.

use std::io;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HOST, RETRY_AFTER, USER_AGENT};
use axum::http::{HeaderMap, Request};
use hyper::body::{Body as _, Incoming};
use hyper_util::rt::TokioIo;
use model::Webhook;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::backend::now_ms;
use crate::webhooks::{Outcome, Policy, Signing, Target, headers};

/// From the look-up of the name to the end of the answer.
const WHOLE: Duration = Duration::from_secs(10);
/// As much of an answer's body is read, octets; nobody is told of it.
const ANSWER_MAX: usize = 4096;

/// What posts.
pub(super) struct Poster {
    policy: Policy,
    tls: TlsConnector,
}

impl Poster {
    /// Trusts whom the system trusts.
    pub(super) fn new(policy: Policy) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        let found = rustls_native_certs::load_native_certs();
        let (_, refused) = roots.add_parsable_certificates(found.certs);
        if refused > 0 || !found.errors.is_empty() {
            tracing::warn!(refused, errors = ?found.errors, "some certificates of the system cannot be read");
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| format!("TLS of webhooks: {error}"))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            policy,
            tls: TlsConnector::from(Arc::new(config)),
        })
    }

    /// Where events may be posted to.
    pub(super) fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Posts `body` under the name `id`, signed now.
    pub(super) async fn post(&self, webhook: &Webhook, id: &str, body: Vec<u8>) -> Outcome {
        let posted = timeout(WHOLE, self.try_to(webhook, id, body)).await;
        match posted.unwrap_or(Err("no answer within 10 s")) {
            Ok(outcome) => outcome,
            Err(fault) => Outcome::Failed(fault),
        }
    }

    async fn try_to(&self, webhook: &Webhook, id: &str, body: Vec<u8>) -> Result<Outcome, &'static str> {
        let target = self.policy.read(&webhook.url)?;
        let found = lookup_host((target.host.as_str(), target.port)).await;
        let addresses: Vec<_> = found.map_err(|_| "the name cannot be looked up")?.collect();
        let address = self.policy.choose(&addresses)?;
        let stream = TcpStream::connect(address).await.map_err(|_| "no connection")?;
        let request = request(&target, webhook, id, body)?;
        if !target.tls {
            return exchange(stream, request).await;
        }
        let name = ServerName::try_from(target.host).map_err(|_| "the name cannot be in a certificate")?;
        let stream = self.tls.connect(name, stream).await.map_err(tls_fault)?;
        exchange(stream, request).await
    }
}

fn tls_fault(error: io::Error) -> &'static str {
    match error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>())
    {
        Some(rustls::Error::InvalidCertificate(_)) => "its certificate is not good",
        Some(_) | None => "no TLS",
    }
}

fn request(
    target: &Target,
    webhook: &Webhook,
    id: &str,
    body: Vec<u8>,
) -> Result<Request<Body>, &'static str> {
    let signing = Signing {
        id,
        timestamp_s: now_ms() / 1000,
        body: &body,
    };
    let mut request = Request::post(target.path.as_str())
        .header(HOST, target.authority.as_str())
        .header(CONTENT_TYPE, "application/json")
        .header(USER_AGENT, concat!("Partyline/", env!("CARGO_PKG_VERSION")));
    for (name, value) in headers(webhook, &signing) {
        request = request.header(name, value);
    }
    request
        .body(Body::from(body))
        .map_err(|_| "the URL cannot be asked for")
}

async fn exchange<S>(stream: S, request: Request<Body>) -> Result<Outcome, &'static str>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let made = hyper::client::conn::http1::Builder::new()
        .max_buf_size(16 * 1024)
        .handshake(TokioIo::new(stream))
        .await;
    let (mut sender, connection) = made.map_err(|_| "no HTTP")?;
    // Dropped, it takes the connection with it.
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let answer = sender.send_request(request).await.map_err(|_| "no answer")?;
    let (head, body) = answer.into_parts();
    read_some(body).await;
    Ok(Outcome::Answered {
        status: head.status.as_u16(),
        retry_after_s: retry_after(&head.headers),
    })
}

/// Takes the beginning of an answer off the wire, so that a receiver that has answered is not cut off in its last word.
async fn read_some(mut body: Incoming) {
    let mut left = ANSWER_MAX;
    while left > 0 {
        let frame = std::future::poll_fn(|context| std::pin::Pin::new(&mut body).poll_frame(context)).await;
        let Some(Ok(frame)) = frame else { return };
        left = left.saturating_sub(frame.data_ref().map_or(1, |data| data.len().max(1)));
    }
}

/// Seconds, or a date (RFC 9110, section 10.2.3).
fn retry_after(headers: &HeaderMap) -> Option<u32> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(seconds);
    }
    let at = httpdate::parse_http_date(text)
        .ok()?
        .duration_since(UNIX_EPOCH)
        .ok()?;
    let seconds = i64::try_from(at.as_secs()).ok()?.saturating_sub(now_ms() / 1000);
    u32::try_from(seconds.max(0)).ok()
}
