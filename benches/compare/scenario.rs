//! What is measured, as data: a codec that a build offers later needs a row here and nothing else.

use std::time::Duration;

use crate::options::Options;
use crate::results::Server;
use crate::traffic::Asked;

/// Callers of the bridge, as `partyline sim` is asked for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scenario {
    /// What goes on, in words.
    pub(crate) name: &'static str,
    /// As `--codec` takes it.
    pub(crate) codec: String,
    /// Legs that are judged.
    pub(crate) legs: usize,
    /// Calls begun a second, where not as many as in all other rows.
    pub(crate) rate: Option<u32>,
    /// Further options of the callers.
    pub(crate) callers: Vec<String>,
    /// Calls a second that hang up and call again, and how many phones do so, beside the legs.
    pub(crate) churn: Option<Churn>,
    /// What is asked of REST meanwhile.
    pub(crate) asked: Option<Asked>,
    pub(crate) cores: Cores,
}

/// Where the bridge runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cores {
    /// All of it on the servers' core, as in every row that is compared with others.
    One,
    /// Its mixer has that core to itself (`media.cores`); all else of it is beside the callers.
    MixerApart,
}

/// Phones that come and go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Churn {
    pub(crate) per_second: u32,
    pub(crate) phones: usize,
}

/// One meeting with three who talk.
pub(crate) const THREE_TALK: &str = "one meeting, 3 talk";
/// The same legs in two hundred meetings.
pub(crate) const MANY_MEETINGS: &str = "200 meetings, 3 talk";
/// Everybody at once.
pub(crate) const ALL_TALK: &str = "one meeting, all talk";
/// Half of the legs, and calls through answer, prompt, code and join beside them.
pub(crate) const JOINS: &str = "200 joins a second";
/// Twice as many as other rows, faster, on a bridge that has just begun: those who find no room are to be turned away, the others are to miss nothing.
pub(crate) const RUSH: &str = "rush, 300 calls a second";
/// Calls a second in that rush.
const RUSH_RATE: u32 = 300;
/// Calls a second where each is told to a small meeting of its own by a tone: a second of encoding for that meeting alone, which in Opus costs
/// more than its legs do. What is measured is how they go on, not how they come.
const TONES_RATE: u32 = 25;
/// With lists of all calls.
pub(crate) const LISTS: &str = "REST lists, 3 talk";
/// The same, with the mixer on a core of its own, as where there are cores enough.
pub(crate) const LISTS_APART: &str = "REST lists, mixer on its own core";
/// With as many requests as a careless client makes.
pub(crate) const FLOOD: &str = "2000 requests a second";
/// Opus at 48 kHz, and codecs mixed, as `--codec` takes them.
pub(crate) const OPUS: &str = "opus";
pub(crate) const MIXED: &str = "PCMU=40,G722=20,opus=40";
/// PCMU, which all is compared with.
pub(crate) const PCMU: &str = "PCMU";
/// Codecs of one meeting that is measured at several sizes: what its legs cost must not depend on how many they are.
pub(crate) const SIZED: [&str; 3] = [PCMU, OPUS, MIXED];
/// Codecs beside these, at one size.
const OTHERS: [&str; 2] = ["opus16", "G722"];
/// Phones whose audio is decoded and judged: the callers have one core. Packets are counted for all.
const EARS: usize = 50;
/// A phone calls again as many times a second as are asked for and a few more: its BYE and a pause lie between two calls.
const JOINING: Churn = Churn {
    per_second: 210,
    phones: 900,
};
/// With churn, the last seconds of a run see no new calls; there must be enough before them.
const JOINS_LEAST: Duration = Duration::from_secs(14);

impl Scenario {
    /// `callers` besides talkers and ears; most are participants of the demo room.
    fn new(name: &'static str, codec: &str, legs: usize, callers: &[&str]) -> Self {
        let talk = format!("--talkers 3 --ears {}", EARS.min(legs));
        let words = talk.split(' ').chain(callers.iter().copied());
        Self {
            name,
            codec: codec.to_owned(),
            legs,
            rate: None,
            callers: words.map(str::to_owned).collect(),
            churn: None,
            asked: None,
            cores: Cores::One,
        }
    }

    /// One meeting with three who talk.
    pub(crate) fn three_talk(codec: &str, legs: usize) -> Self {
        Self::new(THREE_TALK, codec, legs, &["--code", "222"])
    }

