use schemars::JsonSchema;
use serde::Serialize;

use super::room::{Reference, Room};
use crate::auth::Caller;
use crate::fields::{Plain, Wire, number, text};

/// An account. The password and the address for events are write only.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Subscriber {
    /// Secret; shown to the account itself and to administrators above it.
    #[serde(skip_serializing_if = "Option::is_none")]
    authentication_token: Option<String>,
    /// Where events go; shown as the token is.
    #[serde(skip_serializing_if = "Option::is_none")]
    callback: Option<Callback>,
    /// When it was made, epoch ms.
    created: i64,
    /// Free text.
    details: String,
    /// DID groups lent to it.
    did_group_references: Vec<Reference>,
    /// Address for mail.
    email: String,
    /// Extension.
    ext: String,
    /// Id in another system; -1 when none.
    external_id: i64,
    /// First name.
    first_name: String,
    /// Last name.
    last_name: String,
    /// Name to log in with.
    login: String,
    /// Its own rooms.
    meeting_rooms: Vec<Room>,
    /// Account it stands below; absent at the top.
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_sid: Option<String>,
    /// E.164 without plus.
    phone_number: String,
    /// 1 administrator, 2 operator, 3 regular user.
    #[schemars(extend("enum" = [1, 2, 3]))]
    role: u8,
    /// Its address and the owner in other objects.
    sid: String,
}

/// Where events of an account go.
#[derive(Debug, JsonSchema, Serialize)]
struct Callback {
    /// Id of the callback.
    id: u64,
    /// Address that events are sent to.
    url: String,
}

impl Wire for Subscriber {
    const COLLECTION: &'static str = "subscribers";
    const PLAIN: &'static [Plain] = &[
        text("authenticationToken"),
        number("created"),
        text("details"),
        text("email"),
        text("ext"),
        number("externalId"),
        text("firstName"),
        text("lastName"),
        text("login"),
        text("parentSid"),
        text("phoneNumber"),
        number("role"),
        text("sid"),
    ];
    const NESTED: &'static [&'static str] = &["callback", "didGroupReferences", "meetingRooms"];
    const RESOLVES: bool = true;
    const KEY: &'static str = "sid";
}

impl Subscriber {
    /// The same, with its rooms shown so.
    pub(crate) fn with_rooms(self, meeting_rooms: Vec<Room>) -> Self {
        Self {
            meeting_rooms,
            ..self
        }
    }

    /// `subscriber` as `caller` may see it; `rooms` are its own.
    pub(crate) fn new(subscriber: &model::directory::Subscriber, rooms: Vec<Room>, caller: &Caller) -> Self {
        let secret = caller.trusted_with(subscriber);
        let references = subscriber.did_group_references.iter();
        let callback = subscriber.callback.as_ref().filter(|_| secret);
        Self {
            authentication_token: secret.then(|| subscriber.authentication_token.clone()),
            callback: callback.map(|callback| Callback {
                id: callback.id,
                url: callback.url.clone(),
            }),
            created: subscriber.created_ms,
            details: subscriber.details.clone(),
            did_group_references: references.map(Reference::from).collect(),
            email: subscriber.email.clone(),
            ext: subscriber.ext.clone(),
            external_id: subscriber.external_id,
            first_name: subscriber.first_name.clone(),
            last_name: subscriber.last_name.clone(),
            login: subscriber.login.clone(),
            meeting_rooms: rooms,
            parent_sid: subscriber.parent_sid.as_ref().map(ToString::to_string),
            phone_number: subscriber.phone_number.clone(),
            role: subscriber.role as u8,
            sid: subscriber.sid.to_string(),
        }
    }
}
