//! The HTTPS accept loop: a bound on connections, and on the time a client may take for each step.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, Version, header};
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use super::accept;
use super::api_places::{Place, Places};
use super::raw_quotes::RawQuotes;
use super::write_limit::WriteLimit;
use crate::config::ApiSection;
use crate::metrics::Requests;

/// TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// From the handshake or the last answer to the whole head of a request.
const HEAD: Duration = Duration::from_secs(10);
/// From the head to the answer: the body, to which the API gives 30 s of its own, and as much for what is done with it.
const ANSWER: Duration = Duration::from_secs(60);
/// From one octet that the client takes of what is sent to the next.
const WRITE: Duration = Duration::from_secs(10);

/// Serves `router` until dropped; counts what is answered.
pub(super) async fn serve(
    listener: TcpListener,
    tls: Arc<ServerConfig>,
    limits: ApiSection,
    router: Router,
    counts: Requests,
) {
    let (acceptor, places) = (TlsAcceptor::from(tls), Places::default());
    loop {
        let (stream, remote) = accept::next(&listener).await;
        let Some((place, leave)) = places.take(remote.ip(), &limits) else {
            counts.refused.inc();
            continue;
        };
        let service = Service {
            router: router.clone(),
            source: remote.ip(),
            place: Arc::new(place),
            counts: counts.clone(),
        };
        let _ = stream.set_nodelay(true);
        let connection = connection(stream, acceptor.clone(), Arc::new(service));
        let counts = counts.clone();
        tokio::spawn(async move {
            let _open = counts.open();
            tokio::select! {
                () = connection => {}
                _ = leave => {
                    counts.gave_way.inc();
                    tracing::debug!(%remote, "an API connection gave way to a newer one");
                }
            }
        });
    }
}

/// What answers the requests of one connection.
struct Service {
    router: Router,
    source: IpAddr,
    /// Kept by streams, too, which may outlive HTTP on their connection.
    place: Arc<Place>,
    counts: Requests,
}

impl Service {
    async fn answer(&self, mut request: Request<Incoming>) -> Response<Body> {
        self.place.asked();
        request.extensions_mut().insert(api::Hold(self.place.clone()));
        let (begin, method) = (Instant::now(), request.method().clone());
        let answered = answer(self.router.clone(), self.source, request).await;
        let (route, login) = (answered.extensions().get(), answered.extensions().get().copied());
        self.counts
            .answer(route, &method, answered.status(), login, begin.elapsed());
        match answered.extensions().get::<api::Streaming>() {
            Some(api::Streaming) => self.place.streams(),
            None => self.place.answered(login == Some(api::Login::Good)),
        }
        answered
    }
}

async fn connection<S>(stream: S, acceptor: TlsAcceptor, service: Arc<Service>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let stream = WriteLimit::new(stream, WRITE);
    let Ok(handshake) = timeout(HANDSHAKE, acceptor.accept(stream)).await else {
        service.counts.handshakes_too_long.inc();
        return;
    };
    let Ok(stream) = handshake else {
        return;
    };
    let service = hyper::service::service_fn(move |request| {
        let service = service.clone();
        async move { Ok::<_, Infallible>(service.answer(request).await) }
    });
    // What cannot be read as a request it answers itself, with a status and no body, and has no hook for that.
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(64 * 1024)
        .serve_connection(TokioIo::new(RawQuotes::new(stream)), service)
        .with_upgrades()
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "an API connection ended early");
    }
}

async fn answer(router: Router, source: IpAddr, mut request: Request<Incoming>) -> Response<Body> {
    if !names_one_host(&request) {
        return api::not_one_host();
    }
    request.extensions_mut().insert(api::Peer(source));
    match timeout(ANSWER, router.oneshot(request.map(Body::new))).await {
        Ok(Ok(answered)) => answered,
        Ok(Err(never)) => match never {},
        Err(_) => api::out_of_time(),
    }
}

