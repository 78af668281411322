//! Lists: one page, in the order asked for, in both documented envelopes.

use std::cmp::Ordering;

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Number, Value, json};

use crate::error::ApiError;
use crate::fields::{self, Selection, Wire};
use crate::params::{Params, unquoted};
use crate::router::Api;

const LIMIT_DEFAULT: u64 = 10;
const LIMIT_MAX: u64 = 1000;
/// Most fields a list can be ordered by.
const ORDER_MAX: usize = 8;
/// Parameters of a page.
pub(crate) const PARAMETERS: &[&str] = &["offset", "limit", "order", "envelope"];

/// What a request wants of a list of `D`.
#[derive(Debug)]
pub(crate) struct Listing<D> {
    /// Objects to skip.
    pub(crate) offset: u64,
    /// Most objects to send, where the request says so.
    limit: Option<u64>,
    /// Fields to order by, the first first.
    pub(crate) order: Vec<OrderBy>,
    envelope: Envelope,
    selection: Selection<D>,
    links: Links,
}

/// One field to order by.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct OrderBy {
    /// Name on the wire.
    pub(crate) field: String,
    /// Whether the greatest comes first.
    pub(crate) descending: bool,
}

/// Which of the two documented envelopes to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Envelope {
    Both,
    Items,
    Collection,
}

impl<D: Wire> FromRequestParts<Api> for Listing<D> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let params = Params::read(&parts.uri, &[PARAMETERS, fields::PARAMETERS])?;
        Ok(Self {
            offset: params.number("offset", 0..=i64::MAX as u64)?.unwrap_or(0),
            limit: params.number("limit", 1..=LIMIT_MAX)?,
            order: params.get("order").map_or(Ok(Vec::new()), order::<D>)?,
            envelope: envelope(&params)?,
            selection: Selection::read(&params)?,
            links: Links::new(parts, api),
        })
    }
}

fn envelope(params: &Params) -> Result<Envelope, ApiError> {
    match params.get("envelope") {
        None => Ok(Envelope::Both),
        Some("items") => Ok(Envelope::Items),
        Some("collection") => Ok(Envelope::Collection),
        Some(_) => Err(ApiError::wrong_value("envelope", "expected items or collection")),
    }
}

fn order<D: Wire>(text: &str) -> Result<Vec<OrderBy>, ApiError> {
    let order: Vec<_> = text.split(',').map(order_by::<D>).collect::<Result<_, _>>()?;
    match order.len() <= ORDER_MAX {
        true => Ok(order),
        false => Err(ApiError::wrong_value("order", "expected at most 8 fields")),
    }
}

fn order_by<D: Wire>(text: &str) -> Result<OrderBy, ApiError> {
    let wrong = |message: String| Err(ApiError::wrong_value("order", message));
    let mut words = unquoted(text).split_ascii_whitespace();
    let (field, direction) = (words.next().unwrap_or_default(), words.next().unwrap_or("asc"));
    let descending = direction.eq_ignore_ascii_case("desc");
    if !(descending || direction.eq_ignore_ascii_case("asc")) || words.next().is_some() {
        return wrong(format!("expected asc or desc after {field}"));
    }
    if D::NESTED.contains(&field) {
        return wrong(format!("{field} holds a list and gives no order"));
    }
    if !D::PLAIN.contains(&field) {
        return wrong(format!("there is no field called {field}"));
    }
    Ok(OrderBy {
        field: field.to_owned(),
        descending,
    })
}

impl<D: Wire> Listing<D> {
    /// Most objects to send.
    pub(crate) fn limit(&self) -> u64 {
        self.limit.unwrap_or(LIMIT_DEFAULT)
    }

    /// The answer for `objects`, which stand in their natural order; only what is sent is converted if it may stay so.
    pub(crate) fn answer<T>(&self, objects: Vec<T>, convert: impl Fn(&T) -> D) -> Response {
        let total = objects.len() as u64;
        let page = self.cut(objects, convert, self.limit());
        self.answer_page(page.into_iter(), total)
    }

    /// The answer for `objects` as a bare array; one that says no limit gets them all, for it could not tell that there are more.
    pub(crate) fn answer_bare<T>(&self, objects: Vec<T>, convert: impl Fn(&T) -> D) -> Response {
        let page = self.cut(objects, convert, self.limit.unwrap_or(u64::MAX));
        let items: Vec<_> = page.iter().map(|object| self.selection.apply(object)).collect();
        Json(items).into_response()
    }

    fn cut<T>(&self, objects: Vec<T>, convert: impl Fn(&T) -> D, limit: u64) -> Vec<D> {
        let skip = usize::try_from(self.offset).unwrap_or(usize::MAX);
        let take = usize::try_from(limit).unwrap_or(usize::MAX);
        if self.order.is_empty() {
            return objects.iter().skip(skip).take(take).map(convert).collect();
        }
        let mut sorted: Vec<_> = objects
            .iter()
            .map(|object| {
                let object = convert(object);
                (serde_json::to_value(&object).unwrap_or_default(), object)
            })
            .collect();
        sorted.sort_by(|(a, _), (b, _)| self.compare(a, b));
        let page = sorted.into_iter().map(|(_, object)| object);
        page.skip(skip).take(take).collect()
    }

