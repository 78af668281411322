//! Refusals by the clock: whether the time they take tells anything of a login. Judged as dudect does, by Welch's t-test.

use axum::body::Body;
use axum::http::Method;
use tokio::time::Instant;

use crate::fixture::PASSWORD;
use crate::world::{World, request};

/// Beyond it, either way, two samples are held to differ.
const T_MAX: f64 = 4.5;
/// Refusals timed of each login: of any two 20,000.
const EACH: usize = 10_000;
/// One whose password was verified before and is remembered, one whose was not, and one that is not there.
const LOGINS: [&str; 3] = ["alice", "oscar", "clara"];

/// Mean of a sample, and the variance of that mean.
fn mean(sample: &[f64]) -> (f64, f64) {
    let count = sample.len() as f64;
    let mean = sample.iter().sum::<f64>() / count;
    let squares: f64 = sample.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, squares / (count - 1.0) / count)
}

/// How far apart the means of two samples are, in their standard errors.
fn welch(one: &[f64], other: &[f64]) -> f64 {
    let ((one, one_varies), (other, other_varies)) = (mean(one), mean(other));
    (one - other) / (one_varies + other_varies).sqrt()
}

/// The same without the slowest tenth of both, in which the machine did something else.
fn welch_of_quick(one: &[f64], other: &[f64]) -> f64 {
    let mut all = [one, other].concat();
    all.sort_unstable_by(f64::total_cmp);
    let limit = all[all.len() * 9 / 10];
    let quick = |sample: &[f64]| -> Vec<f64> {
        let below = sample.iter().filter(|value| **value < limit);
        below.copied().collect()
    };
    welch(&quick(one), &quick(other))
}

/// What refusing a password takes, in µs: one as long as the right one, and wrong in its last octet.
async fn refusal_us(world: &World, login: &str) -> f64 {
    // What was wrong before is forgiven.
    world.backend.state().now_ms += 60_000;
    let wrong = PASSWORD.replace("battery", "batterx");
    let request = request(Method::GET, "/conference/v1/calls", login, &wrong);
    let request = request.body(Body::empty()).unwrap();
    let begin = Instant::now();
    let response = world.begin(request).await;
    let took = begin.elapsed();
    assert_eq!(response.status(), 401, "{login}");
    took.as_secs_f64() * 1e6
}

#[test]
fn samples_that_differ_are_told_from_those_that_do_not() {
    for (one, other, t) in [
        (
            &[1.0, 2.0, 3.0, 4.0, 5.0][..],
            &[2.0, 3.0, 4.0, 5.0, 6.0][..],
            -1.0,
        ),
        (&[1.0, 3.0], &[5.0, 9.0], -5.0 / 5.0_f64.sqrt()),
    ] {
        assert!((welch(one, other) - t).abs() < 1e-9, "{one:?} {other:?}");
    }
    // Within a hundred, 10 apart or not, and once in a hundred held up for long.
    let sample = |by: f64| -> Vec<f64> {
        let held_up = |n: usize| if n % 100 == 99 { 1e6 } else { 0.0 };
        (0..EACH)
            .map(|n| (n * 37 % 101) as f64 + by + held_up(n))
            .collect()
    };
    assert!(welch_of_quick(&sample(0.0), &sample(10.0)) < -T_MAX);
    assert_eq!(welch_of_quick(&sample(10.0), &sample(10.0)), 0.0);
}

/// `cargo test --release -p api --test rest -- --ignored --nocapture the_time_of_a_refusal`; some minutes. That all are the same
/// work is tested without a clock.
#[tokio::test]
#[ignore = "measures time: by hand, on a quiet machine"]
async fn the_time_of_a_refusal_tells_nothing_of_the_login() {
    let world = World::new();
    assert_eq!(world.get(LOGINS[0], "/calls").await.status, 200);
    let mut took = LOGINS.map(|_| Vec::with_capacity(EACH));
    for n in 0..LOGINS.len() * EACH {
        // Each comes first, second and third as often.
        let which = (n + n / LOGINS.len()) % LOGINS.len();
        let refusal = refusal_us(&world, LOGINS[which]).await;
        took[which].push(refusal);
    }
    let apart = [(0, 1), (0, 2), (1, 2)].map(|(one, other)| {
        let (all, quick) = (
            welch(&took[one], &took[other]),
            welch_of_quick(&took[one], &took[other]),
        );
        eprintln!(
            "{} and {}: t is {all:.2}, of the quick {quick:.2}",
            LOGINS[one], LOGINS[other]
        );
        all.abs().max(quick.abs())
    });
    assert!(apart.iter().all(|t| *t < T_MAX), "{apart:?}");
}
