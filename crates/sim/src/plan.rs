//! Options that fit together: what a run does.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::codec::{Manner, Speech};
use crate::ear::Relation;
use crate::mark::{MOST_TALKERS, Marks};
use crate::options::{Meetings, Options};
use crate::rest::Rest;
use crate::sdp::Extras;
use crate::target::Target;

/// Lengths of packets that are sent, ms.
const PTIMES: [u128; 5] = [10, 20, 30, 40, 60];
/// Longest run: what is counted stays small.
const LONGEST: Duration = Duration::from_secs(24 * 3600);
/// From the beginning of talk to that of judgement, and on after its end: buffers and ways fill.
pub(crate) const LEAD: Duration = Duration::from_millis(500);
/// From the end of judgement to the first BYE.
pub(crate) const TRAIL: Duration = Duration::from_millis(200);
/// A far end that leaves silence unsent sends something of it in this time: Opus every 400 ms, comfort noise every half second.
const LONGEST_SILENCE: Duration = Duration::from_millis(600);
/// BYEs are sent this far apart.
pub(crate) const BYE_STEP: Duration = Duration::from_millis(2);

/// A run.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) options: Options,
    pub(crate) target: Target,
    pub(crate) far: SocketAddr,
    pub(crate) marks: Marks,
    /// Codec by leg.
    pub(crate) speech: Vec<Speech>,
    /// How those who speak Opus send it.
    pub(crate) manner: Manner,
    /// What those send who do not talk.
    pub(crate) rest: Rest,
}

impl Plan {
    /// Checks options against each other, and finds the target.
    ///
    /// # Errors
    /// What does not fit, and what to do about it.
    pub(crate) fn new(options: Options) -> Result<Self, String> {
        check(&options)?;
        let target = Target::read(&options.target, &options.at)?;
        let far = target.resolve(options.yes_i_may)?;
        let marks = Marks {
            talkers: options.talkers as usize,
            talk: options.talk,
            seed: options.seed,
        };
        let speech = options.codec.deal(options.legs as usize);
        let ptime_ms = options.ptime.as_millis();
        if let Some(codec) = speech.iter().find(|codec| !codec.allows(ptime_ms)) {
            return Err(format!(
                "--ptime {ptime_ms}ms: {} has no packets of this length",
                codec.name()
            ));
        }
        let manner = manner(&options, &speech)?;
        let rest = Rest::new(&speech, (options.idle, manner, ptime_ms as usize), options.seed);
        Ok(Self {
            options,
            target,
            far,
            marks,
            speech,
            manner,
            rest,
        })
    }

    pub(crate) fn legs(&self) -> usize {
        self.options.legs as usize
    }

    /// What a leg offers beside its codec.
    pub(crate) fn extras(&self) -> Extras {
        Extras {
            levels: self.options.levels,
            spared: self.options.dtx_back,
        }
    }

    /// How long a phone stays after it was judged, so that what is unsent at the end shows to be so.
    pub(crate) fn silence(&self) -> Duration {
        match self.options.dtx_back {
            true => LONGEST_SILENCE,
            false => Duration::ZERO,
        }
    }

    /// What a leg keys.
    pub(crate) fn code(&self, leg: usize) -> Option<&str> {
        let codes = &self.options.code.as_ref()?.0;
        codes.get(leg % codes.len().max(1)).map(String::as_str)
    }

    /// Whether what a leg hears is decoded and judged.
    pub(crate) fn listens(&self, leg: usize) -> bool {
        self.options.ears.is_none_or(|ears| leg < ears as usize)
    }

    /// Who a talker, the leg of the same number, is to a listener.
    pub(crate) fn relation(&self, listener: usize, talker: usize) -> Relation {
        let together = match self.options.meetings {
            Meetings::One => true,
            Meetings::EachCode => self.code(listener) == self.code(talker),
        };
        match together {
            _ if listener == talker => Relation::Own,
            true => Relation::Together,
            false => Relation::Elsewhere,
        }
    }

    /// Legs that stay in while others come and go: the first ones.
    pub(crate) fn kept(&self) -> usize {
        kept(&self.options)
    }

