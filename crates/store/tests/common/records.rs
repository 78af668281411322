//! Records for the tests of the store.

use model::{Cause, Cdr, LegId, MeetingId, MeetingNumber, Role, Sid};

/// A call of `tenant`.
pub(crate) fn cdr(leg: u64, tenant: Option<&str>, created_ms: i64) -> Cdr {
    Cdr {
        leg: LegId(leg),
        subscriber_sid: tenant.map(Sid::new),
        callee: "15162065319".into(),
        caller: "+12025550123".into(),
        source: "192.0.2.7:5060".into(),
        outbound: false,
        codec: "PCMU".into(),
        created_ms,
        answered_ms: Some(created_ms + 5),
        joined_ms: None,
        ended_ms: created_ms + 900,
        meeting: Some((MeetingId(3), MeetingNumber(106_131))),
        role: Some(Role::Listener),
        access_code: "333".into(),
        custom_name: "Ann".into(),
        cause: Cause::HungUp,
        sip_status: 200,
    }
}
