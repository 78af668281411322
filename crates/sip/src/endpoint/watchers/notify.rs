//! The NOTIFYs of a subscription: by which way they go, how much one may hold, and what their answers mean.

use std::time::Instant;

use bytes::Bytes;

use super::{DOCUMENT, PACKAGE, Place, Stage, Watcher};
use crate::dialog::Dialog;
use crate::dialog::call::Call;
use crate::endpoint::Endpoint;
use crate::endpoint::api::{CallId, Event, SubscriptionId};
use crate::endpoint::transactions::{NewClient, Purpose, Report};
use crate::flow::{Flow, Transport};
use crate::message::Response;
use crate::subscription::{SubscriptionInput, SubscriptionOutput};
use crate::target::Hop;

/// What a NOTIFY says.
struct Notice<'a> {
    id: SubscriptionId,
    event: Vec<u8>,
    state: &'a str,
    body: Option<Bytes>,
}

impl Endpoint {
    pub(super) fn watch_output(
        &mut self,
        now: Instant,
        watcher: &mut Watcher,
        output: SubscriptionOutput,
        in_hand: Option<&mut Call>,
    ) {
        let subscription = watcher.id;
        match output {
            SubscriptionOutput::WantState { full } => {
                let room = self.room(watcher, in_hand.as_deref());
                let focus = self.known_by(watcher, in_hand.as_deref());
                self.tell(Event::StateWanted {
                    subscription,
                    full,
                    room,
                    focus,
                });
            }
            SubscriptionOutput::Notify { state, body } => self.notify(now, watcher, &state, body, in_hand),
            SubscriptionOutput::Over => {
                watcher.stage = Stage::Gone;
                self.tell(Event::Unsubscribed { subscription });
            }
        }
    }

    /// Asks for a connection to one who came by datagram and would rather have it so: large documents go better there.
    pub(super) fn seek_way(&mut self, id: SubscriptionId, in_hand: Option<&Call>) {
        let Some(watcher) = self.watchers.by_id.get(&id) else {
            return;
        };
        let wanted = match (&watcher.place, in_hand) {
            (Place::Alone { dialog, flow, .. }, _) => dialog.stream_hop(*flow),
            (Place::Inside(_), Some(call)) => call.dialog.stream_hop(call.flow),
            (Place::Inside(call), None) => {
                let call = *call;
                self.with_call(call, |_, call| call.dialog.stream_hop(call.flow))
                    .flatten()
            }
        };
        let Some(watcher) = self.watchers.by_id.get_mut(&id) else {
            return;
        };
        if watcher.way.map(|way| way.remote) == wanted {
            return;
        }
        watcher.way = None;
        if let Some(remote) = wanted {
            let hop = Hop {
                transport: Transport::Tcp,
                host: remote.ip().to_string(),
                port: remote.port(),
            };
            self.tell(Event::WayWanted {
                subscription: id,
                hop,
            });
        }
    }

    /// The call that it is about; none once that is gone.
    fn call_of<'a>(&'a self, watcher: &Watcher, in_hand: Option<&'a Call>) -> Option<&'a Call> {
        in_hand.or_else(|| self.calls.get(watcher.place.call()?))
    }

    /// The URI by which the phone knows the conference: that of our Contact in its call, whatever way and dialog the subscription has.
    fn known_by(&self, watcher: &Watcher, in_hand: Option<&Call>) -> String {
        match (self.call_of(watcher, in_hand), &watcher.place) {
            (Some(call), _) => self.focus_uri(call.flow, call.dialog.focus),
            (None, Place::Alone { dialog, flow, .. }) => self.focus_uri(*flow, dialog.focus),
            (None, Place::Inside(_)) => String::new(),
        }
    }

    /// How long a document may be by the way that a NOTIFY takes, bytes. A next hop may be at another address, but is reached by the
    /// same transport.
    fn room(&self, watcher: &Watcher, in_hand: Option<&Call>) -> usize {
        let flow = match &watcher.place {
            Place::Alone { flow, .. } => Some(*flow),
            Place::Inside(_) => self.call_of(watcher, in_hand).map(|call| call.flow),
        };
        let way = watcher.way.or(flow);
        let transport = way.map_or(Transport::Udp, |way| way.transport);
        self.config.limits.document_bytes(transport)
    }

