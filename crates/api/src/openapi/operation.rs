//! A row of the table: one method of one route.

use schemars::JsonSchema;
use serde_json::{Map, Value, json};

use super::answer::{Content, Object, Refusal, Success};
use super::parameter;
use super::request::Body;
use super::schema::Schemas;
use crate::fields::Wire;
use crate::router::BASE;

/// Methods that are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Get,
    Post,
    Put,
    Delete,
}

impl Verb {
    /// As it stands in a path item.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
            Self::Put => "put",
            Self::Delete => "delete",
        }
    }
}

/// The status of what was made.
const CREATED: u16 = 201;

/// What is answered in place of an object that the client has already.
const KNOWN: Success = Success::new(
    304,
    "It is as `If-None-Match` says that the client has it.",
    Content::Nothing,
);

/// One method of one route.
pub(super) struct Operation {
    pub(super) method: Verb,
    /// As in the router, below the base unless it is open.
    pub(super) path: &'static str,
    /// Name of the operation in generated clients.
    pub(super) id: &'static str,
    /// One line.
    pub(super) summary: &'static str,
    /// More, where there is more to say.
    pub(super) note: &'static str,
    /// What is sent.
    pub(super) body: Option<Body>,
    /// Most of these in a bare array, where one is sent.
    pub(super) list_max: Option<usize>,
    /// What is answered when all is well.
    pub(super) success: Success,
    /// How it may be refused, beside what every operation has.
    pub(super) refusals: &'static [Refusal],
    /// Whether it is done to the objects that a filter chooses.
    pub(super) filtered: bool,
    /// Whether it is about one stored object, or makes one: answers carry its tag, and requests may name the one they know.
    pub(super) stored: bool,
    /// Whether it answers a stream to those who ask for one.
    pub(super) streams: bool,
    /// Whether it needs no login; then its path begins at the root.
    pub(super) open: bool,
}

impl Operation {
    const fn new(method: Verb, path: &'static str, success: Success, refusals: &'static [Refusal]) -> Self {
        Self {
            method,
            path,
            id: "",
            summary: "",
            note: "",
            body: None,
            list_max: None,
            success,
            refusals,
            filtered: false,
            stored: false,
            streams: false,
            open: false,
        }
    }

    /// A page of objects of a collection.
    pub(super) const fn list<D: Wire + JsonSchema>(path: &'static str) -> Self {
        let success = Success::new(200, "A page.", Content::List(Object::of::<D>()));
        Self::new(Verb::Get, path, success, &[Refusal::BadRequest])
    }

    /// A page of what belongs to the object in the path.
    pub(super) const fn list_below<D: Wire + JsonSchema>(path: &'static str) -> Self {
        let refusals = &[Refusal::BadRequest, Refusal::NotFound];
        Self {
            refusals,
            ..Self::list::<D>(path)
        }
    }

    /// A bare array of what belongs to the object in the path.
    pub(super) const fn array_below<D: Wire + JsonSchema>(path: &'static str) -> Self {
        let success = Success::new(
            200,
            "All, or as many as `limit` says.",
            Content::Array(Object::of::<D>()),
        );
        Self {
            success,
            ..Self::list_below::<D>(path)
        }
    }

    /// One object.
    pub(super) const fn read<D: Wire + JsonSchema>(path: &'static str) -> Self {
        let success = Success::new(200, "The object.", Content::Object(Object::of::<D>()));
        Self::new(
            Verb::Get,
            path,
            success,
            &[Refusal::BadRequest, Refusal::NotFound],
        )
    }

    /// A new object; operators may not.
    pub(super) const fn create<D: Wire + JsonSchema>(path: &'static str, body: Body) -> Self {
        let success = Success::new(
            CREATED,
            "The object that was made.",
            Content::Object(Object::of::<D>()),
        );
        let refusals = &[
            Refusal::BadRequest,
            Refusal::Forbidden,
            Refusal::RequestTimeout,
            Refusal::Conflict,
            Refusal::PayloadTooLarge,
            Refusal::UnsupportedMediaType,
        ];
        Self {
            body: Some(body),
            ..Self::new(Verb::Post, path, success, refusals)
        }
    }

    /// A new object that belongs to the one in the path; operators may not.
    pub(super) const fn create_below<D: Wire + JsonSchema>(path: &'static str, body: Body) -> Self {
        let refusals = &[
            Refusal::BadRequest,
            Refusal::Forbidden,
            Refusal::NotFound,
            Refusal::UnsupportedMediaType,
        ];
        Self {
            refusals,
            ..Self::create::<D>(path, body)
        }
    }

    /// A configured object changed; operators may not.
    pub(super) const fn update<D: Wire + JsonSchema>(path: &'static str, body: Body) -> Self {
        let refusals = &[
            Refusal::BadRequest,
            Refusal::Forbidden,
            Refusal::NotFound,
            Refusal::RequestTimeout,
            Refusal::Conflict,
            Refusal::PayloadTooLarge,
            Refusal::UnsupportedMediaType,
        ];
        Self {
            refusals,
            ..Self::steer::<D>(path, body)
        }
    }

