//! Recordings played to one leg or to a room.

use media::{Clip, Format, Rate};

use crate::encoded::Encoded;
use crate::fade::{Fade, UNITY, ramp};
use crate::payload::Payload;
use crate::sum::{ByRate, Sum};
use crate::{LegKey, PlayId, Playlist};

/// Playlists that may wait behind the one being played.
pub(crate) const QUEUE: usize = 4;

/// Places within a recording are counted in samples of this rate, the lowest: they are whole at the others too.
const NARROW: Rate = Rate::Hz8000;
/// Samples of a tick and of a ramp, counted so.
const TICK: usize = NARROW.samples_per_tick();
const RAMP: usize = ramp(NARROW);

/// A playlist on its way to its listeners.
#[derive(Debug)]
pub(crate) struct Track {
    pub(crate) playlist: Playlist,
    /// The only one in the room who is not to hear it.
    pub(crate) except: Option<LegKey>,
}

/// What became of a playlist.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) id: PlayId,
    pub(crate) completed: bool,
    pub(crate) playlist: Playlist,
}

/// Plays one playlist after another. One that is cut off fades out beneath its successor.
#[derive(Debug, Default)]
pub(crate) struct Player {
    now: Option<Playing>,
    /// The one cut off, during its last tick.
    fading: Option<Playing>,
    queue: [Option<Track>; QUEUE],
    /// Whether what is to be played waits in this tick for silence to begin in.
    held: bool,
}

#[derive(Debug)]
struct Playing {
    track: Track,
    clip: usize,
    /// Samples of the clip played so far.
    at: usize,
    /// Samples of the playlist still to play.
    left: usize,
    /// Whether each clip was encoded before, and so begins with a tick.
    in_ticks: bool,
    /// How it is made.
    made: Made,
    fades: ByRate<Fade>,
}

/// How what is played is made. Payloads that were encoded before continue each other, so there is no way back to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Made {
    /// That has not been decided.
    Open,
    /// Of what was encoded before, as long as nothing else is heard.
    Read,
    /// The same, and nothing else is to be heard meanwhile.
    Hushed,
    /// Of samples, encoded now.
    Mixed,
}

impl Player {
    /// Plays `track` instead of what is played and waits; `ended` gets what is given up unheard.
    pub(crate) fn play(&mut self, track: Track, ended: &mut dyn FnMut(Ended)) {
        self.stop(ended);
        self.now = Some(Playing::new(track));
    }

    /// Plays `track` after what is played and waits; gives it back when too many wait.
    pub(crate) fn queue(&mut self, track: Track) -> Result<(), Track> {
        if self.now.is_none() {
            self.now = Some(Playing::new(track));
            return Ok(());
        }
        match self.queue.iter_mut().find(|place| place.is_none()) {
            Some(place) => *place = Some(track),
            None => return Err(track),
        }
        Ok(())
    }

    /// Lets what is played fade out, and gives up what waits.
    pub(crate) fn stop(&mut self, ended: &mut dyn FnMut(Ended)) {
        match self.now.take() {
            Some(now) if now.has_sounded() => self.fading = Some(now.closing()),
            Some(now) => ended(now.track.ended(false)),
            None => {}
        }
        let waiting = self.queue.iter_mut().filter_map(Option::take);
        waiting.for_each(|track| ended(track.ended(false)));
    }

    /// Gives everything back at once.
    pub(crate) fn clear(&mut self, ended: &mut dyn FnMut(Ended)) {
        self.stop(ended);
        if let Some(fading) = self.fading.take() {
            ended(fading.track.ended(false));
        }
    }

    /// Whether nothing is played.
    pub(crate) fn is_silent(&self) -> bool {
        self.now.is_none() && self.fading.is_none()
    }

    /// Decides how what begins in this tick is made, for one who takes `format`: of what was encoded before where there is that, and the
    /// listener hears nothing else (`alone`) or is to hear nothing else meanwhile (`hush`).
    pub(crate) fn decide(&mut self, format: Format, alone: bool, hush: bool) {
        let Some(now) = self.now.as_mut().filter(|now| now.made == Made::Open) else {
            return;
        };
        now.turn_page();
        let is_there = now.encoded().is_some_and(|encoded| encoded.format() == format);
        now.made = match (is_there, alone, hush) {
            (true, true, _) => Made::Read,
            (true, false, true) => Made::Hushed,
            (true, false, false) | (false, _, _) => Made::Mixed,
        };
    }

