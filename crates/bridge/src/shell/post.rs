//! Posts one event to one webhook: to an address that was looked at, by a connection that is kept for the next, without redirects.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use axum::http::header::{CONTENT_TYPE, HOST, USER_AGENT};
use model::Webhook;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::backend::now_ms;
use super::post_connection::{Connection, Idle, Kept, Unanswered};
use crate::webhooks::{Outcome, Policy, Signing, Target, headers};

/// From the look-up of the name to the end of the answer.
const WHOLE: Duration = Duration::from_secs(10);
const NO_ANSWER: &str = "no answer";

/// What posts.
pub(super) struct Poster {
    policy: Policy,
    tls: TlsConnector,
    idle: Idle,
}

impl Poster {
    /// Trusts whom the system trusts; keeps so many connections at most.
    pub(super) fn new(policy: Policy, connections: usize) -> Result<Self, String> {
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
            idle: Idle::new(connections),
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

    /// Closes connections that nobody has used for long.
    pub(super) fn sweep(&self) {
        self.idle.sweep();
    }

    async fn try_to(&self, webhook: &Webhook, id: &str, body: Vec<u8>) -> Result<Outcome, &'static str> {
        let target = self.policy.read(&webhook.url)?;
        if let Some(mut kept) = self.idle.take(&webhook.id, &webhook.url) {
            let again = request(&target, webhook, id, body.clone())?;
            match kept.connection.ask(again).await {
                Ok(outcome) => {
                    self.idle.put(kept);
                    return Ok(outcome);
                }
                // The event goes out once more at once, by a new one; what it cannot do waits, as all that fails.
                Err(Unanswered::Closed) => {}
                Err(Unanswered::Failed) => return Err(NO_ANSWER),
            }
        }
        let request = request(&target, webhook, id, body)?;
        let mut made = Kept::new(&webhook.id, &webhook.url, self.connect(target).await?);
        let outcome = made.connection.ask(request).await.map_err(|_| NO_ANSWER)?;
        self.idle.put(made);
        Ok(outcome)
    }

    async fn connect(&self, target: Target) -> Result<Connection, &'static str> {
        let found = lookup_host((target.host.as_str(), target.port)).await;
        let addresses: Vec<_> = found.map_err(|_| "the name cannot be looked up")?.collect();
        let address = self.policy.choose(&addresses)?;
        let stream = TcpStream::connect(address).await.map_err(|_| "no connection")?;
        if !target.tls {
            return Connection::open(stream).await;
        }
        let name = ServerName::try_from(target.host).map_err(|_| "the name cannot be in a certificate")?;
        let stream = self.tls.connect(name, stream).await.map_err(tls_fault)?;
        Connection::open(stream).await
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

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Mutex;

    use model::Sid;
    use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
    use tokio::net::TcpListener;

    use super::*;

    /// What a receiver saw: the connection, counted from 1, and the name of each event.
    type Seen = Arc<Mutex<Vec<(usize, String)>>>;

    const TAKEN: &str = "200 OK\r\nContent-Length: 2\r\n\r\nok";