    /// How long each call of a leg lasts that comes and goes; nothing for one that stays.
    pub(crate) fn stay(&self, leg: usize) -> Option<Duration> {
        let coming = self.legs() - self.kept();
        (leg >= self.kept()).then(|| Duration::from_secs_f64(coming as f64 / self.options.churn))
    }

    /// When a leg that comes and goes leaves for the first time, counted from the beginning of judgement: evenly spread.
    pub(crate) fn first_leave(&self, leg: usize) -> Option<Duration> {
        let place = leg.checked_sub(self.kept())?;
        Some(Duration::from_secs_f64((place + 1) as f64 / self.options.churn))
    }

    /// When a leg dials, from the beginning of the run.
    pub(crate) fn dial_after(&self, leg: usize) -> Duration {
        Duration::from_secs_f64(leg as f64 / self.options.rate)
    }
}

/// How Opus is sent, where anybody speaks it.
fn manner(options: &Options, speech: &[Speech]) -> Result<Manner, String> {
    let manner = Manner {
        dtx: options.dtx,
        // Of less than a percent, too.
        fec_percent: options.fec.ceil() as u8,
    };
    let is_asked_for = manner.dtx || manner.fec_percent > 0;
    if is_asked_for && !speech.iter().any(|codec| codec.is_opus()) {
        return Err("--dtx and --fec are of Opus, and no phone speaks it: add --codec opus".to_owned());
    }
    Ok(manner)
}

/// When talk begins, is judged and ends: found while the run goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Schedule {
    pub(crate) talk: Instant,
    pub(crate) judge: (Instant, Instant),
}

impl Schedule {
    pub(crate) fn new(talk: Instant, duration: Duration) -> Self {
        Self {
            talk,
            judge: (talk + LEAD, talk + LEAD + duration),
        }
    }

    /// When a leg hangs up.
    pub(crate) fn hang_up(&self, leg: usize) -> Instant {
        self.judge.1 + TRAIL + BYE_STEP * leg as u32
    }
}

/// Shortest call that is worth one: it is answered, keys its code and is judged for a while.
pub(crate) const SHORTEST_STAY: Duration = Duration::from_secs(3);

fn kept(options: &Options) -> usize {
    if options.churn == 0.0 {
        return options.legs as usize;
    }
    let ears = options.ears.unwrap_or(options.legs);
    let kept = options.talkers.max(ears).max(options.keep.unwrap_or(0));
    kept.min(options.legs) as usize
}

fn check_churn(options: &Options) -> Result<(), String> {
    let churn = options.churn;
    if !(0.0..=10_000.0).contains(&churn) {
        return Err(format!("--churn {churn}: ask for 0 to 10000 calls a second"));
    }
    if churn == 0.0 {
        return Ok(());
    }
    let coming = options.legs as usize - kept(options);
    if coming == 0 {
        return Err("--churn: nobody is left to come and go; set --ears and --keep below --legs".to_owned());
    }
    let shortest = options.key_after + SHORTEST_STAY;
    let most = coming as f64 / shortest.as_secs_f64();
    if churn > most {
        return Err(format!(
            "--churn {churn}: {coming} phones come and go, each call lasting {} at least; ask for at most {most:.0}, or more --legs",
            humantime::format_duration(shortest)
        ));
    }
    Ok(())
}

