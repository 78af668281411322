//! Small tools for header text.

use sipx_sip::{HeaderName, Headers};

/// Cuts at `separator` where it is not inside a quoted string or angle brackets.
pub(crate) fn split(value: &[u8], separator: u8) -> Vec<&[u8]> {
    let (mut quoted, mut escaped, mut angle) = (false, false, false);
    value
        .split(move |&byte| {
            let cut = byte == separator && !quoted && !angle;
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                b'<' if !quoted => angle = true,
                b'>' if !quoted => angle = false,
                _ => {}
            }
            cut
        })
        .collect()
}

/// The parameter's name and value, trimmed; the value is empty when there is none.
pub(crate) fn parameter(part: &[u8]) -> (&[u8], &[u8]) {
    let mut halves = part.splitn(2, |&byte| byte == b'=');
    let name = halves.next().unwrap_or_default().trim_ascii();
    (name, halves.next().unwrap_or_default().trim_ascii())
}

/// Readable text of a header value: lossy where it is not UTF-8, without control characters.
pub(crate) fn readable(value: &[u8]) -> String {
    String::from_utf8_lossy(value)
        .chars()
        .filter(|c| !c.is_control())
        .collect::<String>()
        .trim()
        .to_owned()
}

/// All comma-separated values of a header, trimmed, in order.
pub(crate) fn list(headers: &Headers, name: &HeaderName) -> Vec<Vec<u8>> {
    headers
        .get_all(name)
        .flat_map(|header| {
            let value = header.value();
            split(&value, b',')
                .into_iter()
                .map(|part| part.trim_ascii().to_vec())
                .collect::<Vec<_>>()
        })
        .filter(|part| !part.is_empty())
        .collect()
}

/// Whether the header's list contains the token, in any case.
pub(crate) fn lists(headers: &Headers, name: &HeaderName, token: &str) -> bool {
    list(headers, name)
        .iter()
        .any(|value| value.eq_ignore_ascii_case(token.as_bytes()))
}

/// The first value of a header as readable text.
pub(crate) fn first(headers: &Headers, name: &HeaderName) -> Option<String> {
    headers.value(name).map(|value| readable(&value))
}

/// Whole seconds of a header whose value begins with a number, such as `1800;refresher=uac`.
pub(crate) fn seconds(headers: &Headers, name: &HeaderName) -> Option<u32> {
    let value = headers.value(name)?;
    let digits = split(&value, b';').first()?.trim_ascii().to_vec();
    std::str::from_utf8(&digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_separator_in_quotes_or_brackets_does_not_cut() {
        let cut = |text: &'static str| split(text.as_bytes(), b',').len();
        assert_eq!(cut("a,b"), 2);
        assert_eq!(cut("\"a,\\\",b\" <sip:a,b@c>,d"), 2);
        assert_eq!(cut("\"never closed, so one"), 1);
    }

    #[test]
    fn readable_text_has_no_control_characters() {
        assert_eq!(readable(b" a\x07b\x00\xffc "), "ab\u{fffd}c");
    }
}
