//! The metrics page: plain HTTP, one request a connection, few connections at once.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::body::Body;
use axum::http::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use axum::http::{Method, Request, Response, StatusCode};
use crossbeam_channel::Sender;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use model::Live;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::accept;
use super::backend::now_ms;
use super::control_thread::Inbound;
use super::sip_connections::Connections;
use super::sip_udp;
use crate::metrics::{EventCounts, Page, Sources, StoreCounts, TransportCounts};

/// Connections at once; those beyond wait to be accepted.
const CONNECTIONS: usize = 16;
/// A connection's whole life: the request and the taking of the answer.
const LIFE: Duration = Duration::from_secs(10);
/// Where the page is.
const PATH: &str = "/metrics";

/// What the page reads when somebody asks for it.
pub(super) struct Readings {
    pub(super) live: Arc<ArcSwap<Live>>,
    pub(super) keeper: store::Keeper,
    pub(super) records: store::RecordWatch,
    pub(super) inbound: Sender<Inbound>,
    pub(super) connections: Connections,
    pub(super) hub: api::Hub,
    pub(super) backlog: Arc<ArcSwap<store::Backlog>>,
}

impl Sources for Readings {
    fn live(&self) -> Arc<Live> {
        self.live.load_full()
    }

    fn store(&self) -> StoreCounts {
        StoreCounts {
            edits: self.keeper.counts(),
            records: self.records.counts(),
        }
    }

    fn events(&self) -> EventCounts {
        let backlog = *self.backlog.load_full();
        let since_ms = backlog.oldest_ms.map(|oldest| now_ms().saturating_sub(oldest));
        EventCounts {
            hub: self.hub.counts(),
            pending: backlog.pending,
            dead: backlog.dead,
            overflowed: backlog.overflowed,
            expired: backlog.expired,
            oldest_ms: since_ms.unwrap_or(0).max(0) as u64,
        }
    }

    fn transport(&self) -> TransportCounts {
        let connections = self.connections.counts();
        TransportCounts {
            waiting: self.inbound.len(),
            datagrams_dropped: sip_udp::dropped(),
            datagrams_unrouted: sip_udp::unrouted(),
            connections: connections.open,
            connections_refused: connections.refused,
            connections_gave_way: connections.gave_way,
            connections_stuck: connections.stuck,
            routes_forgotten: sip_udp::routes_forgotten(),
        }
    }
}

/// Serves `page` until dropped.
pub(super) async fn serve(listener: TcpListener, page: Page) {
    let (page, places) = (Arc::new(page), Arc::new(Semaphore::new(CONNECTIONS)));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else {
            return;
        };
        let (stream, _) = accept::next(&listener).await;
        let page = page.clone();
        tokio::spawn(async move {
            // Whoever takes too long asks again.
            let _ = timeout(LIFE, connection(stream, page)).await;
            drop(place);
        });
    }
}

async fn connection(stream: TcpStream, page: Arc<Page>) {
    let service = service_fn(move |request| {
        let answered = answer(&page, &request);
        async move { Ok::<_, Infallible>(answered) }
    });
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(LIFE)
        .max_buf_size(16 * 1024)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection to the metrics page ended early");
    }
}

fn answer<B>(page: &Page, request: &Request<B>) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    let readable = [Method::GET, Method::HEAD].contains(request.method());
    match (request.uri().path(), readable) {
        (PATH, true) => match page.text() {
            Ok(text) => {
                let kind = HeaderValue::from_static(Page::CONTENT_TYPE);
                response.headers_mut().insert(CONTENT_TYPE, kind);
                *response.body_mut() = Body::from(text);
            }
            Err(_) => *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR,
        },
        (PATH, false) => {
            let allowed = HeaderValue::from_static("GET, HEAD");
            response.headers_mut().insert(ALLOW, allowed);
            *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        }
        (_, _) => *response.status_mut() = StatusCode::NOT_FOUND,
    }
    response
}
