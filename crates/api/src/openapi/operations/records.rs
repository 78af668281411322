use crate::dto::audit::Change;
use crate::dto::cdr::Cdr;
use crate::dto::mdr::Mdr;
use crate::openapi::answer::Refusal;
use crate::openapi::operation::Operation;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        id: "listCallRecords",
        summary: "Calls that have ended",
        note: "The newest first, unless `order` says otherwise. Calls of unknown numbers are shown to the account above all others.",
        ..Operation::list::<Cdr>("/cdrs")
    },
    Operation {
        id: "listMeetingRecords",
        summary: "Meetings that have ended",
        note: "The newest first, unless `order` says otherwise.",
        ..Operation::list::<Mdr>("/mdrs")
    },
    Operation {
        id: "listChanges",
        summary: "Who changed what",
        note: "For administrators. The newest first, unless `order` says otherwise. Values are not told.",
        refusals: &[Refusal::BadRequest, Refusal::Forbidden],
        ..Operation::list::<Change>("/audit")
    },
];
