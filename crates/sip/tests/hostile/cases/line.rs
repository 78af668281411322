//! Start lines that are none (RFC 4475's second category).

use super::Edit::{Set, Start};
use super::Expect::{Silence, Status, StatusOrSilence};
use super::{Case, invite, options};

const BAD: super::Expect = Status(&[400]);

pub const CASES: &[Case] = &[
    options(
        "the URI in angle brackets",
        &[Start("OPTIONS <sip:1000@{us}> SIP/2.0")],
        BAD,
    ),
    options(
        "a space inside the URI",
        &[Start("OPTIONS sip:1000@{us}; lr SIP/2.0")],
        BAD,
    ),
    options(
        "two spaces before the URI",
        &[Start("OPTIONS  sip:1000@{us} SIP/2.0")],
        BAD,
    ),
    options(
        "two spaces before the version",
        &[Start("OPTIONS sip:1000@{us}  SIP/2.0")],
        BAD,
    ),
    options(
        "a space at the end",
        &[Start("OPTIONS sip:1000@{us} SIP/2.0 ")],
        BAD,
    ),
    options(
        "a tab between the words",
        &[Start("OPTIONS\tsip:1000@{us}\tSIP/2.0")],
        StatusOrSilence(&[400]),
    ),
    options(
        "a space at the beginning",
        &[Start(" OPTIONS sip:1000@{us} SIP/2.0")],
        StatusOrSilence(&[400]),
    ),
    options("no URI", &[Start("OPTIONS SIP/2.0")], BAD),
    options("an empty URI", &[Start("OPTIONS  SIP/2.0")], BAD),
    options("a scheme and nothing more", &[Start("OPTIONS sip: SIP/2.0")], BAD),
    options("a user and no host", &[Start("OPTIONS sip:1000@ SIP/2.0")], BAD),
    options("an empty user", &[Start("OPTIONS sip:@{us} SIP/2.0")], BAD),
    options("two at signs", &[Start("OPTIONS sip:a@b@{us} SIP/2.0")], BAD),
    options(
        "no scheme",
        &[Start("OPTIONS 1000@{us} SIP/2.0")],
        Status(&[400, 416]),
    ),
    options(
        "a port beyond 65535",
        &[Start("OPTIONS sip:1000@example.com:65536 SIP/2.0")],
        BAD,
    ),
    options(
        "a port that wraps around",
        &[Start("OPTIONS sip:1000@example.com:4294972356 SIP/2.0")],
        BAD,
    ),
    options(
        "a port of letters",
        &[Start("OPTIONS sip:1000@example.com:sip SIP/2.0")],
        BAD,
    ),
    options(
        "a negative port",
        &[Start("OPTIONS sip:1000@example.com:-1 SIP/2.0")],
        BAD,
    ),
    options(
        "two ports",
        &[Start("OPTIONS sip:1000@example.com:5060:5060 SIP/2.0")],
        BAD,
    ),
    options(
        "an escape that is none",
        &[Start("OPTIONS sip:%zz@{us} SIP/2.0")],
        BAD,
    ),
    options(
        "an escape that is cut off",
        &[Start("OPTIONS sip:1000%4@{us} SIP/2.0")],
        BAD,
    ),
    options(
        "headers in the URI",
        &[Start(
            "OPTIONS sip:1000@{us}?Route=%3Csip:evil.example%3E SIP/2.0",
        )],
        BAD,
    ),
    options("a quoted URI", &[Start("OPTIONS \"sip:1000@{us}\" SIP/2.0")], BAD),
    options(
        "a URI with bytes that are no text",
        &[Start("OPTIONS sip:{ff}{fe}@{us} SIP/2.0")],
        BAD,
    ),
    options(
        "a URI with a NUL",
        &[Start("OPTIONS sip:10{00}00@{us} SIP/2.0")],
        BAD,
    ),
    options(
        "a URI with an escape sequence of terminals",
        &[Start("OPTIONS sip:{1b}[2J@{us} SIP/2.0")],
        BAD,
    ),
    options(
        "a scheme nobody knows",
        &[Start(
            "OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0",
        )],
        Status(&[416]),
    ),
    options(
        "a scheme of the web",
        &[Start("OPTIONS http://{us}/1000 SIP/2.0")],
        Status(&[416]),
    ),
    options(
        "a scheme of mail",
        &[Start("OPTIONS mailto:1000@example.com SIP/2.0")],
        Status(&[416]),
    ),
    options(
        "an odd scheme somebody knows",
        &[Start("OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0")],
        Status(&[416]),
    ),
    invite(
        "a call to a scheme nobody knows",
        &[Start("INVITE nobodyKnowsThisScheme:x SIP/2.0")],
        Status(&[416]),
    ),
    options(
        "a star for a URI",
        &[Start("OPTIONS * SIP/2.0")],
        Status(&[400, 416]),
    ),
    options(
        "version seven",
        &[Start("OPTIONS sip:1000@{us} SIP/7.0")],
        Status(&[505]),
    ),
    options(
        "version one",
        &[Start("OPTIONS sip:1000@{us} SIP/1.0")],
        Status(&[505]),
    ),
    options(
        "version two point one",
        &[Start("OPTIONS sip:1000@{us} SIP/2.1")],
        Status(&[505]),
    ),
    options(
        "version twenty",
        &[Start("OPTIONS sip:1000@{us} SIP/2.00")],
        Status(&[400, 505]),
    ),
    options(
        "no version number",
        &[Start("OPTIONS sip:1000@{us} SIP/")],
        Status(&[400, 505]),
    ),
    options(
        "the version of the web",
        &[Start("OPTIONS sip:1000@{us} HTTP/1.1")],
        StatusOrSilence(&[400]),
    ),
    options(
        "no version",
        &[Start("OPTIONS sip:1000@{us}")],
        StatusOrSilence(&[400]),
    ),
    options(
        "a fourth word",
        &[Start("OPTIONS sip:1000@{us} SIP/2.0 now")],
        BAD,
    ),
    options(
        "a method that is no token",
        &[Start("OPT/IONS sip:1000@{us} SIP/2.0"), Set("CSeq", "1 OPT/IONS")],
        StatusOrSilence(&[400]),
    ),
    options(
        "a method with a NUL",
        &[Start("OPT{00}IONS sip:1000@{us} SIP/2.0")],
        StatusOrSilence(&[400]),
    ),
    options(
        "no method",
        &[Start("sip:1000@{us} SIP/2.0")],
        StatusOrSilence(&[400]),
    ),
    options("only the method", &[Start("OPTIONS")], StatusOrSilence(&[400])),
    options("an empty start line", &[Start("")], StatusOrSilence(&[400])),
    options("another method than CSeq says", &[Set("CSeq", "1 INVITE")], BAD),
    options(
        "another method than CSeq says, and an unknown one",
        &[Start("NEWMETHOD sip:1000@{us} SIP/2.0"), Set("CSeq", "1 INVITE")],
        Status(&[400, 501]),
    ),
    options(
        "CSeq in another case than the method",
        &[Set("CSeq", "1 options")],
        BAD,
    ),
    options(
        "a faulty ACK",
        &[Start("ACK <sip:1000@{us}> SIP/2.0"), Set("CSeq", "1 ACK")],
        Silence,
    ),
];
