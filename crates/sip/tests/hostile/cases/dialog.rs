//! Requests that would take over, end or bend somebody's call (attack A9; RFC 3261 section 12.2.2).

use super::Edit::{Add, Body, Drop, Many, NoBody, Sdp, Set, Start};
use super::Expect::{Ends, Silence, Status};
use super::{Case, within};

const UNKNOWN: super::Expect = Status(&[481]);

macro_rules! offer {
    ($address:literal, $media:literal) => {
        Sdp(concat!(
            "v=0\no=a 1 2 IN IP4 {media}\ns=-\nc=IN IP4 ",
            $address,
            "\nt=0 0\n",
            $media
        ))
    };
}

pub const CASES: &[Case] = &[
    within("BYE", "BYE", &[], Ends(200)),
    within(
        "BYE with a reason nobody reads",
        "BYE",
        &[Add("Reason: SIP;cause=999999999999;text=\"\\\"")],
        Ends(200),
    ),
    within(
        "BYE without From tag",
        "BYE",
        &[Set("From", "<sip:alice@example.com>")],
        UNKNOWN,
    ),
    within(
        "BYE with another From tag",
        "BYE",
        &[Set("From", "<sip:alice@example.com>;tag=guess")],
        UNKNOWN,
    ),
    within(
        "BYE without To tag",
        "BYE",
        &[Set("To", "<sip:1000@{us}>")],
        UNKNOWN,
    ),
    within(
        "BYE with another To tag",
        "BYE",
        &[Set("To", "<sip:1000@{us}>;tag=guess")],
        UNKNOWN,
    ),
    within(
        "BYE with more than the To tag",
        "BYE",
        &[Set("To", "<sip:1000@{us}>;tag={to}x")],
        UNKNOWN,
    ),
    within(
        "BYE with the tags exchanged",
        "BYE",
        &[
            Set("From", "<sip:1000@{us}>;tag={to}"),
            Set("To", "<sip:alice@example.com>;tag={from}"),
        ],
        UNKNOWN,
    ),
    within(
        "BYE with another Call-ID",
        "BYE",
        &[Set("Call-ID", "guess")],
        UNKNOWN,
    ),
    within(
        "BYE with more than the Call-ID",
        "BYE",
        &[Set("Call-ID", "{call}x")],
        UNKNOWN,
    ),
    within(
        "BYE with two To tags",
        "BYE",
        &[Set("To", "<sip:1000@{us}>;tag=guess;tag={to}")],
        Status(&[400]),
    ),
    within(
        "BYE with the tag inside of the brackets",
        "BYE",
        &[Set("To", "<sip:1000@{us};tag={to}>")],
        UNKNOWN,
    ),
    within(
        "BYE with the tag in the name",
        "BYE",
        &[Set("To", "\";tag={to}\" <sip:1000@{us}>")],
        UNKNOWN,
    ),
    within(
        "BYE with two Call-IDs",
        "BYE",
        &[Add("Call-ID: guess")],
        Status(&[400]),
    ),
    within(
        "BYE with the sequence number of the INVITE",
        "BYE",
        &[Set("CSeq", "1 BYE")],
        Status(&[500]),
    ),
    within(
        "BYE with a lower sequence number",
        "BYE",
        &[Set("CSeq", "0 BYE")],
        Status(&[500]),
    ),
    within(
        "BYE with a sequence number out of range",
        "BYE",
        &[Set("CSeq", "4294967295 BYE")],
        Status(&[400]),
    ),
    within(
        "BYE that requires",
        "BYE",
        &[Add("Require: x-teleport")],
        Status(&[420]),
    ),
    within(
        "BYE with a length that lies",
        "BYE",
        &[Set("Content-Length", "500")],
        Status(&[400]),
    ),
    within(
        "BYE whose CSeq says INFO",
        "BYE",
        &[Set("CSeq", "2 INFO")],
        Status(&[400]),
    ),
    within(
        "CANCEL of an answered call",
        "CANCEL",
        &[
            Set("Via", "SIP/2.0/UDP {me};branch={branch};rport"),
            Set("CSeq", "1 CANCEL"),
            Set("To", "<sip:1000@{us}>"),
        ],
        Status(&[200, 481]),
    ),
    within("ACK again", "ACK", &[Set("CSeq", "1 ACK")], Silence),
    within(
        "ACK of another sequence number",
        "ACK",
        &[Set("CSeq", "77 ACK")],
        Silence,
    ),
    within(
        "ACK with another answer",
        "ACK",
        &[Set("CSeq", "1 ACK"), Sdp(super::OFFER)],
        Silence,
    ),
    // Methods.
    within("OPTIONS inside", "OPTIONS", &[], Status(&[200])),
    within(
        "REFER to a victim",
        "REFER",
        &[Add("Refer-To: <sip:victim@203.0.113.66>")],
        Status(&[405, 501, 603]),
    ),
    within(
        "REFER to a paid number inside",
        "REFER",
        &[
            Add("Refer-To: <tel:+19005550123>"),
            Add("Referred-By: <sip:1000@{us}>"),
        ],
        Status(&[405, 501, 603]),
    ),
    within(
        "SUBSCRIBE inside",
        "SUBSCRIBE",
        &[Add("Event: refer")],
        Status(&[405, 489, 501]),
    ),
    within(
        "NOTIFY inside",
        "NOTIFY",
        &[
            Add("Event: refer"),
            Add("Subscription-State: active"),
            Body("message/sipfrag", "SIP/2.0 200 OK"),
        ],
        Status(&[405, 481, 489, 501]),
    ),
    within(
        "MESSAGE inside",
        "MESSAGE",
        &[Body("text/plain", "*6")],
        Status(&[405, 415, 501]),
    ),
    within(
        "PRACK inside",
        "PRACK",
        &[Add("RAck: 4294967295 1 INVITE")],
        Status(&[405, 481, 501]),
    ),
    within("an unknown method inside", "TELEPORT", &[], Status(&[405, 501])),
    within(
        "a method that requires inside",
        "INFO",
        &[Add("Require: x-teleport")],
        Status(&[420]),
    ),
    // Keys by INFO.
    within(
        "a key nobody has",
        "INFO",
        &[Body("application/dtmf-relay", "Signal=Z\nDuration=100")],
        Status(&[400]),
    ),
    within(
        "a key without signal",
        "INFO",
        &[Body("application/dtmf-relay", "Duration=100")],
        Status(&[400]),
    ),
    within(
        "a key held for ever",
        "INFO",
        &[Body(
            "application/dtmf-relay",
            "Signal=5\nDuration=99999999999999999999",
        )],
        Status(&[200, 400]),
    ),
    within(
        "many keys at once",
        "INFO",
        &[Body("application/dtmf", "12345678901234567890")],
        Status(&[400]),
    ),
    within(
        "keys that are no text",
        "INFO",
        &[Body("application/dtmf-relay", "Signal={ff}{00}")],
        Status(&[400]),
    ),
    within(
        "an INFO of another kind",
        "INFO",
        &[Body("application/x-other", "5")],
        Status(&[415]),
    ),
    within(
        "an INFO of no kind",
        "INFO",
        &[Body("text/plain", "5"), Drop("Content-Type")],
        Status(&[400, 415]),
    ),
    within(
        "a zipped key",
        "INFO",
        &[
            Body("application/dtmf-relay", "Signal=5"),
            Add("Content-Encoding: gzip"),
        ],
        Status(&[415]),
    ),
    within("an empty INFO", "INFO", &[], Status(&[200])),
    // Offers.
    within("the same offer again", "INVITE", &[], Status(&[200])),
    within("no offer inside", "INVITE", &[NoBody], Status(&[200])),
    within(
        "hold",
        "INVITE",
        &[offer!("{media}", "m=audio 30000 RTP/AVP 0\na=sendonly")],
        Status(&[200]),
    ),
    within(
        "hold as of old",
        "INVITE",
        &[offer!("0.0.0.0", "m=audio 30000 RTP/AVP 0")],
        Status(&[200]),
    ),
    within(
        "media to a multicast group",
        "INVITE",
        &[offer!("239.1.1.1", "m=audio 30000 RTP/AVP 0")],
        Status(&[488]),
    ),
    within(
        "media to everybody",
        "INVITE",
        &[offer!("255.255.255.255", "m=audio 30000 RTP/AVP 0")],
        Status(&[488]),
    ),
    within(
        "media to a name server",
        "INVITE",
        &[offer!("{media}", "m=audio 53 RTP/AVP 0")],
        Status(&[488]),
    ),
    within(
        "media to a name",
        "INVITE",
        &[offer!("victim.example", "m=audio 30000 RTP/AVP 0")],
        Status(&[488]),
    ),
    within(
        "media secured by nothing",
        "INVITE",
        &[offer!("{media}", "m=audio 30000 RTP/SAVP 0")],
        Status(&[488]),
    ),
    within(
        "no codec any more",
        "INVITE",
        &[offer!("{media}", "m=audio 30000 RTP/AVP 18")],
        Status(&[488]),
    ),
    within(
        "no audio any more",
        "INVITE",
        &[offer!("{media}", "m=audio 0 RTP/AVP 0")],
        Status(&[488]),
    ),
    within(
        "an offer that is none",
        "INVITE",
        &[Sdp("hello")],
        Status(&[400, 488]),
    ),
    within(
        "an offer of seventeen lines",
        "INVITE",
        &[
            Sdp(super::OFFER),
            super::Edit::ManyInBody(16, "m=video 90{n} RTP/AVP 96"),
        ],
        Status(&[488]),
    ),
    within(
        "an offer of another kind",
        "INVITE",
        &[Body("application/x-sdp", "v=0")],
        Status(&[415]),
    ),
    within(
        "an offer in an UPDATE",
        "UPDATE",
        &[Sdp(super::OFFER)],
        Status(&[200]),
    ),
    within(
        "a bad offer in an UPDATE",
        "UPDATE",
        &[offer!("224.0.0.1", "m=audio 30000 RTP/AVP 0")],
        Status(&[488]),
    ),
    within("an UPDATE without offer", "UPDATE", &[], Status(&[200])),
    within(
        "an offer with an old sequence number",
        "INVITE",
        &[Set("CSeq", "1 INVITE")],
        Status(&[500]),
    ),
    within(
        "an offer with a Contact that is none",
        "INVITE",
        &[Set("Contact", "<<>>")],
        Status(&[400]),
    ),
    within(
        "an offer with two Contacts",
        "INVITE",
        &[Add("Contact: <sip:mallory@203.0.113.66>")],
        Status(&[400]),
    ),
    within(
        "an offer that wants a refresh each second",
        "INVITE",
        &[Add("Supported: timer"), Add("Session-Expires: 1")],
        Status(&[422]),
    ),
    within(
        "an offer to another number",
        "INVITE",
        &[Start("INVITE sip:2000@{us} SIP/2.0")],
        Status(&[200]),
    ),
    within(
        "an offer with fifty routes",
        "INVITE",
        &[Many(50, "Record-Route: <sip:p{n}.example;lr>")],
        Status(&[200]),
    ),
];
