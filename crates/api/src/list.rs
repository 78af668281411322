//! Lists: one page, in the order asked for, in both documented envelopes.

use std::cmp::Ordering;
use std::ops::Range;

use axum::extract::FromRequestParts;
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::response::{IntoResponse, Response};
use model::query::{Filter, OrderBy};
use serde_json::{Map, Value, json};

use crate::error::ApiError;
use crate::fields::{self, EFFECTIVE, Selection, Wire};
use crate::filter;
use crate::params::{Params, bare, is_named, listed};
use crate::pick::{Picked, pick};
use crate::router::Api;

const LIMIT_DEFAULT: u64 = 10;
const LIMIT_MAX: u64 = 1000;
/// Most objects with all attributes in force, which take some 20 KB each.
const LIMIT_IN_FORCE: u64 = 100;
/// Bytes by which an object of a list may be longer than the first and still find its place at once.
const ROOM_TO_SPARE: usize = 32;
/// Most fields a list can be ordered by.
const ORDER_MAX: usize = 8;
/// Parameters of a page.
pub(crate) const PARAMETERS: &[&str] = &["offset", "limit", "order", filter::PARAMETER, "envelope"];
/// Parameters of a bare array, which has no envelope to choose.
pub(crate) const BARE: &[&str] = &["offset", "limit", "order", filter::PARAMETER];

/// What a request wants of a list of `D`.
#[derive(Debug)]
pub(crate) struct Listing<D> {
    /// Objects to skip.
    pub(crate) offset: u64,
    /// Most objects to send, where the request says so.
    limit: Option<u64>,
    /// Fields to order by, the first first.
    pub(crate) order: Vec<OrderBy>,
    /// Which objects.
    pub(crate) filter: Option<Filter>,
    envelope: Envelope,
    /// Whether what is sent shows the attributes in force for it.
    effective: bool,
    selection: Selection<D>,
    links: Links,
}

/// Which of the two documented envelopes to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Envelope {
    Both,
    Items,
    Collection,
}

/// The objects that a request is about: all of them or those that pass its filter, never one page of them.
pub(crate) struct Chosen<D>(pub(crate) Listing<D>);

/// Parameters of [`Chosen`].
pub(crate) const CHOOSING: &[&str] = &[filter::PARAMETER, "envelope"];

impl<D: Wire> FromRequestParts<Api> for Chosen<D> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let listing = Listing::<D>::read(parts, api, &[CHOOSING])?;
        let mut pairs = parts.uri.query().unwrap_or_default().split('&');
        if listing.filter.is_none() && pairs.any(|pair| is_named(pair, filter::PARAMETER)) {
            // Whoever meant to choose some, and left out which, would have chosen all.
            let expected = "expected a condition; without a filter all are chosen";
            return Err(ApiError::wrong_value(filter::PARAMETER, expected));
        }
        Ok(Self(listing))
    }
}

/// What a request wants of a bare array of `D`.
pub(crate) struct Bare<D>(pub(crate) Listing<D>);

impl<D: Wire> FromRequestParts<Api> for Bare<D> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        Listing::read(parts, api, &[BARE]).map(Self)
    }
}

impl<D: Wire> FromRequestParts<Api> for Listing<D> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let in_force: &[&str] = if D::RESOLVES { &[EFFECTIVE] } else { &[] };
        Self::read(parts, api, &[PARAMETERS, in_force])
    }
}

impl<D: Wire> Listing<D> {
    fn read(parts: &Parts, api: &Api, parameters: &[&[&str]]) -> Result<Self, ApiError> {
        let params = Params::read(&parts.uri, &[parameters, &[fields::PARAMETERS]].concat())?;
        let effective = fields::effective(&params)?;
        Ok(Self {
            offset: params.number("offset", 0..=i64::MAX as u64)?.unwrap_or(0),
            limit: limit(&params, effective)?,
            order: params.get("order").map_or(Ok(Vec::new()), order::<D>)?,
            filter: params
                .raw(filter::PARAMETER)
                .map(filter::parse::<D>)
                .transpose()?,
            envelope: envelope(&params)?,
            effective,
            selection: Selection::read(&params)?,
            links: Links::new(parts, api),
        })
    }
}

