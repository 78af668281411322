//! Recordings being played to one leg or to a room.

use media::{Frame, Rate};

use crate::fade::Fade;
use crate::{PlayId, Playlist};

/// Plays one playlist after another; a new one cuts the old one off with a ramp.
#[derive(Debug, Default)]
pub(crate) struct Player {
    now: Option<Playing>,
    /// The one cut off, for the ramp of its last 5 ms.
    last: Option<Playing>,
}

#[derive(Debug)]
struct Playing {
    playlist: Playlist,
    index: usize,
    tick: usize,
    fade: Fade,
}

/// What became of a playlist.
pub(crate) struct Ended {
    pub(crate) id: PlayId,
    pub(crate) completed: bool,
    pub(crate) playlist: Playlist,
}

impl Player {
    /// Plays `playlist` instead of what is being played. At most one thing fades out at a time; an older one is given back.
    pub(crate) fn play(&mut self, playlist: Playlist) -> Option<Ended> {
        let crowded = self.stop();
        self.now = Some(Playing {
            playlist,
            index: 0,
            tick: 0,
            fade: Fade::IN,
        });
        crowded
    }

    /// Lets what is being played fade out.
    pub(crate) fn stop(&mut self) -> Option<Ended> {
        let mut now = self.now.take()?;
        now.fade.set(false);
        self.last.replace(now).map(|old| old.ended(false))
    }

    /// Whether there is anything to hear.
    pub(crate) fn is_silent(&self) -> bool {
        self.now.is_none() && self.last.is_none()
    }

    /// Adds 20 ms to `sum` and tells of each playlist that has ended.
    pub(crate) fn tick(
        &mut self,
        rate: Rate,
        frame: &mut Frame,
        sum: &mut [i32],
        ended: &mut dyn FnMut(Ended),
    ) {
        if let Some(mut last) = self.last.take() {
            last.add(rate, frame, sum);
            ended(last.ended(false));
        }
        if let Some(mut now) = self.now.take() {
            match now.add(rate, frame, sum) {
                true => self.now = Some(now),
                false => ended(now.ended(true)),
            }
        }
    }

    /// Gives everything back at once.
    pub(crate) fn clear(&mut self, ended: &mut dyn FnMut(Ended)) {
        for playing in [self.last.take(), self.now.take()].into_iter().flatten() {
            ended(playing.ended(false));
        }
    }
}

impl Playing {
    /// Adds the next 20 ms; `false` when there was nothing left.
    fn add(&mut self, rate: Rate, frame: &mut Frame, sum: &mut [i32]) -> bool {
        while let Some(clip) = self.playlist.sounds.get(self.index) {
            if clip.frame(self.tick, rate, frame) {
                self.tick += 1;
                let samples = sum.iter_mut().zip(frame.samples());
                samples.for_each(|(sum, sample)| *sum += self.fade.apply(i32::from(*sample)));
                return true;
            }
            self.index += 1;
            self.tick = 0;
        }
        false
    }

    fn ended(self, completed: bool) -> Ended {
        Ended {
            id: self.playlist.id,
            completed,
            playlist: self.playlist,
        }
    }
}
