use std::time::Duration;

use serde::Deserialize;

use super::units::{count, duration};
use crate::control::{DialOut, Operator};

/// `[operator]`: whom callers can ask for.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OperatorSection {
    /// A number, which `dial_out.trunk` is on the way to, or a SIP address; none: nobody.
    pub address: Option<String>,
    /// How long it may ring.
    #[serde(deserialize_with = "duration")]
    pub ring_timeout: Duration,
    /// Calls to the operator at once.
    #[serde(deserialize_with = "count")]
    pub max_calls: usize,
    /// Longest talk of a caller with the operator.
    #[serde(deserialize_with = "duration")]
    pub max_duration: Duration,
}

impl Default for OperatorSection {
    fn default() -> Self {
        Self {
            address: None,
            ring_timeout: Operator::RING_TIMEOUT,
            max_calls: Operator::MAX_CALLS,
            max_duration: Operator::MAX_DURATION,
        }
    }
}

impl OperatorSection {
    /// What control goes by; nothing where there is no operator.
    ///
    /// # Errors
    /// Names the key and what was expected.
    pub(crate) fn plan(&self, dial_out: &DialOut) -> Result<Option<Operator>, String> {
        let Some(address) = &self.address else {
            return Ok(None);
        };
        let mut operator = Operator::new(address, dial_out)?;
        operator.ring_timeout = self.ring_timeout;
        operator.max_calls = self.max_calls;
        operator.max_duration = self.max_duration;
        Ok(Some(operator))
    }

    /// What no single key shows.
    pub(super) fn check(&self, dial_out: &DialOut) -> Result<(), String> {
        for (good, message) in [
            (
                (5..=180).contains(&self.ring_timeout.as_secs()),
                "operator.ring_timeout: expected 5s to 180s",
            ),
            (
                (1..=1_000).contains(&self.max_calls),
                "operator.max_calls: expected 1 to 1000",
            ),
            (
                self.max_duration.as_secs() >= 1,
                "operator.max_duration: expected 1s or more",
            ),
        ] {
            if !good {
                return Err(message.to_owned());
            }
        }
        self.plan(dial_out).map(drop)
    }
}
