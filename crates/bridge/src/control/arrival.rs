//! A call arrives: steps 1 to 3 of the call flow, and the description of its audio.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use ivr::budget::Guesser;
use ivr::session::{self, Session};
use media::LegConfig;
use model::directory::Dialled;
use model::{CallState, CallView, Cause, Cdr, LegId, Mute, OperatorMode, PresenterMedia, Question, host};
use sip::{Command, Incoming};

use super::Control;
use super::call::{Call, Media, Stage};
use super::negotiation::{self, Agreed, Here};
use super::opening::menu_settings;
use super::output::{MediaOrder, Output};

/// Seconds between the epochs of NTP (1900) and Unix (1970), RFC 868.
const NTP_OFFSET: i64 = 2_208_988_800;
/// Longest name or number that is kept as a phone gave it, and longest address, in characters: they are copied into every view of a call, and
/// a header may have 8 KiB.
const NAME_MAX: usize = 64;
const ADDRESS_MAX: usize = 512;

impl Control {
    /// A new INVITE: number, door, then a port to answer on.
    pub(super) fn arrived(&mut self, now: Instant, incoming: Incoming) {
        let Some(leg) = self.ids.leg() else {
            self.counts.without_id += 1;
            // Only a store that has failed for thousands of calls leaves none; without an id there can be no record.
            return self.refuse_dialog(now, incoming.call, 503, None);
        };
        let dialled = self.dialled(&incoming);
        let record = self.new_record(now, leg, &incoming, dialled.as_ref());
        self.door.count(incoming.source.ip());
        match dialled {
            Some(dialled) => self.accept(now, leg, dialled, incoming, record),
            None => {
                self.refuse_dialog(now, incoming.call, 404, None);
                self.refused(now, record, 404, Cause::UnknownNumber);
            }
        }
    }

    fn dialled(&self, incoming: &Incoming) -> Option<Dialled> {
        let number = self.directory.dialled(&incoming.dialled);
        number.or_else(|| self.directory.dialled(incoming.to_user.as_deref()?))
    }

    fn accept(&mut self, now: Instant, leg: LegId, dialled: Dialled, incoming: Incoming, record: Cdr) {
        let source = incoming.source.ip().to_canonical();
        let guesser = Guesser {
            caller: record.caller.clone(),
            source,
            group: dialled.group.id,
        };
        let call = Call {
            dialog: incoming.call,
            view: new_view(leg, &dialled, &incoming, &record),
            dialled,
            guesser,
            media: Media::Opening {
                offer: incoming.offer,
            },
            stage: Stage::Door,
            playing: None,
            keys: Call::key_credit(now),
            record,
            cause: None,
            ends_at: None,
            is_known: false,
            operator_for: None,
            aside: None,
        };
        *self.per_source.entry(host(source)).or_default() += 1;
        self.by_dialog.insert(incoming.call, leg);
        self.calls.insert(leg, call);
        self.dirty_calls.insert(leg);
        self.call_rings(now, leg);
        self.outputs.push_back(Output::OpenPort { leg, near: self.near });
    }

    /// The port is there: agree on the audio, then ring.
    pub(super) fn port_opened(&mut self, now: Instant, leg: LegId, rtp: SocketAddr) {
        let Some(call) = self.calls.get_mut(&leg) else {
            return self.outputs.push_back(Output::ClosePort { leg });
        };
        if matches!(call.stage, Stage::Dialling(_)) {
            return self.invite(now, leg, rtp);
        }
        let Media::Opening { offer } = std::mem::replace(&mut call.media, Media::None) else {
            return;
        };
        let has_operator = self.config.operator.is_some();
        let settings = menu_settings(&call.dialled, &self.directory, has_operator);
        let here = Here::new(&self.config, &self.ports, leg, rtp);
        match negotiation::first(&here, offer.as_deref()) {
            Ok((sdp, agreed)) => {
                self.ports.extend(both_ports(rtp));
                call.media = Media::Ready { rtp, sdp, agreed };
                call.stage = Stage::Menu(Box::new(Session::new(now, settings)));
                self.menu_outputs(now, leg);
            }
            Err(refused) => {
                self.outputs.push_back(Output::ClosePort { leg });
                let cause = if refused.status == 488 {
                    Cause::NoCodec
                } else {
                    Cause::BadOffer
                };
                self.refuse(now, leg, refused.status, Some(refused.reason), cause);
            }
        }
    }

