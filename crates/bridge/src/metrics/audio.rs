//! The books of all calls' audio: what readers see of each, and sums in which those that are over remain.

use std::collections::HashMap;
use std::sync::Arc;

use media::{Codec, Quality};
use model::{LegId, Qualities, Score};

use super::Spreads;
use super::view::{self, score};

/// Reports of one span: ten seconds, as they come once a second.
const SPAN: u32 = 10;
/// Packets that what is left of a span at the end of a call must have to be judged: a second of them.
const WORTH_IT: u64 = 50;

/// The books.
#[derive(Debug)]
pub(crate) struct Audio {
    /// In boxes, since they are big: the table itself grows to twice what it holds, and not all at the beginning.
    calls: HashMap<LegId, Box<Call>>,
    views: Qualities,
    sum: Quality,
    spreads: Spreads,
}

#[derive(Debug)]
struct Call {
    codec: Codec,
    talking: bool,
    last: Quality,
    /// What of it is in the sums. Where a count falls, since a packet came late after all, it stays until the count is there again.
    summed: Quality,
    span: Span,
}

/// The ten seconds in hand.
#[derive(Debug, Default)]
struct Span {
    begin: Quality,
    reports: u32,
    /// The score of the ten before them.
    lately: Option<Score>,
}

impl Audio {
    /// No call yet.
    pub(crate) fn new(spreads: Spreads) -> Self {
        Self {
            calls: HashMap::new(),
            views: Qualities::default(),
            sum: Quality::default(),
            spreads,
        }
    }

    /// A call's audio begins, or goes on in another codec.
    pub(crate) fn agreed(&mut self, leg: LegId, codec: Codec) {
        let call = self.calls.entry(leg).or_insert_with(|| {
            Box::new(Call {
                codec,
                talking: false,
                last: Quality::default(),
                summed: Quality::default(),
                span: Span::default(),
            })
        });
        call.codec = codec;
        self.show(leg);
    }

    /// The second's report of a call; how well it was heard in ten seconds that are over with it.
    pub(crate) fn report(&mut self, leg: LegId, quality: &Quality) -> Option<Score> {
        let call = self.calls.get_mut(&leg)?;
        call.take(quality, &mut self.sum);
        let mut over = None;
        call.span.reports += 1;
        if call.span.reports >= SPAN {
            let span = quality.since(&call.span.begin);
            over = score(&span);
            call.span = Span {
                begin: *quality,
                reports: 0,
                lately: over,
            };
            self.spreads.note(&span);
        }
        self.show(leg);
        over
    }

    /// Somebody began or ceased to talk.
    pub(crate) fn talking(&mut self, leg: LegId, on: bool) {
        if let Some(call) = self.calls.get_mut(&leg) {
            call.talking = on;
            self.show(leg);
        }
    }

    /// A call's audio is over, with this in the end.
    pub(crate) fn ended(&mut self, leg: LegId, quality: &Quality) {
        let Some(mut call) = self.calls.remove(&leg) else {
            return;
        };
        call.take(quality, &mut self.sum);
        let rest = quality.since(&call.span.begin);
        if rest.received + rest.lost >= WORTH_IT {
            self.spreads.note(&rest);
        }
        self.views.remove(&leg);
    }

    /// Every call as readers see it.
    pub(crate) fn views(&self) -> &Qualities {
        &self.views
    }

    /// The counters of all calls there ever were, added up.
    pub(crate) fn sum(&self) -> &Quality {
        &self.sum
    }

    fn show(&mut self, leg: LegId) {
        if let Some(call) = self.calls.get(&leg) {
            let view = view::of(call.codec, call.talking, &call.last, call.span.lately);
            self.views.insert(leg, Arc::new(view));
        }
    }
}

impl Call {
    fn take(&mut self, quality: &Quality, sum: &mut Quality) {
        if quality.received < self.last.received {
            // Packets taken are never taken back: its counters began anew.
            self.summed = Quality::default();
            self.span = Span::default();
        }
        let more = quality.since(&self.summed);
        sum.add(&more);
        self.summed.add(&more);
        self.last = *quality;
    }
}