/// Whether there is one `Host`, or none where HTTP/1.0 needs none (RFC 9112, section 3.2).
fn names_one_host<B>(request: &Request<B>) -> bool {
    match request.headers().get_all(header::HOST).iter().count() {
        0 => request.version() < Version::HTTP_11,
        hosts => hosts == 1,
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};

    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, ServerName};
    use rustls::{ClientConfig, RootCertStore};
    use serde_json::{Value, json};
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex, split};
    use tokio::net::{TcpSocket, TcpStream};
    use tokio::time::{Instant, sleep};
    use tokio_rustls::TlsConnector;
    use tokio_rustls::client::TlsStream;

    use super::super::tls;
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    struct Server {
        address: SocketAddr,
        client: TlsConnector,
        counts: Requests,
    }

    /// What a server needs for TLS, and a client that trusts it.
    fn keys(limits: &ApiSection) -> (Arc<ServerConfig>, TlsConnector) {
        let data = std::env::temp_dir().join(format!("partyline-api-{:016x}", getrandom::u64().unwrap()));
        std::fs::create_dir_all(&data).unwrap();
        let config = tls::server_config(limits, &data).unwrap();
        let mut roots = RootCertStore::empty();
        let certificate = CertificateDer::from_pem_file(data.join("cert.pem")).unwrap();
        roots.add(certificate).unwrap();
        std::fs::remove_dir_all(&data).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        (config, TlsConnector::from(Arc::new(client)))
    }

    fn name() -> ServerName<'static> {
        ServerName::try_from("localhost").unwrap()
    }

    /// A server that answers everything, where it may hold so many connections.
    async fn server(connections: usize, connections_per_source: usize) -> Server {
        let limits = ApiSection {
            connections,
            connections_per_source,
            ..ApiSection::default()
        };
        let (config, client) = keys(&limits);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(|| async { "hello" });
        let counts = Requests::default();
        tokio::spawn(serve(listener, config, limits, router, counts.clone()));
        Server {
            address,
            client,
            counts,
        }
    }

    impl Server {
        /// Sends `request` and tells the status line, which is empty when the connection was closed.
        async fn ask(&self, request: &str) -> String {
            let stream = TcpStream::connect(self.address).await.unwrap();
            let mut stream = self.client.connect(name(), stream).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            let _ = stream.read_to_string(&mut answer).await;
            answer.lines().next().unwrap_or_default().to_owned()
        }
    }

    #[tokio::test]
    async fn silent_connections_keep_nobody_out() {
        for (connections, per_source) in [(4, 64), (64, 4)] {
            let server = server(connections, per_source).await;
            let mut silent = vec![];
            for _ in 0..20 {
                silent.push(TcpStream::connect(server.address).await.unwrap());
            }
            let answer = server
                .ask("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                .await;
            assert_eq!(answer, "HTTP/1.1 200 OK");
            let mut first = silent.remove(0);
            assert_eq!(first.read(&mut [0]).await.unwrap_or(0), 0, "the oldest gave way");
        }
    }

    #[tokio::test]
    async fn two_thousand_silent_connections_from_forty_addresses_keep_nobody_out() {
        // Both ends of each are open here.
        rlimit::increase_nofile_limit(u64::MAX).unwrap();
        let limits = ApiSection::default();
        let server = server(limits.connections, limits.connections_per_source).await;
        let mut silent = vec![];
        for n in 0..2_000_u16 {
            let socket = TcpSocket::new_v4().unwrap();
            let source = Ipv4Addr::new(127, 0, 1, 1 + (n % 40) as u8);
            socket.bind((source, 0).into()).unwrap();
            silent.push(socket.connect(server.address).await.unwrap());
        }
        for _ in 0..20 {
            let answer = server
                .ask("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                .await;
            assert_eq!(answer, "HTTP/1.1 200 OK");
        }
        assert_eq!(server.counts.refused.get(), 0);
    }

    /// The client's end of a connection that `router` answers, by memory alone; what it takes to begin TLS; and what is counted.
    fn begun(router: Router) -> (DuplexStream, TlsConnector, Requests) {
        let (near, far) = duplex(64 * 1024);
        let (limits, source) = (ApiSection::default(), IpAddr::from(Ipv4Addr::LOCALHOST));
        let (config, client) = keys(&limits);
        let (place, _) = Places::default().take(source, &limits).unwrap();
        let counts = Requests::default();
        let service = Service {
            router,
            source,
            place: Arc::new(place),
            counts: counts.clone(),
        };
        tokio::spawn(connection(far, TlsAcceptor::from(config), Arc::new(service)));
        (near, client, counts)
    }

    /// The same after the handshake.
    async fn connected(router: Router) -> TlsStream<DuplexStream> {
        let (stream, client, _) = begun(router);
        client.connect(name(), stream).await.unwrap()
    }

    /// A router that takes bodies.
    fn taking() -> Router {
        Router::new().fallback(|body: axum::body::Bytes| async move { body.len().to_string() })
    }

    /// What still comes from the other end, and how long it takes to close.
    async fn rest(mut stream: impl AsyncRead + Unpin) -> (String, Duration) {
        let (begin, mut text) = (Instant::now(), vec![]);
        // Who is given up is not bidden farewell, which TLS takes for an error.
        let _ = stream.read_to_end(&mut text).await;
        (String::from_utf8(text).unwrap(), begin.elapsed())
    }

    /// Whether an answer has this line in its head; and its JSON.
    fn refusal(said: &str, line: &str) -> (bool, Value) {
        let (head, body) = said.split_once("\r\n\r\n").unwrap();
        let has_line = head.lines().any(|known| known == line);
        (has_line, serde_json::from_str(body).unwrap())
    }

    /// Sends `text`, and then one octet a second of `slow`, as long as they are taken.
    fn drip(mut stream: impl AsyncWrite + Unpin + Send + 'static, text: &'static str, slow: &'static str) {
        tokio::spawn(async move {
            let _ = stream.write_all(text.as_bytes()).await;
            for octet in slow.bytes() {
                sleep(SECOND).await;
                if stream.write_all(&[octet]).await.is_err() {
                    return;
                }
            }
        });
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_has_five_seconds_for_tls_and_more_is_counted() {
        let (mut garbled, _, garbage) = begun(taking());
        garbled.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        let _ = garbled.read_to_end(&mut vec![]).await;
        assert_eq!(garbage.handshakes_too_long.get(), 0);
        let (stream, _client, counts) = begun(taking());
        let (said, took) = rest(stream).await;
        assert_eq!(counts.handshakes_too_long.get(), 1);
        assert!(
            said.is_empty() && (HANDSHAKE..HANDSHAKE + SECOND).contains(&took),
            "{took:?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn from_the_handshake_to_a_whole_head_are_ten_seconds_whenever_the_first_octet_comes() {
        for (text, slow) in [
            ("", ""),
            ("", "GET / HTTP/1.1\r\n"),
            ("G", ""),
            ("GET / HTTP/1.1\r\nHost: x\r\nX: ", "abcdefghijklmnopqrstuvwxyz"),
        ] {
            let (answers, requests) = split(connected(taking()).await);
            drip(requests, text, slow);
            let (said, took) = rest(answers).await;
            let is_in_time = (HEAD..HEAD + SECOND).contains(&took);
            assert!(
                said.is_empty() && is_in_time,
                "{text:?} {slow:?}: {said:?} after {took:?}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_connection_is_closed_ten_seconds_after_its_answer() {
        let (answers, requests) = split(connected(taking()).await);
        drip(requests, "GET / HTTP/1.1\r\nHost: x\r\n", "\r\n");
        let (said, took) = rest(answers).await;
        assert!(said.starts_with("HTTP/1.1 200 OK\r\n"), "{said}");
        let since = took - 2 * SECOND;
        assert!((HEAD..HEAD + SECOND).contains(&since), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_for_the_head_is_not_the_body_s() {
        let (answers, requests) = split(connected(taking()).await);
        let head = "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 26\r\n";
        drip(requests, head, "\r\nabcdefghijklmnopqrstuvwxyz");
        let (said, took) = rest(answers).await;
        assert!(
            said.starts_with("HTTP/1.1 200 OK\r\n") && said.ends_with("26"),
            "{said}"
        );
        assert!(took >= 28 * SECOND, "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_an_answer_for_ever() {
        let router = Router::new().fallback(std::future::pending::<()>);
        let (answers, requests) = split(connected(router).await);
        drip(
            requests,
            "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            "",
        );
        let (said, took) = rest(answers).await;
        assert!(said.starts_with("HTTP/1.1 503 "), "{said}");
        assert!((ANSWER..ANSWER + SECOND).contains(&took), "{took:?}");
        let expected = json!({"code": 503, "message": "Service unavailable", "errors": []});
        assert_eq!(refusal(&said, "retry-after: 1"), (true, expected), "{said}");
    }

    #[tokio::test(start_paused = true)]
    async fn who_names_no_host_is_told_so_by_the_json_of_every_refusal() {
        for hosts in ["", "Host: x\r\nHost: y\r\n"] {
            let mut stream = connected(taking()).await;
            let request = format!("GET / HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n");
            stream.write_all(request.as_bytes()).await.unwrap();
            let (said, _) = rest(stream).await;
            assert!(said.starts_with("HTTP/1.1 400 "), "{said}");
            let errors = json!([{"field": "Host", "message": "expected once"}]);
            let expected = json!({"code": 400, "message": "Bad request", "errors": errors});
            let line = "content-type: application/json";
            assert_eq!(refusal(&said, line), (true, expected), "{said}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_cannot_be_read_as_a_request_is_refused_without_a_word() {
        let many: String = (0..101).map(|n| format!("X{n}: x\r\n")).collect();
        let long = format!("X: {}\r\n", "x".repeat(256 * 1024));
        for (target, headers, status) in [
            ("/<", "", 400),
            ("/", many.as_str(), 431),
            ("/", long.as_str(), 431),
        ] {
            let (answers, mut requests) = split(connected(taking()).await);
            let request = format!("GET {target} HTTP/1.1\r\nHost: x\r\n{headers}\r\n");
            // The answer may come before all of it has been taken.
            tokio::spawn(async move { requests.write_all(request.as_bytes()).await });
            let (said, _) = rest(answers).await;
            assert!(said.starts_with(&format!("HTTP/1.1 {status} ")), "{said}");
            assert!(said.ends_with("\r\n\r\n"), "{said}");
        }
    }

    #[tokio::test]
    async fn a_request_names_one_host() {
        let server = server(64, 64).await;
        for (request, status) in [
            ("GET / HTTP/1.1\r\nHost: x\r\n", "HTTP/1.1 200 OK"),
            ("GET / HTTP/1.1\r\nHost:\r\n", "HTTP/1.1 200 OK"),
            ("GET / HTTP/1.1\r\n", "HTTP/1.1 400 Bad Request"),
            (
                "GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n",
                "HTTP/1.1 400 Bad Request",
            ),
            ("GET https://x/ HTTP/1.1\r\n", "HTTP/1.1 400 Bad Request"),
            ("GET / HTTP/1.0\r\n", "HTTP/1.0 200 OK"),
            (
                "GET / HTTP/1.0\r\nHost: x\r\nHost: y\r\n",
                "HTTP/1.0 400 Bad Request",
            ),
        ] {
            let answer = server.ask(&format!("{request}Connection: close\r\n\r\n")).await;
            assert_eq!(answer, status, "{request}");
        }
    }
}
