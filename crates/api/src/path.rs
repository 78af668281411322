//! Addresses of objects. What can't be one leads to the same answer as one that is not there.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use model::{DidGroupId, DidId, LegId, MeetingNumber, Sid};
use serde::de::DeserializeOwned;

use crate::error::ApiError;

/// The variable parts of a path, decoded.
pub(crate) struct At<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for At<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = Path::<T>::from_request_parts(parts, state).await;
        path.map(|Path(at)| Self(at)).map_err(|_| ApiError::not_found())
    }
}

/// What can be written in a path.
pub(crate) trait Key: Sized {
    /// Reads it.
    fn key(text: &str) -> Result<Self, ApiError>;
}

/// A number of ASCII digits alone.
fn number<N: std::str::FromStr>(text: &str) -> Result<N, ApiError> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    text.parse()
        .ok()
        .filter(|_| digits)
        .ok_or_else(ApiError::not_found)
}

macro_rules! number_keys {
    ($($Key:ident)+) => { $(
        impl Key for $Key {
            fn key(text: &str) -> Result<Self, ApiError> {
                number(text).map($Key)
            }
        }
    )+ };
}

number_keys! { DidGroupId DidId LegId MeetingNumber }

impl Key for u64 {
    fn key(text: &str) -> Result<Self, ApiError> {
        number(text)
    }
}

impl Key for Sid {
    fn key(text: &str) -> Result<Self, ApiError> {
        Ok(Self::new(text))
    }
}
