//! The reference, example by example and table by table, over HTTPS against a bridge with real calls in it.
//!
//! - every example: `examples`; those of the OpenAPI document: `openapi`, beside this
//! - fields of objects and of objects within them, field selection, operators of filters: `tables`
//! - fields of records, with what is expected of the calls and meetings that they are of: `records`
//! - pages, envelopes, links, order, where a filter cannot be read: `lists`
//! - what POST makes, as it is read, changed and deleted then, and called: `makes`
//! - what PUT may change, with the values that the tables name: `changes`; `operatorMode` and POST of calls: `dialling`, beside this
//! - attributes, where they may be set, languages: `attributes`
//! - statuses and their messages, methods of each address: `statuses`

mod attributes;
mod changes;
mod examples;
mod lists;
mod makes;
mod records;
mod shape;
mod statuses;
mod tables;

use serde_json::Value;

use crate::support::bridge::Bridge;
use crate::support::phone::Phone;
use crate::support::rest::{Answer, Rest};

/// Whom everybody who calls says that he is.
const CALLER: &str = "+15162065301";
/// Whom they call: a number of the demo with the call flow CONF.
const DIALLED: &str = "15162065319";
/// The demo's tenant.
const TENANT: &str = "00000000-0000-4000-8000-000000000002";

/// A bridge with the demo's objects, a host and a participant in room 106131, and what their calls are called.
pub(super) struct Site {
    pub(super) bridge: Bridge,
    pub(super) phones: Vec<Phone>,
    pub(super) host: u64,
    pub(super) guest: u64,
}

impl Site {
    pub(super) fn new() -> Self {
        let bridge = Bridge::start_with("[recording]\nmin_free_mib = 1\n");
        let phones = ["111#", "222#"].map(|keys| enter(&bridge, keys)).into();
        let joined = |role: u64| {
            let call = bridge
                .rest()
                .wait_for("/calls", "the call is in the meeting", |call| {
                    call["state"] == 2 && call["role"] == role
                });
            call["id"].as_u64().expect("an id")
        };
        let (host, guest) = (joined(1), joined(2));
        Self {
            bridge,
            phones,
            host,
            guest,
        }
    }

    pub(super) fn rest(&self) -> &Rest {
        self.bridge.rest()
    }

    /// Somebody calls and keys this.
    pub(super) fn enter(&self, keys: &str) -> Phone {
        enter(&self.bridge, keys)
    }

    /// A request whose path and body name the host's call as `{call}` and the participant's as `{guest}`.
    pub(super) fn ask(&self, method: &str, path: &str, body: &Value) -> Answer {
        let path = path.replace("{call}", &self.host.to_string());
        let path = path.replace("{guest}", &self.guest.to_string());
        let body = Some(body).filter(|body| !body.is_null());
        self.rest().request(method, &path, body)
    }

    /// What GET answers, which must be 200.
    pub(super) fn get(&self, path: &str) -> Value {
        let answer = self.ask("GET", path, &Value::Null);
        assert_eq!(answer.status, 200, "GET {path}: {}", answer.body);
        answer.body
    }
}

fn enter(bridge: &Bridge, keys: &str) -> Phone {
    let mut phone = Phone::call_as(CALLER, bridge.sip(), DIALLED).expect("the call is answered");
    phone.enter(keys);
    phone
}

/// As it stands in an address.
pub(super) fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// The object that an answer carries, or the first of its list.
fn object(body: &Value) -> &Value {
    body["items"].get(0).unwrap_or(body)
}

/// Every name of a table of fields with the kind of its values: `name:kind name:kind`.
fn names(fields: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    fields
        .split_whitespace()
        .filter_map(|field| field.split_once(':'))
}
