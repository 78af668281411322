//! Access codes that customers choose in DID groups which others use as well.
//!
//! Codes are unique within a group: one that is refused is somebody's, and one that is taken was nobody's, so that whoever chooses often enough
//! knows the codes of all. Where others have rooms each code that is chosen therefore counts as a guess, right or wrong, before it is looked up.
//! Beyond the allowance the server makes the codes, from which nothing can be learnt. How often that was so is counted by the bridge.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use model::directory::{Directory, Room};
use model::{DidGroupId, Sid};

use crate::auth::{Caller, Rates};
use crate::error::ApiError;
use crate::router::Api;

/// What is told beyond the allowance.
const LEAVE_OUT: &str = "too many codes were chosen within the hour in DID groups that others use as well: leave accessCode out, and codes are made";

/// How many each has chosen.
pub(crate) struct ChosenCodes(Option<Mutex<Rates>>);

impl ChosenCodes {
    /// So many an hour, as many of them at once; no limit where there is none.
    pub(crate) fn new(an_hour: Option<u32>) -> Self {
        Self(an_hour.map(|most| Mutex::new(Rates::hourly(most))))
    }

    /// Takes `codes` of `chooser`, all or none; otherwise in how many seconds so many may be chosen, an hour at most.
    fn take(&self, chooser: &Sid, codes: u32, now_ms: i64) -> Result<(), u64> {
        let Some(rates) = &self.0 else { return Ok(()) };
        let mut rates = rates.lock().unwrap_or_else(PoisonError::into_inner);
        rates.take_many(chooser, codes, now_ms)
    }
}

/// Counts the codes that `room` has and had not `before`, except those that were `made` for it, wherever others could have them.
///
/// # Errors
/// 429: too many were chosen; none was looked at.
pub(crate) fn allow(
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
        let taken = api.chosen.take(chooser, codes, api.backend.now_ms());
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
    let above = |sid: &&'a Sid| directory.subscriber(sid)?.parent_sid.as_ref();
    let upwards = std::iter::successors(Some(top), above);
    upwards.take_while(has_strangers).last()
}