    /// No port could be opened.
    pub(super) fn port_refused(&mut self, now: Instant, leg: LegId) {
        let Some(call) = self.calls.get_mut(&leg) else {
            return;
        };
        call.media = Media::None;
        match call.stage {
            Stage::Dialling(_) => self.give_up(now, leg, Cause::NoMediaPort),
            Stage::Door
            | Stage::Menu(_)
            | Stage::Meeting { .. }
            | Stage::Operator
            | Stage::Leaving { .. }
            | Stage::Gone => self.refuse(now, leg, 503, None, Cause::NoMediaPort),
        }
    }

    /// Step 3 is over: 200, and the leg goes to the mixer as soon as its audio is agreed on.
    pub(super) fn answer(&mut self, now: Instant, leg: LegId) {
        let Some(call) = self.calls.get_mut(&leg) else {
            return;
        };
        let Media::Ready { rtp, sdp, agreed } = std::mem::replace(&mut call.media, Media::None) else {
            return;
        };
        let answered_ms = self.clock.ms(now);
        call.record.answered_ms = Some(answered_ms);
        let after = Duration::from_millis(answered_ms.saturating_sub(call.record.created_ms).max(0) as u64);
        self.outputs.push_back(Output::Answered { after });
        let dialog = call.dialog;
        match agreed {
            Some(agreed) => {
                call.media = Media::Running {
                    rtp,
                    agreed: agreed.clone(),
                };
                self.start_media(now, leg, &agreed);
            }
            None => {
                call.media = Media::Offered {
                    rtp,
                    sdp: sdp.clone(),
                }
            }
        }
        self.dirty_calls.insert(leg);
        self.keep_open(leg);
        self.call_in_menu(now, leg);
        self.sip(now, Command::Answer { call: dialog, sdp });
    }

    /// The ACK: the caller hears us now.
    pub(super) fn confirmed(&mut self, now: Instant, dialog: sip::CallId, sdp: Option<Vec<u8>>) {
        let Some(leg) = self.by_dialog.get(&dialog).copied() else {
            return;
        };
        let is_offered = |call: &Call| matches!(call.media, Media::Offered { .. });
        let offered = self.calls.get(&leg).is_some_and(is_offered);
        if !offered || self.is_agreed(now, leg, sdp.as_deref().unwrap_or_default()) {
            self.session_input(now, leg, session::Input::Connected);
        }
    }

    /// Takes the answer to the offer that a call began with; whether the call goes on with it.
    pub(super) fn is_agreed(&mut self, now: Instant, leg: LegId, answer: &[u8]) -> bool {
        let Some(call) = self.calls.get_mut(&leg) else {
            return false;
        };
        let Media::Offered { rtp, sdp: offer } = &call.media else {
            return false;
        };
        let (rtp, offer) = (*rtp, offer.clone());
        let here = Here::new(&self.config, &self.ports, leg, rtp);
        let Ok(agreed) = negotiation::answered(&here, &offer, answer) else {
            self.end(now, leg, Cause::NoCodec);
            return false;
        };
        call.media = Media::Running {
            rtp,
            agreed: agreed.clone(),
        };
        self.start_media(now, leg, &agreed);
        true
    }

