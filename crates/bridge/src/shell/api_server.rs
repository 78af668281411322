//! The HTTPS accept loop: a bound on connections, and on the time a client may take for each step.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tower::ServiceExt;

use crate::config::ApiSection;

/// TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// From the handshake or the last answer to the whole head of a request.
const HEAD: Duration = Duration::from_secs(10);
/// A whole request, body and answer.
const REQUEST: Duration = Duration::from_secs(30);

/// Connections in use, by source.
#[derive(Clone, Default)]
struct Slots(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// One connection's place; given back when dropped.
struct Slot(Slots, IpAddr);

impl Slots {
    fn take(&self, source: IpAddr, limits: &ApiSection) -> Option<Slot> {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = slots.get(&source).copied().unwrap_or(0);
        if mine >= limits.connections_per_source || slots.values().sum::<usize>() >= limits.connections {
            return None;
        }
        slots.insert(source, mine + 1);
        Some(Slot(self.clone(), source))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut slots = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        match slots.get_mut(&self.1) {
            Some(count) if *count > 1 => *count -= 1,
            Some(_) | None => drop(slots.remove(&self.1)),
        }
    }
}

/// Serves `router` until dropped.
pub(super) async fn serve(listener: TcpListener, tls: Arc<ServerConfig>, limits: ApiSection, router: Router) {
    let (acceptor, slots) = (TlsAcceptor::from(tls), Slots::default());
    loop {
        let Ok((stream, remote)) = listener.accept().await else {
            // Out of file handles: those in use will be given back.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let Some(slot) = slots.take(remote.ip(), &limits) else {
            continue;
        };
        let (acceptor, router) = (acceptor.clone(), router.clone());
        tokio::spawn(async move {
            connection(stream, remote, acceptor, router).await;
            drop(slot);
        });
    }
}

async fn connection(stream: TcpStream, remote: SocketAddr, acceptor: TlsAcceptor, router: Router) {
    let _ = stream.set_nodelay(true);
    let Ok(Ok(mut stream)) = timeout(HANDSHAKE, acceptor.accept(stream)).await else {
        return;
    };
    // hyper's own timer starts with the first byte; the wait for that one is bounded here.
    if !has_begun(&mut stream) && !matches!(timeout(HEAD, stream.get_ref().0.readable()).await, Ok(Ok(()))) {
        return;
    }
    let service = hyper::service::service_fn(move |request| answer(router.clone(), remote, request));
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(64 * 1024)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "an API connection ended early");
    }
}

/// Whether the first bytes of a request came together with the end of the handshake: the socket has no more to tell then.
fn has_begun(stream: &mut TlsStream<TcpStream>) -> bool {
    let state = stream.get_mut().1.process_new_packets();
    state.is_ok_and(|state| state.plaintext_bytes_to_read() > 0)
}

async fn answer(
    router: Router,
    remote: SocketAddr,
    mut request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    request.extensions_mut().insert(api::Peer(remote.ip()));
    match timeout(REQUEST, router.oneshot(request.map(Body::new))).await {
        Ok(answered) => answered,
        Err(_) => {
            let mut late = Response::new(Body::empty());
            *late.status_mut() = StatusCode::REQUEST_TIMEOUT;
            Ok(late)
        }
    }
}
