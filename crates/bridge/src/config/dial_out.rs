use std::time::Duration;

use serde::Deserialize;
use sip::{Credentials, Hop, Target};

use super::units::{count, duration};
use crate::control::DialOut;

/// `[dial_out]`: calls that the bridge makes.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DialOutSection {
    /// Where calls to numbers go: `sip:host:port`, `;transport=tcp` at the end for TCP.
    pub trunk: Option<String>,
    /// Name that the trunk knows this bridge by.
    pub username: Option<String>,
    /// Its password.
    pub password: Option<Password>,
    /// Prefixes of numbers that are dialled, digits without plus; none where empty.
    pub allow: Vec<String>,
    /// Hosts, `host` or `host:port`, whose SIP URIs are called; none where empty.
    pub hosts: Vec<String>,
    /// How long it may ring.
    #[serde(deserialize_with = "duration")]
    pub ring_timeout: Duration,
    /// Calls at once.
    #[serde(deserialize_with = "count")]
    pub max_calls: usize,
    /// Calls at once for one owner of DID groups.
    #[serde(deserialize_with = "count")]
    pub max_calls_per_tenant: usize,
    /// Calls a day (UTC) for one owner of DID groups.
    #[serde(deserialize_with = "count")]
    pub calls_per_day_per_tenant: u32,
    /// Longest time from the answer to the end.
    #[serde(deserialize_with = "duration")]
    pub max_duration: Duration,
}

/// A password, which no message shows.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Password(String);

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(a password)")
    }
}

impl Default for DialOutSection {
    fn default() -> Self {
        let plan = DialOut::default();
        Self {
            trunk: None,
            username: None,
            password: None,
            allow: Vec::new(),
            hosts: Vec::new(),
            ring_timeout: plan.ring_timeout,
            max_calls: plan.max_calls,
            max_calls_per_tenant: plan.max_calls_per_tenant,
            calls_per_day_per_tenant: plan.calls_per_day_per_tenant,
            max_duration: plan.max_duration,
        }
    }
}

impl DialOutSection {
    /// What control goes by.
    ///
    /// # Errors
    /// Names the key and what was expected.
    pub(crate) fn plan(&self) -> Result<DialOut, String> {
        let hosts: Result<Vec<_>, String> = self.hosts.iter().map(|host| known_host(host)).collect();
        let credentials = self.username.clone().zip(self.password.clone());
        Ok(DialOut {
            trunk: self.trunk.as_deref().map(trunk).transpose()?,
            credentials: credentials.map(|(username, Password(password))| Credentials { username, password }),
            allow: self.allow.clone(),
            hosts: hosts?,
            ring_timeout: self.ring_timeout,
            max_calls: self.max_calls,
            max_calls_per_tenant: self.max_calls_per_tenant,
            calls_per_day_per_tenant: self.calls_per_day_per_tenant,
            max_duration: self.max_duration,
        })
    }

    /// What no single key shows.
    pub(super) fn check(&self) -> Result<(), String> {
        let plan = self.plan()?;
        let place = |hop: &Hop| (hop.host.clone(), hop.port);
        let trunk = plan.trunk.as_ref().map(place);
        for (good, message) in [
            (
                plan.allow.iter().all(|prefix| is_prefix(prefix)),
                "dial_out.allow: expected prefixes with the country code, 1 to 15 digits without plus, such as \"1\" or \"4420\"",
            ),
            (
                plan.allow.is_empty() || trunk.is_some(),
                "dial_out.allow and dial_out.trunk: expected a trunk for the numbers that are allowed",
            ),
            (
                !plan.hosts.iter().any(|host| Some(place(host)) == trunk),
                "dial_out.hosts: expected hosts other than that of dial_out.trunk, to which numbers go that dial_out.allow lists",
            ),
            (
                self.username.is_some() == self.password.is_some(),
                "dial_out.username and dial_out.password: expected both or neither",
            ),
            (
                (5..=180).contains(&plan.ring_timeout.as_secs()),
                "dial_out.ring_timeout: expected 5s to 180s",
            ),
            (
                plan.max_duration.as_secs() >= 1,
                "dial_out.max_duration: expected 1s or more",
            ),
        ] {
            if !good {
                return Err(message.to_owned());
            }
        }
        Ok(())
    }
}

fn trunk(uri: &str) -> Result<Hop, String> {
    let expected =
        |what: &str| format!("dial_out.trunk: {what}, such as \"sip:trunk.example.com:5060;transport=tcp\"");
    // An example of a callee is none of a trunk, which has no user.
    let what = |fault: &'static str| fault.split_once(" such as ").map_or(fault, |(what, _)| what);
    let target = Target::parse(uri).map_err(|fault| expected(what(fault.0)))?;
    match target.user.as_str() {
        "" => Ok(target.hop),
        _ => Err(expected("expected no user")),
    }
}

fn known_host(host: &str) -> Result<Hop, String> {
    let target = Target::parse(&format!("sip:{host}")).ok();
    let target = target.filter(|target| target.user.is_empty() && !host.contains(';'));
    let expected =
        || "dial_out.hosts: expected hosts such as \"pbx.example.com\" or \"192.0.2.7:5070\"".to_owned();
    target.map(|target| target.hop).ok_or_else(expected)
}

fn is_prefix(prefix: &str) -> bool {
    let digits = prefix.bytes().all(|byte| byte.is_ascii_digit());
    digits && (1..=15).contains(&prefix.len()) && !prefix.starts_with('0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_becomes_a_plan_and_shows_its_password_to_nobody() {
        let text = "trunk = \"sip:trunk.example.com:5070;transport=tcp\"\nusername = \"bridge\"\npassword = \"hunter2\"\n\
                    allow = [\"1\", \"44\"]\nhosts = [\"PBX.example.com\", \"[2001:db8::7]:5061\"]\nring_timeout = \"30s\"";
        let section: DialOutSection = toml::from_str(text).unwrap();
        section.check().unwrap();
        let plan = section.plan().unwrap();
        let trunk = plan.trunk.clone().unwrap();
        assert_eq!(
            (trunk.to_string().as_str(), trunk.transport),
            ("trunk.example.com:5070", sip::Transport::Tcp)
        );
        let hosts: Vec<_> = plan.hosts.iter().map(Hop::to_string).collect();
        assert_eq!(hosts, ["pbx.example.com:5060", "[2001:db8::7]:5061"]);
        assert_eq!(plan.credentials.as_ref().unwrap().password, "hunter2");
        assert_eq!(plan.ring_timeout, Duration::from_secs(30));
        assert!(!format!("{section:?} {plan:?}").contains("hunter2"));
    }
}