    /// Whether nothing else is to be heard beneath what is played.
    pub(crate) fn wants_silence(&self) -> bool {
        self.now.as_ref().is_some_and(|now| now.made == Made::Hushed)
    }

    /// What the next [`Player::tick`] sounds like as it was encoded before, in `format`; `alone` says whether the listener hears nothing
    /// else. Nothing where it is to be mixed, and from then on to the end; or where it waits for what else is heard to fade out.
    pub(crate) fn read(&mut self, format: Format, alone: bool) -> Option<Payload> {
        let is_read = |now: &&mut Playing| matches!(now.made, Made::Read | Made::Hushed);
        let now = self.now.as_mut().filter(is_read)?;
        let fades_out = self.fading.is_some() || (!alone && now.made == Made::Hushed);
        if fades_out && !now.has_sounded() {
            self.held = true;
            return None;
        }
        let alone = alone && self.fading.is_none();
        let payload = now
            .encoded()
            .filter(|encoded| alone && encoded.format() == format);
        let payload = payload.and_then(|encoded| encoded.payload(now.at / TICK));
        if payload.is_none() {
            now.made = Made::Mixed;
        }
        payload
    }

    /// Hands 20 ms of everything that is played to `sound`, at each of the rates `wanted`, with the one who is not to hear it, and
    /// to `ended` what has come to its end. A recording that is not kept at a rate is silent at it.
    pub(crate) fn tick(
        &mut self,
        wanted: ByRate<bool>,
        sound: &mut dyn FnMut(Option<LegKey>, &Sum),
        ended: &mut dyn FnMut(Ended),
    ) {
        if let Some(mut fading) = self.fading.take() {
            fading.render(wanted, sound);
            ended(fading.track.ended(false));
        }
        if std::mem::take(&mut self.held) {
            return;
        }
        if let Some(mut now) = self.now.take() {
            match now.render(wanted, sound) {
                true => self.now = Some(now),
                false => {
                    ended(now.track.ended(true));
                    self.next();
                }
            }
        }
    }

    fn next(&mut self) {
        self.now = self.queue[0].take().map(Playing::new);
        self.queue.rotate_left(1);
    }
}

impl Playing {
    fn new(track: Track) -> Self {
        let mut playing = Self {
            left: track.playlist.sounds.iter().map(length).sum(),
            in_ticks: track.playlist.sounds.len() == track.playlist.encoded.len(),
            made: Made::Open,
            track,
            clip: 0,
            at: 0,
            fades: ByRate([Fade::OUT; 3]),
        };
        playing.turn(UNITY);
        playing
    }

    fn turn(&mut self, to: i32) {
        for rate in Rate::ALL {
            self.fades.at_mut(rate).set(to, ramp(rate));
        }
    }

    fn has_sounded(&self) -> bool {
        self.clip > 0 || self.at > 0
    }

    fn closing(mut self) -> Self {
        self.turn(0);
        self
    }

    /// What was encoded before of the clip that is played.
    fn encoded(&self) -> Option<&Encoded> {
        let encoded = self.track.playlist.encoded.get(self.clip)?;
        self.in_ticks.then_some(&**encoded)
    }

    /// Renders the next 20 ms; `false` when nothing is left after them.
    fn render(&mut self, wanted: ByRate<bool>, sound: &mut dyn FnMut(Option<LegKey>, &Sum)) -> bool {
        let mut sums = ByRate(Rate::ALL.map(Sum::silence));
        let mut filled = 0;
        while filled < TICK && self.left > 0 {
            filled += self.render_part(wanted, filled, &mut sums);
            if self.turn_page() && self.in_ticks {
                break;
            }
        }
        for rate in Rate::ALL {
            match *wanted.at(rate) {
                true if filled > 0 => sound(self.track.except, sums.at(rate)),
                true => {}
                false => self.fades.at_mut(rate).finish(),
            }
        }
        self.left > 0
    }