    fn notify(
        &mut self,
        now: Instant,
        watcher: &mut Watcher,
        state: &str,
        body: Option<Bytes>,
        in_hand: Option<&mut Call>,
    ) {
        let (id, event, way) = (watcher.id, watcher.event.clone(), watcher.way);
        let notice = Notice {
            id,
            event,
            state,
            body,
        };
        match (&mut watcher.place, in_hand) {
            (Place::Alone { dialog, flow, .. }, _) => self.send_notify(now, dialog, (*flow, way), notice),
            (Place::Inside(_), Some(call)) => {
                self.send_notify(now, &mut call.dialog, (call.flow, way), notice);
            }
            (Place::Inside(call), None) => {
                let call = *call;
                self.with_call(call, |endpoint, call| {
                    endpoint.send_notify(now, &mut call.dialog, (call.flow, way), notice);
                });
            }
        }
    }

    /// By the connection opened for it, if there is one; the Contact stays the one that the peer knows of its dialog.
    fn send_notify(
        &mut self,
        now: Instant,
        dialog: &mut Dialog,
        (home, way): (Flow, Option<Flow>),
        notice: Notice<'_>,
    ) {
        let (flow, branch) = (dialog.next_hop(way.unwrap_or(home)), self.random.branch());
        let seq = dialog.next_seq();
        let mut event = PACKAGE.as_bytes().to_vec();
        if !notice.event.is_empty() {
            event.extend_from_slice(b";id=");
            event.extend_from_slice(&notice.event);
        }
        let writer = dialog
            .request("NOTIFY", seq, &self.via(flow, &branch))
            .header("To", dialog.to())
            .header("Contact", self.contact(home, dialog.focus))
            .header("Event", event)
            .header("Subscription-State", notice.state)
            .header("Allow-Events", PACKAGE)
            .header("User-Agent", &self.config.user_agent);
        let new = NewClient {
            branch,
            flow,
            request: match self.fitting(flow, notice.body) {
                Some(body) => writer.typed(DOCUMENT, &body),
                None => writer.done(),
            },
            call: CallId(notice.id.0),
            purpose: Purpose::Notify,
            seq,
            ack: None,
        };
        self.out.counters.notifications += 1;
        self.transactions.open_client(now, new, &mut self.out);
    }

    /// A document that no datagram takes would never arrive; of one that is left out the subscriber learns by the next one's version.
    fn fitting(&mut self, flow: Flow, body: Option<Bytes>) -> Option<Bytes> {
        let most = self.config.limits.document_bytes(flow.transport);
        let (given, fitting) = (body.is_some(), body.filter(|body| body.len() <= most));
        self.out.counters.withheld_documents += u64::from(given && fitting.is_none());
        fitting
    }

    /// A NOTIFY of ours was answered.
    pub(in crate::endpoint) fn notified(&mut self, now: Instant, report: Report, response: &Response) {
        if response.status >= 200 {
            let id = SubscriptionId(report.call.0);
            self.answered_notify(now, id, SubscriptionInput::Answered(response.status));
        }
    }

    /// A NOTIFY of ours was not answered. A connection opened for it may have been lost before it was told of here: the way by which
    /// the subscription came is tried once more.
    pub(in crate::endpoint) fn not_notified(&mut self, now: Instant, report: Report) {
        let id = SubscriptionId(report.call.0);
        let watcher = self.watchers.by_id.get_mut(&id);
        let input = match watcher.and_then(|watcher| watcher.way.take()) {
            Some(_) => SubscriptionInput::Lost,
            None => SubscriptionInput::Unanswered,
        };
        self.answered_notify(now, id, input);
    }

    /// A NOTIFY of ours was lost with the connection opened for it; its subscription goes on by the way that it came.
    pub(in crate::endpoint) fn lost_notify(&mut self, now: Instant, id: SubscriptionId) {
        self.answered_notify(now, id, SubscriptionInput::Lost);
    }

    fn answered_notify(&mut self, now: Instant, id: SubscriptionId, input: SubscriptionInput) {
        // The last NOTIFY of one that is over is answered to nobody.
        if self.watchers.by_id.contains_key(&id) {
            self.put_in(now, id, input);
        }
    }
}