    /// A receiver that takes so many requests on each connection, and closes it then without a word.
    async fn receiver(requests: usize, answer: &str) -> (String, Seen) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Seen::default();
        let (told, answer) = (seen.clone(), format!("HTTP/1.1 {answer}"));
        tokio::spawn(async move {
            for number in 1.. {
                let (stream, _) = listener.accept().await.unwrap();
                let mut stream = BufReader::new(stream);
                for _ in 0..requests {
                    let Some(id) = take(&mut stream, &answer).await else {
                        break;
                    };
                    told.lock().unwrap().push((number, id));
                }
            }
        });
        (format!("http://{address}/hook"), seen)
    }

    /// Takes one request, and answers it; its `webhook-id`.
    async fn take(stream: &mut BufReader<TcpStream>, answer: &str) -> Option<String> {
        let id = read(stream).await?;
        stream.write_all(answer.as_bytes()).await.ok()?;
        Some(id)
    }

    /// Takes one request; its `webhook-id`.
    pub(in crate::shell) async fn read(stream: &mut BufReader<TcpStream>) -> Option<String> {
        let (mut id, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).await.ok().filter(|read| *read > 0)?;
            if line.trim().is_empty() {
                break;
            }
            let (name, value) = line.split_once(": ").unwrap_or_default();
            match name {
                "webhook-id" => id = value.trim().to_owned(),
                "content-length" => length = value.trim().parse().ok()?,
                _ => {}
            }
        }
        stream.read_exact(&mut vec![0; length]).await.ok()?;
        Some(id)
    }

    pub(in crate::shell) fn webhook(url: &str) -> Webhook {
        Webhook {
            id: "whk_1".to_owned(),
            subscriber_sid: Sid::new("a"),
            is_callback: false,
            url: url.to_owned(),
            types: Vec::new(),
            description: String::new(),
            is_disabled: false,
            created_ms: 0,
            secret: vec![7; 32],
            old_secret: None,
        }
    }

    pub(in crate::shell) fn poster(connections: usize) -> Poster {
        let policy = Policy {
            allow_http: true,
            allow_private: vec!["127.0.0.0/8".parse().unwrap()],
        };
        Poster::new(policy, connections).unwrap()
    }

    #[tokio::test]
    async fn a_connection_serves_many_events_and_one_that_was_closed_loses_none() {
        for (kept, requests, connections) in [
            (1, usize::MAX, [1, 1, 1, 1]),
            (0, usize::MAX, [1, 2, 3, 4]),
            (1, 2, [1, 1, 2, 2]),
        ] {
            // Where nothing is kept a receiver that waits for more on the first would never come to the second.
            let requests = if kept == 0 { 1 } else { requests };
            let (url, seen) = receiver(requests, TAKEN).await;
            let (poster, webhook) = (poster(kept), webhook(&url));
            for n in 1..=4 {
                let outcome = poster.post(&webhook, &format!("evt_{n}"), b"{}".to_vec()).await;
                assert!(
                    matches!(outcome, Outcome::Answered { status: 200, .. }),
                    "{outcome:?}"
                );
            }
            let names = (1..=4).map(|n| format!("evt_{n}"));
            let expected: Vec<_> = connections.into_iter().zip(names).collect();
            assert_eq!(*seen.lock().unwrap(), expected);
        }
    }

    /// A receiver that says so to each request of each connection, and closes it then.
    async fn scripted(script: Vec<Vec<&'static str>>) -> (String, Seen) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Seen::default();
        let told = seen.clone();
        tokio::spawn(async move {
            for (number, answers) in (1..).zip(script) {
                let (stream, _) = listener.accept().await.unwrap();
                let mut stream = BufReader::new(stream);
                for answer in answers {
                    let id = take(&mut stream, answer).await.unwrap();
                    told.lock().unwrap().push((number, id));
                }
            }
        });
        (format!("http://{address}/hook"), seen)
    }

    #[tokio::test]
    async fn a_kept_connection_is_replaced_at_once_where_it_was_closed_without_a_word_and_once_alone() {
        const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        for (kept, new, connections, good) in [
            ("", OK, vec![1, 1, 2], true),
            ("", "", vec![1, 1, 2], false),
            ("HTTP/1.1 2", OK, vec![1, 1], false),
            ("no HTTP at all\r\n\r\n", OK, vec![1, 1], false),
        ] {
            let (url, seen) = scripted(vec![vec![OK, kept], vec![new], vec![OK]]).await;
            let (poster, webhook) = (poster(1), webhook(&url));
            poster.post(&webhook, "evt_1", b"{}".to_vec()).await;
            let outcome = poster.post(&webhook, "evt_2", b"{}".to_vec()).await;
            match good {
                true => assert!(
                    matches!(outcome, Outcome::Answered { status: 200, .. }),
                    "{kept:?}"
                ),
                false => assert_eq!(outcome, Outcome::Failed(NO_ANSWER), "{kept:?}, then {new:?}"),
            }
            let names = ["evt_1", "evt_2", "evt_2"].map(str::to_owned);
            let expected: Vec<_> = connections.into_iter().zip(names).collect();
            assert_eq!(*seen.lock().unwrap(), expected, "{kept:?}, then {new:?}");
        }
    }

    #[tokio::test]
    async fn redirects_are_not_followed_and_private_addresses_not_connected_to() {
        let (inner, seen) = receiver(9, TAKEN).await;
        let redirect = format!("302 Found\r\nLocation: {inner}\r\nContent-Length: 0\r\n\r\n");
        let (outer, _) = receiver(9, &redirect).await;
        let outcome = poster(9).post(&webhook(&outer), "evt_1", b"{}".to_vec()).await;
        assert!(
            matches!(outcome, Outcome::Answered { status: 302, .. }),
            "{outcome:?}"
        );
        let policy = Policy {
            allow_http: true,
            allow_private: Vec::new(),
        };
        let strict = Poster::new(policy, 9).unwrap();
        for url in [inner.clone(), inner.replace("127.0.0.1", "localhost")] {
            let outcome = strict.post(&webhook(&url), "evt_2", b"{}".to_vec()).await;
            assert!(matches!(outcome, Outcome::Failed(_)), "{url}: {outcome:?}");
        }
        assert!(seen.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn where_no_more_connections_are_kept_the_one_unused_for_longest_gives_way() {
        let (first, second) = (receiver(9, TAKEN).await, receiver(9, TAKEN).await);
        let poster = poster(1);
        for (url, n) in [(&first.0, 1), (&second.0, 2), (&second.0, 3), (&first.0, 4)] {
            let id = format!("evt_{n}");
            poster.post(&webhook(url), &id, b"{}".to_vec()).await;
        }
        for ((_, seen), posted) in [
            (&first, [(1, "evt_1"), (2, "evt_4")]),
            (&second, [(1, "evt_2"), (1, "evt_3")]),
        ] {
            let posted = posted.map(|(connection, id)| (connection, id.to_owned()));
            assert_eq!(*seen.lock().unwrap(), posted);
        }
    }

    #[tokio::test]
    async fn another_address_has_another_connection() {
        let (first, second) = (receiver(9, TAKEN).await, receiver(9, TAKEN).await);
        let poster = poster(9);
        for (url, n) in [(&first.0, 1), (&second.0, 2), (&first.0, 3)] {
            poster
                .post(&webhook(url), &format!("evt_{n}"), b"{}".to_vec())
                .await;
        }
        let seen = |seen: &Seen| seen.lock().unwrap().clone();
        assert_eq!(seen(&first.1), [(1, "evt_1".to_owned()), (1, "evt_3".to_owned())]);
        assert_eq!(seen(&second.1), [(1, "evt_2".to_owned())]);
    }
}
