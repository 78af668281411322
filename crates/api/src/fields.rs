//! Which fields of an object a request wants: `include_fields`, `exclude_fields` and their spellings in camel case.

use std::marker::PhantomData;

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::header::{HeaderValue, LOCATION};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;

use crate::error::ApiError;
use crate::params::{Params, listed};
use crate::pick::pick;
use crate::router::BASE;

/// Parameters that select fields.
pub(crate) const PARAMETERS: &[&str] = &[
    "include_fields",
    "includeFields",
    "exclude_fields",
    "excludeFields",
];

/// What a field of one value holds, where it is not missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A text.
    Text,
    /// A number.
    Number,
    /// `true` or `false`.
    Flag,
}

/// A field of one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plain {
    /// Name on the wire.
    pub(crate) name: &'static str,
    /// What it holds.
    pub(crate) shape: Shape,
}

/// A field that holds a text.
pub(crate) const fn text(name: &'static str) -> Plain {
    Plain {
        name,
        shape: Shape::Text,
    }
}

/// A field that holds a number.
pub(crate) const fn number(name: &'static str) -> Plain {
    Plain {
        name,
        shape: Shape::Number,
    }
}

/// A field that holds `true` or `false`.
pub(crate) const fn flag(name: &'static str) -> Plain {
    Plain {
        name,
        shape: Shape::Flag,
    }
}

/// An object on the wire.
pub(crate) trait Wire: Serialize {
    /// Name of its list.
    const COLLECTION: &'static str;
    /// Fields that hold one value, by which lists can be ordered and filtered.
    const PLAIN: &'static [Plain];
    /// Fields that hold lists or objects.
    const NESTED: &'static [&'static str];
    /// Whether it can show the attributes in force for it.
    const RESOLVES: bool = false;
    /// The field that its address ends with.
    const KEY: &'static str = "id";

    /// The field that is called `name`.
    fn field(name: &str) -> Option<&'static str> {
        let plain = Self::PLAIN.iter().map(|field| field.name);
        plain
            .chain(Self::NESTED.iter().copied())
            .find(|field| *field == name)
    }
}

/// The fields of `D` that a request wants.
#[derive(Debug)]
pub(crate) struct Selection<D> {
    /// These alone, in alphabetical order and none of the excluded among them.
    include: Option<Vec<&'static str>>,
    exclude: Vec<&'static str>,
    of: PhantomData<fn() -> D>,
}

impl<D: Wire> Selection<D> {
    /// Reads the four parameters.
    pub(crate) fn read(params: &Params) -> Result<Self, ApiError> {
        let include = ["include_fields", "includeFields"];
        let exclude = ["exclude_fields", "excludeFields"];
        let included = include
            .iter()
            .any(|name| params.get(name).is_some())
            .then(|| names::<D>(params, &include))
            .transpose()?;
        let excluded = names::<D>(params, &exclude)?;
        let wanted = |mut names: Vec<_>| {
            names.retain(|name| !excluded.contains(name));
            names.sort_unstable();
            names.dedup();
            names
        };
        Ok(Self {
            include: included.map(wanted),
            exclude: excluded,
            of: PhantomData,
        })
    }

    /// Appends `object` with the wanted fields only, as JSON.
    pub(crate) fn write(&self, object: &D, json: &mut Vec<u8>) {
        let written = match &self.include {
            Some(names) => serde_json::to_writer(json, &pick(object, names)),
            None if self.exclude.is_empty() => serde_json::to_writer(json, object),
            None => serde_json::to_writer(json, &self.apply(object)),
        };
        debug_assert!(
            written.is_ok(),
            "objects on the wire have text keys, and memory takes all"
        );
    }

    /// `object` with the wanted fields only.
    pub(crate) fn apply(&self, object: &D) -> Value {
        if let Some(names) = &self.include {
            return serde_json::to_value(pick(object, names)).unwrap_or_default();
        }
        let mut value = serde_json::to_value(object).unwrap_or_default();
        if let Value::Object(map) = &mut value {
            map.retain(|name, _| !self.exclude.contains(&name.as_str()));
        }
        value
    }

    /// The answer that carries `object`.
    pub(crate) fn answer(&self, status: StatusCode, object: &D) -> Response {
        (status, Json(self.apply(object))).into_response()
    }

    /// The answer that carries `object`, which was made just now, and says where it is (RFC 9110, section 10.2.2).
    pub(crate) fn created(&self, object: &D) -> Response {
        let mut response = self.answer(StatusCode::CREATED, object);
        if let Some(address) = address(object) {
            response.headers_mut().insert(LOCATION, address);
        }
        response
    }

    /// The answer that carries `object` and says all is well.
    pub(crate) fn ok(&self, object: &D) -> Response {
        self.answer(StatusCode::OK, object)
    }
}

/// Where `object` is read. What it is called there, ids and sids of our own making, needs no encoding.
fn address<D: Wire>(object: &D) -> Option<HeaderValue> {
    let object = serde_json::to_value(object).ok()?;
    let key = object.get(D::KEY)?;
    let key = key.as_str().map_or_else(|| key.to_string(), str::to_owned);
    HeaderValue::try_from(format!("{BASE}/{}/{key}", D::COLLECTION)).ok()
}

fn names<D: Wire>(params: &Params, spellings: &[&str]) -> Result<Vec<&'static str>, ApiError> {
    let mut names = Vec::new();
    for spelling in spellings {
        for name in params.get(spelling).into_iter().flat_map(listed) {
            let field = D::field(name).ok_or_else(|| {
                ApiError::invalid_field(*spelling, format!("there is no field called {name}"))
            })?;
            names.push(field);
        }
    }
    Ok(names)
}

impl<D: Wire, S: Send + Sync> FromRequestParts<S> for Selection<D> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Self::read(&Params::read(&parts.uri, &[PARAMETERS])?)
    }
}

/// How much of one `D` with attributes a request wants: which fields, and of `effective=true` every attribute as it is in
/// force, with its origin, in place of what the object sets itself.
#[derive(Debug)]
pub(crate) struct Detail<D> {
    /// Which fields.
    pub(crate) selection: Selection<D>,
    effective: bool,
}

/// The parameter that asks for attributes in force, of a [`Detail`] and of lists.
pub(crate) const EFFECTIVE: &str = "effective";
/// What is said of [`EFFECTIVE`] where it means nothing.
pub(crate) const NOT_RESOLVED: &str = "there is no such parameter here: attributes in force are shown by GET of callFlows, calls, \
                                       didGroups, dids, meetingRooms, meetings and subscribers";

/// Whether `params` ask for attributes in force.
pub(crate) fn effective(params: &Params) -> Result<bool, ApiError> {
    // Clients in Python write them in capitals.
    match params.get(EFFECTIVE).map(str::to_ascii_lowercase).as_deref() {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(ApiError::wrong_value(EFFECTIVE, "expected true or false")),
    }
}

impl<D> Detail<D> {
    /// `object` as it is wanted: as it is, or by `in_force`.
    pub(crate) fn resolve(&self, object: D, in_force: impl FnOnce(D) -> D) -> D {
        match self.effective {
            true => in_force(object),
            false => object,
        }
    }
}

impl<D: Wire, S: Send + Sync> FromRequestParts<S> for Detail<D> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let params = Params::read(&parts.uri, &[PARAMETERS, &[EFFECTIVE]])?;
        Ok(Self {
            selection: Selection::read(&params)?,
            effective: effective(&params)?,
        })
    }
}
