//! Answers to challenges (RFC 3261 section 22, RFC 7616, RFC 8760). The digests themselves are `sipx_sip`'s.

use std::fmt;

use sipx_sip::HeaderName;
use sipx_sip::auth::{self, Challenge};

use crate::message::Response;
use crate::random::Random;

/// How often one request is sent again because it was challenged.
const ROUNDS_MAX: u8 = 3;

/// Name and password that a peer knows us by.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The name.
    pub username: String,
    /// The password.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Credentials");
        shown.field("username", &self.username).finish_non_exhaustive()
    }
}

/// What one call is asked for, and how it answers.
#[derive(Debug)]
pub(crate) struct Authenticator {
    credentials: auth::Credentials,
    /// One of the called and one of a proxy at most.
    held: Vec<Held>,
    rounds: u8,
    /// What our last INVITE said, as its ACK says the same (RFC 3261 section 22.1).
    invite: Vec<Authorization>,
}

/// A header field: its name and its value.
pub(crate) type Authorization = (&'static str, String);

#[derive(Debug)]
struct Held {
    challenge: Challenge,
    /// How often its nonce was used.
    count: u32,
    /// Whether the request under way has answered it: asked for once more, our password is not good.
    answered: bool,
}

impl Authenticator {
    /// Nothing has been asked for yet.
    pub(crate) fn new(credentials: &Credentials) -> Self {
        Self {
            credentials: auth::Credentials::new(&credentials.username, &credentials.password),
            held: Vec::new(),
            rounds: 0,
            invite: Vec::new(),
        }
    }

    /// Takes in a final response; whether it is a challenge that the request should be sent again for.
    pub(crate) fn is_challenged(&mut self, response: &Response) -> bool {
        let (from_proxy, name) = match response.status {
            401 => (false, HeaderName::WwwAuthenticate),
            407 => (true, HeaderName::ProxyAuthenticate),
            _ => {
                self.settle();
                return false;
            }
        };
        let offered = response.headers.get_all(&name);
        let offered = offered.filter_map(|header| Challenge::parse(&header.value(), from_proxy));
        let Some(challenge) = auth::strongest(offered.collect()) else {
            return false;
        };
        let known = self
            .held
            .iter()
            .find(|held| held.challenge.from_proxy == from_proxy);
        let failed = known.is_some_and(|held| held.answered && !challenge.stale);
        if failed || self.rounds >= ROUNDS_MAX {
            return false;
        }
        self.rounds += 1;
        self.held.retain(|held| held.challenge.from_proxy != from_proxy);
        self.held.push(Held {
            challenge,
            count: 0,
            answered: true,
        });
        true
    }

    /// A request was answered: the next one may be challenged anew.
    pub(crate) fn settle(&mut self) {
        self.rounds = 0;
        self.held.iter_mut().for_each(|held| held.answered = false);
    }

    /// What a request says to the challenges held so far.
    pub(crate) fn authorize(&mut self, method: &str, uri: &str, random: &mut Random) -> Vec<Authorization> {
        let answers = self.held.iter_mut().map(|held| {
            held.count = held.count.saturating_add(1);
            let name = match held.challenge.from_proxy {
                true => "Proxy-Authorization",
                false => "Authorization",
            };
            let (count, cnonce) = (held.count, random.token());
            let answer = auth::respond(&held.challenge, &self.credentials, method, uri, count, &cnonce);
            (name, answer)
        });
        let answers: Vec<_> = answers.collect();
        if method == "INVITE" {
            self.invite.clone_from(&answers);
        }
        answers
    }

    /// What the last INVITE said.
    pub(crate) fn of_invite(&self) -> &[Authorization] {
        &self.invite
    }
}

#[cfg(test)]
mod tests {
    use sipx_sip::auth::{Algorithm, respond};

    use super::*;

    /// RFC 2617 section 3.5 and RFC 7616 section 3.9.1.
    #[test]
    fn published_examples_give_the_published_digests() {
        for (algorithm, realm, password, nonce, cnonce, digest) in [
            (
                Algorithm::Md5,
                "testrealm@host.com",
                "Circle Of Life",
                "dcd98b7102dd2f0e8b11d0f600bfb0c093",
                "0a4f113b",
                "6629fae49393a05397450978507c4ef1",
            ),
            (
                Algorithm::Md5,
                "http-auth@example.org",
                "Circle of Life",
                "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
                "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
                "8ca523f5e9506fed4657c9700eebdbec",
            ),
            (
                Algorithm::Sha256,
                "http-auth@example.org",
                "Circle of Life",
                "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
                "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
                "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
            ),
        ] {
            let challenge = Challenge {
                realm: realm.to_owned(),
                nonce: nonce.to_owned(),
                opaque: None,
                algorithm,
                qop_auth: true,
                stale: false,
                from_proxy: false,
            };
            let credentials = auth::Credentials::new("Mufasa", password);
            let header = respond(&challenge, &credentials, "GET", "/dir/index.html", 1, cnonce);
            assert!(header.contains(&format!("response=\"{digest}\"")), "{header}");
        }
    }

    #[test]
    fn a_password_is_in_no_debug_text() {
        let credentials = Credentials {
            username: "bridge".to_owned(),
            password: "hunter2".to_owned(),
        };
        let text = format!("{credentials:?} {:?}", Authenticator::new(&credentials));
        assert!(text.contains("bridge") && !text.contains("hunter2"), "{text}");
    }
}
