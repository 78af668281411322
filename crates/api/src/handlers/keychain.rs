//! Access codes of a room: kept, given, or made.

use std::collections::HashSet;

use model::directory::{Key, Room};
use model::{KeyId, Role};
use serde_json::Value;

use super::editing::NEW_ID;
use crate::auth::Caller;
use crate::backend::Backend;
use crate::error::ApiError;
use crate::value;

/// Digits of a code that the server makes.
const DIGITS: u32 = 9;
/// Digits in a DID group that has many codes, where a guess would hit too often.
const DIGITS_OF_MANY: u32 = 11;
/// More codes than these are many.
const MANY: usize = 10_000;
/// Codes to try before giving up; with a thousand million of them the second is rare.
const TRIES: usize = 100;
/// Fields of a key.
pub(crate) const FIELDS: &[&str] = &["accessCode", "id", "role"];
/// Most codes of one room.
pub(crate) const KEYS_MAX: usize = 1000;

/// A key as a request asks for it.
#[derive(Debug)]
pub(super) struct Wanted {
    id: Option<KeyId>,
    access_code: Option<String>,
    role: Role,
}

/// Reads `keychain`.
pub(super) fn read(value: &Value) -> Result<Vec<Wanted>, ApiError> {
    let keys = value::objects("keychain", value)?;
    if keys.len() > KEYS_MAX {
        return Err(ApiError::wrong_value("keychain", "expected at most 1000 codes"));
    }
    keys.into_iter().map(wanted).collect()
}

fn wanted(key: &serde_json::Map<String, Value>) -> Result<Wanted, ApiError> {
    value::only(key, &[FIELDS])?;
    let missing = || ApiError::incomplete().and("role", "is required for each key of the keychain");
    let role = value::present(key, "role").ok_or_else(missing)?;
    let role = value::integer("role", role, 1..=3).ok().and_then(Role::from_wire);
    let id = value::present(key, "id").map(|id| value::id("id", id));
    let code = value::present(key, "accessCode").map(|code| value::code("accessCode", code));
    Ok(Wanted {
        id: id.transpose()?.map(KeyId),
        access_code: code.transpose()?,
        role: role
            .ok_or_else(|| ApiError::wrong_value("role", "expected 1 host, 2 participant or 3 listener"))?,
    })
}

/// Gives `room` the keys that are `wanted`, in place of those it has. Codes that stay keep their ids; a key without a code
/// keeps the code of the key whose id it names, else gets one that nobody can foresee. New keys get their ids when all is good. Answers
/// the codes that were made. Refuses an id that no key has, or one with another code, which would be left out of account.
pub(super) fn replace(
    room: &mut Room,
    wanted: Vec<Wanted>,
    caller: &Caller,
    backend: &dyn Backend,
) -> Result<HashSet<String>, ApiError> {
    let mut made = HashSet::new();
    let old = std::mem::take(&mut room.keychain);
    for key in wanted {
        let named = named(&old, &key)?;
        let access_code = match key.access_code.or(named.map(|old| old.access_code.clone())) {
            Some(code) => code,
            None => {
                let code = unforeseen(room, &old, caller, backend)?;
                made.insert(code.clone());
                code
            }
        };
        let kept = old.iter().find(|old| old.access_code == access_code);
        room.keychain.push(Key {
            id: kept.map_or(KeyId(NEW_ID), |old| old.id),
            access_code,
            role: key.role,
        });
    }
    Ok(made)
}

/// The key whose id `wanted` has, if it has one.
fn named<'a>(old: &'a [Key], wanted: &Wanted) -> Result<Option<&'a Key>, ApiError> {
    let Some(id) = wanted.id else {
        return Ok(None);
    };
    let keeps_code = |key: &&Key| {
        wanted
            .access_code
            .as_ref()
            .is_none_or(|code| *code == key.access_code)
    };
    let known = old.iter().find(|key| key.id == id).filter(keeps_code);
    let expected = "expected the id of a code of this room alone or with that code, or a code without an id";
    known.map_or_else(
        || Err(ApiError::wrong_value("keychain", expected)),
        |key| Ok(Some(key)),
    )
}

fn unforeseen(room: &Room, old: &[Key], caller: &Caller, backend: &dyn Backend) -> Result<String, ApiError> {
    let directory = &caller.directory;
    let many = room.active_groups().any(|group| directory.codes(group) > MANY);
    let digits = if many { DIGITS_OF_MANY } else { DIGITS };
    let free = |code: &String| {
        let taken = room
            .active_groups()
            .any(|group| directory.grant(group, code).is_some());
        let mut own = room.keychain.iter().chain(old);
        !taken && !own.any(|key| key.access_code == *code)
    };
    let mut codes = std::iter::repeat_with(|| random_digits(backend.random(), digits));
    let code = codes.by_ref().take(TRIES).find(free);
    code.ok_or_else(ApiError::unavailable)
}

/// `digits` decimal digits out of 64 random bits; none is likelier than another by more than 1 in 10^7.
fn random_digits(random: u64, digits: u32) -> String {
    let width = digits as usize;
    format!("{:0width$}", random % 10_u64.pow(digits))
}
