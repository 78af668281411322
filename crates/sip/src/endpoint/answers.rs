//! Our responses.

use std::time::Instant;

use bytes::Bytes;

use super::Endpoint;
use super::transactions::TxId;
use super::watchers::PACKAGE;
use crate::dialog::Dialog;
use crate::dialog::call::{Call, Pending, PendingKind, Stage, Unacked};
use crate::dialog::focus::Focus;
use crate::dialog::session::SessionTimer;
use crate::flow::Flow;
use crate::message::refusal::{ALLOW, SUPPORTED};
use crate::message::{Echo, Refusal, Writer};
use crate::transaction::ServerInput;

impl Endpoint {
    pub(super) fn respond(&mut self, now: Instant, tx: TxId, status: u16, bytes: Bytes) {
        self.transactions
            .server_input(now, tx, ServerInput::Respond { status, bytes }, &mut self.out);
    }

    /// 100, at once: whoever decides on the INVITE may take longer than 200 ms (RFC 3261 section 17.2.1).
    pub(super) fn trying(&mut self, now: Instant, tx: TxId, echo: &Echo) {
        self.respond(now, tx, 100, Writer::response(echo, 100, None, None).done());
    }

    /// 180, with what an early dialog needs.
    pub(super) fn ring(&mut self, now: Instant, invite: &Pending, dialog: &Dialog) {
        let echo = &invite.echo;
        let writer = Writer::response(echo, 180, None, Some(dialog.local_tag()))
            .headers("Record-Route", &echo.record_routes)
            .header("Contact", self.contact(echo.flow, dialog.focus))
            .header("Allow", ALLOW);
        let bytes = self.signed(writer).done();
        self.respond(now, invite.tx, 180, bytes);
    }

    /// 200 to an INVITE or UPDATE, with our answer or offer.
    pub(super) fn accept(&mut self, now: Instant, call: &mut Call, pending: &Pending, sdp: Option<&[u8]>) {
        let echo = &pending.echo;
        let writer = Writer::response(echo, 200, None, Some(call.dialog.local_tag()))
            .headers("Record-Route", &echo.record_routes);
        let writer = self.abilities(writer, echo.flow, call.dialog.focus);
        let writer = match pending.agreed {
            Some(agreed) => agreed.write(writer),
            None => writer,
        };
        let ok = writer.maybe_sdp(sdp);
        if !matches!(call.stage, Stage::Ringing { .. }) {
            call.session = SessionTimer::start(now, pending.agreed);
        }
        if let Some(sdp) = sdp {
            call.local_sdp = Bytes::copy_from_slice(sdp);
        }
        if pending.kind == PendingKind::Invite {
            call.unacked = Some(Unacked::new(now, pending, ok.clone()));
        }
        self.respond(now, pending.tx, 200, ok);
    }

    /// Refuses whatever of the peer's waits for our user.
    pub(super) fn refuse_pending(&mut self, now: Instant, call: &mut Call, refusal: &Refusal) {
        let tag = call.dialog.local_tag().to_owned();
        let ringing = match &call.stage {
            Stage::Ringing { invite, .. } => Some(invite),
            Stage::Dialling(_)
            | Stage::Abandoned(_)
            | Stage::Up
            | Stage::Leaving { .. }
            | Stage::Closing
            | Stage::Gone => None,
        };
        if let Some(pending) = call.peer_offer.take().as_ref().or(ringing) {
            self.refuse_in_transaction(now, pending.tx, &pending.echo, refusal, &tag);
        }
    }

    /// A failure response within a server transaction.
    pub(super) fn refuse_in_transaction(
        &mut self,
        now: Instant,
        tx: TxId,
        echo: &Echo,
        refusal: &Refusal,
        tag: &str,
    ) {
        let writer = Writer::response(echo, refusal.status, Some(refusal.phrase()), Some(tag));
        let bytes = self.finish(writer, refusal);
        self.respond(now, tx, refusal.status, bytes);
    }

    /// What we can do: for OPTIONS and every 2xx that makes or refreshes a dialog.
    pub(super) fn abilities(&self, writer: Writer, flow: Flow, focus: Option<Focus>) -> Writer {
        let writer = writer
            .header("Contact", self.contact(flow, focus))
            .header("Allow", ALLOW)
            .header("Accept", "application/sdp")
            .header("Supported", SUPPORTED)
            .header("Allow-Events", PACKAGE);
        self.signed(writer)
    }

    pub(super) fn finish(&self, writer: Writer, refusal: &Refusal) -> Bytes {
        let headers = refusal.headers.iter();
        let writer = headers.fold(writer, |writer, (name, value)| writer.header(name, value));
        self.signed(writer).done()
    }

    fn signed(&self, writer: Writer) -> Writer {
        writer.header("Server", &self.config.user_agent)
    }
}
