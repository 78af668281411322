//! What is sound and cannot be done (RFC 4475's fourth category; attacks A6, A8, A15, A16, A24, A27).

use super::Edit::{Add, Body, Many, NoBody, Pad, Set, Start, Swap};
use super::Expect::{Call, Silence, Status};
use super::{Case, invite, options, request};

const NOT_OFFERED: super::Expect = Status(&[405]);

pub const CASES: &[Case] = &[
    // Methods.
    request("REGISTER", "REGISTER", &[], NOT_OFFERED),
    request(
        "REGISTER of everybody",
        "REGISTER",
        &[Set("Contact", "*"), Add("Expires: 0")],
        NOT_OFFERED,
    ),
    request(
        "REGISTER with an unknown login scheme",
        "REGISTER",
        &[Add("Authorization: NoOneKnowsThisScheme opaque-data=here")],
        NOT_OFFERED,
    ),
    request(
        "REGISTER with a broken login",
        "REGISTER",
        &[Add("Authorization: Digest username=\"x")],
        NOT_OFFERED,
    ),
    request(
        "REGISTER for a thousand years",
        "REGISTER",
        &[
            Set("Contact", "<sip:a@{me}>;expires=99999999999999999999"),
            Add("Expires: 0"),
        ],
        NOT_OFFERED,
    ),
    request(
        "REGISTER with headers in its Contact",
        "REGISTER",
        &[Set("Contact", "<sip:a@{me}?Route=%3Csip:x%3E>")],
        NOT_OFFERED,
    ),
    request("MESSAGE", "MESSAGE", &[Body("text/plain", "hello")], NOT_OFFERED),
    request(
        "MESSAGE of many parts",
        "MESSAGE",
        &[Body(
            "multipart/mixed;boundary=b",
            "--b\n\nhello\n--b\n{00}{ff}\n--b--",
        )],
        NOT_OFFERED,
    ),
    request("PUBLISH", "PUBLISH", &[Add("Event: presence")], NOT_OFFERED),
    request(
        "NOTIFY",
        "NOTIFY",
        &[Add("Event: message-summary"), Add("Subscription-State: active")],
        Status(&[405, 481, 489]),
    ),
    request(
        "SUBSCRIBE",
        "SUBSCRIBE",
        &[Add("Event: presence")],
        Status(&[405, 489]),
    ),
    request("SUBSCRIBE to nothing", "SUBSCRIBE", &[], Status(&[400, 405, 489])),
    request(
        "REFER to a paid number",
        "REFER",
        &[Add("Refer-To: <sip:+19005550123@{us}>")],
        Status(&[403, 405]),
    ),
    request(
        "REFER with a hidden method",
        "REFER",
        &[Add(
            "Refer-To: <sip:x@203.0.113.66;method=BYE?Replaces=a%3Bto-tag%3Db>",
        )],
        Status(&[403, 405]),
    ),
    request("an unknown method", "TELEPORT", &[], Status(&[501])),
    request(
        "a method of a thousand letters",
        "MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM",
        &[],
        Status(&[400, 501]),
    ),
    // Extensions.
    invite(
        "an extension nobody has",
        &[Add("Require: nothingSupportsThis, nothingSupportsThisEither")],
        Status(&[420]),
    ),
    invite(
        "an extension nobody has, beside one we have",
        &[Add("Require: timer"), Add("Require: 100rel")],
        Status(&[420]),
    ),
    options(
        "a proxy extension nobody has",
        &[Add("Proxy-Require: noProxiesSupportThis")],
        Status(&[200, 420]),
    ),
    options(
        "an OPTIONS that requires",
        &[Add("Require: nothingSupportsThis")],
        Status(&[420]),
    ),
    options(
        "an extension with an odd name",
        &[Add("Require: %s%n%x")],
        Status(&[420]),
    ),
    invite(
        "replaces required",
        &[Add("Require: replaces"), Add("Replaces: a@b;to-tag=1;from-tag=2")],
        Status(&[420]),
    ),
    invite(
        "replaces not required",
        &[Add("Replaces: a@b;to-tag=1;from-tag=2")],
        Status(&[200, 481]),
    ),
    invite(
        "two replaces",
        &[
            Add("Replaces: a@b;to-tag=1;from-tag=2"),
            Add("Replaces: c@d;to-tag=1;from-tag=2"),
        ],
        Status(&[400]),
    ),
    // Bodies.
    invite(
        "an unknown kind of body",
        &[Body(
            "application/unknownformat",
            "<audio>\n  <pcmu port=\"443\"/>\n</audio>",
        )],
        Status(&[415]),
    ),
    invite(
        "a body of many parts",
        &[Body(
            "multipart/mixed;boundary=b",
            "--b\nContent-Type: application/sdp\n\nv=0\n--b--",
        )],
        Status(&[200, 415, 488]),
    ),
    invite(
        "a body of many parts within parts",
        &[Body(
            "multipart/mixed;boundary=b",
            "--b\nContent-Type: multipart/mixed;boundary=b\n\n--b\nContent-Type: multipart/mixed;boundary=b\n\n--b",
        )],
        Status(&[400, 415, 488]),
    ),
    invite(
        "a body of many parts without boundary",
        &[Body("multipart/mixed", "--b\n\nx\n--b--")],
        Status(&[400, 415]),
    ),
    invite("a zipped offer", &[Add("Content-Encoding: gzip")], Status(&[415])),
    invite(
        "an offer zipped twice",
        &[Add("Content-Encoding: gzip, deflate")],
        Status(&[415]),
    ),
    invite(
        "a body of XML that unfolds",
        &[Body(
            "application/xml",
            "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]><x>&b;</x>",
        )],
        Status(&[415]),
    ),
    invite(
        "a required body of another kind",
        &[
            Body("application/isup", "{01}{00}"),
            Add("Content-Disposition: signal;handling=required"),
        ],
        Status(&[415]),
    ),
    // What the caller accepts.
    invite(
        "an answer in no format we have",
        &[Add("Accept: text/nobodyKnowsThis")],
        Status(&[406]),
    ),
    invite(
        "two hundred formats of answers",
        &[
            Many(200, "Accept: application/x{n}"),
            Add("Accept: application/sdp"),
        ],
        Status(&[200]),
    ),
    invite(
        "a hundred formats in one line",
        &[
            Add("Accept: application/sdp, a/b, c/d;q=0.1, e/*"),
            Many(90, " , f{n}/g"),
        ],
        Status(&[200]),
    ),
    invite(
        "formats that are none",
        &[Add("Accept: , ;;, /, application/sdp")],
        Status(&[200, 400]),
    ),
    // Timers.
    invite(
        "a refresh each second",
        &[Add("Supported: timer"), Add("Session-Expires: 1")],
        Status(&[422]),
    ),
    invite(
        "a refresh each zero seconds",
        &[Add("Supported: timer"), Add("Session-Expires: 0")],
        Status(&[400, 422]),
    ),
    invite(
        "a refresh each minus second",
        &[Add("Supported: timer"), Add("Session-Expires: -1")],
        Status(&[200, 400, 422]),
    ),
    invite(
        "a refresh in 2^32 seconds",
        &[Add("Supported: timer"), Add("Session-Expires: 4294967296")],
        Status(&[200, 400, 422]),
    ),
    invite(
        "a refresh in 2^32 less one seconds",
        &[Add("Supported: timer"), Add("Session-Expires: 4294967295")],
        Status(&[200]),
    ),
    invite(
        "two refreshes",
        &[Add("Session-Expires: 1800"), Add("Session-Expires: 90")],
        Status(&[400]),
    ),
    invite(
        "a least refresh of 2^32 less one",
        &[
            Add("Supported: timer"),
            Add("Session-Expires: 100"),
            Add("Min-SE: 4294967295"),
        ],
        Status(&[200, 400]),
    ),
    invite(
        "a refresher nobody knows",
        &[
            Add("Supported: timer"),
            Add("Session-Expires: 1800;refresher=moon"),
        ],
        Status(&[200, 400]),
    ),
    invite("no time to ring", &[Add("Expires: 0")], Status(&[200, 480, 487])),
    // Logins nobody asked for.
    options(
        "a login nobody asked for",
        &[Add(
            "Authorization: Digest username=\"a\", realm=\"b\", nonce=\"c\", uri=\"sip:x\", response=\"d\"",
        )],
        Status(&[200]),
    ),
    options(
        "a login without anything",
        &[Add("Authorization:"), Add("Proxy-Authorization: Digest")],
        Status(&[200, 400]),
    ),
    options(
        "a login of commas",
        &[Add("Authorization: Digest ,,,,,,,,=,=,=,\"")],
        Status(&[200, 400]),
    ),
    options(
        "a login of 6,000 letters",
        &[Pad("Authorization", 6000)],
        Status(&[200, 400]),
    ),
    // Identities.
    invite(
        "an asserted identity of a stranger",
        &[Add("P-Asserted-Identity: <tel:+12015550100>")],
        Status(&[200]),
    ),
    invite(
        "asserted identities of all kinds",
        &[Add(
            "P-Asserted-Identity: <sip:a@b>, <tel:+1>, <http://x>, nonsense, \"",
        )],
        Status(&[200, 400]),
    ),
    invite(
        "privacy of all kinds",
        &[Add("Privacy: id;header;session;user;none;critical;x")],
        Status(&[200]),
    ),
    invite(
        "an identity token that is none",
        &[Add(
            "Identity: eyJ;info=<http://203.0.113.66/>;alg=none;ppt=shaken",
        )],
        Status(&[200]),
    ),
    invite(
        "pictures to be fetched",
        &[
            Add("Call-Info: <http://169.254.169.254/>;purpose=icon"),
            Add("Alert-Info: <file:///etc/passwd>"),
        ],
        Status(&[200]),
    ),
    invite(
        "formats of printing in names",
        &[Set(
            "From",
            "\"%n%n%s%s%p\" <sip:%25n%25s@example.com>;tag={from}",
        )],
        Status(&[200]),
    ),
    invite(
        "a query in a name",
        &[Set(
            "From",
            "\"'; DROP TABLE rooms; --\" <sip:a'--@example.com>;tag={from}",
        )],
        Status(&[200]),
    ),
    invite(
        "a page in a name",
        &[Set(
            "From",
            "\"<script>alert(1)</script>\" <sip:a@example.com>;tag={from}",
        )],
        Status(&[200]),
    ),
    invite(
        "line ends escaped in a user",
        &[Set("From", "<sip:a%0d%0aX-Evil:%201@example.com>;tag={from}")],
        Status(&[200]),
    ),
    invite(
        "a path for a number",
        &[Start("INVITE sip:..%2f..%2fetc%2fpasswd@{us} SIP/2.0")],
        Call,
    ),
    invite(
        "a number of four thousand digits",
        &[Start(
            "INVITE sip:99999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999@{us} SIP/2.0",
        )],
        Call,
    ),
    invite("an empty number", &[Start("INVITE sip:{us} SIP/2.0")], Call),
    invite(
        "a number with an escaped NUL",
        &[Start("INVITE sip:1000%00@{us} SIP/2.0")],
        Call,
    ),
    invite(
        "a number of bytes that are no text",
        &[Start("INVITE sip:%ff%fe@{us} SIP/2.0")],
        Call,
    ),
    invite(
        "a call without a body, but with a kind",
        &[NoBody, Add("Content-Type: application/sdp")],
        Status(&[200]),
    ),
    invite(
        "a Reason and a Warning",
        &[Add("Reason: Q.850;cause=-1"), Add("Warning: 99999 x \"")],
        Status(&[200, 400]),
    ),
    invite(
        "a History of twenty",
        &[Many(20, "History-Info: <sip:h{n}@example.com>;index=1.{n}")],
        Status(&[200]),
    ),
    invite(
        "a call that has no hops left and a loop behind it",
        &[
            Set("Max-Forwards", "0"),
            Many(60, "Via: SIP/2.0/UDP {us};branch=z9hG4bKloop{n}"),
        ],
        Status(&[200, 482, 483]),
    ),
    invite(
        "an escaped host",
        &[Swap("Contact: <sip:alice@", "Contact: <sip:alice%40evil@")],
        Status(&[200]),
    ),
    request("ACK of another kind", "ACK", &[Body("text/plain", "x")], Silence),
];
