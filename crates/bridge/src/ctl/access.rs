//! Where the API is, who asks, and whom to trust.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ureq::tls::{Certificate, RootCerts};

use super::failure::Failure;
use super::options::Access;
use crate::shell::credentials;

/// Where `partyline serve` listens unless told otherwise.
pub(super) const URL: &str = "https://127.0.0.1:8443";
/// Where the API is on a bridge.
pub(super) const BASE: &str = "/conference/v1";

/// All that a client needs.
pub(super) struct Found {
    /// Base of the API, without a slash at its end.
    pub(super) url: String,
    /// The header `Authorization`.
    pub(super) authorization: String,
    /// Certificates to trust.
    pub(super) roots: RootCerts,
}

/// Gives the value of a variable of the environment.
pub(super) type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Finds it by the options, the environment and the data folder.
pub(super) fn find(access: &Access, environment: Environment<'_>) -> Result<Found, Failure> {
    let url = access.url.clone().or_else(|| environment("PARTYLINE_URL"));
    let url = url.unwrap_or_else(|| URL.to_owned());
    let url = base(&url)?;
    let login = login(access, environment)?;
    Ok(Found {
        url,
        authorization: format!("Basic {}", STANDARD.encode(login)),
        roots: roots(access, environment)?,
    })
}

/// The base of the API by the address that was given. One without a path is that of a bridge; with one, a proxy may have moved the API.
fn base(url: &str) -> Result<String, Failure> {
    let Some(place) = url.strip_prefix("https://") else {
        return Err(Failure::unusable(format!(
            "{url}: expected an address that begins with https://"
        )));
    };
    let place = place.trim_end_matches('/');
    let path = if place.contains('/') { "" } else { BASE };
    Ok(format!("https://{place}{path}"))
}

/// `login:password`.
fn login(access: &Access, environment: Environment<'_>) -> Result<String, Failure> {
    if let (Some(user), Some(file)) = (&access.user, &access.password_file) {
        let text = read(file)?;
        return Ok(format!("{user}:{}", text.lines().next().unwrap_or_default()));
    }
    let Some(login) = environment("PARTYLINE_LOGIN") else {
        return noted(access);
    };
    match (login.split_once(':'), &access.user) {
        (None, _) => Err(Failure::unusable(
            "PARTYLINE_LOGIN: expected login:password".to_owned(),
        )),
        (Some((name, _)), Some(user)) if name != user => noted(access),
        (Some(_), Some(_) | None) => Ok(login),
    }
}

/// The login that the data folder has noted.
fn noted(access: &Access) -> Result<String, Failure> {
    let credentials = credentials::read(&access.data).map_err(Failure::unusable)?;
    let wanted = |login: &str| access.user.as_deref().is_none_or(|user| user == login);
    let found = credentials.iter().find(|credential| wanted(&credential.login));
    let found = found.map(|credential| format!("{}:{}", credential.login, credential.password));
    found.ok_or_else(|| {
        let whose = access.user.as_deref().map_or("a login".to_owned(), |user| format!("the password of {user}"));
        let file = credentials::path(&access.data);
        Failure::unusable(format!(
            "{} does not hold {whose}: name the folder of the bridge with --data, or log in with --user and --password-file",
            file.display()
        ))
    })
}

/// The certificate that was named, or that of the data folder, or those that everybody trusts.
fn roots(access: &Access, environment: Environment<'_>) -> Result<RootCerts, Failure> {
    let own = access.data.join("cert.pem");
    let named = access
        .ca
        .clone()
        .or_else(|| environment("PARTYLINE_CA").map(PathBuf::from));
    let file = named.or_else(|| own.exists().then_some(own));
    let Some(file) = file else {
        return Ok(RootCerts::WebPki);
    };
    let wrong = |error: &dyn std::fmt::Display| Failure::unusable(format!("{}: {error}", file.display()));
    let pem = std::fs::read(&file).map_err(|error| wrong(&error))?;
    let certificates = ureq::tls::parse_pem(&pem).filter_map(|item| match item {
        Ok(ureq::tls::PemItem::Certificate(certificate)) => Some(certificate),
        Ok(_) | Err(_) => None,
    });
    let certificates: Vec<Certificate<'static>> = certificates.collect();
    match certificates.is_empty() {
        true => Err(wrong(&"holds no certificate in PEM")),
        false => Ok(RootCerts::new_with_certs(&certificates)),
    }
}

fn read(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(|error| Failure::unusable(format!("{}: {error}", file.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_taken_from_where_it_is_named_first() {
        let folder = tempfile::tempdir().unwrap();
        let password = folder.path().join("password");
        std::fs::write(&password, "of the file\n").unwrap();
        let credentials = "[[credential]]\nlogin = \"admin\"\npassword = \"a\"\n\n[[credential]]\nlogin = \"demo\"\npassword = \"d\"\n";
        std::fs::write(folder.path().join("credentials.toml"), credentials).unwrap();
        let access = |user: Option<&str>, file: bool| Access {
            user: user.map(str::to_owned),
            password_file: file.then(|| password.clone()),
            data: folder.path().to_owned(),
            ..Access::default()
        };
        let of = |given: &Access, variable: Option<&str>| login(given, &|_| variable.map(str::to_owned));
        for (given, variable, expected) in [
            (access(Some("eve"), true), Some("x:y"), "eve:of the file"),
            (access(None, false), Some("x:y:z"), "x:y:z"),
            (access(Some("demo"), false), Some("x:y"), "demo:d"),
            (access(Some("demo"), false), None, "demo:d"),
            (access(None, false), None, "admin:a"),
        ] {
            assert_eq!(of(&given, variable).unwrap(), expected);
        }
        for (given, variable, expected) in [
            (
                access(Some("eve"), false),
                None,
                "does not hold the password of eve",
            ),
            (access(None, false), Some("x"), "expected login:password"),
        ] {
            let failure = of(&given, variable).unwrap_err();
            assert!(failure.to_string().contains(expected), "{failure}");
            assert_eq!(failure.status(), 2);
        }
    }

    #[test]
    fn an_address_without_tls_is_refused() {
        let plain = |name: &str| (name == "PARTYLINE_URL").then(|| "http://127.0.0.1:8443".to_owned());
        let failure = find(&Access::default(), &plain).err().unwrap();
        assert!(failure.to_string().contains("https://"), "{failure}");
    }

    #[test]
    fn an_address_without_a_path_is_that_of_a_bridge() {
        for (given, expected) in [
            (URL, "https://127.0.0.1:8443/conference/v1"),
            (
                "https://bridge.example.com/",
                "https://bridge.example.com/conference/v1",
            ),
            (
                "https://[::1]:8443/conference/v1/",
                "https://[::1]:8443/conference/v1",
            ),
            ("https://example.com/phones/v1", "https://example.com/phones/v1"),
        ] {
            assert_eq!(base(given).unwrap(), expected);
        }
    }
}
