use axum::extract::State;
use axum::response::Response;
use model::directory::Dialled;
use serde_json::{Map, Value};

use crate::auth::Caller;
use crate::backend::Scope;
use crate::body::Body;
use crate::dto::simulation::Simulation as Dto;
use crate::error::ApiError;
use crate::etag::Conditions;
use crate::fields::Selection;
use crate::router::Api;
use crate::simulation::SimulatedCall;
use crate::value;

/// Fields that are taken.
pub(crate) const FIELDS: &[&str] = &["caller", DID, KEYS, "time"];
const DID: &str = "did";
/// The field that a call needs.
pub(crate) const REQUIRED: &[&str] = &[DID];
const KEYS: &str = "digits";
/// Most keys of one call.
const KEYS_MAX: usize = 100;

/// POST /simulate: what a call would go through. Changes nothing.
pub(crate) async fn play(
    State(api): State<Api>,
    caller: Caller,
    conditions: Conditions,
    selection: Selection<Dto>,
    Body(body): Body,
) -> Result<Response, ApiError> {
    value::only(&body, &[FIELDS])?;
    value::require(&body, REQUIRED)?;
    let time = value::present(&body, "time").map(|time| value::integer("time", time, 0..=i64::MAX));
    let time = time.transpose()?;
    let call = SimulatedCall {
        dialled: dialled(&caller, &body)?,
        caller: number_or_text("caller", body.get("caller"))?,
        keys: keys(body.get(KEYS))?,
        among_others: time.is_none(),
        scope: Scope::below(&caller.directory, &caller.top),
    };
    conditions.allow_untagged()?;
    let played = api.backend.simulate(call.clone()).await?;
    let created = time.unwrap_or_else(|| api.backend.now_ms());
    Ok(selection.ok(&Dto::new(&call, played, created)))
}

/// The number in whatever form it is dialled; one that the caller does not see is as if there were none.
fn dialled(caller: &Caller, body: &Map<String, Value>) -> Result<Dialled, ApiError> {
    let number = number_or_text(DID, body.get(DID))?;
    let dialled = caller.directory.dialled(&number);
    dialled
        .filter(|dialled| caller.sees_did(&dialled.did))
        .ok_or_else(|| {
            ApiError::wrong_value(DID, "expected one of your numbers, in any form that people dial")
        })
}

fn keys(value: Option<&Value>) -> Result<String, ApiError> {
    let keys = number_or_text(KEYS, value)?;
    let known = |key: char| matches!(key, '0'..='9' | '*' | '#' | 'A'..='D');
    match keys.len() <= KEYS_MAX && keys.chars().all(known) {
        true => Ok(keys),
        false => Err(ApiError::wrong_value(
            KEYS,
            "expected at most 100 keys out of 0-9 * # A-D",
        )),
    }
}

fn number_or_text(field: &str, value: Option<&Value>) -> Result<String, ApiError> {
    match value {
        Some(Value::Number(number)) if number.is_u64() => Ok(number.to_string()),
        Some(value) => value::text(field, value, value::NAME_MAX),
        None => Ok(String::new()),
    }
}
