//! What is answered: objects, lists and refusals, with their headers.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::example;
use super::operation::{Operation, Verb};
use super::schema::Schemas;
use crate::etag::CURRENT_TAG;
use crate::fields::{Plain, Wire};
use crate::router::BASE;

/// An object on the wire, as far as the document tells of it.
#[derive(Clone, Copy)]
pub(super) struct Object {
    pub(super) name: fn() -> String,
    pub(super) schema: fn(&mut SchemaGenerator) -> Schema,
    pub(super) collection: &'static str,
    pub(super) plain: &'static [Plain],
    pub(super) nested: &'static [&'static str],
    /// Whether reads of it take `effective`.
    pub(super) resolves: bool,
}

impl Object {
    /// `D`.
    pub(super) const fn of<D: Wire + JsonSchema>() -> Self {
        Self {
            name: || D::schema_name().into_owned(),
            schema: |generator| generator.subschema_for::<D>(),
            collection: D::COLLECTION,
            plain: D::PLAIN,
            nested: D::NESTED,
            resolves: D::RESOLVES,
        }
    }

    /// `D`, which is only found within others.
    pub(super) const fn within<D: JsonSchema>() -> Self {
        Self {
            name: || D::schema_name().into_owned(),
            schema: |generator| generator.subschema_for::<D>(),
            collection: "",
            plain: &[],
            nested: &[],
            resolves: false,
        }
    }
}

/// What an answer carries.
#[derive(Clone, Copy)]
pub(super) enum Content {
    Nothing,
    Object(Object),
    /// A page in its envelopes.
    List(Object),
    Array(Object),
    /// JSON of a schema and an example of its own.
    Json(fn() -> Value, fn() -> Value),
    /// Text of one of these media types.
    Text(&'static [&'static str]),
}

/// An answer when all is well.
#[derive(Clone, Copy)]
pub(super) struct Success {
    pub(super) status: u16,
    pub(super) description: &'static str,
    pub(super) content: Content,
    /// The same content under another status, and what that means.
    pub(super) or: Option<(u16, &'static str)>,
}

impl Success {
    pub(super) const fn new(status: u16, description: &'static str, content: Content) -> Self {
        Self {
            status,
            description,
            content,
            or: None,
        }
    }

    /// The response object.
    pub(super) fn document(&self, operation: &Operation, schemas: &mut Schemas) -> Value {
        let json = |schema: Value, example: Value| json!({"application/json": {"schema": schema, "example": example}});
        let content = match self.content {
            Content::Nothing => None,
            Content::Object(object) => Some(json(schemas.object(&object), example::of(&(object.name)()))),
            Content::List(object) => Some(json(schemas.list(&object), example::list(&object))),
            Content::Array(object) => {
                let items = schemas.object(&object);
                let schema = json!({"type": "array", "items": items});
                Some(json(schema, json!([example::of(&(object.name)())])))
            }
            Content::Json(schema, example) => Some(json(schema(), example())),
            Content::Text(media_types) => Some(texts(media_types)),
        };
        let mut response = json!({"description": self.description});
        if let Some(content) = content {
            response["content"] = content;
        }
        let carried: Map<_, _> = HEADERS
            .iter()
            .filter(|header| (header.carried)(operation))
            .map(|header| (header.name.to_owned(), header.reference()))
            .collect();
        if !carried.is_empty() {
            response["headers"] = Value::Object(carried);
        }
        response
    }
}

fn texts(media_types: &[&str]) -> Value {
    let one = |media_type: &&str| ((*media_type).to_owned(), json!({"schema": {"type": "string"}}));
    media_types.iter().map(one).collect::<Map<_, _>>().into()
}

/// A header of answers.
pub(super) struct Header {
    name: &'static str,
    description: &'static str,
    schema: fn() -> Value,
    /// Whether an answer that may carry it always does.
    always: bool,
    /// Whether a good answer to an operation carries it.
    carried: fn(&Operation) -> bool,
}

/// Every header that tells a client something.
pub(super) const HEADERS: &[Header] = &[
    Header {
        name: "Allow",
        description: "Methods that the address answers.",
        schema: || json!({"type": "string", "examples": ["GET,HEAD,PUT, OPTIONS"]}),
        always: true,
        carried: |_| false,
    },
    Header {
        name: "Retry-After",
        description: "Seconds after which the request is worth repeating.",
        schema: || json!({"type": "integer", "minimum": 1}),
        always: true,
        carried: |_| false,
    },
    Header {
        name: "WWW-Authenticate",
        description: "The challenge of RFC 7617.",
        schema: || json!({"type": "string", "pattern": "^Basic "}),
        always: true,
        carried: |_| false,
    },
    Header {
        name: "Idempotency-Replayed",
        description: "`true` on an answer that was given before to the same `Idempotency-Key`.",
        schema: || json!({"type": "string", "const": "true"}),
        always: false,
        carried: |operation| operation.method != Verb::Get,
    },
    Header {
        name: "ETag",
        description: "Names the state of the object, whatever fields of it are sent; for `If-Match` and `If-None-Match`.",
        schema: || json!({"type": "string", "pattern": "^\"[0-9a-f]{32}\"$"}),
        always: true,
        carried: |operation| operation.stored && operation.method != Verb::Delete,
    },
    Header {
        name: "Location",
        description: "Where what was made is read, from the root of this host.",
        schema: || json!({"type": "string", "format": "uri-reference", "pattern": format!("^{BASE}/")}),
        always: true,
        carried: Operation::makes,
    },
];

impl Header {
    fn reference(&self) -> Value {
        json!({"$ref": format!("#/components/headers/{}", self.name)})
    }
}

/// `components/headers`.
pub(super) fn headers() -> Value {
    HEADERS
        .iter()
        .map(|header| {
            let value =
                json!({"description": header.description, "required": header.always, "schema": (header.schema)()});
            (header.name.to_owned(), value)
        })
        .collect::<Map<_, _>>()
        .into()
}

/// A way of being refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    BadRequest,
    Unauthorized,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    RequestTimeout,
    Conflict,
    PreconditionFailed,
    PayloadTooLarge,
    UnsupportedMediaType,
    UnprocessableEntity,
    TooManyRequests,
    InternalServerError,
    ServiceUnavailable,
}