    fn compare(&self, a: &Value, b: &Value) -> Ordering {
        let by = |order: &OrderBy| {
            let ordering = compare(a.get(&order.field), b.get(&order.field));
            match order.descending {
                true => ordering.reverse(),
                false => ordering,
            }
        };
        self.order
            .iter()
            .map(by)
            .find(|o| o.is_ne())
            .unwrap_or(Ordering::Equal)
    }

    /// The answer for a page that has been cut by somebody else.
    pub(crate) fn answer_page(&self, page: impl Iterator<Item = D>, total: u64) -> Response {
        let items: Vec<_> = page.map(|object| self.selection.apply(&object)).collect();
        let mut envelope = Map::new();
        if self.envelope != Envelope::Items {
            let last = (self.offset + items.len() as u64).saturating_sub(1);
            let last = if items.is_empty() { 0 } else { last };
            envelope.insert("last".to_owned(), last.into());
        }
        if self.envelope != Envelope::Collection {
            let more = self.offset + (items.len() as u64) < total;
            envelope.insert("count".to_owned(), items.len().into());
            envelope.insert("has_more".to_owned(), more.into());
            envelope.insert("limit".to_owned(), self.limit().into());
            envelope.insert("pagination".to_owned(), self.pagination(more));
        }
        envelope.insert("offset".to_owned(), self.offset.into());
        envelope.insert("total".to_owned(), total.into());
        let items = Value::Array(items);
        match self.envelope {
            Envelope::Items => envelope.insert("items".to_owned(), items),
            Envelope::Collection => envelope.insert(D::COLLECTION.to_owned(), items),
            Envelope::Both => {
                envelope.insert(D::COLLECTION.to_owned(), items.clone());
                envelope.insert("items".to_owned(), items)
            }
        };
        Json(envelope).into_response()
    }

    fn pagination(&self, more: bool) -> Value {
        let mut links = json!({});
        if more {
            links["next"] = self.links.to(self.limit(), self.offset + self.limit()).into();
        }
        if self.offset > 0 {
            let offset = self.offset.saturating_sub(self.limit());
            links["previous"] = self.links.to(self.limit(), offset).into();
        }
        links
    }
}

/// Order of two values of one field: what is missing, numbers by size, texts by letters.
fn compare(a: Option<&Value>, b: Option<&Value>) -> Ordering {
    match (a, b) {
        (Some(Value::String(a)), Some(Value::String(b))) => a.cmp(b),
        (Some(Value::Bool(a)), Some(Value::Bool(b))) => a.cmp(b),
        (Some(Value::Number(a)), Some(Value::Number(b))) => by_size(a, b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    }
}

/// Whole numbers exactly, others as they are rounded.
fn by_size(a: &Number, b: &Number) -> Ordering {
    match ((a.as_i64(), b.as_i64()), (a.as_u64(), b.as_u64())) {
        ((Some(a), Some(b)), _) => a.cmp(&b),
        (_, (Some(a), Some(b))) => a.cmp(&b),
        _ => a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal),
    }
}

/// Makes the addresses of other pages: this request's, with another offset.
#[derive(Debug)]
struct Links {
    base: String,
    path: String,
    /// The query without limit and offset, as it was sent.
    query: Vec<String>,
}

impl Links {
    fn new(parts: &Parts, api: &Api) -> Self {
        let query = parts.uri.query().unwrap_or_default().split('&');
        let paging = |pair: &str| pair.starts_with("limit=") || pair.starts_with("offset=");
        Self {
            base: match &api.settings.public_url {
                Some(url) => url.trim_end_matches('/').to_owned(),
                None => format!("https://{}", host(parts)),
            },
            path: parts.uri.path().to_owned(),
            query: query
                .filter(|pair| !pair.is_empty() && !paging(pair))
                .map(str::to_owned)
                .collect(),
        }
    }

    fn to(&self, limit: u64, offset: u64) -> String {
        let mut pairs = self.query.clone();
        pairs.push(format!("limit={limit}"));
        pairs.push(format!("offset={offset}"));
        format!("{}{}?{}", self.base, self.path, pairs.join("&"))
    }
}

/// The name by which the client reached us, or `localhost` where it gave none that can stand in an address.
fn host(parts: &Parts) -> String {
    let header = parts.headers.get(HOST).and_then(|value| value.to_str().ok());
    let sent = header.or_else(|| parts.uri.authority().map(Authority::as_str));
    let good = sent.and_then(|text| text.parse::<Authority>().ok());
    match good.filter(|authority| !authority.as_str().contains('@')) {
        Some(authority) => authority.to_string(),
        None => "localhost".to_owned(),
    }
}