    fn start_media(&mut self, now: Instant, leg: LegId, agreed: &Agreed) {
        let wall_ms = self.clock.ms(now);
        let Some(call) = self.calls.get_mut(&leg) else {
            return;
        };
        call.view.codec = agreed.codec_name().to_owned();
        call.record.codec = call.view.codec.clone();
        self.dirty_calls.insert(leg);
        let seconds = (wall_ms.div_euclid(1000) + NTP_OFFSET) as u64;
        let fraction = ((wall_ms.rem_euclid(1000) as u64) << 32) / 1000;
        let config = LegConfig {
            session: agreed.session.clone(),
            signalling_ip: call.source(),
            latching: self.config.latching,
            ssrc: self.random.u32(),
            first_sequence: self.random.u32() as u16,
            first_timestamp: self.random.u32(),
            cname: self.config.cname.clone(),
            ntp_at_start: seconds << 32 | fraction,
            seed: self.random.u64(),
            jitter: self.config.jitter,
            level_target: self.config.level_target,
            timeouts: self.config.timeouts,
        };
        self.order(MediaOrder::Add {
            leg,
            config: Box::new(config),
        });
    }

    /// The caller wants another session: hold, resume, another address or codec.
    pub(super) fn offered(&mut self, now: Instant, dialog: sip::CallId, offer: Option<Vec<u8>>) {
        let Some(leg) = self.by_dialog.get(&dialog).copied() else {
            return;
        };
        let Some(call) = self.calls.get_mut(&leg) else {
            return;
        };
        let Media::Running { rtp, agreed } = &mut call.media else {
            return self.sip(
                now,
                Command::RejectOffer {
                    call: dialog,
                    status: 491,
                },
            );
        };
        let here = Here::new(&self.config, &self.ports, leg, *rtp);
        let Some(offer) = offer else {
            let sdp = negotiation::reoffer(&here, agreed);
            return self.sip(now, Command::AcceptOffer { call: dialog, sdp });
        };
        match negotiation::again(&here, &offer, agreed) {
            Ok(sdp) => {
                self.session_changed(leg);
                self.sip(now, Command::AcceptOffer { call: dialog, sdp });
            }
            Err(refused) => self.sip(
                now,
                Command::RejectOffer {
                    call: dialog,
                    status: refused.status,
                },
            ),
        }
    }

    /// The answer to an offer that the caller had asked us for.
    pub(super) fn offer_answered(&mut self, now: Instant, dialog: sip::CallId, answer: &[u8]) {
        let Some(leg) = self.by_dialog.get(&dialog).copied() else {
            return;
        };
        let Some(call) = self.calls.get_mut(&leg) else {
            return;
        };
        let Media::Running { rtp, agreed } = &mut call.media else {
            return;
        };
        let here = Here::new(&self.config, &self.ports, leg, *rtp);
        match negotiation::reanswered(&here, agreed, answer) {
            Ok(()) => self.session_changed(leg),
            Err(_) => self.end(now, leg, Cause::NoCodec),
        }
    }

    fn session_changed(&mut self, leg: LegId) {
        let Some(call) = self.calls.get_mut(&leg) else {
            return;
        };
        let Media::Running { agreed, .. } = &call.media else {
            return;
        };
        call.view.codec = agreed.codec_name().to_owned();
        call.record.codec = call.view.codec.clone();
        let session = Box::new(agreed.session.clone());
        self.dirty_calls.insert(leg);
        self.order(MediaOrder::Update { leg, session });
    }

    /// The record of a call that never came to be.
    fn refused(&mut self, now: Instant, mut record: Cdr, status: u16, cause: Cause) {
        record.ended_ms = self.clock.ms(now);
        record.sip_status = status;
        record.cause = cause;
        self.keep_record(now, record);
    }

    pub(super) fn refuse_dialog(
        &mut self,
        now: Instant,
        call: sip::CallId,
        status: u16,
        reason: Option<String>,
    ) {
        let retry_after = (status == 503).then_some(self.config.retry_after);
        self.sip(
            now,
            Command::Refuse {
                call,
                status,
                reason,
                retry_after,
            },
        );
    }