    /// Goes on to the next clip that sounds, if this one is over; says whether it did.
    fn turn_page(&mut self) -> bool {
        let before = self.clip;
        let sounds = &self.track.playlist.sounds;
        while sounds.get(self.clip).is_some_and(|clip| length(clip) <= self.at) {
            (self.clip, self.at) = (self.clip + 1, 0);
        }
        let turned = self.clip != before;
        if turned && self.in_ticks {
            self.turn(UNITY);
        }
        turned
    }

    /// Renders up to the end of the clip, of the tick, or to where the closing ramp begins; returns how much.
    fn render_part(&mut self, wanted: ByRate<bool>, filled: usize, sums: &mut ByRate<Sum>) -> usize {
        let Some(clip) = self.track.playlist.sounds.get(self.clip) else {
            self.left = 0;
            return 0;
        };
        let rest = length(clip).saturating_sub(self.at);
        let whole = if self.in_ticks { rest } else { self.left };
        let before_ramp = match whole.checked_sub(RAMP) {
            Some(before @ 1..) => before,
            Some(0) | None => {
                self.turn(0);
                whole
            }
        };
        let count = rest.min(TICK - filled).min(before_ramp);
        let Self { track, fades, at, .. } = self;
        let clip = &track.playlist.sounds[self.clip];
        for rate in wanted.rates() {
            let wide = |narrow: usize| narrow * factor(rate);
            let source = part(clip, rate, wide(*at), wide(count));
            let sum = &mut sums.at_mut(rate).samples_mut()[wide(filled)..wide(filled + count)];
            let source = source.iter().map(|sample| i32::from(*sample));
            fades.at_mut(rate).add(source, sum);
        }
        self.at += count;
        self.left -= count;
        count
    }
}

impl Track {
    /// What to tell of it when it is over.
    pub(crate) fn ended(self, completed: bool) -> Ended {
        Ended {
            id: self.playlist.id,
            completed,
            playlist: self.playlist,
        }
    }
}

/// Samples at `rate` in one at [`NARROW`].
const fn factor(rate: Rate) -> usize {
    (rate.hz() / NARROW.hz()) as usize
}

/// Length of a recording, in samples at [`NARROW`].
fn length(clip: &Clip) -> usize {
    let kept = |rate: &Rate| Some(clip.samples(*rate)?.len().div_ceil(factor(*rate)));
    Rate::ALL.iter().find_map(kept).unwrap_or(0)
}

