//! What was taken in, refused and dropped, counted by reason.

/// Counters since construction; they only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Requests read without fault.
    pub requests: u64,
    /// Responses read without fault.
    pub responses: u64,
    /// Messages sent, retransmissions included.
    pub sent: u64,
    /// Copies of a request already in hand, answered by its transaction.
    pub retransmissions: u64,
    /// Faulty requests answered with 400, 413, 505 or 513.
    pub malformed: u64,
    /// Input that is no message, has no usable Via, or is a faulty response or ACK: dropped unanswered.
    pub noise: u64,
    /// Responses that belong to none of our transactions.
    pub stray_responses: u64,
    /// ACKs that belong to no transaction and no dialog.
    pub stray_acks: u64,
    /// Requests outside of a call answered without keeping state (OPTIONS, 405, 416, 420, 481, 501 …).
    pub stateless_answers: u64,
    /// Copies of a call that reached us on two paths, answered with 482.
    pub merged: u64,
    /// Requests inside a dialog whose CSeq was not higher than the last.
    pub out_of_order: u64,
    /// New INVITEs refused because the door was shut to their source.
    pub shut_out: u64,
    /// New INVITEs refused because there were too many calls.
    pub shed_calls: u64,
    /// New INVITEs refused because there were too many transactions.
    pub shed_transactions: u64,
    /// New INVITEs refused because their source address had too many transactions.
    pub shed_source: u64,
    /// Requests inside a dialog refused because even the reserve of transactions was used up.
    pub shed_in_dialog: u64,
    /// Requests refused because transactions, or dialogs, kept as many bytes as they may: new ones, and those inside a dialog.
    pub shed_bytes: u64,
    /// Refused INVITEs forgotten for newer ones while copies of them could still come: each copy counts as another call that was refused.
    pub forgotten_refusals: u64,
    /// Final failure responses nobody acknowledged.
    pub unacknowledged: u64,
    /// Commands for a call or an offer that was gone when they came.
    pub late_commands: u64,
    /// INVITEs that became a call.
    pub calls: u64,
    /// SUBSCRIBEs that asked to watch a conference.
    pub subscriptions: u64,
    /// Those of them that were not let.
    pub refused_subscriptions: u64,
    /// Those refused or ended because there were too many: in all, of one call or of one meeting.
    pub shed_subscriptions: u64,
    /// NOTIFYs sent, each once.
    pub notifications: u64,
    /// Documents that left changes for the next NOTIFY, because more would not fit their way.
    pub documents_in_parts: u64,
    /// Documents left out of their NOTIFY because they did not fit the way it went.
    pub withheld_documents: u64,
}

impl Counters {
    /// Every counter with its name.
    pub fn named(&self) -> [(&'static str, u64); 27] {
        let Self {
            requests,
            responses,
            sent,
            retransmissions,
            malformed,
            noise,
            stray_responses,
            stray_acks,
            stateless_answers,
            merged,
            out_of_order,
            shut_out,
            shed_calls,
            shed_transactions,
            shed_source,
            shed_in_dialog,
            shed_bytes,
            forgotten_refusals,
            unacknowledged,
            late_commands,
            calls,
            subscriptions,
            refused_subscriptions,
            shed_subscriptions,
            notifications,
            documents_in_parts,
            withheld_documents,
        } = *self;
        [
            ("requests", requests),
            ("responses", responses),
            ("sent", sent),
            ("retransmissions", retransmissions),
            ("malformed", malformed),
            ("noise", noise),
            ("stray_responses", stray_responses),
            ("stray_acks", stray_acks),
            ("stateless_answers", stateless_answers),
            ("merged", merged),
            ("out_of_order", out_of_order),
            ("shut_out", shut_out),
            ("shed_calls", shed_calls),
            ("shed_transactions", shed_transactions),
            ("shed_source", shed_source),
            ("shed_in_dialog", shed_in_dialog),
            ("shed_bytes", shed_bytes),
            ("forgotten_refusals", forgotten_refusals),
            ("unacknowledged", unacknowledged),
            ("late_commands", late_commands),
            ("calls", calls),
            ("subscriptions", subscriptions),
            ("refused_subscriptions", refused_subscriptions),
            ("shed_subscriptions", shed_subscriptions),
            ("notifications", notifications),
            ("documents_in_parts", documents_in_parts),
            ("withheld_documents", withheld_documents),
        ]
    }
}
