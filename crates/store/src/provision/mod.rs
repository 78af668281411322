//! Objects written down in a TOML file, under the names the REST API gives them.

mod form;
mod place;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use model::attribute::{Level, Overrides, check_role_pin, resolve};
use model::directory::{
    CallFlow, Did, DidGroup, DidGroupReference, Directory, Edit, Key, Room, Subscriber, SubscriberRole,
};
use model::{DidGroupId, DidId, KeyId, MeetingNumber, Role, Sid};
use toml::Spanned;

use crate::assemble::{Objects, describe};
use form::{AttributesForm, DidForm, FileForm, GroupForm, KeyForm, ReferenceForm, RoomForm, SubscriberForm};
pub use place::ProvisionError;
use place::{after_key, problem};

/// What a file does not hold: secrets that the caller makes.
pub trait Secrets {
    /// The Argon2id hash, in PHC form, of the password of `login`: the one `given`, or one that this makes and tells somebody.
    fn password_hash(&mut self, login: &str, given: Option<&str>) -> Result<String, String>;

    /// An authentication token nobody can foresee.
    fn token(&mut self) -> String;
}

/// Reads provisioning files. The same file always makes the same edits, but for what [`Secrets`] makes.
pub struct Provisioning<'a> {
    /// Time of creation of all objects, epoch ms.
    pub now_ms: i64,
    /// Id of the first access code; the others count up from it.
    pub first_key: KeyId,
    /// Makes secrets.
    pub secrets: &'a mut dyn Secrets,
}

impl Provisioning<'_> {
    /// The edits that make the objects of `text` in an empty directory, or everything that is wrong with it.
    pub fn read(self, text: &str) -> Result<Vec<Edit>, Vec<ProvisionError>> {
        let file: FileForm =
            toml::from_str(text).map_err(|error| vec![ProvisionError::of_toml(text, &error)])?;
        let mut reader = Reader {
            text,
            next_key: self.first_key.0,
            now_ms: self.now_ms,
            secrets: self.secrets,
            problems: Vec::new(),
        };
        let (objects, places) = reader.objects(file);
        if !reader.problems.is_empty() {
            return Err(reader.problems);
        }
        let edits = objects.edits();
        try_out(text, &edits, &places).map_err(|problem| vec![problem])?;
        Ok(edits)
    }
}

/// Where each object stands in the file, by the name it has in messages.
type Places = HashMap<String, Range<usize>>;

/// Finds the first edit that an empty directory would refuse.
fn try_out(text: &str, edits: &[Edit], places: &Places) -> Result<(), ProvisionError> {
    let mut directory = Directory::default();
    for edit in edits {
        directory = directory.edited(edit.clone()).map_err(|error| {
            let object = describe(edit);
            let start = places.get(&object).map_or(0, |place| place.start);
            let at = after_key(text, start, error.field);
            problem(text, at, error.field, format!("{} ({object})", error.message))
        })?;
    }
    Ok(())
}

struct Reader<'a> {
    text: &'a str,
    next_key: u64,
    now_ms: i64,
    secrets: &'a mut dyn Secrets,
    problems: Vec<ProvisionError>,
}

