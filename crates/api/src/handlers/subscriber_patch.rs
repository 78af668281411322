//! What a request wants of a subscriber, read and checked before anything is touched.

use model::Sid;
use model::directory::{Callback, DidGroupReference, Subscriber, SubscriberRole};
use serde::Serialize;
use serde_json::{Map, Value};

use super::editing::NEW_ID;
use super::references;
use crate::auth::Caller;
use crate::backend::Backend;
use crate::error::ApiError;
use crate::router::Api;
use crate::value;

/// Fields that can be set.
pub(crate) const FIELDS: &[&str] = &[
    CALLBACK,
    "details",
    "didGroupReferences",
    "email",
    EVENTS,
    "ext",
    "firstName",
    "lastName",
    "login",
    "meetingRooms",
    "password",
    "phoneNumber",
    ROLE,
];
/// Those that a regular user sets for itself.
const PROFILE: &[&str] = &[
    CALLBACK,
    "details",
    "email",
    EVENTS,
    "ext",
    "firstName",
    "lastName",
    "meetingRooms",
    "password",
    "phoneNumber",
];
/// Those that an operator sets for itself.
const CREDENTIALS: &[&str] = &["password"];
/// Those that null leaves as they are.
const KEPT_BY_NULL: &[&str] = &["didGroupReferences", "meetingRooms", "password", ROLE];
const CALLBACK: &str = "callback";
/// Another name of the address of `callback`, write only.
const EVENTS: &str = "eventCallbackUrl";
const ROLE: &str = "role";
/// Shortest password, in characters.
const PASSWORD_MIN: usize = 8;
/// Longest password, in octets: Basic credentials are read up to there.
const PASSWORD_MAX: usize = 1024;
/// Most rooms of one request.
const ROOMS_MAX: usize = 1000;

type Place = fn(&mut Subscriber) -> &mut String;
/// Plain texts: their longest, in characters, and where they are kept.
const TEXTS: &[(&str, usize, Place)] = &[
    ("details", value::TEXT_MAX, |s| &mut s.details),
    ("email", value::NAME_MAX, |s| &mut s.email),
    ("ext", value::NAME_MAX, |s| &mut s.ext),
    ("firstName", value::NAME_MAX, |s| &mut s.first_name),
    ("lastName", value::NAME_MAX, |s| &mut s.last_name),
    ("login", value::NAME_MAX, |s| &mut s.login),
];

/// Changes of a subscriber; what is `None` stays.
pub(super) struct SubscriberPatch {
    texts: Vec<(Place, String)>,
    phone_number: Option<String>,
    references: Option<Vec<DidGroupReference>>,
    role: Option<SubscriberRole>,
    /// Where events go; `Some(None)` for nowhere any more.
    callback: Option<Option<String>>,
    /// The id that the callback must have.
    callback_id: Option<u64>,
    rooms: Vec<Map<String, Value>>,
}

impl SubscriberPatch {
    /// Reads the settable fields of `body`; `backend` says where events may go.
    pub(super) fn read(body: &Map<String, Value>, backend: &dyn Backend) -> Result<Self, ApiError> {
        let field = |name| value::present(body, name);
        let phone_number = body.get("phoneNumber");
        let phone_number = phone_number.map(|number| value::phone_number("phoneNumber", number));
        Ok(Self {
            texts: texts(body)?,
            phone_number: phone_number.transpose()?,
            references: field("didGroupReferences").map(references::read).transpose()?,
            role: field(ROLE).map(role).transpose()?,
            callback: callback(body, backend)?,
            callback_id: callback_id(body)?,
            rooms: field("meetingRooms").map_or(Ok(Vec::new()), rooms)?,
        })
    }

    /// Makes the changes; answers the rooms that are to be made or changed. The caller must be allowed every DID group that the
    /// subscriber does not have yet, or has disabled.
    pub(super) fn apply(
        self,
        subscriber: &mut Subscriber,
        caller: &Caller,
    ) -> Result<Vec<Map<String, Value>>, ApiError> {
        for (place, text) in self.texts {
            *place(subscriber) = text;
        }
        if let Some(number) = self.phone_number {
            subscriber.phone_number = number;
        }
        if let Some(references) = self.references {
            references::check(&references, &subscriber.did_group_references, caller)?;
            subscriber.did_group_references = references;
        }
        if let Some(role) = self.role {
            subscriber.role = role;
        }
        if let Some(url) = self.callback {
            let id = subscriber.callback.as_ref().map(|callback| callback.id);
            if self.callback_id.is_some_and(|sent| Some(sent) != id) {
                return Err(ApiError::invalid_field(
                    "id",
                    "is given to a callback by the server",
                ));
            }
            let id = id.unwrap_or(NEW_ID);
            subscriber.callback = url.map(|url| Callback { id, url });
        }
        Ok(self.rooms)
    }
}

/// The subscriber with what is write only and known all the same: the other name of its callback's address. Without it null would not
/// differ from what there is, and take nothing away.
pub(super) fn known(subscriber: &impl Serialize) -> Value {
    let mut known = serde_json::to_value(subscriber).unwrap_or_default();
    let url = known.pointer("/callback/url").cloned().unwrap_or_default();
    if let Value::Object(fields) = &mut known {
        fields.insert(EVENTS.to_owned(), url);
    }
    known
}

