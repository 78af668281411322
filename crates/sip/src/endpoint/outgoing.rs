//! Our requests inside a call, and the responses to them.

use std::time::{Duration, Instant};

use bytes::Bytes;
use sipx_sip::HeaderName;
use sipx_sip::headers::ContentType;

use super::Endpoint;
use super::api::{EndCause, Event};
use super::commands::reason_header;
use super::transactions::{NewClient, Purpose, Report};
use crate::auth::Authorization;
use crate::dialog::call::{Call, Motive, OFFER_TRIES, OurOffer, Stage};
use crate::dialog::session::{Agreed, SessionTimer};
use crate::flow::Flow;
use crate::message::refusal::{ALLOW, SUPPORTED};
use crate::message::{Response, Writer, text};

/// How long to wait before a refresh is tried again.
const REFRESH_AGAIN: Duration = Duration::from_secs(5);

impl Endpoint {
    pub(super) fn send_bye(&mut self, now: Instant, call: &mut Call, reason: Option<&str>) {
        let reason = reason.map(reason_header);
        self.send_request(now, call, Purpose::Bye, |writer, _, _| {
            writer.maybe("Reason", reason).done()
        });
    }

    /// A re-INVITE with our offer.
    pub(super) fn send_offer(
        &mut self,
        now: Instant,
        call: &mut Call,
        sdp: Bytes,
        motive: Motive,
        tries: u32,
    ) {
        let body = sdp.clone();
        let seq = self.send_request(now, call, Purpose::Reinvite, |writer, call, contact| {
            session_headers(writer, call, contact)
                .header("Accept", "application/sdp")
                .sdp(&body)
        });
        call.our_offer = OurOffer::InFlight {
            seq,
            give_up_at: now + self.config.limits.ringing,
            sdp,
            motive,
            tries,
        };
    }

    /// Keeps the session alive: UPDATE where the peer takes it, else a re-INVITE with the same session.
    pub(super) fn refresh(&mut self, now: Instant, call: &mut Call) {
        if call.peer_updates && !call.updating {
            call.updating = true;
            self.send_request(now, call, Purpose::Update, |writer, call, contact| {
                session_headers(writer, call, contact).done()
            });
            return;
        }
        let free = matches!(call.our_offer, OurOffer::None)
            && call.unacked.is_none()
            && call.peer_offer.is_none()
            && !call.updating;
        if free {
            let sdp = call.local_sdp.clone();
            self.send_offer(now, call, sdp, Motive::Refresh, 1);
        } else {
            call.session.refresh_again(now + REFRESH_AGAIN);
        }
    }

    pub(super) fn response(&mut self, now: Instant, response: &Response) {
        let Some(reports) = self.transactions.response(now, response, &mut self.out) else {
            self.out.counters.stray_responses += 1;
            return;
        };
        for report in reports {
            if report.purpose == Purpose::Notify {
                self.notified(now, report, response);
                continue;
            }
            let last = response.status >= 200;
            self.with_call(report.call, |endpoint, call| match report.purpose {
                Purpose::Invite => endpoint.dial_answered(now, call, report.seq, response),
                purpose if last && endpoint.is_sent_again(now, call, purpose, response) => {}
                Purpose::Bye if last => call.stage = Stage::Gone,
                Purpose::Reinvite if last => endpoint.offer_answered(now, call, report.seq, response),
                Purpose::Update if last => endpoint.update_answered(now, call, response),
                Purpose::Bye | Purpose::Reinvite | Purpose::Update | Purpose::Cancel | Purpose::Notify => {}
            });
        }
    }

    /// A transaction ended without a response (RFC 3261 section 12.2.1.2).
    pub(super) fn unanswered(&mut self, now: Instant, report: Report) {
        if report.answered {
            return;
        }
        if report.purpose == Purpose::Notify {
            return self.not_notified(now, report);
        }
        self.with_call(report.call, |endpoint, call| match report.purpose {
            Purpose::Bye => call.stage = Stage::Gone,
            Purpose::Invite => endpoint.dial_failed(call, EndCause::Unreachable),
            Purpose::Reinvite | Purpose::Update => endpoint.fail(now, call, 408),
            Purpose::Cancel | Purpose::Notify => {}
        });
    }

    /// Sends a request of ours within a call again where it is challenged and we have an answer.
    fn is_sent_again(
        &mut self,
        now: Instant,
        call: &mut Call,
        purpose: Purpose,
        response: &Response,
    ) -> bool {
        let authenticator = call.authenticator.as_mut();
        if !authenticator.is_some_and(|authenticator| authenticator.is_challenged(response)) {
            return false;
        }
        match purpose {
            Purpose::Bye => self.send_bye(now, call, None),
            Purpose::Update => {
                call.updating = false;
                self.refresh(now, call);
            }
            Purpose::Reinvite => {
                if let OurOffer::InFlight {
                    sdp, motive, tries, ..
                } = std::mem::replace(&mut call.our_offer, OurOffer::None)
                {
                    self.send_offer(now, call, sdp, motive, tries);
                }
            }
            Purpose::Invite | Purpose::Cancel | Purpose::Notify => return false,
        }
        true
    }

    /// What a request of this method says to the challenges of its call.
    pub(super) fn authorization(&mut self, call: &mut Call, method: &str) -> Vec<Authorization> {
        let Some(authenticator) = &mut call.authenticator else {
            return Vec::new();
        };
        let uri = call.dialog.request_uri();
        authenticator.authorize(method, &String::from_utf8_lossy(&uri), &mut self.random)
    }