impl Reader<'_> {
    fn objects(&mut self, file: FileForm) -> (Objects, Places) {
        let mut places = Places::new();
        let subscribers = self.all(
            file.subscribers,
            &mut places,
            Self::subscriber,
            Edit::PutSubscriber,
        );
        let groups = self.all(file.did_groups, &mut places, Self::group, Edit::PutGroup);
        let dids = self.all(file.dids, &mut places, Self::did, Edit::PutDid);
        let rooms = self.all(file.meeting_rooms, &mut places, Self::room, Edit::PutRoom);
        let objects = Objects {
            subscribers,
            groups,
            dids,
            rooms,
        };
        (objects, places)
    }

    /// Converts all forms of one kind and notes where they stand.
    fn all<F, T: Clone>(
        &mut self,
        forms: Vec<Spanned<F>>,
        places: &mut Places,
        convert: fn(&mut Self, usize, F) -> T,
        put: fn(T) -> Edit,
    ) -> Vec<T> {
        let mut objects = Vec::with_capacity(forms.len());
        for form in forms {
            let span = form.span();
            let object = convert(self, span.start, form.into_inner());
            let name = describe(&put(object.clone()));
            if places.contains_key(&name) {
                self.complain(span.start, "id", format!("{name} stands twice in this file"));
            }
            places.insert(name, span);
            objects.push(object);
        }
        objects
    }

    fn subscriber(&mut self, at: usize, form: SubscriberForm) -> Subscriber {
        let role = *form.role.get_ref();
        Subscriber {
            password_hash: self.password_hash(at, &form),
            authentication_token: self.secrets.token(),
            sid: Sid::new(&form.sid),
            parent_sid: form.parent_sid.as_deref().map(Sid::new),
            login: form.login,
            created_ms: self.now_ms,
            first_name: form.first_name,
            last_name: form.last_name,
            email: form.email,
            phone_number: form.phone_number,
            ext: form.ext,
            details: form.details,
            external_id: form.external_id,
            role: SubscriberRole::from_wire(role).unwrap_or_else(|| {
                let expected = "expected 1 (administrator), 2 (operator) or 3 (regular user)";
                self.complain(form.role.span().start, "role", expected);
                SubscriberRole::Regular
            }),
            did_group_references: self.references(form.did_group_references),
            callback: None,
        }
    }

    fn password_hash(&mut self, at: usize, form: &SubscriberForm) -> String {
        let made = match (&form.password, &form.password_hash) {
            (Some(_), Some(_)) => Err("expected password or passwordHash, not both".to_owned()),
            (None, Some(hash)) if hash.starts_with("$argon2id$") => Ok(hash.clone()),
            (None, Some(_)) => Err("expected an Argon2id hash in PHC form ($argon2id$…)".to_owned()),
            (given, None) => self.secrets.password_hash(&form.login, given.as_deref()),
        };
        made.unwrap_or_else(|message| {
            let field = if form.password_hash.is_some() {
                "passwordHash"
            } else {
                "password"
            };
            self.complain(after_key(self.text, at, field), field, message);
            String::new()
        })
    }

    fn group(&mut self, at: usize, form: GroupForm) -> DidGroup {
        let attributes = self.attributes(Level::Group, form.attributes);
        if let Err(error) = check_role_pin(&resolve(&[&attributes]).policy) {
            let name = error.name();
            self.complain(after_key(self.text, at, name), name, error.to_string());
        }
        DidGroup {
            id: DidGroupId(form.id),
            name: form.name,
            description: form.description,
            call_flow: self.call_flow(&form.call_flow_id),
            subscriber_sid: Sid::new(&form.subscriber_sid),
            attributes,
        }
    }

    fn did(&mut self, _at: usize, form: DidForm) -> Did {
        Did {
            id: DidId(form.id),
            phone_number: form.phone_number,
            country_code: form.country_code,
            description: form.description,
            did_group_id: DidGroupId(form.did_group_id),
            attributes: self.attributes(Level::Did, form.attributes),
        }
    }

    fn room(&mut self, _at: usize, form: RoomForm) -> Room {
        let primary = DidGroupId(form.primary_did_group_id);
        let own = DidGroupReference {
            did_group_id: primary,
            disabled: false,
        };
        Room {
            meeting_number: MeetingNumber(form.meeting_number),
            created_ms: self.now_ms,
            description: form.description,
            call_flow: self.call_flow(&form.call_flow_id),
            attributes: self.attributes(Level::Room, form.attributes),
            did_group_references: match form.did_group_references {
                Some(references) => self.references(references),
                None => vec![own],
            },
            keychain: form.keychain.into_iter().map(|key| self.key(key)).collect(),
            primary_did_group_id: primary,
            subscriber_sid: Sid::new(&form.subscriber_sid),
        }
    }

    fn key(&mut self, form: KeyForm) -> Key {
        let id = KeyId(self.next_key);
        self.next_key = self.next_key.saturating_add(1);
        let role = Role::from_wire(*form.role.get_ref()).unwrap_or_else(|| {
            let expected = "expected 1 (host), 2 (participant) or 3 (listener)";
            self.complain(form.role.span().start, "role", expected);
            Role::Listener
        });
        Key {
            id,
            access_code: form.access_code,
            role,
        }
    }

    fn references(&mut self, forms: Vec<ReferenceForm>) -> Vec<DidGroupReference> {
        let each = forms.into_iter().map(|form| {
            let state = *form.state.get_ref();
            if state > 1 {
                self.complain(
                    form.state.span().start,
                    "state",
                    "expected 0 (active) or 1 (disabled)",
                );
            }
            DidGroupReference {
                did_group_id: DidGroupId(form.did_group_id),
                disabled: state == 1,
            }
        });
        each.collect()
    }

    fn call_flow(&mut self, id: &Spanned<u64>) -> CallFlow {
        CallFlow::from_id(*id.get_ref()).unwrap_or_else(|| {
            self.complain(id.span().start, "callFlowId", "expected 1 (SPECTEL) or 3 (CONF)");
            CallFlow::Conf
        })
    }

    fn attributes(&mut self, level: Level, form: AttributesForm) -> Overrides {
        let mut overrides = Overrides::new(level);
        for (name, value) in BTreeMap::from_iter(form) {
            if let Err(error) = overrides.put(name.get_ref(), value.get_ref()) {
                self.complain(name.span().start, name.get_ref(), error.to_string());
            }
        }
        overrides
    }

    fn complain(&mut self, at: usize, field: &str, message: impl Into<String>) {
        self.problems.push(problem(self.text, at, field, message.into()));
    }
}
