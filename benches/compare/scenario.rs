//! What is measured, as data: a codec that a build offers later needs a row here and nothing else.

use crate::options::Options;

/// Callers of the bridge, as `partyline sim` is asked for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scenario {
    /// What goes on, in words.
    pub(crate) name: String,
    /// As `--codec` takes it.
    pub(crate) codec: &'static str,
    pub(crate) legs: usize,
    /// Further options of the callers.
    pub(crate) callers: Vec<&'static str>,
}

const THREE_TALK: &str = "one meeting, 3 talk";
/// Phones whose audio is decoded and judged: the callers have one core. Packets are counted for all.
const EARS: &str = "50";
/// The demo room, as participants.
const ONE_MEETING: [&str; 8] = [
    "--code",
    "222",
    "--talkers",
    "3",
    "--idle",
    "noise",
    "--ears",
    EARS,
];
/// Codes that open two hundred meetings on the fly; three of them have a talker each.
const MANY_MEETINGS: [&str; 10] = [
    "--code",
    "5000-5199",
    "--meetings",
    "each-code",
    "--talkers",
    "3",
    "--idle",
    "noise",
    "--ears",
    EARS,
];
const ALL_TALK: [&str; 8] = [
    "--code",
    "222",
    "--talkers",
    "3",
    "--idle",
    "babble",
    "--ears",
    EARS,
];
/// Codecs beside PCMU, which legs of one meeting have.
const CODECS: [&str; 4] = ["opus", "opus16", "G722", "PCMU=40,G722=20,opus=40"];

/// All scenarios of the bridge.
pub(crate) fn partyline(options: &Options) -> Vec<Scenario> {
    let scenario = |name: &str, codec, legs, callers: &[&'static str]| Scenario {
        name: name.to_owned(),
        codec,
        legs,
        callers: callers.to_vec(),
    };
    let sizes = options.legs.iter();
    let mut all: Vec<_> = sizes
        .map(|legs| scenario(THREE_TALK, "PCMU", *legs, &ONE_MEETING))
        .collect();
    all.push(scenario(
        "200 meetings, 3 talk",
        "PCMU",
        options.others,
        &MANY_MEETINGS,
    ));
    all.push(scenario(
        "one meeting, all talk",
        "PCMU",
        options.others,
        &ALL_TALK,
    ));
    all.extend(CODECS.map(|codec| scenario(THREE_TALK, codec, options.others, &ONE_MEETING)));
    all
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
pub(crate) fn janus(options: &Options) -> Vec<Growth> {
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
