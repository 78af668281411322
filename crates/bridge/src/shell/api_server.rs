//! The HTTPS accept loop: a bound on connections, and on the time a client may take for each step.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode, Version, header};
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tower::ServiceExt;

use super::api_places::{Place, Places};
use super::write_limit::WriteLimit;
use crate::config::ApiSection;
use crate::metrics::Requests;

/// TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// From the handshake or the last answer to the whole head of a request.
const HEAD: Duration = Duration::from_secs(10);
/// A whole request, its body, and the making of the answer.
const REQUEST: Duration = Duration::from_secs(30);
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
        let Ok((stream, remote)) = listener.accept().await else {
            // Out of file handles: those in use will be given back.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
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

async fn connection(stream: TcpStream, acceptor: TlsAcceptor, service: Arc<Service>) {
    let _ = stream.set_nodelay(true);
    let stream = WriteLimit::new(stream, WRITE);
    let Ok(Ok(mut stream)) = timeout(HANDSHAKE, acceptor.accept(stream)).await else {
        return;
    };
    // hyper's own timer starts with the first byte; the wait for that one is bounded here.
    if !has_begun(&mut stream)
        && !matches!(
            timeout(HEAD, stream.get_ref().0.get_ref().readable()).await,
            Ok(Ok(()))
        )
    {
        return;
    }
    let service = hyper::service::service_fn(move |request| {
        let service = service.clone();
        async move { Ok::<_, Infallible>(service.answer(request).await) }
    });
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(64 * 1024)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "an API connection ended early");
    }
}

/// Whether the first bytes of a request came together with the end of the handshake: the socket has no more to tell then.
fn has_begun(stream: &mut TlsStream<WriteLimit<TcpStream>>) -> bool {
    let state = stream.get_mut().1.process_new_packets();
    state.is_ok_and(|state| state.plaintext_bytes_to_read() > 0)
}

async fn answer(router: Router, source: IpAddr, mut request: Request<Incoming>) -> Response<Body> {
    if !names_one_host(&request) {
        return empty(StatusCode::BAD_REQUEST);
    }
    request.extensions_mut().insert(api::Peer(source));
    match timeout(REQUEST, router.oneshot(request.map(Body::new))).await {
        Ok(Ok(answered)) => answered,
        Ok(Err(never)) => match never {},
        Err(_) => empty(StatusCode::REQUEST_TIMEOUT),
    }
}

/// Whether there is one `Host`, or none where HTTP/1.0 needs none (RFC 9112, section 3.2).
fn names_one_host<B>(request: &Request<B>) -> bool {
    match request.headers().get_all(header::HOST).iter().count() {
        0 => request.version() < Version::HTTP_11,
        hosts => hosts == 1,
    }
}

fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};

    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, ServerName};
    use rustls::{ClientConfig, RootCertStore};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio_rustls::TlsConnector;

    use super::super::tls;
    use super::*;

    struct Server {
        address: SocketAddr,
        client: TlsConnector,
    }

    /// A server that answers everything, where it may hold so many connections.
    async fn server(connections: usize, connections_per_source: usize) -> Server {
        let data = std::env::temp_dir().join(format!("partyline-api-{:016x}", getrandom::u64().unwrap()));
        std::fs::create_dir_all(&data).unwrap();
        let limits = ApiSection {
            connections,
            connections_per_source,
            ..ApiSection::default()
        };
        let config = tls::server_config(&limits, &data).unwrap();
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
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(|| async { "hello" });
        tokio::spawn(serve(listener, config, limits, router, Requests::default()));
        Server {
            address,
            client: TlsConnector::from(Arc::new(client)),
        }
    }

    impl Server {
        /// Sends `request` and tells the status line, which is empty when the connection was closed.
        async fn ask(&self, request: &str) -> String {
            let stream = TcpStream::connect(self.address).await.unwrap();
            let name = ServerName::try_from("localhost").unwrap();
            let mut stream = self.client.connect(name, stream).await.unwrap();
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
