//! `partyline ctl webhooks` and `webhook`: where events are posted to, what became of them, and having them posted again.

use serde_json::{Value, json};

use super::Out;
use super::client::{Client, escape};
use super::failure::Failure;
use super::lists::{List, harmless, joined, plain, time, yes};
use super::options::{Page, Webhook};
use super::table::{number, text};

/// Which deliveries were given up.
const DEAD: &str = r#"state eq "dead""#;

pub(super) const WEBHOOKS: List = List {
    path: "/webhooks",
    none: "events are posted nowhere",
    columns: &[
        text("ID", |webhook| plain(webhook, "id")),
        text("URL", |webhook| plain(webhook, "url")),
        text("TYPES", types),
        text("OFF", |webhook| yes(&webhook["disabled"])),
        text("CALLBACK", |webhook| yes(&webhook["callback"])),
        text("OWNER", |webhook| plain(webhook, "subscriberSid")),
        text("DESCRIPTION", |webhook| plain(webhook, "description")),
    ],
};

const DELIVERIES: List = List {
    path: "/webhooks/{id}/deliveries",
    none: "there is no such delivery",
    columns: &[
        number("EVENT", |delivery| plain(delivery, "id")),
        // When it happened, or was last asked for again: for a day from then on it is tried.
        text("SINCE", |delivery| time(&delivery["created"])),
        text("STATE", |delivery| plain(delivery, "state")),
        number("TRIES", |delivery| plain(delivery, "attempts")),
        number("STATUS", |delivery| plain(delivery, "status")),
        text("NEXT TRY", |delivery| time(&delivery["nextAttempt"])),
        text("FAULT", |delivery| plain(delivery, "fault")),
    ],
};

/// Does it.
pub(super) fn run(client: &Client, what: &Webhook, out: Out) -> Result<(), Failure> {
    match what {
        Webhook::Deliveries { webhook, dead, page } => {
            DELIVERIES.show_of(client, &escape(webhook), &asked(page, *dead), out)
        }
        Webhook::Redeliver { webhook, events } => redeliver(client, webhook, events, out),
    }
}

/// The page that is asked for, of the dead alone where that is.
fn asked(page: &Page, dead: bool) -> Page {
    let filter = match dead {
        true => Some(DEAD.to_owned()),
        false => page.filter.clone(),
    };
    Page {
        filter,
        ..page.clone()
    }
}

/// Has events posted once more, one after the other, up to the first that is refused.
fn redeliver(client: &Client, webhook: &str, events: &[u64], out: Out) -> Result<(), Failure> {
    for event in events {
        client.act(&redelivery(webhook, *event))?;
        out.tell(&json!({"id": event}), || {
            format!("event {event}: waits for its turn")
        })?;
    }
    Ok(())
}

fn redelivery(webhook: &str, event: u64) -> String {
    format!("/webhooks/{}/deliveries/{event}/redeliver", escape(webhook))
}

/// Which events are posted; without types it is all of them.
fn types(webhook: &Value) -> String {
    let types = joined(&webhook["types"], |kind| {
        harmless(kind.as_str().unwrap_or_default())
    });
    match types.is_empty() {
        true => "all".to_owned(),
        false => types,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn webhooks_are_told_in_words() {
        let said = json!({"total": 2, "items": [
            {
                "callback": false, "created": 1_544_643_810_000_u64, "description": "CRM", "disabled": false, "id": "whk_1",
                "subscriberSid": "a-b", "types": ["call.*", "meeting.ended"], "url": "https://crm.example.com/calls",
            },
            {
                "callback": true, "created": 1_544_643_810_000_u64, "description": "", "disabled": true, "id": "cb_a-b",
                "subscriberSid": "a-b", "types": [], "url": "https://example.com/",
            },
        ]});
        let expected = "\
ID      URL                            TYPES                  OFF  CALLBACK  OWNER  DESCRIPTION
whk_1   https://crm.example.com/calls  call.*, meeting.ended                 a-b    CRM
cb_a-b  https://example.com/           all                    yes  yes       a-b";
        assert_eq!(WEBHOOKS.text(&said, 160), expected);
        let steers = json!({"types": ["call.*\u{1b}[2J"]});
        assert_eq!(types(&steers), "call.* [2J");
    }

    #[test]
    fn a_delivery_tells_how_often_it_was_tried_and_why_it_is_not_there() {
        let said = json!({"total": 2, "items": [
            {
                "attempts": 2, "created": 1_544_643_810_000_u64, "eventId": 9, "fault": "nobody answers", "id": 9,
                "nextAttempt": 1_544_643_810_000_u64, "state": "pending",
            },
            {"attempts": 1, "created": 1_544_643_810_000_u64, "eventId": 8, "id": 8, "state": "dead", "status": 410},
        ]});
        let expected = "\
EVENT  SINCE                     STATE    TRIES  STATUS  NEXT TRY                  FAULT
    9  2018-12-12T19:43:30.000Z  pending      2          2018-12-12T19:43:30.000Z  nobody answers
    8  2018-12-12T19:43:30.000Z  dead         1     410";
        assert_eq!(DELIVERIES.text(&said, 160), expected);
    }

    #[test]
    fn the_dead_are_a_filter_and_all_else_of_the_page_stays() {
        let page = Page {
            filter: Some("attempts gt 3".into()),
            order: Some("id".into()),
            limit: 5,
            offset: 10,
        };
        for (dead, filter) in [(false, "attempts gt 3"), (true, DEAD)] {
            let asked = asked(&page, dead);
            assert_eq!(asked.filter.as_deref(), Some(filter));
            assert_eq!(
                (asked.order.as_deref(), asked.limit, asked.offset),
                (Some("id"), 5, 10)
            );
        }
    }

    #[test]
    fn what_is_typed_as_an_id_stays_one_part_of_the_address() {
        for (webhook, expected) in [
            ("whk_0f", "/webhooks/whk_0f/deliveries/9/redeliver"),
            ("cb_a-b", "/webhooks/cb_a-b/deliveries/9/redeliver"),
            (
                "../calls 1?x",
                "/webhooks/..%2Fcalls%201%3Fx/deliveries/9/redeliver",
            ),
        ] {
            assert_eq!(redelivery(webhook, 9), expected);
        }
    }
}
