//! Query parameters: each at most once, none that is unknown.

use axum::extract::{FromRequestParts, Query};
use axum::http::Uri;
use axum::http::request::Parts;

use crate::error::ApiError;
use crate::fields::{EFFECTIVE, NOT_RESOLVED};

/// Parameters of one request, decoded, in the order sent.
#[derive(Debug)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    /// Reads the query of `uri`; every name must be one of `known`.
    pub(crate) fn read(uri: &Uri, known: &[&[&str]]) -> Result<Self, ApiError> {
        let Query(pairs) =
            Query::<Vec<(String, String)>>::try_from_uri(uri).map_err(|_| ApiError::bad_request())?;
        for (n, (name, _)) in pairs.iter().enumerate() {
            if !known.iter().any(|names| names.contains(&name.as_str())) {
                let message = match name == EFFECTIVE {
                    true => NOT_RESOLVED,
                    false => "there is no such parameter",
                };
                return Err(ApiError::bad_request().and(name, message));
            }
            if pairs
                .iter()
                .skip(n.saturating_add(1))
                .any(|(other, _)| other == name)
            {
                return Err(ApiError::bad_request().and(name, "stands twice"));
            }
        }
        Ok(Self(pairs))
    }

    /// The value of `name`, without quotes around it; `None` when it is empty or was not sent.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.raw(name).map(unquoted).filter(|value| !value.is_empty())
    }

    /// The value of `name` as it was sent; `None` when it is blank or was not sent.
    pub(crate) fn raw(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(other, _)| other == name)?;
        Some(value.as_str()).filter(|value| !value.trim().is_empty())
    }

    /// A whole number within `range`.
    pub(crate) fn number(
        &self,
        name: &str,
        range: std::ops::RangeInclusive<u64>,
    ) -> Result<Option<u64>, ApiError> {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        match text.parse() {
            Ok(number) if digits && range.contains(&number) => Ok(Some(number)),
            _ => {
                let (start, end) = range.into_inner();
                let expected = format!("expected a whole number from {start} to {end}");
                Err(ApiError::wrong_value(name, expected))
            }
        }
    }
}

/// The query of a request that takes no parameters: what is deleted by mistake is not there for a second try without them.
pub(crate) struct NoParams;

impl<S: Send + Sync> FromRequestParts<S> for NoParams {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Params::read(&parts.uri, &[]).map(|_| Self)
    }
}

/// Whether one pair of a query, as it was sent, is the parameter `name`: it may be escaped, and without a value.
pub(crate) fn is_named(pair: &str, name: &str) -> bool {
    let uri = Uri::try_from(format!("/?{pair}")).unwrap_or_default();
    let read = Query::<Vec<(String, String)>>::try_from_uri(&uri);
    read.is_ok_and(|Query(pairs)| pairs.iter().any(|(found, _)| found == name))
}

/// The members of a list in which quotes may stand around the whole and around each.
pub(crate) fn listed(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(bare)
}

/// `text` without white space and quotes at its ends.
pub(crate) fn bare(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\''))
}

/// `value` without white space and one pair of quotes around it.
fn unquoted(value: &str) -> &str {
    let value = value.trim();
    let inner = |quote| {
        value
            .strip_prefix(quote)
            .and_then(|v: &str| v.strip_suffix(quote))
    };
    inner('"').or_else(|| inner('\'')).unwrap_or(value).trim()
}
