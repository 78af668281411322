//! Recordings played to one leg or to a room.

use media::Clip;

use crate::fade::{Fade, RAMP, UNITY};
use crate::room::{RATE, SAMPLES, Sum};
use crate::{LegKey, PlayId, Playlist};

/// Playlists that may wait behind the one being played.
pub(crate) const QUEUE: usize = 4;

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
}

#[derive(Debug)]
struct Playing {
    track: Track,
    clip: usize,
    /// Samples of the clip played so far.
    at: usize,
    /// Samples of the playlist still to play.
    left: usize,
    fade: Fade,
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

    /// Hands 20 ms of everything that is played to `sound`, with the one who is not to hear it, and to `ended` what has
    /// come to its end.
    pub(crate) fn tick(&mut self, sound: &mut dyn FnMut(Option<LegKey>, &Sum), ended: &mut dyn FnMut(Ended)) {
        if let Some(mut fading) = self.fading.take() {
            fading.render(sound);
            ended(fading.track.ended(false));
        }
        if let Some(mut now) = self.now.take() {
            match now.render(sound) {
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
        let mut fade = Fade::OUT;
        fade.set(UNITY, RAMP);
        Self {
            left: track.playlist.sounds.iter().map(|clip| samples(clip).len()).sum(),
            track,
            clip: 0,
            at: 0,
            fade,
        }
    }

    fn has_sounded(&self) -> bool {
        self.clip > 0 || self.at > 0
    }

    fn closing(mut self) -> Self {
        self.fade.set(0, RAMP);
        self
    }

    /// Renders the next 20 ms; `false` when nothing is left after them.
    fn render(&mut self, sound: &mut dyn FnMut(Option<LegKey>, &Sum)) -> bool {
        let mut sum = [0; SAMPLES];
        let mut filled = 0;
        while filled < SAMPLES && self.left > 0 {
            filled += self.render_part(&mut sum[filled..]);
        }
        if filled > 0 {
            sound(self.track.except, &sum);
        }
        self.left > 0
    }

    /// Renders up to the end of the clip, of `sum`, or to where the closing ramp begins; returns how much.
    fn render_part(&mut self, sum: &mut [i32]) -> usize {
        let Some(clip) = self.track.playlist.sounds.get(self.clip) else {
            self.left = 0;
            return 0;
        };
        let rest = &samples(clip)[self.at..];
        if rest.is_empty() {
            self.clip += 1;
            self.at = 0;
            return 0;
        }
        let before_ramp = match self.left.checked_sub(RAMP) {
            Some(before @ 1..) => before,
            Some(0) | None => {
                self.fade.set(0, RAMP);
                self.left
            }
        };
        let count = rest.len().min(sum.len()).min(before_ramp);
        self.fade.add(
            rest[..count].iter().map(|sample| i32::from(*sample)),
            &mut sum[..count],
        );
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

fn samples(clip: &Clip) -> &[i16] {
    clip.samples(RATE).map_or(&[], |samples| samples)
}

#[cfg(test)]
mod tests {
    use super::*;
    use media::Rate;
    use proptest::prelude::*;

    /// A steady sound of `samples` at the rate of rooms.
    fn steady(samples: usize) -> Clip {
        Clip::from_full_band(&vec![8_000; samples * 6], &[Rate::Hz8000])
    }

    fn track(id: u64, clips: &[usize]) -> Track {
        let sounds = clips.iter().map(|samples| steady(*samples)).collect();
        let id = PlayId(id);
        Track {
            playlist: Playlist { id, sounds },
            except: None,
        }
    }

    /// Plays for `ticks` and gives what was heard and what has ended.
    fn run(player: &mut Player, ticks: usize) -> (Vec<i32>, Vec<(u64, bool)>) {
        let (mut heard, mut told) = (Vec::new(), Vec::new());
        for _ in 0..ticks {
            let mut sum = [0; SAMPLES];
            let mut add = |_: Option<LegKey>, sound: &Sum| {
                sum.iter_mut().zip(sound).for_each(|(sum, sample)| *sum += sample);
            };
            player.tick(&mut add, &mut |ended| told.push((ended.id.0, ended.completed)));
            heard.extend(sum);
        }
        (heard, told)
    }

    fn worst_jump(heard: &[i32]) -> i32 {
        heard
            .windows(2)
            .map(|pair| (pair[1] - pair[0]).abs())
            .max()
            .unwrap()
    }

    #[test]
    fn clips_follow_each_other_without_a_gap_and_both_ends_are_ramps() {
        let mut player = Player::default();
        player.play(track(1, &[333, 0, 500, 167]), &mut |_| unreachable!());
        let (heard, told) = run(&mut player, 8);
        assert_eq!(told, [(1, true)]);
        assert!(player.is_silent());
        let length = heard.iter().rposition(|sample| *sample != 0).unwrap();
        assert!((998..=1_000).contains(&length), "{length}");
        // The filter that makes the clips rings at their ends; between them nothing falls away.
        assert!(
            heard[60..940]
                .iter()
                .all(|sample| (3_000..9_500).contains(sample))
        );
        assert!(heard[0].abs() < 250 && heard[999].abs() < 250);
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