    /// The same, while others come and go.
    pub(crate) fn with_churn(self, churn: Churn) -> Self {
        Self {
            churn: Some(churn),
            ..self
        }
    }

    /// How long it is judged at least.
    pub(crate) fn least(&self) -> Duration {
        match self.churn {
            Some(_) => JOINS_LEAST,
            None => Duration::ZERO,
        }
    }

    /// Phones in all.
    pub(crate) fn phones(&self) -> usize {
        self.legs + self.churn.map_or(0, |churn| churn.phones)
    }
}

/// All that one run measures.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Sizes of the floor.
    pub(crate) floors: Vec<usize>,
    pub(crate) bridge: Vec<Scenario>,
    pub(crate) janus: Vec<Growth>,
}

/// What is asked for, with the floors that it is held against.
///
/// # Errors
/// `--only` names nothing.
pub(crate) fn plan(options: &Options) -> Result<Plan, String> {
    let wanted = |server: Server, name: &str, codec: &str, legs: usize| {
        let row = format!("{}, {name}, {codec}, {legs} legs", server.name()).to_lowercase();
        let is_in = |part: &String| row.contains(&part.to_lowercase());
        options.only.is_empty() || options.only.iter().any(is_in)
    };
    let mut bridge = partyline(options);
    bridge.retain(|row| wanted(Server::Partyline, row.name, &row.codec, row.legs));
    let mut janus = janus(options);
    janus.retain(|row| wanted(Server::Janus, row.name, row.coding.name(), options.others));
    let mut floors = floors(options);
    if !wanted(Server::Floor, "", PCMU, 0) {
        let nearest = |legs: usize| floors.iter().copied().min_by_key(|floor| floor.abs_diff(legs));
        let grown = janus.iter().flat_map(|row| row.sizes.iter().copied());
        let needed = bridge.iter().map(|row| row.legs).chain(grown).filter_map(nearest);
        let needed: Vec<_> = needed.collect();
        floors.retain(|legs| needed.contains(legs));
    }
    match bridge.is_empty() && janus.is_empty() && floors.is_empty() {
        true => Err(format!(
            "--only {}: no row has this; rows are named as in the table, such as --only \"{THREE_TALK}\" or --only opus",
            options.only.join(";")
        )),
        false => Ok(Plan {
            floors,
            bridge,
            janus,
        }),
    }
}

/// Sizes at which the floor is measured: at a handful of legs it is noise.
fn floors(options: &Options) -> Vec<usize> {
    const LEAST: usize = 50;
    let mut sizes = options.legs.clone();
    sizes.push(options.others);
    sizes.sort_unstable();
    sizes.dedup();
    let large: Vec<_> = sizes.iter().copied().filter(|legs| *legs >= LEAST).collect();
    if large.is_empty() { sizes } else { large }
}

/// All scenarios of the bridge.
fn partyline(options: &Options) -> Vec<Scenario> {
    let others = options.others;
    let mut all: Vec<_> = SIZED
        .into_iter()
        .flat_map(|codec| sized(options, codec))
        .collect();
    let codes = small_meetings();
    let many = ["--code", &codes, "--meetings", "each-code"];
    all.extend(
        [(PCMU, None), (OPUS, Some(TONES_RATE))].map(|(codec, rate)| Scenario {
            rate,
            ..Scenario::new(MANY_MEETINGS, codec, others, &many)
        }),
    );
    let babble = ["--code", "222", "--idle", "babble"];
    all.push(Scenario::new(ALL_TALK, PCMU, others, &babble));
    all.extend(OTHERS.map(|codec| Scenario::three_talk(codec, others)));
    let joins = Scenario::new(JOINS, PCMU, others.div_ceil(2), &["--code", "222"]);
    all.push(joins.with_churn(JOINING));
    all.push(Scenario {
        rate: Some(RUSH_RATE),
        ..Scenario::new(RUSH, OPUS, rush_legs(others), &["--code", "222"])
    });
    let lists = || Asked::Lists(options.filter.clone());
    let rest = [
        (LISTS, lists(), Cores::One),
        (LISTS_APART, lists(), Cores::MixerApart),
        (FLOOD, Asked::Flood, Cores::One),
    ];
    all.extend(rest.map(|(name, asked, cores)| Scenario {
        asked: Some(asked),
        cores,
        ..Scenario::new(name, PCMU, others, &["--code", "222"])
    }));
    all
}