/// Most objects to send, where `params` say so.
fn limit(params: &Params, effective: bool) -> Result<Option<u64>, ApiError> {
    let limit = params.number("limit", 1..=LIMIT_MAX)?;
    if effective && limit.is_some_and(|limit| limit > LIMIT_IN_FORCE) {
        let expected = format!("expected a whole number from 1 to {LIMIT_IN_FORCE}, for {EFFECTIVE} is true");
        return Err(ApiError::wrong_value("limit", expected));
    }
    Ok(limit)
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
    let order: Vec<_> = listed(text).map(order_by::<D>).collect::<Result<_, _>>()?;
    match order.len() <= ORDER_MAX {
        true => Ok(order),
        false => Err(ApiError::wrong_value("order", "expected at most 8 fields")),
    }
}

fn order_by<D: Wire>(text: &str) -> Result<OrderBy, ApiError> {
    let wrong = |message: String| Err(ApiError::wrong_value("order", message));
    let mut words = text.split_ascii_whitespace().map(bare);
    let (field, direction) = (words.next().unwrap_or_default(), words.next().unwrap_or("asc"));
    let descending = direction.eq_ignore_ascii_case("desc");
    if !(descending || direction.eq_ignore_ascii_case("asc")) || words.next().is_some() {
        return wrong(format!("expected asc or desc after {field}"));
    }
    if D::NESTED.contains(&field) {
        return wrong(format!("{field} holds a list or an object and gives no order"));
    }
    match D::PLAIN.iter().find(|known| known.name == field) {
        Some(known) => Ok(OrderBy {
            field: known.name,
            descending,
        }),
        None => wrong(format!("there is no field called {field}")),
    }
}

impl<D: Wire> Listing<D> {
    /// Most objects to send.
    pub(crate) fn limit(&self) -> u64 {
        self.limit.unwrap_or(LIMIT_DEFAULT)
    }

    /// The answer for `objects`, which stand in their natural order. Of those that are only looked at nothing is kept: what is sent is
    /// converted when it is written, if need be again.
    pub(crate) fn answer<T>(&self, objects: Vec<T>, convert: impl Fn(&T) -> D) -> Response {
        self.answer_resolved(objects, convert, |_, object| object)
    }

    /// The same of objects that can show the attributes in force: where those are wanted, what is sent, and no more, goes
    /// through `in_force`.
    pub(crate) fn answer_resolved<T>(
        &self,
        objects: Vec<T>,
        convert: impl Fn(&T) -> D,
        in_force: impl Fn(&T, D) -> D,
    ) -> Response {
        let (page, total) = self.cut(&objects, &convert, self.limit());
        let shown = page.into_iter().map(|object| match self.effective {
            true => in_force(object, convert(object)),
            false => convert(object),
        });
        self.answer_page(shown, total)
    }

    /// The answer for `objects` as a bare array; one that says no limit gets them all, for it could not tell that there are more.
    pub(crate) fn answer_bare<T>(&self, objects: Vec<T>, convert: impl Fn(&T) -> D) -> Response {
        let (page, _) = self.cut(&objects, &convert, self.limit.unwrap_or(u64::MAX));
        let mut json = Vec::new();
        self.write(page.into_iter().map(convert), 1, &mut json);
        json_answer(json)
    }

    /// Whether `object` passes the filter.
    pub(crate) fn chooses(&self, object: &D) -> bool {
        self.filter.is_none() || self.passes(&pick(object, &self.looked_at()))
    }

    /// The answer for all of `objects`, whatever the limit.
    pub(crate) fn answer_all(mut self, objects: impl Iterator<Item = D>) -> Response {
        let objects: Vec<_> = objects.collect();
        let total = objects.len() as u64;
        self.limit = Some(total.max(1));
        self.answer_page(objects.into_iter(), total)
    }

