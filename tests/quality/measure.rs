//! The measure itself: it must see what is to be judged by it.

use std::sync::LazyLock;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::call::JUDGED;
use crate::judge::compare;
use crate::speech::Speech;

/// Some nine seconds of speech.
static SAID: LazyLock<Vec<i16>> = LazyLock::new(|| {
    let (tick, speech) = (JUDGED.samples_per_tick(), Speech::new());
    let (first, last) = speech.parts[0];
    speech.at(JUDGED)[first * tick..last * tick].to_vec()
});

/// The speech with something done to each 20 ms.
fn spoilt(mut spoil: impl FnMut(&mut ChaCha8Rng, &mut [i16])) -> f64 {
    let mut heard = SAID.clone();
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let ticks = heard.chunks_mut(JUDGED.samples_per_tick());
    ticks.for_each(|tick| spoil(&mut random, tick));
    compare(&SAID, &heard)
}

fn noisy(peak: i32) -> f64 {
    spoilt(|random, tick| {
        for sample in tick {
            let noise = (random.next_u32() >> 16) as i32 * 2 * peak / 65_536 - peak;
            *sample = (i32::from(*sample) + noise).clamp(-32_768, 32_767) as i16;
        }
    })
}

/// Silence in place of so many percent of the ticks.
fn holey(percent: u32) -> f64 {
    spoilt(|random, tick| {
        if random.next_u32() % 100 < percent {
            tick.fill(0);
        }
    })
}

fn delayed(ticks: usize) -> f64 {
    let late = vec![0; ticks * JUDGED.samples_per_tick() + 37];
    compare(&SAID, &[&late, SAID.as_slice()].concat())
}

#[test]
fn what_is_heard_as_it_was_said_is_excellent_however_late() {
    for (ticks, score) in [(0, delayed(0)), (4, delayed(4)), (12, delayed(12))] {
        assert!(score > 4.9, "{score:.2}, {ticks} ticks late");
    }
}

#[test]
fn noise_and_holes_cost_the_more_the_more_there_is_of_them() {
    let noise = [10, 100, 1_000].map(noisy);
    let holes = [1, 5, 20].map(holey);
    println!("noise {noise:.2?}, holes {holes:.2?}");
    for scores in [noise, holes] {
        assert!(scores.is_sorted_by(|a, b| *a > b + 0.2), "{scores:.2?}");
    }
    assert!(holes[1] < 4.4 && holes[2] < 3.5, "{holes:.2?}");
}
