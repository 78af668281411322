//! What kind of body a request carries; its contents are for others to read.

use sipx_sip::HeaderName;
use sipx_sip::headers::ContentType;

use super::{Refusal, Request, text};

/// The SDP of an INVITE, UPDATE or ACK, if it has one.
///
/// # Errors
/// 415 for another type the sender does not call optional (RFC 3261 section 8.2.3) or for an encoding, 400
/// for a body that does not say what it is.
pub(crate) fn sdp(request: &Request) -> Result<Option<Vec<u8>>, Refusal> {
    if request.body.is_empty() {
        return Ok(None);
    }
    check_encoding(request)?;
    let kind = content_type(request)?;
    if kind.is("application", "sdp") {
        return Ok(Some(request.body.to_vec()));
    }
    if is_optional(request) {
        return Ok(None);
    }
    Err(Refusal::new(415).with("Accept", "application/sdp"))
}

/// A digit and how long it was held, ms; `None` for an INFO that carries nothing.
///
/// # Errors
/// 415 for other bodies, 400 for a body that names no digit.
pub(crate) fn digit(request: &Request) -> Result<Option<(char, u32)>, Refusal> {
    if request.body.is_empty() {
        return Ok(None);
    }
    check_encoding(request)?;
    let kind = content_type(request)?;
    let body = String::from_utf8_lossy(&request.body);
    let digit = if kind.is("application", "dtmf-relay") {
        relayed(&body)
    } else if kind.is("application", "dtmf") {
        named(&body).map(|digit| (digit, DURATION_MS))
    } else {
        return Err(Refusal::new(415).with("Accept", "application/dtmf-relay, application/dtmf"));
    };
    digit
        .map(Some)
        .ok_or_else(|| Refusal::bad("No digit in the body"))
}

/// Assumed when an INFO does not say how long, ms.
const DURATION_MS: u32 = 160;
/// Longer ones are cut, ms.
const LONGEST_MS: u32 = 10_000;

fn check_encoding(request: &Request) -> Result<(), Refusal> {
    let encodings = text::list(&request.headers, &HeaderName::ContentEncoding);
    match encodings
        .iter()
        .all(|name| name.eq_ignore_ascii_case(b"identity"))
    {
        true => Ok(()),
        false => Err(Refusal::new(415).with("Accept-Encoding", "identity")),
    }
}

fn content_type(request: &Request) -> Result<ContentType, Refusal> {
    match request.headers.typed::<ContentType>() {
        Some(Ok(kind)) => Ok(kind),
        Some(Err(_)) => Err(Refusal::bad("Bad Content-Type")),
        None => Err(Refusal::bad("Body without Content-Type")),
    }
}

fn is_optional(request: &Request) -> bool {
    let value = request.headers.value(&HeaderName::ContentDisposition);
    value.is_some_and(|value| {
        text::split(&value, b';')
            .iter()
            .map(|part| text::parameter(part))
            .any(|(name, value)| {
                name.eq_ignore_ascii_case(b"handling") && value.eq_ignore_ascii_case(b"optional")
            })
    })
}

/// `Signal=5` and `Duration=160` on lines of their own.
fn relayed(body: &str) -> Option<(char, u32)> {
    let value = |wanted: &str| {
        body.lines()
            .filter_map(|line| line.split_once('='))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case(wanted))
            .map(|(_, value)| value.trim())
    };
    let digit = named(value("Signal")?)?;
    let duration = value("Duration")
        .and_then(|text| text.parse().ok())
        .unwrap_or(DURATION_MS);
    Some((digit, duration.min(LONGEST_MS)))
}

/// The digit itself, or its event number of RFC 4733 where that has two places.
fn named(text: &str) -> Option<char> {
    let text = text.trim();
    let mut letters = text.chars();
    match (letters.next(), letters.next()) {
        (Some(letter), None) => Some(letter.to_ascii_uppercase()).filter(|c| "0123456789*#ABCD".contains(*c)),
        _ => ["10", "11", "12", "13", "14", "15"]
            .iter()
            .position(|number| *number == text)
            .and_then(|place| "*#ABCD".chars().nth(place)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relayed_digit_has_a_signal_and_maybe_a_duration() {
        let table = [
            ("Signal=5\r\nDuration=240\r\n", Some(('5', 240))),
            ("Signal= *\nDuration= 100", Some(('*', 100))),
            ("signal=11", Some(('#', 160))),
            ("Duration=100\r\nSignal=a", Some(('A', 100))),
            ("Signal=5\r\nDuration=99999999", Some(('5', 10_000))),
            ("Signal=5\r\nDuration=-3", Some(('5', 160))),
            ("Signal=16", None),
            ("Signal=", None),
            ("5", None),
        ];
        for (body, expected) in table {
            assert_eq!(relayed(body), expected, "{body:?}");
        }
    }
}