impl Refusal {
    const ALL: &[Self] = &[
        Self::BadRequest,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::RequestTimeout,
        Self::Conflict,
        Self::PreconditionFailed,
        Self::PayloadTooLarge,
        Self::UnsupportedMediaType,
        Self::UnprocessableEntity,
        Self::TooManyRequests,
        Self::InternalServerError,
        Self::ServiceUnavailable,
    ];

    /// HTTP status.
    pub(super) fn status(self) -> u16 {
        self.row().0
    }

    /// Status, message of the example, what it means, header.
    fn row(self) -> (u16, &'static str, &'static str, Option<&'static str>) {
        match self {
            Self::BadRequest => (
                400,
                "Wrong value",
                "A field or parameter holds what it can't, is missing or unknown.",
                None,
            ),
            Self::Unauthorized => (
                401,
                "Unauthorized",
                "No credentials, or wrong ones (`Bad credentials`).",
                Some("WWW-Authenticate"),
            ),
            Self::Forbidden => (403, "Forbidden", "The account's role may not.", None),
            Self::NotFound => (
                404,
                "Not found",
                "There is no such object, or it is somebody else's.",
                None,
            ),
            Self::MethodNotAllowed => (
                405,
                "Method not allowed",
                "The address does not know this method.",
                Some("Allow"),
            ),
            Self::RequestTimeout => (408, "Request timeout", "The body did not come in time.", None),
            Self::Conflict => (
                409,
                "Conflict",
                "A number, code or name is already taken, or the first request with this `Idempotency-Key` is still at work, or how it ended was not kept.",
                None,
            ),
            Self::PreconditionFailed => (
                412,
                "Precondition failed",
                "The object is not as `If-Match` says; read it again. What changes by itself, as calls, meetings and lists do, has no tags.",
                None,
            ),
            Self::PayloadTooLarge => (413, "Payload too large", "The body is over 1 MiB.", None),
            Self::UnsupportedMediaType => (
                415,
                "Unsupported media type",
                "The body is not declared as application/json.",
                None,
            ),
            Self::UnprocessableEntity => (
                422,
                "Unprocessable entity",
                "The `Idempotency-Key` came with another request within the last day.",
                None,
            ),
            Self::TooManyRequests => (
                429,
                "Too many requests",
                "Too many requests of this login, or too many wrong credentials from here; with `errors`, that this account has used as many of `Idempotency-Key` as are kept, by their number or by the bytes of their answers, or its tenant by the latter, or has chosen too many access codes or logins that others may have.",
                Some("Retry-After"),
            ),
            Self::InternalServerError => (500, "Internal server error", "A fault of the bridge.", None),
            Self::ServiceUnavailable => (
                503,
                "Service unavailable",
                "The bridge is too busy, or its store can't be written to; with `errors`, of a list that it takes too long to be found, of a change that no more answers are kept for `Idempotency-Key` of all accounts.",
                Some("Retry-After"),
            ),
        }
    }

    /// Name among the components.
    fn name(self) -> String {
        format!("{self:?}")
    }

    /// A reference to the component.
    pub(super) fn reference(self) -> Value {
        json!({"$ref": format!("#/components/responses/{}", self.name())})
    }

    fn errors(self) -> Value {
        match self {
            Self::BadRequest => {
                json!([{"field": "gainLevel", "message": "expected whole decibels from -20 to 20"}])
            }
            Self::Conflict => json!([{"field": "meetingNumber", "message": "this number is already taken"}]),
            Self::PreconditionFailed => json!([{"field": "If-Match", "message": CURRENT_TAG}]),
            Self::Unauthorized
            | Self::Forbidden
            | Self::NotFound
            | Self::MethodNotAllowed
            | Self::RequestTimeout
            | Self::PayloadTooLarge
            | Self::UnsupportedMediaType
            | Self::UnprocessableEntity
            | Self::TooManyRequests
            | Self::InternalServerError
            | Self::ServiceUnavailable => json!([]),
        }
    }

    fn document(self) -> Value {
        let (status, message, description, header) = self.row();
        let example = json!({"code": status, "message": message, "errors": self.errors()});
        let schema = json!({"$ref": "#/components/schemas/Error"});
        let mut response = json!({
            "description": description,
            "content": {"application/json": {"schema": schema, "example": example}},
        });
        if let Some(header) = header {
            response["headers"] = json!({header: {"$ref": format!("#/components/headers/{header}")}});
        }
        response
    }
}

/// `components/responses`.
pub(super) fn refusals() -> Value {
    let all = Refusal::ALL.iter();
    all.map(|refusal| (refusal.name(), refusal.document()))
        .collect::<Map<_, _>>()
        .into()
}