    /// Signalling turned the call away by itself.
    pub(super) fn turned_away(&mut self, now: Instant, invite: &Incoming, status: u16) {
        if let Some(why) = self.shut.filter(|why| why.status() == status) {
            self.counts.shut(why);
        }
        let cause = self.why_turned_away(status);
        if !self.unanswered.credit.is_enough(now) {
            // Each thousands of ids cost a write: a flood of strangers must neither cause those nor leave none for callers.
            return self.withhold_record(now, cause);
        }
        let Some(leg) = self.ids.leg() else {
            self.counts.without_id += 1;
            return;
        };
        let dialled = self.dialled(invite);
        let record = self.new_record(now, leg, invite, dialled.as_ref());
        self.refused(now, record, status, cause);
    }

    fn why_turned_away(&self, status: u16) -> Cause {
        match status {
            403 => Cause::NotAllowed,
            503 if self.draining => Cause::Draining,
            503 => Cause::BridgeFull,
            400 | 406 | 413 | 415 | 488 => Cause::BadOffer,
            _ => Cause::NotSupported,
        }
    }

    fn new_record(&self, now: Instant, leg: LegId, incoming: &Incoming, dialled: Option<&Dialled>) -> Cdr {
        let number = dialled.map(|dialled| dialled.did.phone_number.clone());
        Cdr {
            leg,
            subscriber_sid: dialled.map(|dialled| dialled.group.subscriber_sid.clone()),
            callee: number.unwrap_or_else(|| short(&incoming.dialled)),
            caller: caller(incoming),
            source: incoming.source.ip().to_canonical().to_string(),
            outbound: false,
            codec: String::new(),
            created_ms: self.clock.ms(now),
            answered_ms: None,
            joined_ms: None,
            ended_ms: 0,
            meeting: None,
            role: None,
            access_code: String::new(),
            custom_name: String::new(),
            cause: Cause::Fault,
            sip_status: 200,
        }
    }
}

/// The ports of RTP and RTCP.
pub(super) fn both_ports(rtp: SocketAddr) -> [u16; 2] {
    [rtp.port(), rtp.port().saturating_add(1)]
}

/// As much of a name or number as is kept of one that is none of ours.
fn short(user: &str) -> String {
    cut(user, NAME_MAX)
}

fn cut(text: &str, most: usize) -> String {
    text.chars().filter(|c| !c.is_control()).take(most).collect()
}

/// The calling number with plus where it is one, else the name the phone gave; nothing where it is withheld.
fn caller(incoming: &Incoming) -> String {
    let user = incoming.asserted.as_ref().or(incoming.from_user.as_ref());
    match user {
        _ if incoming.privacy => String::new(),
        Some(user) => shown_number(user),
        None => String::new(),
    }
}

/// A calling number as it is shown: with plus where it is one, else the name that came.
pub(super) fn shown_number(user: &str) -> String {
    match model::directory::normalise(user) {
        Some(digits) if digits.len() >= 7 => format!("+{digits}"),
        Some(_) | None => short(user),
    }
}

fn new_view(leg: LegId, dialled: &Dialled, incoming: &Incoming, record: &Cdr) -> CallView {
    CallView {
        leg,
        subscriber_sid: dialled.group.subscriber_sid.clone(),
        did_group: dialled.group.id,
        access_code: String::new(),
        address_from: cut(&incoming.from_header, ADDRESS_MAX),
        address_to: cut(&incoming.to_header, ADDRESS_MAX),
        callee: dialled.did.phone_number.clone(),
        caller: record.caller.clone(),
        codec: String::new(),
        outbound: false,
        created_ms: record.created_ms,
        joined_ms: None,
        custom_name: String::new(),
        gain_db: 0,
        presenter_media: PresenterMedia::NONE,
        held: false,
        mute: Mute::default(),
        question: Question::None,
        operator: OperatorMode::None,
        meeting: None,
        role: None,
        state: CallState::Ringing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_cut_by_characters_whatever_they_take() {
        for letter in ["a", "é", "語", "🙂"] {
            assert_eq!(shown_number(&letter.repeat(100)), letter.repeat(NAME_MAX));
            assert_eq!(shown_number(&letter.repeat(NAME_MAX)), letter.repeat(NAME_MAX));
        }
        assert_eq!(shown_number("A\u{7}nn\r\n"), "Ann");
    }
}