/// So much of a recording as there is from sample `at` on.
fn part(clip: &Clip, rate: Rate, at: usize, count: usize) -> &[i16] {
    let samples: &[i16] = clip.samples(rate).map_or(&[], |samples| samples);
    let rest = samples.get(at..).unwrap_or_default();
    &rest[..rest.len().min(count)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A steady sound of so many `samples` at the lowest rate.
    fn steady(samples: usize) -> Clip {
        Clip::from_full_band(&vec![8_000; samples * 6], &Rate::ALL)
    }

    fn track(id: u64, clips: &[usize]) -> Track {
        let sounds = clips.iter().map(|samples| steady(*samples)).collect();
        Track {
            playlist: Playlist::new(PlayId(id), sounds),
            except: None,
        }
    }

    /// Plays for `ticks` at one rate and gives what was heard and what has ended.
    fn run_at(rate: Rate, player: &mut Player, ticks: usize) -> (Vec<i32>, Vec<(u64, bool)>) {
        let (mut heard, mut told) = (Vec::new(), Vec::new());
        let mut wanted = ByRate::default();
        *wanted.at_mut(rate) = true;
        for _ in 0..ticks {
            let mut sum = Sum::silence(rate);
            let mut add = |_: Option<LegKey>, sound: &Sum| sum.add_all(sound);
            player.tick(wanted, &mut add, &mut |ended| {
                told.push((ended.id.0, ended.completed))
            });
            heard.extend_from_slice(sum.samples());
        }
        (heard, told)
    }

    fn run(player: &mut Player, ticks: usize) -> (Vec<i32>, Vec<(u64, bool)>) {
        run_at(NARROW, player, ticks)
    }

    fn worst_jump(heard: &[i32]) -> i32 {
        heard
            .windows(2)
            .map(|pair| (pair[1] - pair[0]).abs())
            .max()
            .unwrap()
    }

    #[test]
    fn clips_follow_each_other_without_a_gap_and_both_ends_are_ramps_at_every_rate() {
        for rate in Rate::ALL {
            let k = factor(rate);
            let mut player = Player::default();
            player.play(track(1, &[333, 0, 500, 167]), &mut |_| unreachable!());
            let (heard, told) = run_at(rate, &mut player, 8);
            assert_eq!(told, [(1, true)]);
            assert!(player.is_silent());
            let length = heard.iter().rposition(|sample| *sample != 0).unwrap();
            assert!((998 * k..=1_000 * k).contains(&length), "{length}");
            // The filter that makes the clips rings at their ends; between them nothing falls away.
            let middle = &heard[60 * k..940 * k];
            assert!(
                middle.iter().all(|sample| (3_000..9_500).contains(sample)),
                "{rate:?}"
            );
            assert!(heard[0].abs() < 250 && heard[1_000 * k - 1].abs() < 250);
        }
    }

    #[test]
    fn one_that_interrupts_crosses_over_and_one_that_stops_fades_out() {
        let mut player = Player::default();
        player.play(track(1, &[8_000]), &mut |_| unreachable!());
        let (start, _) = run(&mut player, 10);
        player.play(track(2, &[8_000]), &mut |_| unreachable!());
        let (cross, told) = run(&mut player, 10);
        assert_eq!(told, [(1, false)]);
        player.stop(&mut |_| unreachable!());
        let (end, told) = run(&mut player, 2);
        assert_eq!((told, player.is_silent()), (vec![(2, false)], true));
        let whole = [&start[200..], &cross[..], &end[..]].concat();
        assert!(
            worst_jump(&whole[..1_300]) < 450,
            "{}",
            worst_jump(&whole[..1_300])
        );
        assert_eq!(end[40..], [0; 280]);
    }

    #[test]
    fn two_that_interrupt_in_one_tick_do_not_cut_the_first_short() {
        let mut player = Player::default();
        player.play(track(1, &[8_000]), &mut |_| unreachable!());
        run(&mut player, 2);
        let mut unheard = Vec::new();
        player.play(track(2, &[800]), &mut |ended| unheard.push(ended.id.0));
        player.play(track(3, &[800]), &mut |ended| unheard.push(ended.id.0));
        player.stop(&mut |ended| unheard.push(ended.id.0));
        assert_eq!(unheard, [2, 3]);
        let (heard, told) = run(&mut player, 1);
        assert_eq!(told, [(1, false)]);
        assert!(heard[0] > 6_000 && worst_jump(&heard) < 450);
    }

    #[test]
    fn what_waits_is_played_in_order_and_the_queue_is_bounded() {
        let mut player = Player::default();
        for id in 0..=QUEUE as u64 {
            assert!(player.queue(track(id, &[200])).is_ok());
        }
        assert_eq!(
            player.queue(track(99, &[200])).unwrap_err().playlist.id,
            PlayId(99)
        );
        let (_, told) = run(&mut player, 20);
        assert_eq!(told, (0..=QUEUE as u64).map(|id| (id, true)).collect::<Vec<_>>());
    }

    #[test]
    fn a_playlist_without_sound_is_over_at_once() {
        let mut player = Player::default();
        player.play(track(1, &[]), &mut |_| unreachable!());
        assert_eq!(run(&mut player, 1).1, [(1, true)]);
    }

    proptest! {
        #[test]
        fn every_playlist_ends_exactly_once(steps in proptest::collection::vec((0u8..5, 0usize..500), 1..60)) {
            let mut player = Player::default();
            let (mut given, mut told) = (Vec::new(), Vec::new());
            for (id, (what, samples)) in (0..).zip(steps) {
                let mut note = |ended: Ended| told.push(ended.id.0);
                match what {
                    0 => player.play(track(id, &[samples]), &mut note),
                    1 => {
                        if let Err(back) = player.queue(track(id, &[samples])) {
                            told.push(back.playlist.id.0);
                        }
                    }
                    2 => player.stop(&mut note),
                    3 => player.clear(&mut note),
                    _ => told.extend(run(&mut player, 1).1.into_iter().map(|(id, _)| id)),
                }
                given.extend((what < 2).then_some(id));
            }
            player.clear(&mut |ended| told.push(ended.id.0));
            told.sort_unstable();
            prop_assert_eq!(told, given);
        }
    }
}
