//! A store as it is after years: calls by the million, and a change of each in the audit, written as the bridge writes them.

use std::ops::Range;
use std::path::Path;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use model::directory::Directory;
use model::{Actor, Cause, Cdr, LegId, MeetingId, MeetingNumber, Role, Sid};
use store::{AuditEntry, IdKind, Record, SqliteStore, Store, StoreError};

/// The bridge's store in the folder of its data.
const FILE: &str = "partyline.db";
/// Calls of one transaction.
const BATCH: u64 = 500;
/// Callers there are; each calls as often as the others.
const CALLERS: u64 = 20_000;
/// Calls of one meeting.
const A_MEETING: u64 = 20;
/// One call in so many is of the account below, the others of the one above all.
pub(crate) const OF_ONE: u64 = 10;
/// The time in which all calls came.
const SPAN_MS: u64 = 365 * 24 * 3_600_000;
/// No factor of it is one of the figures above: it spreads what goes up over what does not.
const STRIDE: u64 = 7_919;

/// What is in the store.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    /// Calls, and as many changes in the audit.
    pub(crate) rows: u64,
    legs: Range<u64>,
    meetings: Range<u64>,
    /// When the first call came, epoch ms.
    begin_ms: u64,
    /// The account above all others, and the one below.
    owners: [Sid; 2],
}

impl Stored {
    /// Fills the store in `data`, which no bridge has open, and tells how far it is.
    ///
    /// # Errors
    /// It can't be opened or written.
    pub(crate) fn fill(data: &Path, rows: u64) -> Result<Self, String> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| error.to_string())?;
        let filled = runtime.block_on(async {
            let store = SqliteStore::open(&data.join(FILE)).await?;
            let stored = Self::begin(&store, rows).await?;
            stored.write(&store).await?;
            store.close().await?;
            Ok::<_, StoreError>(stored)
        });
        filled.map_err(|error| format!("the store: {error}"))
    }

    async fn begin(store: &SqliteStore, rows: u64) -> Result<Self, StoreError> {
        let directory = store.load().await?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Self {
            rows,
            legs: store.reserve(IdKind::Leg, rows).await?,
            meetings: store.reserve(IdKind::Meeting, rows.div_ceil(A_MEETING)).await?,
            begin_ms: (now.as_millis() as u64).saturating_sub(SPAN_MS),
            owners: [owner(&directory, "admin")?, owner(&directory, "demo")?],
        })
    }

    async fn write(&self, store: &SqliteStore) -> Result<(), StoreError> {
        let (start, part) = (Instant::now(), (self.rows / 20).max(1));
        let mut told = 0;
        for from in (0..self.rows).step_by(BATCH as usize) {
            let batch = from..(from + BATCH).min(self.rows);
            let records: Vec<_> = batch.clone().flat_map(|number| self.records(number)).collect();
            store.add_records(&records).await?;
            if batch.end / part > told {
                told = batch.end / part;
                let seconds = start.elapsed().as_secs();
                eprintln!(
                    "  {} of {} calls and changes written, {seconds} s",
                    batch.end, self.rows
                );
            }
        }
        Ok(())
    }

    fn records(&self, number: u64) -> [Record; 2] {
        let cdr = self.cdr(number);
        let change = AuditEntry {
            at_ms: cdr.ended_ms,
            actor: Actor::User(self.owner(number).clone()),
            owner: self.owner(number).clone(),
            action: "mute",
            object: self.object(number),
        };
        [Record::Call(Box::new(cdr)), Record::Audit(change)]
    }

    fn cdr(&self, number: u64) -> Cdr {
        let created_ms = self.created_ms(number);
        // From a second to an hour.
        let took_ms = 1_000 + (number * STRIDE % 3_599_000) as i64;
        let meeting = MeetingId(self.meetings.start + number / A_MEETING);
        Cdr {
            leg: LegId(self.legs.start + number),
            subscriber_sid: Some(self.owner(number).clone()),
            callee: "15162065319".to_owned(),
            caller: self.caller(number),
            source: "192.0.2.7:5060".to_owned(),
            outbound: false,
            codec: "PCMU".to_owned(),
            created_ms,
            answered_ms: Some(created_ms + 500),
            joined_ms: Some(created_ms + 800),
            ended_ms: created_ms + took_ms,
            meeting: Some((meeting, MeetingNumber(106_131))),
            role: Some(Role::Participant),
            access_code: "222".to_owned(),
            custom_name: String::new(),
            cause: Cause::HungUp,
            sip_status: 200,
        }
    }

    fn owner(&self, number: u64) -> &Sid {
        let [above, below] = &self.owners;
        if number.is_multiple_of(OF_ONE) {
            below
        } else {
            above
        }
    }

    /// Calls, and changes, that the account below has.
    pub(crate) fn of_one(&self) -> u64 {
        self.rows.div_ceil(OF_ONE)
    }

    /// Id of the call with this number, counted from the oldest.
    pub(crate) fn leg(&self, number: u64) -> u64 {
        self.legs.start + number
    }

    /// The object of the change that belongs to it.
    pub(crate) fn object(&self, number: u64) -> String {
        format!("call {}", self.leg(number))
    }

    /// Who called.
    pub(crate) fn caller(&self, number: u64) -> String {
        format!("+120255{:05}", number * STRIDE % CALLERS)
    }

    /// When it came, epoch ms.
    pub(crate) fn created_ms(&self, number: u64) -> i64 {
        (self.begin_ms + number * SPAN_MS / self.rows) as i64
    }

    /// A number of a call, another for each `turn`.
    pub(crate) fn any(&self, turn: u64) -> u64 {
        (turn + 1) * STRIDE % self.rows
    }
}

fn owner(directory: &Directory, login: &str) -> Result<Sid, StoreError> {
    let owner = directory.login(login).map(|subscriber| subscriber.sid.clone());
    owner.ok_or_else(|| StoreError::Failed(format!("it has no account {login}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_come_one_after_another_for_a_year_and_one_in_ten_is_of_the_account_below() {
        let stored = Stored {
            rows: 1_000_000,
            legs: 1..1_000_001,
            meetings: 1..50_001,
            begin_ms: 1_700_000_000_000,
            owners: [Sid::new("above"), Sid::new("below")],
        };
        let (first, second, last) = (stored.cdr(0), stored.cdr(1), stored.cdr(999_999));
        assert_eq!(second.created_ms - first.created_ms, 31_536);
        assert_eq!(last.created_ms, 1_700_000_000_000 + SPAN_MS as i64 - 31_536);
        let below = (0..1_000).filter(|number| stored.owner(*number).as_str() == "below");
        assert_eq!((below.count(), stored.of_one()), (100, 100_000));
        let of_caller = (0..100_000).filter(|number| stored.caller(*number) == first.caller);
        assert_eq!(of_caller.count(), 5);
        assert_eq!(stored.object(6), "call 7");
    }
}