    fn offer_answered(&mut self, now: Instant, call: &mut Call, seq: u32, response: &Response) {
        if response.status < 300 {
            self.send_ack(call, seq);
        }
        let current = matches!(call.our_offer, OurOffer::InFlight { seq: current, .. } if current == seq);
        if !current || call.is_over() {
            return;
        }
        let OurOffer::InFlight {
            sdp, motive, tries, ..
        } = std::mem::replace(&mut call.our_offer, OurOffer::None)
        else {
            return;
        };
        match response.status {
            ..300 => self.offer_accepted(now, call, sdp, response),
            408 | 481 => self.fail(now, call, response.status),
            491 if tries < OFFER_TRIES => {
                let wait = self.glare_wait(call);
                call.our_offer = OurOffer::Waiting {
                    at: now + wait,
                    sdp,
                    motive,
                    tries,
                };
            }
            status => self.offer_refused(now, call, motive, status, response),
        }
    }

    /// Who made the Call-ID waits 2.1 to 4 s, the other up to 2 s (RFC 3261 section 14.1).
    fn glare_wait(&mut self, call: &Call) -> Duration {
        let steps = match call.dialog.ours {
            true => 210 + self.random.below(191),
            false => self.random.below(201),
        };
        Duration::from_millis(10 * steps)
    }

    fn offer_accepted(&mut self, now: Instant, call: &mut Call, sdp: Bytes, response: &Response) {
        call.dialog.retarget(&response.headers);
        call.local_sdp = sdp;
        call.session = SessionTimer::start(now, Agreed::as_client(&response.headers));
        self.tell(match session_description(response) {
            Some(sdp) => Event::OfferAnswered { call: call.id, sdp },
            None => Event::OfferRefused {
                call: call.id,
                status: 488,
            },
        });
    }

    fn offer_refused(
        &mut self,
        now: Instant,
        call: &mut Call,
        motive: Motive,
        status: u16,
        response: &Response,
    ) {
        match motive {
            Motive::User => self.tell(Event::OfferRefused {
                call: call.id,
                status,
            }),
            Motive::Refresh => retry_refresh(now, call, response),
        }
    }

    fn update_answered(&mut self, now: Instant, call: &mut Call, response: &Response) {
        call.updating = false;
        if call.is_over() {
            return;
        }
        match response.status {
            ..300 => {
                call.dialog.retarget(&response.headers);
                call.session = SessionTimer::start(now, Agreed::as_client(&response.headers));
            }
            408 | 481 => self.fail(now, call, response.status),
            405 | 501 => {
                call.peer_updates = false;
                self.refresh(now, call);
            }
            _ => retry_refresh(now, call, response),
        }
    }

    /// The peer does not know the call any more, or is gone.
    pub(super) fn fail(&mut self, now: Instant, call: &mut Call, status: u16) {
        if !call.is_over() {
            self.close(now, call, EndCause::RequestFailed(status), None);
        }
    }

    pub(super) fn send_ack(&mut self, call: &Call, seq: u32) {
        let flow = call.dialog.next_hop(call.flow);
        let branch = self.random.branch();
        let writer = call.dialog.request("ACK", seq, &self.via(flow, &branch));
        let invite = call.authenticator.as_ref();
        let authorization = invite.map_or(&[][..], |authenticator| authenticator.of_invite());
        let writer = writer.header("To", call.dialog.to()).pairs(authorization);
        self.out.send(flow, writer.done());
    }

    /// Opens a client transaction; the closure ends the message. Returns its CSeq.
    fn send_request(
        &mut self,
        now: Instant,
        call: &mut Call,
        purpose: Purpose,
        end: impl FnOnce(Writer, &Call, &str) -> Bytes,
    ) -> u32 {
        let (flow, branch) = (call.dialog.next_hop(call.flow), self.random.branch());
        let seq = call.dialog.next_seq();
        let via = self.via(flow, &branch);
        let method = String::from_utf8_lossy(purpose.method());
        let authorization = self.authorization(call, &method);
        let writer = call
            .dialog
            .request(&method, seq, &via)
            .header("To", call.dialog.to())
            .pairs(&authorization)
            .header("User-Agent", &self.config.user_agent);
        let request = end(writer, call, &self.contact(flow, call.dialog.focus));
        let ack = (purpose == Purpose::Reinvite).then(|| call.dialog.request("ACK", seq, &via));
        let new = NewClient {
            branch,
            flow,
            request,
            call: call.id,
            purpose,
            seq,
            ack,
        };
        self.transactions.open_client(now, new, &mut self.out);
        seq
    }

    pub(super) fn via(&self, flow: Flow, branch: &str) -> String {
        let transport = flow.transport.via_name();
        format!(
            "SIP/2.0/{transport} {};branch={branch};rport",
            self.advertised(flow)
        )
    }
}

/// What a re-INVITE or UPDATE of ours says besides its session.
fn session_headers(writer: Writer, call: &Call, contact: &str) -> Writer {
    writer
        .header("Contact", contact)
        .header("Allow", ALLOW)
        .header("Supported", SUPPORTED)
        .maybe("Session-Expires", call.session.header())
}

fn retry_refresh(now: Instant, call: &mut Call, response: &Response) {
    if response.status == 422 {
        call.session
            .lengthen(text::seconds(&response.headers, &HeaderName::MinSe).unwrap_or(0));
    }
    call.session.refresh_again(now + REFRESH_AGAIN);
}

pub(super) fn session_description(response: &Response) -> Option<Vec<u8>> {
    let kind = response.headers.typed::<ContentType>()?.ok()?;
    let is_sdp = kind.is("application", "sdp") && !response.body.is_empty();
    is_sdp.then(|| response.body.to_vec())
}
