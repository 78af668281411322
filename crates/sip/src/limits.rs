//! Bounds on everything a peer can make us hold or read.

use std::time::Duration;

use crate::flow::Transport;

/// Bounds, given once at construction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest start line and header section, bytes; beyond it 513.
    pub head_bytes: usize,
    /// Largest body, bytes; beyond it 413.
    pub body_bytes: usize,
    /// Most header fields in a message.
    pub headers: usize,
    /// Longest single header field, bytes, folding included.
    pub header_bytes: usize,
    /// Most Via hops in a message.
    pub vias: usize,
    /// Most calls at once; beyond it a new INVITE gets 503.
    pub calls: usize,
    /// Most transactions at once. New INVITEs get 503 beyond it; requests inside a dialog may use half as
    /// many again, so that a flood of new calls never keeps an old one from ending.
    pub transactions: usize,
    /// Most server transactions at once started by one source address with a new INVITE.
    pub transactions_per_source: usize,
    /// Most transactions at once that one call's peer started, BYE and CANCEL apart.
    pub transactions_per_call: usize,
    /// Most bytes that transactions keep at once: what they send again, and what they are known by. New INVITEs get 503 beyond it; requests
    /// inside a dialog may use half as many again, BYE and CANCEL twice as many. One source or call may use the part of it that it may use
    /// of `transactions`.
    pub transaction_bytes: usize,
    /// Most bytes that calls and subscriptions keep at once of messages: routes, addresses, and what an answer has yet to repeat. A new INVITE or
    /// SUBSCRIBE gets 503 beyond it; requests inside a dialog, BYE and CANCEL apart, may use half as many again.
    pub dialog_bytes: usize,
    /// Most subscriptions at once; beyond it a new SUBSCRIBE gets 503.
    pub subscriptions: usize,
    /// Most subscriptions at once inside one call; beyond it 403.
    pub subscriptions_per_call: usize,
    /// Largest document of a NOTIFY that goes by datagram, bytes. Over 1,300 bytes in all a request should go by connection (RFC 3261
    /// section 18.1.1), which phones that subscribe by datagram often do not take; with its headers this is half a dozen fragments.
    pub document_datagram: usize,
    /// Largest document of a NOTIFY that goes by connection, bytes; phones rarely take messages beyond 64 KiB.
    pub document_stream: usize,
    /// How long a call may ring, or a peer think about our offer, before we give up; a caller's Expires may say
    /// less.
    pub ringing: Duration,
    /// What a 503 of ours says in Retry-After, seconds.
    pub retry_after: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head_bytes: 64 * 1024,
            body_bytes: 64 * 1024,
            headers: 400,
            header_bytes: 8 * 1024,
            vias: 100,
            calls: 5_000,
            transactions: 20_000,
            transactions_per_source: 10_000,
            transactions_per_call: 500,
            transaction_bytes: 64 << 20,
            dialog_bytes: 64 << 20,
            subscriptions: 500,
            subscriptions_per_call: 2,
            document_datagram: 7 * 1024,
            document_stream: 60 * 1024,
            ringing: Duration::from_secs(180),
            retry_after: 5,
        }
    }
}

impl Limits {
    /// The bound on transactions for requests inside a dialog, CANCEL and our own requests.
    pub(crate) fn transactions_in_dialog(&self) -> usize {
        with_reserve(self.transactions)
    }

    /// The bound on bytes of transactions for requests inside a dialog.
    pub(crate) fn transaction_bytes_in_dialog(&self) -> usize {
        with_reserve(self.transaction_bytes)
    }

    /// The bound on bytes of transactions for whoever may have so many of them.
    pub(crate) fn transaction_bytes_of(&self, share: usize) -> usize {
        self.transaction_bytes.saturating_mul(share) / self.transactions.max(1)
    }

    /// The bound on bytes of dialogs for requests inside one.
    pub(crate) fn dialog_bytes_in_dialog(&self) -> usize {
        with_reserve(self.dialog_bytes)
    }

    /// The bound on a document that goes by this transport, bytes.
    pub(crate) fn document_bytes(&self, transport: Transport) -> usize {
        match transport {
            Transport::Udp => self.document_datagram,
            Transport::Tcp => self.document_stream,
        }
    }
}

/// What requests inside a dialog may use of something that has this bound for new ones.
fn with_reserve(bound: usize) -> usize {
    bound.saturating_add(bound / 2)
}