    /// One page of `objects`, and how many pass the filter.
    fn cut<'a, T>(&self, objects: &'a [T], convert: impl Fn(&T) -> D, limit: u64) -> (Vec<&'a T>, u64) {
        let skip = usize::try_from(self.offset).unwrap_or(usize::MAX);
        let take = usize::try_from(limit).unwrap_or(usize::MAX);
        if self.order.is_empty() && self.filter.is_none() {
            let page = objects.iter().skip(skip).take(take);
            return (page.collect(), objects.len() as u64);
        }
        let looked_at = self.looked_at();
        let seen = objects
            .iter()
            .map(|object| (pick(&convert(object), &looked_at), object));
        let mut kept: Vec<_> = seen.filter(|(fields, _)| self.passes(fields)).collect();
        kept.sort_by(|(a, _), (b, _)| self.compare(a, b));
        let total = kept.len() as u64;
        let page = kept.into_iter().map(|(_, object)| object);
        (page.skip(skip).take(take).collect(), total)
    }

    /// The fields by which objects are chosen and put in order.
    fn looked_at(&self) -> Vec<&'static str> {
        let mut names = Vec::new();
        if let Some(filter) = &self.filter {
            filter.each_name(&mut |name| names.push(name));
        }
        names.extend(self.order.iter().map(|order| order.field));
        names.sort_unstable();
        names.dedup();
        names
    }

    fn passes(&self, object: &Picked<'_>) -> bool {
        self.filter
            .as_ref()
            .is_none_or(|filter| filter::matches(filter, object))
    }

    fn compare(&self, a: &Picked<'_>, b: &Picked<'_>) -> Ordering {
        let by = |order: &OrderBy| {
            let ordering = filter::compare(a.get(order.field), b.get(order.field));
            match order.descending {
                true => ordering.reverse(),
                false => ordering,
            }
        };
        let mut orders = self.order.iter().map(by);
        orders.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }

    /// The answer for a page that has been cut by somebody else.
    pub(crate) fn answer_page(&self, page: impl ExactSizeIterator<Item = D>, total: u64) -> Response {
        let (name, again) = match self.envelope {
            Envelope::Items => ("items", None),
            Envelope::Collection => (D::COLLECTION, None),
            Envelope::Both => (D::COLLECTION, Some("items")),
        };
        let mut json = self.opening(page.len() as u64, total);
        begin_member(name, &mut json);
        let list = self.write(page, if again.is_some() { 2 } else { 1 }, &mut json);
        if let Some(name) = again {
            begin_member(name, &mut json);
            json.extend_from_within(list);
        }
        json.push(b'}');
        json_answer(json)
    }

    /// The envelope of a page of `count` objects, up to where the page stands in it.
    fn opening(&self, count: u64, total: u64) -> Vec<u8> {
        let mut envelope = Map::new();
        if self.envelope != Envelope::Items {
            let last = (self.offset + count).saturating_sub(1);
            envelope.insert("last".to_owned(), if count == 0 { 0 } else { last }.into());
        }
        if self.envelope != Envelope::Collection {
            let more = self.offset + count < total;
            envelope.insert("count".to_owned(), count.into());
            envelope.insert("has_more".to_owned(), more.into());
            envelope.insert("limit".to_owned(), self.limit().into());
            envelope.insert("pagination".to_owned(), self.pagination(total, more));
        }
        envelope.insert("offset".to_owned(), self.offset.into());
        envelope.insert("total".to_owned(), total.into());
        let mut json = serde_json::to_vec(&envelope).unwrap_or_default();
        json.pop();
        json
    }

    /// Appends `page` as a JSON list, with room for `times` as much; where it stands. It is written once, also where it is sent twice: of
    /// a long list this is the cost.
    fn write(
        &self,
        page: impl ExactSizeIterator<Item = D>,
        times: usize,
        json: &mut Vec<u8>,
    ) -> Range<usize> {
        let (begin, all) = (json.len(), page.len());
        json.push(b'[');
        for (before, object) in page.enumerate() {
            if before > 0 {
                json.push(b',');
            }
            self.selection.write(&object, json);
            if before == 0 {
                // The others will be about as long: a list that grows bit by bit is copied as often.
                json.reserve(times * all * (json.len() - begin + ROOM_TO_SPARE));
            }
        }
        json.push(b']');
        begin..json.len()
    }

    /// Links to what is before and behind this page; from behind the end, to the last there is.
    fn pagination(&self, total: u64, more: bool) -> Value {
        let mut links = json!({});
        if more {
            links["next"] = self.links.to(self.limit(), self.offset + self.limit()).into();
        }
        if self.offset > 0 {
            let offset = self.offset.min(total).saturating_sub(self.limit());
            links["previous"] = self.links.to(self.limit(), offset).into();
        }
        links
    }
}

/// Appends the name of a member of an envelope, which is never empty: there is something before it.
fn begin_member(name: &str, json: &mut Vec<u8>) {
    json.extend_from_slice(format!(",\"{name}\":").as_bytes());
}

fn json_answer(json: Vec<u8>) -> Response {
    ([(CONTENT_TYPE, "application/json")], json).into_response()
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
        let paging = |pair: &str| is_named(pair, "limit") || is_named(pair, "offset");
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
