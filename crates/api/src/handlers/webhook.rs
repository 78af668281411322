//! Webhooks: where events are posted to, and what became of them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use model::Webhook;
use model::query::OrderBy;
use serde_json::{Map, Value, json};

use super::records::query_by;
use crate::auth::Caller;
use crate::backend::Scope;
use crate::backend_webhooks::Tried;
use crate::body::Body;
use crate::dto::event::WebhookTest;
use crate::dto::webhook::{Delivery as DeliveryDto, Webhook as Dto};
use crate::error::ApiError;
use crate::etag::{Conditions, tagged};
use crate::events::checked_types;
use crate::fields::Selection;
use crate::list::Listing;
use crate::origin::OwnPage;
use crate::params::NoParams;
use crate::path::{At, Key};
use crate::router::Api;
use crate::value;

/// Longest description, in characters.
const DESCRIPTION_MAX: usize = 255;
/// Longest address, in characters.
const URL_MAX: usize = 2048;
/// For so long the secret before is good beside a new one, ms.
const BOTH_GOOD_MS: i64 = 24 * 3600 * 1000;

/// Fields that can be set.
pub(crate) const EFFECTIVE: &[&str] = &["description", "disabled", "types", "url"];
/// Fields that may only come as they are.
pub(crate) const FIXED: &[&str] = &[
    "callback",
    "created",
    "id",
    "previousSecretUntil",
    "secret",
    "subscriberSid",
];

/// GET /webhooks
pub(crate) async fn list(
    State(api): State<Api>,
    caller: Caller,
    listing: Listing<Dto>,
) -> Result<Response, ApiError> {
    let webhooks = all(&api, &caller).await?;
    Ok(listing.answer(webhooks, |webhook| Dto::from(webhook)))
}

/// GET /webhooks/{id}
pub(crate) async fn read(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<String>,
    selection: Selection<Dto>,
) -> Result<Response, ApiError> {
    let dto = Dto::from(&find(&api, &caller, &id).await?);
    Ok(tagged(&dto, selection.ok(&dto)))
}

/// POST /webhooks
pub(crate) async fn create(
    State(api): State<Api>,
    caller: Caller,
    conditions: Conditions,
    selection: Selection<Dto>,
    Body(body): Body,
) -> Result<Response, ApiError> {
    caller.may_configure()?;
    value::only(&body, &[EFFECTIVE])?;
    let _one_by_one = api.edits.lock().await;
    let known = all(&api, &caller).await?;
    let own = known
        .iter()
        .filter(|known| known.subscriber_sid == caller.sid && !known.is_callback);
    let most = api.settings.webhooks_per_subscriber;
    if most > 0 && own.count() >= most {
        let message = format!("there are {most} webhooks already (webhooks.per_subscriber)");
        return Err(ApiError::conflict("url", message));
    }
    let mut webhook = Webhook {
        id: format!("whk_{:016x}", api.backend.random()),
        subscriber_sid: caller.sid.clone(),
        is_callback: false,
        url: String::new(),
        types: Vec::new(),
        description: String::new(),
        is_disabled: false,
        created_ms: api.backend.now_ms(),
        secret: secret(&api),
        old_secret: None,
    };
    change(&api, &mut webhook, &body)?;
    if webhook.url.is_empty() {
        return Err(ApiError::incomplete().and("url", "is required"));
    }
    conditions.allow_untagged()?;
    let actor = caller.actor();
    api.backend.put_webhook(actor, "create", webhook.clone()).await?;
    let response = selection.created(&Dto::with_secret(&webhook));
    Ok(tagged(&Dto::from(&webhook), response))
}

/// PUT /webhooks/{id}
pub(crate) async fn update(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<String>,
    conditions: Conditions,
    selection: Selection<Dto>,
    Body(body): Body,
) -> Result<Response, ApiError> {
    caller.may_configure()?;
    let _one_by_one = api.edits.lock().await;
    let known = find(&api, &caller, &id).await?;
    let mut webhook = known.clone();
    value::only(&body, &[EFFECTIVE, FIXED])?;
    let before = Dto::from(&webhook);
    // Where it was told the secret, that may be sent back, too.
    let told = value::present(&body, "secret").map(|_| Dto::with_secret(&webhook));
    let current = serde_json::to_value(told.as_ref().unwrap_or(&before)).unwrap_or_default();
    value::unchanged(&body, &current, FIXED)?;
    if webhook.is_callback {
        // Where it goes is said by its subscriber.
        value::unchanged(&body, &current, &["url"])?;
    }
    change(&api, &mut webhook, &body)?;
    conditions.allow(&before)?;
    if webhook != known {
        let actor = caller.actor();
        api.backend.put_webhook(actor, "put", webhook.clone()).await?;
    }
    let dto = Dto::from(&webhook);
    Ok(tagged(&dto, selection.ok(&dto)))
}

