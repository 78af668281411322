//! What customers choose that others may have: access codes in DID groups which others use as well, and logins.
//!
//! Codes are unique within a group: one that is refused is somebody's, and one that is taken was nobody's, so that whoever chooses often enough
//! knows the codes of all. Where others have rooms each code that is chosen therefore counts as a guess, right or wrong, before it is looked up.
//! Beyond the allowance the server makes the codes, from which nothing can be learnt.
//!
//! Logins are unique in the whole bridge, and are often people's addresses. Nobody makes accounts in order to learn that a login is free, so that
//! those alone count that are strangers'; beyond the allowance none is looked at. How often either was so is counted by the bridge.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use model::directory::{Directory, Room};
use model::{DidGroupId, Sid};

use crate::auth::{Caller, Rates};
use crate::error::ApiError;
use crate::router::Api;

/// What is told beyond the allowance.
const LEAVE_OUT: &str = "too many codes were chosen within the hour in DID groups that others use as well: leave accessCode out, and codes are made";

/// Logins of strangers that one tenant may come upon in an hour.
const LOGINS_AN_HOUR: u32 = 20;
/// What is told beyond that.
const OTHERS_LOGINS: &str = "too many logins were chosen within the hour that are taken already";

/// How much each has chosen.
pub(crate) struct Chosen {
    codes: Option<Mutex<Rates>>,
    logins: Mutex<Rates>,
}

impl Chosen {
    /// So many codes an hour, as many of them at once; no limit of them where there is none.
    pub(crate) fn new(codes_an_hour: Option<u32>) -> Self {
        Self {
            codes: codes_an_hour.map(|most| Mutex::new(Rates::hourly(most))),
            logins: Mutex::new(Rates::hourly(LOGINS_AN_HOUR)),
        }
    }

    /// Takes `codes` of `chooser`, all or none; otherwise in how many seconds so many may be chosen, an hour at most.
    fn take_codes(&self, chooser: &Sid, codes: u32, now_ms: i64) -> Result<(), u64> {
        let rates = self.codes.as_ref();
        rates.map_or(Ok(()), |rates| locked(rates).take_many(chooser, codes, now_ms))
    }

    /// Takes a login, which counts where it `is_strangers`.
    fn take_login(&self, chooser: &Sid, is_strangers: bool, now_ms: i64) -> Result<(), u64> {
        let mut rates = locked(&self.logins);
        match is_strangers {
            true => rates.take(chooser, now_ms),
            false => rates.would_take(chooser, now_ms),
        }
    }
}

fn locked(rates: &Mutex<Rates>) -> MutexGuard<'_, Rates> {
    rates.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts a login that the caller chooses for an account of its tree, if it is a stranger's.
///
/// # Errors
/// 429: too many were; it was not looked at.
pub(crate) fn allow_login(api: &Api, caller: &Caller, login: &str) -> Result<(), ApiError> {
    let directory = &caller.directory;
    let is_not_above_all = |sid: &&Sid| directory.above_all() != Some(*sid);
    let Some(chooser) = upwards(directory, &caller.top)
        .take_while(is_not_above_all)
        .last()
    else {
        return Ok(());
    };
    let owner = directory.login(login);
    let is_strangers = owner.is_some_and(|owner| !caller.sees(&owner.sid));
    let taken = api.chosen.take_login(chooser, is_strangers, api.backend.now_ms());
    taken.map_err(|wait_s| {
        api.backend.login_refused();
        ApiError::too_many_requests(wait_s).and("login", OTHERS_LOGINS)
    })
}

/// Counts the codes that `room` has and had not `before`, except those that were `made` for it, wherever others could have them.
///
/// # Errors
/// 429: too many were chosen; none was looked at.
pub(crate) fn allow_codes(
    api: &Api,
    caller: &Caller,
    before: &Room,
    room: &Room,
    made: &HashSet<String>,
) -> Result<(), ApiError> {
    for group in room.active_groups() {
        let codes = new_in(group, before, room, made);
        if codes == 0 {
            continue;
        }
        let Some(chooser) = chooser(&caller.directory, &caller.top, group) else {
            continue;
        };
        let taken = api.chosen.take_codes(chooser, codes, api.backend.now_ms());
        taken.map_err(|wait_s| {
            api.backend.codes_refused(codes.into());
            ApiError::too_many_requests(wait_s).and("accessCode", LEAVE_OUT)
        })?;
    }
    Ok(())
}

fn new_in(group: DidGroupId, before: &Room, room: &Room, made: &HashSet<String>) -> u32 {
    let was_there = before.active_groups().any(|had| had == group);
    let old = before.keychain.iter().filter(|_| was_there);
    let old: HashSet<_> = old.map(|key| &key.access_code).collect();
    let codes = room.keychain.iter().map(|key| &key.access_code);
    let new = codes.filter(|code| !old.contains(*code) && !made.contains(*code));
    u32::try_from(new.count()).unwrap_or(u32::MAX)
}

/// Whose allowance a code of `group` is taken from: of the highest from `top` upwards to whom somebody with a room there is a stranger; nobody's
/// where all of them are of one's own. Were it each account's own, an administrator who makes accounts could choose without end.
fn chooser<'a>(directory: &'a Directory, top: &'a Sid, group: DidGroupId) -> Option<&'a Sid> {
    let has_strangers = |sid: &&Sid| {
        let mut owners = directory.owners(group);
        owners.any(|owner| !directory.is_within(owner, sid))
    };
    upwards(directory, top).take_while(has_strangers).last()
}

/// `top` and all above it.
fn upwards<'a>(directory: &'a Directory, top: &'a Sid) -> impl Iterator<Item = &'a Sid> {
    let above = move |sid: &&'a Sid| directory.subscriber(sid)?.parent_sid.as_ref();
    std::iter::successors(Some(top), above)
}