    /// Something live changed.
    pub(super) const fn steer<D: Wire + JsonSchema>(path: &'static str, body: Body) -> Self {
        let success = Success::new(
            200,
            "The object as it is now.",
            Content::Object(Object::of::<D>()),
        );
        let refusals = &[
            Refusal::BadRequest,
            Refusal::NotFound,
            Refusal::RequestTimeout,
            Refusal::PayloadTooLarge,
            Refusal::UnsupportedMediaType,
        ];
        Self {
            body: Some(body),
            ..Self::new(Verb::Put, path, success, refusals)
        }
    }

    /// A configured object deleted; operators may not.
    pub(super) const fn delete(path: &'static str) -> Self {
        Self {
            refusals: &[Refusal::Forbidden, Refusal::NotFound],
            ..Self::end(path)
        }
    }

    /// Something live ended.
    pub(super) const fn end(path: &'static str) -> Self {
        let success = Success::new(204, "Done.", Content::Nothing);
        Self::new(Verb::Delete, path, success, &[Refusal::NotFound])
    }

    /// A stream.
    pub(super) const fn stream(path: &'static str, success: Success) -> Self {
        Self::new(Verb::Get, path, success, &[])
    }

    /// Something done to the object in the path, without a body; operators may not.
    pub(super) const fn act(path: &'static str, success: Success) -> Self {
        Self::new(
            Verb::Post,
            path,
            success,
            &[Refusal::Forbidden, Refusal::NotFound],
        )
    }

    /// Something told to everybody, from the root.
    pub(super) const fn open(path: &'static str, success: Success) -> Self {
        Self {
            open: true,
            ..Self::new(Verb::Get, path, success, &[])
        }
    }

    /// The same, about one stored object.
    pub(super) const fn stored(self) -> Self {
        Self { stored: true, ..self }
    }

    /// Whether it makes an object with an address of its own.
    pub(super) fn makes(&self) -> bool {
        self.success.status == CREATED
    }

    /// Whether it changes a stored object that is there already.
    pub(super) fn changes_stored(&self) -> bool {
        self.stored
            && match self.method {
                Verb::Put | Verb::Delete => true,
                Verb::Post => !self.makes(),
                Verb::Get => false,
            }
    }

    /// Whether it sends a stored object.
    pub(super) fn reads_stored(&self) -> bool {
        self.stored && self.method == Verb::Get
    }

    /// The path from the root.
    pub(super) fn full_path(&self) -> String {
        match self.open {
            true => self.path.to_owned(),
            false => format!("{BASE}{}", self.path),
        }
    }

    /// The operation object.
    pub(super) fn document(&self, tag: &str, schemas: &mut Schemas) -> Value {
        let mut operation = json!({
            "operationId": self.id,
            "tags": [tag],
            "summary": self.summary,
            "parameters": parameter::of(self, schemas),
            "responses": self.responses(schemas),
            "x-codeSamples": [{"lang": "Shell", "label": "curl", "source": self.curl()}],
        });
        if !self.note.is_empty() {
            operation["description"] = self.note.into();
        }
        if let Some(body) = &self.body {
            operation["requestBody"] = body.document(self.list_max, schemas);
        }
        if self.open {
            operation["security"] = json!([]);
        }
        operation
    }

    fn responses(&self, schemas: &mut Schemas) -> Value {
        let mut responses = Map::new();
        let always: &[Refusal] = match self.open {
            true => &[Refusal::InternalServerError],
            false => &[
                Refusal::Unauthorized,
                Refusal::TooManyRequests,
                Refusal::InternalServerError,
                Refusal::ServiceUnavailable,
            ],
        };
        // Whatever changes something takes an idempotency key.
        let changes: &[Refusal] = match self.method {
            Verb::Get => &[],
            Verb::Post | Verb::Put | Verb::Delete => &[
                Refusal::BadRequest,
                Refusal::RequestTimeout,
                Refusal::Conflict,
                Refusal::PayloadTooLarge,
                Refusal::UnprocessableEntity,
            ],
        };
        // Whatever needs a login may be asked for on conditions.
        let stale: &[Refusal] = match self.open {
            true => &[],
            false => &[Refusal::BadRequest, Refusal::PreconditionFailed],
        };
        let refusals = always.iter().chain(changes).chain(stale);
        for refusal in refusals.chain(self.refusals) {
            responses.insert(refusal.status().to_string(), refusal.reference());
        }
        let success = &self.success;
        responses.insert(success.status.to_string(), success.document(self, schemas));
        if !self.open && self.method == Verb::Get {
            responses.insert("304".to_owned(), KNOWN.document(self, schemas));
        }
        if let Some((status, description)) = success.or {
            let other = Success {
                status,
                description,
                ..*success
            };
            responses.insert(status.to_string(), other.document(self, schemas));
        }
        Value::Object(responses)
    }

    /// The call as it is typed; `$CALL`, `$ROOM` and the like stand for the objects that the path names.
    fn curl(&self) -> String {
        let path = parameter::in_shell(self.path);
        if self.open {
            return format!("curl --fail --cacert data/cert.pem \"${{API%{BASE}}}{path}\"");
        }
        let mut words = vec!["curl --fail --cacert data/cert.pem -u \"$LOGIN\"".to_owned()];
        if self.method != Verb::Get {
            words.push(format!("-X {}", self.method.name().to_uppercase()));
        }
        if let Some(body) = &self.body {
            let sent = (body.example)().to_string().replace('\'', "'\\''");
            words.push(format!(
                "-H 'Content-Type: application/json' --data-binary '{sent}'"
            ));
        }
        words.push(format!("\"$API{path}\""));
        words.join(" ")
    }
}
