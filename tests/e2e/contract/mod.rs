//! The reference, example by example and table by table, over HTTPS against a bridge with real calls in it.

mod examples;
mod shape;
mod tables;

use serde_json::Value;

use crate::support::bridge::Bridge;
use crate::support::phone::Phone;
use crate::support::rest::{Answer, Rest};

/// A bridge with the demo's objects, a host and a participant in room 106131, and what their calls are called.
pub(super) struct Site {
    pub(super) bridge: Bridge,
    pub(super) phones: Vec<Phone>,
    pub(super) host: u64,
}

impl Site {
    pub(super) fn new() -> Self {
        let bridge = Bridge::start();
        let enter = |keys: &str| {
            let mut phone = Phone::call(bridge.sip(), "15162065319");
            phone.enter(keys);
            phone
        };
        let phones = vec![enter("111#"), enter("222#")];
        let joined = |role: u64| {
            let call = bridge
                .rest()
                .wait_for("/calls", "the call is in the meeting", |call| {
                    call["state"] == 2 && call["role"] == role
                });
            call["id"].as_u64().expect("an id")
        };
        let (host, _participant) = (joined(1), joined(2));
        Self { bridge, phones, host }
    }

    pub(super) fn rest(&self) -> &Rest {
        self.bridge.rest()
    }

    /// A request whose path and body name the host's call as `{call}`.
    pub(super) fn ask(&self, method: &str, path: &str, body: &Value) -> Answer {
        let path = path.replace("{call}", &self.host.to_string());
        let body = Some(body).filter(|body| !body.is_null());
        self.rest().request(method, &path, body)
    }
}