impl Spreads {
    /// Notes a span of one call.
    fn note(&self, span: &Quality) {
        let seconds = |ms: u32| f64::from(ms) / 1_000.0;
        if let Some(heard) = score(span) {
            self.mos_in.observe(heard.mos);
            self.rating_in.observe(heard.rating);
            self.loss.observe(heard.loss);
            // Without a burst that began in it there is nothing to compare with chance.
            if span.loss_bursts > 0 {
                self.burst_ratio.observe(heard.burst_ratio);
            }
            self.note_levels(span);
            self.jitter.observe(seconds(span.jitter_ms));
            self.depth.observe(seconds(span.depth_ms));
        }
        if let Some(hears) = span.outbound() {
            self.mos_out.observe(hears.mos());
            self.rating_out.observe(hears.rating());
            self.remote_loss.observe(hears.loss);
        }
        for (spread, ms) in [
            (&self.remote_jitter, span.remote_jitter_ms),
            (&self.round_trip, span.rtt_ms),
        ] {
            if let Some(ms) = ms {
                spread.observe(seconds(ms));
            }
        }
    }

    /// Notes how loud the caller is, as far as that is known.
    fn note_levels(&self, span: &Quality) {
        for (spread, level) in [(&self.speech, span.speech_dbov), (&self.noise, span.noise_dbov)] {
            if let Some(dbov) = level {
                spread.observe(f64::from(dbov.unsigned_abs()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::metrics::histogram::Histogram;

    const LEG: LegId = LegId(7);

    fn audio() -> Audio {
        let mut audio = Audio::new(Spreads::default());
        audio.agreed(LEG, Codec::Pcmu);
        audio
    }

    fn counted(received: u64, lost: u64) -> Quality {
        Quality {
            received,
            lost,
            loss_bursts: lost,
            depth_ms: 20,
            ..Quality::default()
        }
    }

    fn sums(audio: &Audio) -> (u64, u64) {
        (audio.sum().received, audio.sum().lost)
    }

    fn judged(histogram: &Histogram) -> (u64, f64) {
        (histogram.count(), histogram.sum())
    }

    #[test]
    fn reports_add_up_to_what_the_last_one_says_and_stay_when_the_call_is_gone() {
        let mut audio = audio();
        for (received, lost, sum) in [(50, 0, (50, 0)), (98, 2, (98, 2)), (98, 2, (98, 2))] {
            audio.report(LEG, &counted(received, lost));
            assert_eq!(sums(&audio), sum);
        }
        audio.ended(LEG, &counted(120, 3));
        assert_eq!(sums(&audio), (120, 3));
        assert!(audio.views().is_empty() && audio.calls.is_empty());
        audio.agreed(LegId(8), Codec::G722);
        audio.report(LegId(8), &counted(10, 1));
        audio.report(LEG, &counted(999, 99));
        assert_eq!(sums(&audio), (130, 4), "what comes after the end is of nobody");
    }

    #[test]
    fn sums_never_fall_and_count_a_loss_that_was_taken_back_only_once() {
        let mut audio = audio();
        for (received, lost, sum) in [(95, 5, 5), (98, 2, 5), (140, 5, 5), (180, 6, 6)] {
            audio.report(LEG, &counted(received, lost));
            assert_eq!(sums(&audio), (received, sum));
        }
    }

    #[test]
    fn counters_that_begin_anew_are_added_to_what_there_was() {
        let mut audio = audio();
        audio.report(LEG, &counted(900, 40));
        audio.report(LEG, &counted(10, 3));
        audio.report(LEG, &counted(20, 3));
        assert_eq!(sums(&audio), (920, 43));
    }

    #[test]
    fn the_last_ten_seconds_are_judged_apart_from_the_whole_call() {
        let mut audio = audio();
        let seconds = |audio: &mut Audio, from: &mut Quality, lost: u64| {
            for _ in 0..10 {
                from.received += 50 - lost;
                from.lost += lost;
                from.loss_bursts += lost;
                audio.report(LEG, from);
            }
        };
        let mut quality = counted(0, 0);
        seconds(&mut audio, &mut quality, 0);
        let clean = audio.views()[&LEG].clone();
        assert!(clean.heard_lately.unwrap().mos > 4.3 && clean.heard.unwrap().mos > 4.3);
        seconds(&mut audio, &mut quality, 10);
        let bad = audio.views()[&LEG].clone();
        let (whole, lately) = (bad.heard.unwrap(), bad.heard_lately.unwrap());
        assert!((whole.loss - 0.1).abs() < 1e-9 && (lately.loss - 0.2).abs() < 1e-9);
        assert!(lately.mos < whole.mos && whole.mos < 4.0);
        seconds(&mut audio, &mut quality, 0);
        assert!(audio.views()[&LEG].heard_lately.unwrap().mos > 4.3);
        let (spans, sum) = judged(&audio.spreads.mos_in);
        assert_eq!(spans, 3);
        assert!((2.0 * 4.3..2.0 * 4.5 + 3.0).contains(&sum), "{sum}");
        assert_eq!(judged(&audio.spreads.depth), (3, 3.0 * 0.02));
        assert_eq!(audio.spreads.mos_out.count(), 0, "the phone never reported");
    }

    #[test]
    fn what_is_left_of_a_span_at_the_end_is_judged_if_it_is_worth_it() {
        for (received, spans) in [(49, 0), (50, 1)] {
            let mut audio = audio();
            let end = Quality {
                rtt_ms: Some(40),
                remote_lost_lately: Some(0),
                ..counted(received, 0)
            };
            audio.ended(LEG, &end);
            let spreads = &audio.spreads;
            let counts = [&spreads.mos_in, &spreads.mos_out, &spreads.round_trip].map(Histogram::count);
            assert_eq!(counts, [spans; 3]);
        }
    }

    #[test]
    fn levels_and_ratings_are_spread_where_they_are_known() {
        let mut audio = audio();
        let silent = counted(500, 0);
        let known = Quality {
            speech_dbov: Some(-26),
            noise_dbov: Some(-70),
            remote_lost_lately: Some(128 * 256),
            ..silent
        };
        for (leg, quality) in [(LEG, silent), (LegId(8), known)] {
            audio.agreed(leg, Codec::Pcmu);
            audio.ended(leg, &quality);
        }
        let spreads = &audio.spreads;
        assert_eq!(
            [&spreads.speech, &spreads.noise].map(judged),
            [(1, 26.0), (1, 70.0)]
        );
        let [(heard, clean), (told, bad)] = [&spreads.rating_in, &spreads.rating_out].map(judged);
        assert_eq!((heard, told), (2, 1));
        assert!((2.0 * 92.0..2.0 * 93.2).contains(&clean), "{clean}");
        assert!((28.0..30.0).contains(&bad), "{bad}: half of all packets lost");
    }

    #[test]
    fn losses_both_ways_are_spread_and_bursts_only_where_there_were_any() {
        let mut audio = audio();
        let bursts = Quality {
            received: 450,
            lost: 50,
            loss_bursts: 10,
            remote_lost_lately: Some(64 * 256),
            remote_jitter_ms: Some(30),
            ..Quality::default()
        };
        for (leg, quality) in [(LEG, counted(500, 0)), (LegId(8), bursts)] {
            audio.agreed(leg, Codec::Pcmu);
            audio.ended(leg, &quality);
        }
        let spreads = &audio.spreads;
        let near = |found: (u64, f64), count: u64, sum: f64| found.0 == count && (found.1 - sum).abs() < 1e-9;
        for (name, spread, count, sum) in [
            ("loss", &spreads.loss, 2, 0.1),
            // Five in a row where chance makes 1 / 0.9.
            ("burst ratio", &spreads.burst_ratio, 1, 4.5),
            ("remote loss", &spreads.remote_loss, 1, 0.25),
            ("remote jitter", &spreads.remote_jitter, 1, 0.03),
        ] {
            let found = judged(spread);
            assert!(near(found, count, sum), "{name}: {found:?}");
        }
    }

    #[test]
    fn who_talks_is_seen_at_once_and_a_call_without_packets_has_no_score() {
        let mut audio = audio();
        let view = |audio: &Audio| audio.views()[&LEG].clone();
        assert_eq!((view(&audio).codec, view(&audio).talking), ("PCMU", false));
        audio.talking(LEG, true);
        assert!(view(&audio).talking && view(&audio).heard.is_none());
        audio.agreed(LEG, Codec::Opus(media::Rate::Hz16000));
        assert_eq!((view(&audio).codec, view(&audio).rate_hz), ("opus", 16_000));
        audio.report(LEG, &counted(5, 0));
        audio.talking(LEG, false);
        assert!(!view(&audio).talking && view(&audio).heard.is_some());
        audio.talking(LegId(99), true);
        assert_eq!(audio.views().len(), 1);
    }
}
