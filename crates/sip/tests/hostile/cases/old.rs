//! Peers of RFC 2543 (RFC 4475's fifth category).

use super::Edit::{Add, Drop, NoBody, Set};
use super::Expect::{Silence, Status};
use super::{Case, invite, options, request};

const OK: super::Expect = Status(&[200]);

pub const CASES: &[Case] = &[
    invite(
        "an old call",
        &[
            Set("Via", "SIP/2.0/UDP {me}"),
            Set("From", "<sip:alice@example.com>"),
            Drop("Max-Forwards"),
            Drop("Content-Length"),
        ],
        OK,
    ),
    invite(
        "an old call with a tag",
        &[Set("Via", "SIP/2.0/UDP {me};branch=1{id}"), Drop("Max-Forwards")],
        OK,
    ),
    options(
        "an old question",
        &[
            Set("Via", "SIP/2.0/UDP {me}"),
            Set("From", "sip:alice@example.com"),
            Drop("Max-Forwards"),
            Drop("Contact"),
        ],
        OK,
    ),
    options(
        "an old comment after Via",
        &[Set(
            "Via",
            "SIP/2.0/UDP {me};branch=z9hG4bK{id};rport (Acme server)",
        )],
        Status(&[200, 400]),
    ),
    options(
        "old headers",
        &[
            Add("Hide: route"),
            Add("Response-Key: PGP x"),
            Add("Encryption: PGP version=1"),
        ],
        OK,
    ),
    options(
        "old hidden hops",
        &[Add("Via: SIP/2.0/UDP 3f8e;hidden;branch=1")],
        OK,
    ),
    options(
        "an old answer expected by name only",
        &[Set("Via", "SIP/2.0/UDP {me};branch=oldbranch{id}")],
        OK,
    ),
    request(
        "an old CANCEL of nothing",
        "CANCEL",
        &[
            Set("Via", "SIP/2.0/UDP {me}"),
            Set("From", "<sip:alice@example.com>"),
        ],
        Status(&[481]),
    ),
    request(
        "an old ACK of nothing",
        "ACK",
        &[
            Set("Via", "SIP/2.0/UDP {me}"),
            Set("From", "<sip:alice@example.com>"),
        ],
        Silence,
    ),
    request(
        "an old BYE of nothing",
        "BYE",
        &[
            Set("Via", "SIP/2.0/UDP {me}"),
            Set("From", "<sip:alice@example.com>"),
        ],
        Status(&[481]),
    ),
    invite(
        "an old call with no offer",
        &[
            NoBody,
            Set("Via", "SIP/2.0/UDP {me}"),
            Set("From", "<sip:alice@example.com>"),
        ],
        OK,
    ),
];