fn check(options: &Options) -> Result<(), String> {
    check_churn(options)?;
    if options.talkers as usize > MOST_TALKERS {
        return Err(format!(
            "--talkers {}: at most {MOST_TALKERS} can be told apart",
            options.talkers
        ));
    }
    if options.talkers > options.legs {
        return Err(format!(
            "--talkers {} of --legs {}: ask for more legs or fewer talkers",
            options.talkers, options.legs
        ));
    }
    if !(options.rate > 0.0 && options.rate <= 10_000.0) {
        return Err(format!(
            "--rate {}: ask for more than 0 and at most 10000 calls a second",
            options.rate
        ));
    }
    if !PTIMES.contains(&options.ptime.as_millis()) || !options.ptime.subsec_nanos().is_multiple_of(1_000_000)
    {
        return Err("--ptime: choose 10ms, 20ms, 30ms, 40ms or 60ms".to_owned());
    }
    if options.duration < Duration::from_secs(1) || options.duration > LONGEST {
        return Err("--duration: choose 1s to 24h; shorter shows nothing".to_owned());
    }
    for (name, time) in [
        ("--settle", options.settle),
        ("--key-after", options.key_after),
        ("--jitter", options.jitter),
    ] {
        let most = if name == "--jitter" {
            Duration::from_secs(2)
        } else {
            Duration::from_secs(3600)
        };
        if time > most {
            return Err(format!("{name}: at most {}", humantime::format_duration(most)));
        }
    }
    match (options.meetings, &options.code) {
        (Meetings::EachCode, None) => {
            Err("--meetings each-code needs --code, such as --code 5000-5009".to_owned())
        }
        (Meetings::EachCode, Some(_)) | (Meetings::One, _) => Ok(()),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    pub(crate) fn plan(line: &str) -> Result<Plan, String> {
        let words = ["sim"].into_iter().chain(line.split_whitespace());
        let line = Line::try_parse_from(words).map_err(|error| error.to_string())?;
        Plan::new(line.options)
    }

    #[test]
    fn errors_of_options_say_what_to_do() {
        for (line, needle) in [
            ("", "TARGET"),
            ("1 --talkers 17 --legs 20", "at most 16"),
            ("1 --talkers 3 --legs 2", "more legs or fewer talkers"),
            ("1 --legs 0", "1..=20000"),
            ("1 --rate 0", "more than 0"),
            ("1 --rate nan", "more than 0"),
            ("1 --ptime 15ms", "choose 10ms, 20ms"),
            ("1 --duration 10", "with its unit"),
            ("1 --duration 1ms", "choose 1s"),
            ("1 --jitter 3s", "at most 2s"),
            ("1 --codec GSM", "choose from PCMU"),
            ("1 --loss 200", "from 0 to 100"),
            ("1 --fec 200 --codec opus", "from 0 to 100"),
            ("1 --fec 5", "add --codec opus"),
            ("1 --dtx --codec G722=2,PCMA", "add --codec opus"),
            ("1 --meetings each-code", "needs --code"),
            ("1 --legs 20 --churn 1", "nobody is left"),
            ("1 --legs 20 --ears 2 --churn 9", "at most 4, or more --legs"),
            ("1 --churn nan", "0 to 10000"),
            ("1@192.0.2.1", "--yes-i-may"),
            ("sip:1@::1:5060", "no IPv6 address in brackets"),
            ("sip:1@[2001:db8::7]", "--yes-i-may"),
        ] {
            let error = plan(line).unwrap_err();
            assert!(error.contains(needle), "{line}: {error}");
        }
    }

    #[test]
    fn codes_go_round_and_say_who_is_together() {
        let plan = plan("1 --legs 4 --talkers 2 --code 5000,5001 --meetings each-code").unwrap();
        assert_eq!((plan.code(0), plan.code(3)), (Some("5000#"), Some("5001#")));
        assert_eq!(plan.relation(0, 0), Relation::Own);
        assert_eq!(plan.relation(2, 0), Relation::Together);
        assert_eq!(plan.relation(1, 0), Relation::Elsewhere);
    }

    #[test]
    fn those_who_come_and_go_leave_one_after_another_and_the_others_stay() {
        let plan = plan("1 --legs 20 --talkers 3 --ears 2 --keep 4 --churn 2").unwrap();
        assert_eq!((plan.kept(), plan.stay(3), plan.first_leave(3)), (4, None, None));
        assert_eq!(plan.stay(4), Some(Duration::from_secs(8)));
        assert_eq!(plan.first_leave(4), Some(Duration::from_millis(500)));
        assert_eq!(plan.first_leave(19), plan.stay(19));
    }

    #[test]
    fn calls_are_spread_by_their_rate() {
        let plan = plan("1 --legs 4 --rate 5").unwrap();
        assert_eq!(plan.dial_after(3), Duration::from_millis(600));
    }
}
