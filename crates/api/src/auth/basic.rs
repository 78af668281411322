//! Basic credentials (RFC 7617).

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Longest login or password, in octets: more is no work worth hashing.
const LENGTH_MAX: usize = 1024;

/// What a client says it is. Not `Debug`: a password is never printed.
pub(crate) struct Credentials {
    pub(crate) login: String,
    pub(crate) password: String,
}

/// Reads the one `Authorization` header; `None` when there is none, or more, or it can't be read.
pub(crate) fn credentials(headers: &HeaderMap) -> Option<Credentials> {
    let mut sent = headers.get_all(AUTHORIZATION).iter();
    let (header, None) = (sent.next()?, sent.next()) else {
        return None;
    };
    let (scheme, token) = header.to_str().ok()?.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(token.trim()).ok()?).ok()?;
    // The login ends at the first colon (RFC 7617, section 2); passwords may hold more.
    let (login, password) = text.split_once(':')?;
    let good = login.len() <= LENGTH_MAX && password.len() <= LENGTH_MAX;
    good.then(|| Credentials {
        login: login.to_owned(),
        password: password.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_well_formed_basic_credentials_are_read() {
        for (header, read) in [
            ("Basic YTpiOmM=", Some(("a", "b:c"))),
            ("basic YTpiOmM=", Some(("a", "b:c"))),
            ("Basic  YTo= ", Some(("a", ""))),
            ("Basic YQ==", None),
            ("Basic ****", None),
            ("Basic /zr/", None),
            ("Bearer YTpi", None),
            ("Basic", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, header.parse().unwrap());
            let credentials = credentials(&headers);
            let found = credentials
                .as_ref()
                .map(|c| (c.login.as_str(), c.password.as_str()));
            assert_eq!(found, read, "{header}");
        }
    }

    #[test]
    fn two_headers_are_none() {
        let mut headers = HeaderMap::new();
        headers.append(AUTHORIZATION, "Basic YTpi".parse().unwrap());
        headers.append(AUTHORIZATION, "Basic YTpi".parse().unwrap());
        assert!(credentials(&headers).is_none());
    }
}
