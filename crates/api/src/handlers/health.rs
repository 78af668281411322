use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::router::Api;

/// The program runs.
pub(crate) async fn live() -> Response {
    Json(json!({"status": "ok"})).into_response()
}

/// The bridge takes calls, or why it does not.
pub(crate) async fn ready(State(api): State<Api>) -> Response {
    let readiness = api.backend.readiness();
    let status = match readiness.ready {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    let body = json!({"ready": readiness.ready, "reasons": readiness.reasons});
    (status, Json(body)).into_response()
}