/// Codes of 200 meetings, as `--code` takes them, each twice: the phones whose audio is judged are the first to call, as the talkers are, and one who
/// talks must not be alone among them.
fn small_meetings() -> String {
    let twice = (5_000..5_200).map(|code| format!("{code},{code}"));
    twice.collect::<Vec<_>>().join(",")
}

/// Phones of the rush, where other rows have so many.
pub(crate) const fn rush_legs(others: usize) -> usize {
    2 * others
}

/// One meeting at each of its sizes, and at that of all other rows.
fn sized(options: &Options, codec: &str) -> Vec<Scenario> {
    let mut sizes = match codec {
        PCMU => options.legs.clone(),
        _ => options.codec_legs.clone(),
    };
    if !sizes.contains(&options.others) {
        sizes.push(options.others);
    }
    let row = |legs| Scenario::three_talk(codec, legs);
    sizes.into_iter().map(row).collect()
}

/// How the peer's phones code their audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    /// G.711 µ-law.
    Pcmu,
    /// Opus, mono, 16 kHz.
    Opus,
}

impl Coding {
    /// As rows show it; equal to the bridge's name for the same.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Opus => "opus16",
        }
    }
}

/// What Janus is grown through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Growth {
    pub(crate) name: &'static str,
    pub(crate) coding: Coding,
    pub(crate) sizes: Vec<usize>,
}

/// All scenarios of the peer.
fn janus(options: &Options) -> Vec<Growth> {
    let growth = |coding, sizes: &Vec<usize>| Growth {
        name: THREE_TALK,
        coding,
        sizes: sizes.clone(),
    };
    vec![
        growth(Coding::Pcmu, &options.janus_legs),
        growth(Coding::Opus, &options.janus_opus_legs),
    ]
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn planned(line: &str) -> Result<Plan, String> {
        let words = ["compare"].into_iter().chain(line.split_whitespace());
        plan(&Options::try_parse_from(words).unwrap())
    }

    #[test]
    fn every_row_is_planned_once_and_the_floor_at_sizes_that_mean_something() {
        let all = planned("--legs 10,100 --others 500").unwrap();
        assert_eq!(all.floors, [100, 500]);
        let sizes = |name: &str, codec: &str| -> Vec<_> {
            let rows = all
                .bridge
                .iter()
                .filter(|row| row.name == name && row.codec == codec);
            rows.map(|row| row.legs).collect()
        };
        assert_eq!(sizes(THREE_TALK, PCMU), [10, 100, 500]);
        for codec in [OPUS, MIXED] {
            assert_eq!(sizes(THREE_TALK, codec), [100, 500, 1_000, 2_000], "{codec}");
        }
        for codec in OTHERS {
            assert_eq!(sizes(THREE_TALK, codec), [500], "{codec}");
        }
        for name in [MANY_MEETINGS, ALL_TALK, LISTS, LISTS_APART, FLOOD] {
            assert_eq!(sizes(name, PCMU), [500], "{name}");
        }
        assert_eq!(sizes(MANY_MEETINGS, OPUS), [500]);
        let many = all.bridge.iter().find(|row| row.name == MANY_MEETINGS).unwrap();
        let codes = many
            .callers
            .iter()
            .find(|word| word.starts_with("5000,5000,5001,"));
        assert_eq!(codes.map(|codes| codes.split(',').count()), Some(400));
        assert_eq!((sizes(JOINS, PCMU), all.janus.len()), (vec![250], 2));
        assert_eq!(sizes(RUSH, OPUS), [1_000]);
    }

    #[test]
    fn a_part_is_run_with_the_floor_that_it_is_held_against() {
        let part = planned("--only opus16;joins").unwrap();
        let names: Vec<_> = part
            .bridge
            .iter()
            .map(|row| (row.name, row.codec.as_str()))
            .collect();
        assert_eq!(names, [(THREE_TALK, "opus16"), (JOINS, PCMU)]);
        assert_eq!((part.floors, part.janus.len()), (vec![100, 500, 1_000], 1));
        let words = ["compare", "--only", "3 talk, opus, 2000 legs"];
        let one = plan(&Options::try_parse_from(words).unwrap()).unwrap();
        assert_eq!(one.bridge, [Scenario::three_talk(OPUS, 2_000)]);
        assert_eq!((one.floors, one.janus.len()), (vec![2_000], 0));
        let error = planned("--only nothing").unwrap_err();
        assert!(error.contains("rows are named"), "{error}");
    }
}
