use crate::dto::cdr::Cdr;
use crate::dto::mdr::Mdr;
use crate::openapi::operation::Operation;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        id: "listCallRecords",
        summary: "Calls that have ended",
        note: "The newest first; `order` by `created` only.",
        ..Operation::list::<Cdr>("/cdrs")
    },
    Operation {
        id: "listMeetingRecords",
        summary: "Meetings that have ended",
        note: "The newest first; `order` by `created` only.",
        ..Operation::list::<Mdr>("/mdrs")
    },
];
