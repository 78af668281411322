//! `didGroupReferences` of rooms and subscribers.

use model::DidGroupId;
use model::directory::DidGroupReference;
use serde_json::Value;

use crate::auth::Caller;
use crate::error::ApiError;
use crate::value;

const FIELD: &str = "didGroupReferences";

/// Reads the list.
pub(super) fn read(value: &Value) -> Result<Vec<DidGroupReference>, ApiError> {
    value::objects(FIELD, value)?
        .into_iter()
        .map(|reference| {
            value::only(reference, &[&["didGroupId", "state"]])?;
            let id = reference.get("didGroupId").unwrap_or(&Value::Null);
            let state = value::present(reference, "state");
            let state = state.map_or(Ok(0), |state| value::integer("state", state, 0..=1))?;
            Ok(DidGroupReference {
                did_group_id: DidGroupId(value::id("didGroupId", id)?),
                disabled: state == 1,
            })
        })
        .collect()
}

/// Refuses a group that stands twice, and one that the caller may not use unless it stays as it was among those `had` so far, or is
/// switched off: a loan that was taken back is not taken again by who had it.
pub(super) fn check(
    references: &[DidGroupReference],
    had: &[DidGroupReference],
    caller: &Caller,
) -> Result<(), ApiError> {
    for reference in references {
        may_refer(reference, had, caller)?;
    }
    for (n, reference) in references.iter().enumerate() {
        let mut rest = references.iter().skip(n + 1);
        if rest.any(|other| other.did_group_id == reference.did_group_id) {
            return Err(ApiError::wrong_value(FIELD, "a DID group stands twice"));
        }
    }
    Ok(())
}

fn may_refer(
    reference: &DidGroupReference,
    had: &[DidGroupReference],
    caller: &Caller,
) -> Result<(), ApiError> {
    if caller.group(reference.did_group_id).is_some() {
        return Ok(());
    }
    match had.iter().find(|had| had.did_group_id == reference.did_group_id) {
        None => Err(ApiError::wrong_value(FIELD, "expected ids of DID groups")),
        Some(had) if had.disabled && !reference.disabled => {
            let message = "a disabled DID group is enabled by those alone who may use it";
            Err(ApiError::forbidden().and(FIELD, message))
        }
        Some(_) => Ok(()),
    }
}
