//! Values of options that are lists: codecs with weights, access codes, percentages.

use std::str::FromStr;

use crate::codec::Speech;
use crate::keypad::are_keys;

/// Codes that a range may stand for.
const MOST_CODES: u32 = 100_000;

/// Codecs and the share of phones that speak each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mix(Vec<(Speech, u32)>);

impl Mix {
    /// The codec of each of so many phones: shares are kept to a phone, and spread evenly.
    pub(crate) fn deal(&self, legs: usize) -> Vec<Speech> {
        let total: u64 = self.0.iter().map(|(_, weight)| u64::from(*weight)).sum();
        let mut dealt = vec![0_u64; self.0.len()];
        let mut next = |leg: usize| {
            let owed = |(at, (_, weight)): (usize, &(Speech, u32))| {
                let due = u64::from(*weight) * (leg as u64 + 1);
                (
                    due as i128 - i128::from(dealt[at]) * i128::from(total),
                    std::cmp::Reverse(at),
                )
            };
            let best = self.0.iter().enumerate().max_by_key(|entry| owed(*entry));
            let (at, (speech, _)) = best.expect("a mix has a codec");
            dealt[at] += 1;
            *speech
        };
        (0..legs).map(&mut next).collect()
    }

    /// As it is written.
    pub(crate) fn text(&self) -> String {
        let entries: Vec<_> = self
            .0
            .iter()
            .map(|(speech, weight)| format!("{}={weight}", speech.name()))
            .collect();
        match self.0.as_slice() {
            [(only, _)] => only.name().to_owned(),
            _ => entries.join(","),
        }
    }
}

impl FromStr for Mix {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let entries: Result<Vec<_>, String> = text.split(',').map(entry).collect();
        let entries = entries?;
        if entries.iter().all(|(_, weight)| *weight == 0) {
            return Err("no codec has a weight; write PCMU=70,PCMA=30".to_owned());
        }
        Ok(Self(entries))
    }
}

fn entry(text: &str) -> Result<(Speech, u32), String> {
    let (name, weight) = text.split_once('=').unwrap_or((text, "1"));
    let weight = weight.trim().parse();
    let weight = weight.map_err(|_| format!("{text:?}: the weight is no number; write PCMU=70,PCMA=30"))?;
    Ok((name.trim().parse()?, weight))
}

/// Access codes that the phones key in turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Codes(pub(crate) Vec<String>);

impl FromStr for Codes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let lists: Result<Vec<_>, String> = text.split(',').map(|part| codes(part.trim())).collect();
        Ok(Self(lists?.concat()))
    }
}

/// One code, or a range of them.
fn codes(text: &str) -> Result<Vec<String>, String> {
    let range = text
        .split_once('-')
        .map(|(first, last)| (first.parse::<u32>(), last.parse::<u32>(), first.len()));
    match range {
        Some((Ok(first), Ok(last), digits)) if first <= last && last - first < MOST_CODES => {
            Ok((first..=last).map(|code| format!("{code:0digits$}#")).collect())
        }
        Some(_) => Err(format!("{text:?} is no range of codes; write 5000-5199")),
        None if are_keys(text) => Ok(vec![if text.ends_with('#') {
            text.to_owned()
        } else {
            format!("{text}#")
        }]),
        None => Err(format!(
            "{text:?} has characters that are no keys of a phone; write 111,222 or 5000-5199"
        )),
    }
}

/// A share of a hundred.
///
/// # Errors
/// What is wrong, and how it is written right.
pub(crate) fn percent(text: &str) -> Result<f64, String> {
    let number: Option<f64> = text.trim_end_matches('%').trim().parse().ok();
    let inside = number.filter(|number| (0.0..=100.0).contains(number));
    inside.ok_or_else(|| format!("{text:?} is no percentage; write a number from 0 to 100, such as 0.5"))
}

/// A time with its unit.
///
/// # Errors
/// What is wrong, and how it is written right.
pub(crate) fn time(text: &str) -> Result<std::time::Duration, String> {
    humantime::parse_duration(text)
        .map_err(|_| format!("{text:?} is no time; write it with its unit: 20ms, 30s, 5min"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_kept_and_spread() {
        let mix: Mix = "PCMU=70,PCMA=30".parse().unwrap();
        let dealt = mix.deal(100);
        assert_eq!(dealt.iter().filter(|speech| **speech == Speech::Pcmu).count(), 70);
        assert!(
            dealt
                .chunks(10)
                .all(|ten| ten.iter().filter(|speech| **speech == Speech::Pcma).count() == 3)
        );
        assert_eq!(
            "pcma".parse::<Mix>().unwrap().deal(2),
            [Speech::Pcma, Speech::Pcma]
        );
    }

    #[test]
    fn codes_are_lists_and_ranges_and_end_with_the_hash_key() {
        assert_eq!("111, 222#".parse::<Codes>().unwrap().0, ["111#", "222#"]);
        assert_eq!(
            "0998-1001".parse::<Codes>().unwrap().0,
            ["0998#", "0999#", "1000#", "1001#"]
        );
    }

    #[test]
    fn wrong_values_say_how_they_are_written_right() {
        let mix = |text: &str| text.parse::<Mix>().unwrap_err();
        let codes = |text: &str| text.parse::<Codes>().unwrap_err();
        for (error, needle) in [
            (mix("GSM"), "choose from PCMU"),
            (mix("PCMU=many"), "write PCMU=70,PCMA=30"),
            (mix("PCMU=0"), "write PCMU=70,PCMA=30"),
            (codes("11x"), "write 111,222"),
            (codes("9-5"), "write 5000-5199"),
            (codes(""), "write 111,222"),
            (percent("101").unwrap_err(), "from 0 to 100"),
            (percent("much").unwrap_err(), "from 0 to 100"),
            (time("20").unwrap_err(), "with its unit"),
        ] {
            assert!(error.contains(needle), "{error}");
        }
        assert_eq!((percent("5%"), percent("0.1")), (Ok(5.0), Ok(0.1)));
    }
}
