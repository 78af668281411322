//! Transactions: branches, copies, CANCEL, ACK (RFC 4475's third category; RFC 3261 sections 9 and 17).

use super::Edit::{Add, Drop, NoBody, Sdp, Set, Start};
use super::Expect::{Ends, Provisional, Silence, Status};
use super::{Case, invite, options, request, ringing};

const UNKNOWN: super::Expect = Status(&[481]);

pub const CASES: &[Case] = &[
    options(
        "a branch of the cookie alone",
        &[Set("Via", "SIP/2.0/UDP {me};branch=z9hG4bK;rport")],
        Status(&[400]),
    ),
    options(
        "a branch of a thousand bytes",
        &[Set(
            "Via",
            "SIP/2.0/UDP {me};rport;branch=z9hG4bK{id}xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        )],
        Status(&[200]),
    ),
    options(
        "a branch with another cookie case",
        &[Set("Via", "SIP/2.0/UDP {me};branch=Z9HG4BK{id};rport")],
        Status(&[200]),
    ),
    request("CANCEL of nothing", "CANCEL", &[], UNKNOWN),
    request(
        "CANCEL of nothing that requires",
        "CANCEL",
        &[Add("Require: x-teleport")],
        UNKNOWN,
    ),
    request("CANCEL with a body", "CANCEL", &[Sdp("v=0")], UNKNOWN),
    request(
        "CANCEL with a strange To tag",
        "CANCEL",
        &[Set("To", "<sip:1000@{us}>;tag=guess")],
        UNKNOWN,
    ),
    request("ACK of nothing", "ACK", &[], Silence),
    request(
        "ACK of nothing with a To tag",
        "ACK",
        &[Set("To", "<sip:1000@{us}>;tag=guess")],
        Silence,
    ),
    request(
        "ACK with an answer nobody asked",
        "ACK",
        &[Set("To", "<sip:1000@{us}>;tag=guess"), Sdp(super::OFFER)],
        Silence,
    ),
    request("ACK that requires", "ACK", &[Add("Require: x-teleport")], Silence),
    request(
        "ACK with two From",
        "ACK",
        &[Add("From: <sip:b@x>;tag=1")],
        Silence,
    ),
    request(
        "ACK with no length that fits",
        "ACK",
        &[Set("Content-Length", "99")],
        Silence,
    ),
    request("BYE of nothing", "BYE", &[], UNKNOWN),
    request(
        "BYE with a guessed tag",
        "BYE",
        &[Set("To", "<sip:1000@{us}>;tag=1")],
        UNKNOWN,
    ),
    request("INFO of nothing", "INFO", &[], UNKNOWN),
    request("UPDATE of nothing", "UPDATE", &[Sdp(super::OFFER)], UNKNOWN),
    invite(
        "INVITE into a call that is none",
        &[Set("To", "<sip:1000@{us}>;tag=guess")],
        UNKNOWN,
    ),
    options(
        "OPTIONS into a call that is none",
        &[Set("To", "<sip:1000@{us}>;tag=guess")],
        UNKNOWN,
    ),
    request(
        "PRACK of nothing",
        "PRACK",
        &[Add("RAck: 1 1 INVITE")],
        Status(&[405, 481]),
    ),
    // While a call rings.
    ringing(
        "the same INVITE again",
        "INVITE",
        &[Set("Via", "SIP/2.0/UDP {me};branch={branch};rport")],
        Provisional,
    ),
    ringing("the same INVITE by another path", "INVITE", &[], Status(&[482])),
    ringing(
        "the same INVITE by another path without offer",
        "INVITE",
        &[NoBody],
        Status(&[482]),
    ),
    ringing(
        "the same INVITE by another path to another number",
        "INVITE",
        &[Start("INVITE sip:2000@{us} SIP/2.0")],
        Status(&[482]),
    ),
    ringing(
        "OPTIONS with the branch of the INVITE",
        "OPTIONS",
        &[
            Set("Via", "SIP/2.0/UDP {me};branch={branch};rport"),
            Set("CSeq", "2 OPTIONS"),
        ],
        Status(&[200]),
    ),
    ringing(
        "CANCEL",
        "CANCEL",
        &[Set("Via", "SIP/2.0/UDP {me};branch={branch};rport")],
        Ends(200),
    ),
    ringing(
        "CANCEL that requires",
        "CANCEL",
        &[
            Set("Via", "SIP/2.0/UDP {me};branch={branch};rport"),
            Add("Require: x-teleport"),
        ],
        Ends(200),
    ),
    ringing("CANCEL with another branch", "CANCEL", &[], UNKNOWN),
    ringing(
        "CANCEL with the branch in another case",
        "CANCEL",
        &[Set("Via", "SIP/2.0/UDP {me};branch=Z9HG4BKCALLCANCEL;rport")],
        UNKNOWN,
    ),
    ringing(
        "CANCEL from another host",
        "CANCEL",
        &[Set("Via", "SIP/2.0/UDP 203.0.113.66;branch={branch};rport")],
        UNKNOWN,
    ),
    ringing(
        "CANCEL with another From tag",
        "CANCEL",
        &[
            Set("Via", "SIP/2.0/UDP {me};branch={branch};rport"),
            Set("From", "<sip:alice@example.com>;tag=guess"),
        ],
        UNKNOWN,
    ),
    ringing(
        "CANCEL with another Call-ID",
        "CANCEL",
        &[
            Set("Via", "SIP/2.0/UDP {me};branch={branch};rport"),
            Set("Call-ID", "guess"),
        ],
        UNKNOWN,
    ),
    ringing(
        "CANCEL with another sequence number",
        "CANCEL",
        &[
            Set("Via", "SIP/2.0/UDP {me};branch={branch};rport"),
            Set("CSeq", "2 CANCEL"),
        ],
        UNKNOWN,
    ),
    ringing(
        "CANCEL whose CSeq says INVITE",
        "CANCEL",
        &[
            Set("Via", "SIP/2.0/UDP {me};branch={branch};rport"),
            Set("CSeq", "1 INVITE"),
        ],
        Status(&[400]),
    ),
    ringing(
        "CANCEL without From",
        "CANCEL",
        &[Set("Via", "SIP/2.0/UDP {me};branch={branch};rport"), Drop("From")],
        Status(&[400]),
    ),
    ringing(
        "ACK before any answer",
        "ACK",
        &[Set("Via", "SIP/2.0/UDP {me};branch={branch};rport")],
        Silence,
    ),
    ringing(
        "ACK with the tag of the call before any answer",
        "ACK",
        &[Set("To", "<sip:1000@{us}>;tag={to}")],
        Silence,
    ),
    ringing(
        "BYE without tag while it rings",
        "BYE",
        &[Set("CSeq", "2 BYE")],
        UNKNOWN,
    ),
    ringing(
        "BYE with a guessed tag while it rings",
        "BYE",
        &[Set("To", "<sip:1000@{us}>;tag=guess"), Set("CSeq", "2 BYE")],
        UNKNOWN,
    ),
    ringing(
        "BYE with the right tag while it rings",
        "BYE",
        &[Set("To", "<sip:1000@{us}>;tag={to}"), Set("CSeq", "2 BYE")],
        Ends(200),
    ),
    ringing(
        "another offer while it rings",
        "INVITE",
        &[Set("To", "<sip:1000@{us}>;tag={to}"), Set("CSeq", "2 INVITE")],
        Status(&[491, 500]),
    ),
    ringing(
        "an UPDATE with another offer while it rings",
        "UPDATE",
        &[
            Set("To", "<sip:1000@{us}>;tag={to}"),
            Set("CSeq", "2 UPDATE"),
            Sdp(super::OFFER),
        ],
        Status(&[491, 500]),
    ),
    ringing(
        "a stranger with the Call-ID of the call",
        "INVITE",
        &[Set("From", "<sip:mallory@example.com>;tag=m{id}")],
        Status(&[200]),
    ),
];
