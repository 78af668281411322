//! What an INVITE says about who calls whom.

use sipx_sip::{Address, HeaderName, Scheme, Uri};

use super::{Request, text};

/// The user part, unescaped; the number of a tel URI without its separators.
///
/// The parameters of a telephone number in the user part (RFC 3261 section 19.1.6) are cut off.
pub(crate) fn user(uri: &Uri) -> Option<String> {
    if let Some(tel) = uri.tel_parts() {
        let digits = tel.subscriber().iter().filter(|byte| !b"-.()".contains(byte));
        return Some(digits.map(|&byte| char::from(byte)).collect());
    }
    let user = text::readable(&uri.decoded_user()?);
    let number = user.starts_with(|first: char| first.is_ascii_digit() || first == '+');
    match user.split_once(';') {
        Some((number_alone, _)) if number => Some(number_alone.to_owned()),
        Some(_) | None => Some(user),
    }
}

/// Whether we take requests for this scheme (else 416).
pub(crate) fn is_ours(scheme: &Scheme) -> bool {
    scheme.is_sip() || matches!(scheme, Scheme::Tel)
}

/// User of the first readable P-Asserted-Identity (RFC 3325 section 9.1).
pub(crate) fn asserted(request: &Request) -> Option<String> {
    text::list(&request.headers, &HeaderName::PAssertedIdentity)
        .iter()
        .filter_map(|value| Address::parse(value, "P-Asserted-Identity").ok())
        .find_map(|address| user(&address.uri))
}

/// Whether the caller asks not to be shown (RFC 3323 section 4.2).
pub(crate) fn wants_privacy(request: &Request) -> bool {
    let value = request.headers.value(&HeaderName::Privacy).unwrap_or_default();
    value
        .split(|&byte| matches!(byte, b';' | b','))
        .map(<[u8]>::trim_ascii)
        .any(|kind| !kind.is_empty() && !kind.eq_ignore_ascii_case(b"none"))
}

/// Display name of an address, as text.
pub(crate) fn display(address: &Address) -> Option<String> {
    let name = address.display_name.as_deref().map(text::readable);
    name.filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_is_unescaped_and_a_tel_number_is_bare() {
        let table = [
            ("sip:alice@h", Some("alice")),
            ("sip:%61lice%20b@h", Some("alice b")),
            ("sip:+15551234;npdi;rn=1@h;user=phone", Some("+15551234")),
            ("sip:alice;day=tue@h", Some("alice;day=tue")),
            ("tel:+1-(555)-12.34;phone-context=x.y", Some("+15551234")),
            ("sip:h", None),
        ];
        for (uri, expected) in table {
            let uri = Uri::parse(bytes::Bytes::from(uri)).unwrap();
            assert_eq!(user(&uri).as_deref(), expected);
        }
    }
}
