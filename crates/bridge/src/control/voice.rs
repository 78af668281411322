//! From phrases to the recordings that say them, in English.

use model::{Phrase, Prompt};

/// Something that can be played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sound {
    /// A recording of the catalogue, by name.
    Clip(&'static str),
    /// A breath between two sentences, 300 ms.
    Pause,
    /// Somebody came in.
    EntryTone,
    /// Somebody left.
    ExitTone,
}

const UNITS: [&str; 20] = [
    "number_0",
    "number_1",
    "number_2",
    "number_3",
    "number_4",
    "number_5",
    "number_6",
    "number_7",
    "number_8",
    "number_9",
    "number_10",
    "number_11",
    "number_12",
    "number_13",
    "number_14",
    "number_15",
    "number_16",
    "number_17",
    "number_18",
    "number_19",
];
const TENS: [&str; 10] = [
    "number_0",
    "number_10",
    "number_20",
    "number_30",
    "number_40",
    "number_50",
    "number_60",
    "number_70",
    "number_80",
    "number_90",
];
const HUNDRED: &str = "number_hundred";
const THOUSAND: &str = "number_thousand";
const MILLION: &str = "number_million";
const STAR: &str = "key_star";
const POUND: &str = "key_pound";
const LETTERS: [&str; 4] = ["key_a", "key_b", "key_c", "key_d"];

/// Every recording that numbers and keys are put together from.
pub fn fragments() -> impl Iterator<Item = &'static str> {
    let words = [HUNDRED, THOUSAND, MILLION, STAR, POUND];
    UNITS
        .into_iter()
        .chain(TENS.into_iter().skip(2))
        .chain(words)
        .chain(LETTERS)
}

/// Everything that can be played; first what callers hear on their way in.
pub fn catalogue() -> impl Iterator<Item = Sound> {
    // The prompts of the menu and of the door, as they are told in [`Prompt`].
    let is_of_the_door = |prompt: &&Prompt| **prompt <= Prompt::ThisMeetingIsRecorded;
    let (door, others): (Vec<_>, Vec<_>) = Prompt::ALL.iter().partition(is_of_the_door);
    let said = |prompts: Vec<&'static Prompt>| prompts.into_iter().map(|prompt| prompt.name());
    let clips = said(door).chain(fragments()).chain(said(others)).map(Sound::Clip);
    [Sound::Pause, Sound::EntryTone, Sound::ExitTone]
        .into_iter()
        .chain(clips)
}

/// The recordings that say `phrases` one after another.
pub fn speak(phrases: &[Phrase]) -> Vec<Sound> {
    let mut sounds = Vec::new();
    for (n, phrase) in phrases.iter().enumerate() {
        if n > 0 && begins_sentence(&phrases[n - 1], phrase) {
            sounds.push(Sound::Pause);
        }
        match phrase {
            Phrase::Prompt(prompt) => sounds.push(Sound::Clip(Prompt::name(*prompt))),
            Phrase::Number(number) => say_number(*number, &mut sounds),
            Phrase::Digits(text) | Phrase::Keys(text) => sounds.extend(text.chars().filter_map(key)),
        }
    }
    sounds
}

/// A prompt behind a prompt or behind keys is a new sentence; behind a number it goes on with it. A number goes on with the prompt before
/// it, but in a list of results each line is a sentence.
fn begins_sentence(before: &Phrase, phrase: &Phrase) -> bool {
    match (before, phrase) {
        (Phrase::Prompt(_) | Phrase::Keys(_), Phrase::Prompt(_)) => true,
        (Phrase::Number(_) | Phrase::Digits(_), Phrase::Prompt(_)) => false,
        (Phrase::Number(_) | Phrase::Prompt(Prompt::PollClosed), Phrase::Number(_)) => true,
        (_, Phrase::Number(_) | Phrase::Digits(_) | Phrase::Keys(_)) => false,
    }
}

fn key(key: char) -> Option<Sound> {
    let name = match key {
        '0'..='9' => UNITS[key as usize - '0' as usize],
        '*' => STAR,
        '#' => POUND,
        'A'..='D' => LETTERS[key as usize - 'A' as usize],
        _ => return None,
    };
    Some(Sound::Clip(name))
}

/// One hundred twenty-three thousand four hundred fifty-six: American, without "and".
fn say_number(number: u32, sounds: &mut Vec<Sound>) {
    for (size, name) in [(1_000_000, MILLION), (1_000, THOUSAND), (100, HUNDRED)] {
        if number >= size {
            say_number(number / size, sounds);
            sounds.push(Sound::Clip(name));
            return match number % size {
                0 => {}
                rest => say_number(rest, sounds),
            };
        }
    }
    let number = number as usize;
    match number {
        0..20 => sounds.push(Sound::Clip(UNITS[number])),
        _ => {
            sounds.push(Sound::Clip(TENS[number / 10]));
            if !number.is_multiple_of(10) {
                sounds.push(Sound::Clip(UNITS[number % 10]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(phrase: Phrase) -> String {
        let name = |sound| match sound {
            Sound::Clip(name) => name,
            Sound::Pause => "pause",
            Sound::EntryTone | Sound::ExitTone => "tone",
        };
        let names: Vec<_> = speak(&[phrase]).into_iter().map(name).collect();
        names.join(" ").replace("number_", "").replace("key_", "")
    }

    #[test]
    fn numbers_are_spoken_as_people_say_them() {
        for (number, said) in [
            (0, "0"),
            (7, "7"),
            (13, "13"),
            (20, "20"),
            (21, "20 1"),
            (99, "90 9"),
            (100, "1 hundred"),
            (101, "1 hundred 1"),
            (342, "3 hundred 40 2"),
            (1000, "1 thousand"),
            (1_015, "1 thousand 15"),
            (123_456, "1 hundred 20 3 thousand 4 hundred 50 6"),
            (2_000_000, "2 million"),
        ] {
            assert_eq!(words(Phrase::Number(number)), said);
        }
    }

    #[test]
    fn sentences_are_set_apart_and_the_parts_of_one_are_not() {
        let count = [
            Phrase::Prompt(Prompt::YouAreMuted),
            Phrase::Prompt(Prompt::ThereAre),
            Phrase::Number(7),
            Phrase::Prompt(Prompt::PeopleInMeeting),
        ];
        let pauses: Vec<_> = speak(&count).iter().map(|sound| *sound == Sound::Pause).collect();
        assert_eq!(pauses, [false, true, false, false, false]);
    }

    #[test]
    fn each_line_of_a_result_is_a_sentence() {
        let line = |count, prompt, digit| {
            [
                Phrase::Number(count),
                Phrase::Prompt(prompt),
                Phrase::Number(digit),
            ]
        };
        let mut result = vec![Phrase::Prompt(Prompt::PollClosed)];
        result.extend(line(3, Prompt::VotesFor, 1));
        result.extend(line(1, Prompt::VoteFor, 2));
        let is_pause = |sound: &Sound| *sound == Sound::Pause;
        let pauses = speak(&result)
            .iter()
            .enumerate()
            .filter(|(_, sound)| is_pause(sound))
            .map(|(n, _)| n)
            .collect::<Vec<_>>();
        assert_eq!(pauses, [1, 5]);
    }

    #[test]
    fn keys_and_digits_are_spoken_one_by_one() {
        assert_eq!(words(Phrase::Keys("*6#A".into())), "star 6 pound a");
        assert_eq!(words(Phrase::Digits("106131".into())), "1 0 6 1 3 1");
    }
}