/// The hash of the password in `body`, where there is one. It takes tens of milliseconds, so nobody should have to wait for it.
pub(super) async fn password_hash(api: &Api, body: &Map<String, Value>) -> Result<Option<String>, ApiError> {
    let Some(value) = value::present(body, "password") else {
        return Ok(None);
    };
    let mut salt = [0; 16];
    for part in salt.chunks_exact_mut(8) {
        part.copy_from_slice(&api.backend.random().to_le_bytes());
    }
    api.hasher.hash(password(value)?, salt).await.map(Some)
}

/// Refuses changes that the caller may not make to the subscriber `sid`.
pub(super) fn may_change(caller: &Caller, sid: &Sid, changes: &Map<String, Value>) -> Result<(), ApiError> {
    let (allowed, message) = match caller.role() {
        SubscriberRole::Administrator => (FIELDS, ""),
        SubscriberRole::Regular => (PROFILE, "only an administrator changes this"),
        SubscriberRole::Operator => (CREDENTIALS, "an operator changes nothing but its password"),
    };
    let is_asked = |field: &&String| {
        let field = field.as_str();
        !KEPT_BY_NULL.contains(&field) || value::present(changes, field).is_some()
    };
    let mut asked = changes.keys().filter(is_asked);
    if let Some(field) = asked.find(|field| !allowed.contains(&field.as_str())) {
        return Err(ApiError::forbidden().and(field, message));
    }
    if caller.sid == *sid && value::present(changes, ROLE).is_some() {
        return Err(ApiError::forbidden().and(ROLE, "nobody changes his own role"));
    }
    Ok(())
}

fn texts(body: &Map<String, Value>) -> Result<Vec<(Place, String)>, ApiError> {
    let sent = TEXTS
        .iter()
        .filter_map(|(field, max, place)| Some((field, *max, *place, body.get(*field)?)));
    sent.map(|(field, max, place, value)| Ok((place, value::text(field, value, max)?)))
        .collect()
}

fn role(value: &Value) -> Result<SubscriberRole, ApiError> {
    let number = value::integer(ROLE, value, 1..=3).ok();
    let expected = "expected 1 administrator, 2 operator or 3 regular user";
    number
        .and_then(SubscriberRole::from_wire)
        .ok_or_else(|| ApiError::wrong_value(ROLE, expected))
}

/// Where events are to go, by whichever of its names it came.
fn callback(body: &Map<String, Value>, backend: &dyn Backend) -> Result<Option<Option<String>>, ApiError> {
    let named = body.get(CALLBACK).map(|callback| match callback.is_null() {
        true => Ok(None),
        false => allowed_url("url", address(callback)?.0, backend),
    });
    let events = body.get(EVENTS).map(|url| allowed_url(EVENTS, url, backend));
    match (named.transpose()?, events.transpose()?) {
        (Some(named), Some(events)) if named != events => Err(ApiError::wrong_value(
            EVENTS,
            "says otherwise than the url of callback",
        )),
        (named, events) => Ok(events.or(named)),
    }
}

/// An address that events may be posted to, as those of webhooks are.
fn allowed_url(field: &str, value: &Value, backend: &dyn Backend) -> Result<Option<String>, ApiError> {
    let url = value::url(field, value)?;
    let checked = url.as_deref().map_or(Ok(()), |url| backend.check_url(url));
    checked.map_err(|expected| ApiError::wrong_value(field, expected))?;
    Ok(url)
}

/// The url of a `callback`, and its id where that came along.
fn address(callback: &Value) -> Result<(&Value, Option<u64>), ApiError> {
    let expected = || ApiError::wrong_value(CALLBACK, "expected an object with a url, or null");
    let fields = callback.as_object().ok_or_else(expected)?;
    value::only(fields, &[&["id", "url"]])?;
    let id = value::present(fields, "id").map(|id| value::id("id", id));
    Ok((fields.get("url").ok_or_else(expected)?, id.transpose()?))
}

/// The id that came with a `callback`, which is given by the server and stays.
fn callback_id(body: &Map<String, Value>) -> Result<Option<u64>, ApiError> {
    match value::present(body, CALLBACK) {
        Some(callback) => Ok(address(callback)?.1),
        None => Ok(None),
    }
}

/// A password that can be sent as Basic credentials, in which control characters must not stand (RFC 7617, section 2).
fn password(value: &Value) -> Result<String, ApiError> {
    let good = |text: &&str| {
        text.chars().count() >= PASSWORD_MIN
            && text.len() <= PASSWORD_MAX
            && !text.chars().any(char::is_control)
    };
    let expected = "expected 8 characters at least and 1024 octets at most, none of them control characters";
    let text = value.as_str().filter(good);
    text.map(str::to_owned)
        .ok_or_else(|| ApiError::wrong_value("password", expected))
}

fn rooms(value: &Value) -> Result<Vec<Map<String, Value>>, ApiError> {
    let rooms = value::objects("meetingRooms", value)?;
    match rooms.len() <= ROOMS_MAX {
        true => Ok(rooms.into_iter().cloned().collect()),
        false => Err(ApiError::wrong_value(
            "meetingRooms",
            "expected at most 1000 rooms",
        )),
    }
}