/// DELETE /webhooks/{id}
pub(crate) async fn delete(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<String>,
    conditions: Conditions,
    _: NoParams,
) -> Result<StatusCode, ApiError> {
    caller.may_configure()?;
    let _one_by_one = api.edits.lock().await;
    let webhook = find(&api, &caller, &id).await?;
    if webhook.is_callback {
        let message = "is the callback of its subscriber: take it away there, or disable it";
        return Err(ApiError::conflict("id", message));
    }
    conditions.allow(&Dto::from(&webhook))?;
    api.backend.remove_webhook(caller.actor(), webhook).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// POST /webhooks/{id}/rotate: a new secret, beside which the one before is good for a day.
pub(crate) async fn rotate(
    State(api): State<Api>,
    caller: Caller,
    _: OwnPage,
    At(id): At<String>,
    conditions: Conditions,
    selection: Selection<Dto>,
) -> Result<Response, ApiError> {
    caller.may_configure()?;
    let _one_by_one = api.edits.lock().await;
    let mut webhook = find(&api, &caller, &id).await?;
    conditions.allow(&Dto::from(&webhook))?;
    let before = std::mem::replace(&mut webhook.secret, secret(&api));
    webhook.old_secret = Some((before, api.backend.now_ms().saturating_add(BOTH_GOOD_MS)));
    let actor = caller.actor();
    api.backend.put_webhook(actor, "rotate", webhook.clone()).await?;
    let response = selection.ok(&Dto::with_secret(&webhook));
    Ok(tagged(&Dto::from(&webhook), response))
}

/// POST /webhooks/{id}/test: posts an event of its own type at once, and tells what came of it.
pub(crate) async fn test(
    State(api): State<Api>,
    caller: Caller,
    _: OwnPage,
    At(id): At<String>,
    conditions: Conditions,
    _: NoParams,
) -> Result<Response, ApiError> {
    caller.may_configure()?;
    let webhook = find(&api, &caller, &id).await?;
    conditions.allow_untagged()?;
    let event = WebhookTest::new(&caller.actor(), api.backend.now_ms());
    let event = serde_json::to_vec(&event).unwrap_or_default();
    let name = format!("test_{:016x}", api.backend.random());
    let tried = api.backend.try_webhook(webhook, name, event);
    let result = match tried.await {
        Tried::Answered(status) => json!({"delivered": (200..300).contains(&status), "status": status}),
        Tried::Failed(fault) => json!({"delivered": false, "fault": fault}),
    };
    Ok(Json(result).into_response())
}

/// GET /webhooks/{id}/deliveries: the newest first unless said otherwise.
pub(crate) async fn deliveries(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<String>,
    listing: Listing<DeliveryDto>,
) -> Result<Response, ApiError> {
    let webhook = find(&api, &caller, &id).await?;
    let (field, descending) = ("id", true);
    let query = query_by(&listing, OrderBy { field, descending });
    let found = api.backend.deliveries(webhook, query).await?;
    Ok(listing.answer_page(found.page.into_iter().map(DeliveryDto::from), found.total))
}

/// POST /webhooks/{id}/deliveries/{did}/redeliver
pub(crate) async fn redeliver(
    State(api): State<Api>,
    caller: Caller,
    _: OwnPage,
    At((id, event)): At<(String, String)>,
    conditions: Conditions,
    _: NoParams,
) -> Result<StatusCode, ApiError> {
    caller.may_configure()?;
    let webhook = find(&api, &caller, &id).await?;
    if webhook.is_disabled {
        return Err(ApiError::conflict("disabled", "the webhook is disabled"));
    }
    let event = u64::key(&event)?;
    conditions.allow_untagged()?;
    match api.backend.redeliver(caller.actor(), webhook, event).await? {
        true => Ok(StatusCode::ACCEPTED),
        false => Err(ApiError::not_found()),
    }
}

async fn all(api: &Api, caller: &Caller) -> Result<Vec<Webhook>, ApiError> {
    let scope = Scope::below(&caller.directory, &caller.top);
    let webhooks = api.backend.webhooks(scope).await?;
    let visible = |webhook: &Webhook| {
        let owner = caller.directory.subscriber(&webhook.subscriber_sid);
        owner.is_some_and(|owner| caller.trusted_with(owner))
    };
    Ok(webhooks.into_iter().filter(visible).collect())
}

async fn find(api: &Api, caller: &Caller, id: &str) -> Result<Webhook, ApiError> {
    let mut webhooks = all(api, caller).await?.into_iter();
    webhooks
        .find(|webhook| webhook.id == id)
        .ok_or_else(ApiError::not_found)
}

fn secret(api: &Api) -> Vec<u8> {
    let parts = std::iter::repeat_with(|| api.backend.random().to_le_bytes());
    parts.take(4).flatten().collect()
}

fn change(api: &Api, webhook: &mut Webhook, body: &Map<String, Value>) -> Result<(), ApiError> {
    if let Some(url) = value::present(body, "url") {
        webhook.url = value::text("url", url, URL_MAX)?;
        if !webhook.is_callback {
            let checked = api.backend.check_url(&webhook.url);
            checked.map_err(|expected| ApiError::wrong_value("url", expected))?;
        }
    }
    if let Some(types) = body.get("types") {
        webhook.types = types_of(types)?;
    }
    if let Some(text) = body.get("description") {
        webhook.description = value::text("description", text, DESCRIPTION_MAX)?;
    }
    if let Some(disabled) = value::present(body, "disabled") {
        webhook.is_disabled = value::boolean("disabled", disabled)?;
    }
    Ok(())
}

fn types_of(value: &Value) -> Result<Vec<String>, ApiError> {
    if value.is_null() {
        return Ok(Vec::new());
    }
    let list = value
        .as_array()
        .map(|list| list.iter().map(|item| item.as_str().map(str::to_owned)));
    let list: Option<Vec<_>> = list.and_then(Iterator::collect);
    checked_types(list.ok_or_else(|| ApiError::wrong_value("types", "expected a list of types"))?)
}
