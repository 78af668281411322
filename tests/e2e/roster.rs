//! The roster on a phone's display through the whole program.

use serde_json::json;

use crate::support::bridge::Bridge;
use crate::support::display::Display;
use crate::support::phone::{Phone, header};
use crate::support::until::share;

/// The demo's number.
const NUMBER: &str = "15162065319";

/// A host alone in the demo's room.
fn host(bridge: &Bridge) -> Phone {
    let mut host = Phone::call(bridge.sip(), NUMBER);
    host.enter("111#");
    bridge.rest().wait_for("/meetings", "the host is in", |meeting| {
        meeting["participantCount"] == 1
    });
    host
}

/// The subscription is over because there is nothing to show any more.
fn wait_for_end(display: &mut Display) -> String {
    let last = display.wait_for("the end", |notify| {
        header(notify, "Subscription-State").starts_with("terminated")
    });
    assert_eq!(
        header(&last, "Subscription-State"),
        "terminated;reason=noresource"
    );
    last
}

#[test]
fn displays_by_udp_and_by_tcp_are_told_all_then_who_joins_who_is_muted_and_the_end() {
    let _turn = share();
    let bridge = Bridge::start();
    let rest = bridge.rest();
    let mut host = host(&bridge);
    let mut displays = [
        Display::by_udp(bridge.sip(), &host.focus),
        Display::by_tcp(bridge.sip(), &host.focus),
    ];
    for display in &mut displays {
        let first = display.wait_for("the first NOTIFY", |_| true);
        assert!(header(&first, "Subscription-State").starts_with("active;expires="));
        for part in [
            "<user-count>1</user-count>",
            &format!(r#" entity="{}" state="full" version="0">"#, host.focus),
            r#"<users state="full">"#,
            "<entry>host</entry>",
            "<status>connected</status>",
        ] {
            assert!(first.contains(part), "{part} in {first}");
        }
    }

    let mut guest = Phone::call(bridge.sip(), NUMBER);
    guest.enter("222#");
    for display in &mut displays {
        let joined = display.wait_for("the guest joins", |notify| {
            notify.contains("<entry>participant</entry>")
        });
        assert!(joined.contains(r#" state="partial" version="#), "{joined}");
        assert!(joined.contains("<user-count>2</user-count>"), "{joined}");
        assert_eq!(joined.matches("<user ").count(), 1, "{joined}");
    }
    let call = rest.wait_for("/calls", "the guest's call", |call| call["role"] == 2);
    rest.put(&format!("/calls/{}", call["id"]), &json!({ "muteMode": 2 }));
    for display in &mut displays {
        let muted = display.wait_for("the guest is muted", |notify| {
            notify.contains("<status>muted-via-focus</status>")
        });
        assert!(muted.contains(r#" state="partial" version="#), "{muted}");
    }

    rest.delete("/meetings/106131");
    for display in &mut displays {
        wait_for_end(display);
    }
    host.wait_for_bye();
    guest.wait_for_bye();
}

#[test]
fn a_display_that_subscribes_by_udp_and_takes_connections_is_told_by_tcp() {
    let _turn = share();
    let bridge = Bridge::start();
    let rest = bridge.rest();
    let mut host = host(&bridge);
    let (mut display, listener) = Display::by_udp_for_tcp(bridge.sip(), &host.focus);
    let first = display.wait_for("the first NOTIFY", |_| true);
    assert!(header(&first, "Via").starts_with("SIP/2.0/UDP "), "{first}");
    display.go_over_to(&listener);

    let call = rest.wait_for("/calls", "the host's call", |call| call["role"] == 1);
    rest.put(
        &format!("/calls/{}", call["id"]),
        &json!({ "customName": "Front desk" }),
    );
    let named = display.wait_for("the name", |notify| {
        notify.contains("<display-text>Front desk</display-text>")
    });
    assert!(header(&named, "Via").starts_with("SIP/2.0/TCP "), "{named}");

    host.hang_up();
    let last = wait_for_end(&mut display);
    assert!(header(&last, "Via").starts_with("SIP/2.0/TCP "), "{last}");
}
