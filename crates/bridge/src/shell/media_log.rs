//! What the log says of shards and of the audio of calls.

use std::time::Duration;

use media::{Echo, Fallbacks, Quality};
use mixer::{LegKey, Stats};

use super::lateness::Line;
use super::pulse;

/// Says that the mixer of a shard was late or lost reports; `load_percent` is the share of its time that it needed.
pub(super) fn late(shard: usize, line: &Line, stats: &Stats, load_percent: u8) {
    tracing::warn!(
        shard,
        late = line.late,
        skipped = line.skipped,
        worst_ms = line.worst.as_millis() as u64,
        reports_lost = line.reports_lost,
        legs = stats.legs,
        load_percent,
        worst_tick_ms = stats.worst_tick.as_millis() as u64,
        partials_late = stats.partials_late,
        ticks_under_way = stats.ticks_under_way,
        "the mixer was late"
    );
}

/// Says that the mixer of a shard has told of no tick for so long that it hangs.
pub(super) fn hangs(shard: usize, orders_waiting: usize) {
    tracing::error!(
        shard,
        seconds = pulse::HUNG.as_secs(),
        orders_waiting,
        "the mixer hangs: its calls hear nothing; until it goes on /readyz says 503"
    );
}

/// Says that the mixer of a shard has not ended within so long.
pub(super) fn left_behind(shard: usize, waited: Duration) {
    tracing::error!(
        shard,
        seconds = waited.as_secs(),
        "the mixer hangs and does not end: the program ends without it"
    );
}

/// Says that it ticks again, after about so long.
pub(super) fn goes_on(shard: usize, silent: Duration) {
    tracing::warn!(
        shard,
        silent_ms = silent.as_millis() as u64,
        "the mixer goes on after it hung"
    );
}

/// Says, the first time each, what the system will not do for a shard's network.
pub(super) fn fallbacks(shard: usize, before: Fallbacks, now: Fallbacks) {
    if before.read_singly == 0 && now.read_singly > 0 {
        tracing::warn!(
            shard,
            "the system refuses recvmmsg: datagrams are read one by one, which costs more"
        );
    }
    if before.undated == 0 && now.undated > 0 {
        tracing::warn!(
            shard,
            "the system does not date datagrams (SO_TIMESTAMPNS): delay and jitter are judged by the tick"
        );
    }
    if before.unsent.datagrams == 0 && now.unsent.datagrams > 0 {
        let error = now.unsent.error.map(std::io::Error::from_raw_os_error);
        tracing::warn!(
            shard,
            datagrams = now.unsent.datagrams,
            error = error.map(tracing::field::display),
            "the system refuses to send datagrams: callers do not hear them; \
             from here on partyline_mixer_unsent_datagrams_total counts them"
        );
    }
}

/// Says that a call disturbs the meeting, perhaps, and when it does not any more.
pub(super) fn music(leg: LegKey, suspected: bool) {
    if suspected {
        tracing::info!(
            call = leg.0,
            "a call sounds like music or a tone, and not like speech"
        );
    } else {
        tracing::info!(call = leg.0, "a call does not sound like music any more");
    }
}

/// The same of one that sends back what it hears.
pub(super) fn echo(leg: LegKey, suspected: Option<Echo>) {
    if let Some(Echo { delay_ms, loss_db }) = suspected {
        tracing::info!(call = leg.0, delay_ms, loss_db, "a call sends back what it hears");
    } else {
        tracing::info!(call = leg.0, "a call does not send back what it hears any more");
    }
}

/// One line for the audio of a call that is over.
pub(super) fn audio(leg: LegKey, quality: &Quality) {
    let rounded = |mos: f64| (mos * 100.0).round() / 100.0;
    tracing::info!(
        call = leg.0,
        received = quality.received,
        lost = quality.lost,
        loss_bursts = quality.loss_bursts,
        late = quality.late,
        concealed_ms = quality.concealed_ms,
        recovered_ms = quality.recovered_ms,
        jitter_ms = quality.jitter_ms,
        rtt_ms = quality.rtt_ms,
        speech_dbov = quality.speech_dbov,
        noise_dbov = quality.noise_dbov,
        clipped_ms = quality.clipped_ms,
        agc_gain_db = quality.agc_gain_db,
        music_ms = quality.music_ms,
        echo_ms = quality.echo_ms,
        echo_delay_ms = quality.echo.map(|echo| echo.delay_ms),
        echo_loss_db = quality.echo.map(|echo| echo.loss_db),
        false_levels = quality.false_levels,
        comfort_noise = quality.comfort_noise,
        comfort_noise_sent = quality.comfort_noise_sent,
        mos_in = rounded(quality.inbound().mos()),
        mos_out = quality.outbound().map(|way| rounded(way.mos())),
        "audio of a call"
    );
}
