//! Events while they happen, and afterwards.

use std::convert::Infallible;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts, State};
use axum::http::header::{ACCEPT, UPGRADE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::sse::{Event as Line, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::unfold;
use model::query::{OrderBy, Query};
use model::{MeetingId, MeetingNumber};

use super::records::query_by;
use crate::auth::Caller;
use crate::backend::Scope;
use crate::dto::event::{Event as Dto, Heartbeat, Snapshot};
use crate::error::ApiError;
use crate::events::{Filter, Full, READ_BUFFER, READ_MAX, Stream, Told, serve_socket};
use crate::list::Listing;
use crate::origin::OwnPage;
use crate::params::Params;
use crate::path::{At, Key};
use crate::router::{Api, Hold, Streaming};

/// Parameters of a stream.
const PARAMETERS: &[&str] = &["lastEventId", "types"];
/// What proxies take for a wish not to be buffered.
const UNBUFFERED: (HeaderName, HeaderValue) = (
    HeaderName::from_static("x-accel-buffering"),
    HeaderValue::from_static("no"),
);

/// GET /events
pub(crate) async fn all(State(api): State<Api>, caller: Caller, parts: Parts) -> Result<Response, ApiError> {
    open(api, caller, parts, None).await
}

/// GET /meetings/{meetingNumber}/events: a stream for who asks for one, else what the log of the meeting holds so far.
pub(crate) async fn of_meeting(
    State(api): State<Api>,
    caller: Caller,
    At(number): At<String>,
    mut parts: Parts,
) -> Result<Response, ApiError> {
    let live = api.backend.live();
    let number = MeetingNumber::key(&number)?;
    let meeting = caller.meeting(&live, number);
    if is_upgrade(&parts.headers) || accepts(&parts.headers, "text/event-stream") {
        // Who comes back is told the rest of a meeting that has ended meanwhile.
        if !comes_back(&parts)? {
            meeting?;
        }
        return open(api, caller, parts, Some(number)).await;
    }
    let id = meeting?.id;
    let listing = Listing::from_request_parts(&mut parts, &api).await?;
    log(&api, &caller, id, true, &listing).await
}

/// GET /mdrs/{meetingId}/events
pub(crate) async fn of_record(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<String>,
    listing: Listing<Dto>,
) -> Result<Response, ApiError> {
    log(&api, &caller, MeetingId(u64::key(&id)?), false, &listing).await
}

/// What happened in a meeting, as a list. One of which nothing is known to the caller is not there, unless it `runs`: what happens is written
/// a moment later.
async fn log(
    api: &Api,
    caller: &Caller,
    meeting: MeetingId,
    runs: bool,
    listing: &Listing<Dto>,
) -> Result<Response, ApiError> {
    let (field, descending) = ("sequence", false);
    let query = query_by(listing, OrderBy { field, descending });
    let scope = Scope::below(&caller.directory, &caller.top);
    let whole = Query {
        filter: None,
        ..query.clone()
    };
    let is_filtered = query.filter.is_some();
    let records = api.backend.meeting_log(scope.clone(), meeting, query).await?;
    let is_there = runs
        || records.total > 0
        || is_filtered && api.backend.meeting_log(scope, meeting, whole).await?.total > 0;
    match is_there {
        true => Ok(listing.answer_page(records.page.iter().map(Dto::from), records.total)),
        false => Err(ApiError::not_found()),
    }
}

async fn open(
    api: Api,
    caller: Caller,
    mut parts: Parts,
    number: Option<MeetingNumber>,
) -> Result<Response, ApiError> {
    let params = Params::read(&parts.uri, &[PARAMETERS])?;
    let filter = Filter::read(&params, number)?;
    let after = last_event(&params, &parts.headers)?;
    let upgrade = match is_upgrade(&parts.headers) {
        true => Some(upgrade(&mut parts, &api).await?),
        false => None,
    };
    let seat = api.backend.hub().sit(&caller.sid, &caller.top).map_err(full)?;
    let hold = parts.extensions.get::<Hold>().cloned();
    let stream = Stream::new(api.clone(), caller, seat, filter, after);
    let mut response = match upgrade {
        Some(upgrade) => upgrade.on_upgrade(|socket| async move {
            let _hold = hold;
            serve_socket(socket, stream, api).await;
        }),
        None => ([UNBUFFERED], lines(stream, api, hold)).into_response(),
    };
    response.extensions_mut().insert(Streaming);
    Ok(response)
}

fn full(full: Full) -> ApiError {
    match full {
        Full::Hub => ApiError::unavailable(),
        Full::Subscriber => ApiError::too_many_requests(SEAT_RETRY_S),
    }
}

/// Seconds after which one that has too many streams may try again.
const SEAT_RETRY_S: u64 = 15;

/// Whether a stream that is asked for has been there before.
fn comes_back(parts: &Parts) -> Result<bool, ApiError> {
    let params = Params::read(&parts.uri, &[PARAMETERS])?;
    Ok(last_event(&params, &parts.headers)?.is_some())
}

/// A parameter says more than a header that a browser sends by itself.
fn last_event(params: &Params, headers: &HeaderMap) -> Result<Option<u64>, ApiError> {
    if let Some(after) = params.number("lastEventId", 0..=i64::MAX as u64)? {
        return Ok(Some(after));
    }
    let Some(header) = headers.get("last-event-id") else {
        return Ok(None);
    };
    let text = header.to_str().unwrap_or_default().trim();
    match text.parse::<u64>() {
        _ if text.is_empty() => Ok(None),
        Ok(after) if text.bytes().all(|b| b.is_ascii_digit()) => Ok(Some(after)),
        Ok(_) | Err(_) => Err(ApiError::wrong_value(
            "Last-Event-ID",
            "expected the id of an event",
        )),
    }
}

fn is_upgrade(headers: &HeaderMap) -> bool {
    let wanted = headers.get(UPGRADE).and_then(|value| value.to_str().ok());
    wanted.is_some_and(|protocol| protocol.eq_ignore_ascii_case("websocket"))
}

fn accepts(headers: &HeaderMap, media_type: &str) -> bool {
    let all = headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let mut wanted = all.flat_map(|list| list.split(','));
    wanted.any(|range| {
        range
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .eq_ignore_ascii_case(media_type)
    })
}

/// A browser sends credentials along from any page; only ours may use them (RFC 6455, section 10.2).
async fn upgrade(parts: &mut Parts, api: &Api) -> Result<WebSocketUpgrade, ApiError> {
    OwnPage::from_request_parts(parts, api).await?;
    let upgrade = WebSocketUpgrade::from_request_parts(parts, api).await;
    let upgrade =
        upgrade.map_err(|_| ApiError::bad_request().and("Upgrade", "expected WebSocket version 13"))?;
    Ok(upgrade
        .max_message_size(READ_MAX)
        .max_frame_size(READ_MAX)
        .read_buffer_size(READ_BUFFER))
}

fn lines(stream: Stream, api: Api, hold: Option<Hold>) -> impl IntoResponse {
    let begin = (stream, api, hold);
    Sse::new(unfold(begin, |(mut stream, api, hold)| async move {
        let told = stream.next().await?;
        let line = line(&told, &stream, &api);
        Some((Ok::<_, Infallible>(line), (stream, api, hold)))
    }))
}

fn line(told: &Told, stream: &Stream, api: &Api) -> Line {
    let (name, id) = match told {
        // Without data nothing is dispatched, and the id is taken all the same (HTML, section 9.2.6).
        Told::Heartbeat { last } => return Line::default().comment("").id(last.to_string()),
        Told::Snapshot { moment, .. } => ("snapshot", moment.last),
        Told::Event(happening) => (happening.news.kind().text(), happening.id),
    };
    let data = text(told, stream, api).unwrap_or_default();
    Line::default().event(name).id(id.to_string()).data(data)
}

/// What is told as JSON.
pub(crate) fn text(told: &Told, stream: &Stream, api: &Api) -> Option<String> {
    let text = match told {
        Told::Heartbeat { last } => serde_json::to_string(&Heartbeat::new(*last)),
        Told::Event(happening) => serde_json::to_string(&Dto::from(&**happening)),
        Told::Snapshot { moment, resumed } => {
            let (names, now_ms) = (api.backend.names(), api.backend.now_ms());
            let snapshot = Snapshot::new(moment, &stream.caller, &stream.filter, *resumed, &names, now_ms);
            serde_json::to_string(&snapshot)
        }
    };
    text.ok()
}
