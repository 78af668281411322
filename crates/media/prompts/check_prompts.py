#!/usr/bin/env python3
"""Listens to every recording of the catalogue and tells which ones are doubtful.

Measured: length, level, peaks, silence at both ends. Recognised: pocketsphinx has to tell each English recording from all the other
texts of the catalogue, fragments from fragments and sentences from sentences. Whatever it doubts, listen to yourself. Exits 1 when a
measure is out of bounds; a recording that was not recognised is only told, for the recogniser errs on single words.

  python3 check_prompts.py
  python3 check_prompts.py --only number_7 help_mute
"""
import argparse
import pathlib
import sys
import tomllib

import numpy as np
from pocketsphinx import Decoder
from scipy.signal import resample_poly

from make_prompts import HERE, LANGUAGES, carrier_of
from sound import LEVEL_DB, PEAK_DBFS, SPEECH_DBFS, decibels, decode, peak_dbfs, speech_dbfs
from speech import EAR_RATE, MISSING_WORDS, words

RATE = 48_000  # Hz, after decoding
EDGE_DBFS = -45.0  # the first and last 5 ms are quieter: nothing is cut off
SHORTEST_S, LONGEST_S = 0.2, 6.0
LONGEST_WORD_S = 0.9


def faults(samples: np.ndarray, text: str) -> list[str]:
    """What is wrong with the sound as such."""
    seconds, edge = len(samples) / RATE, RATE // 200
    active = speech_dbfs(samples, RATE)
    longest = LONGEST_S if len(words(text)) > 1 else LONGEST_WORD_S
    bounds = {
        f"{seconds:.2f} s": SHORTEST_S <= seconds <= longest,
        f"speech at {active:.1f} dBFS": abs(active - SPEECH_DBFS) <= LEVEL_DB,
        f"peak at {peak_dbfs(samples):.1f} dBFS": peak_dbfs(samples) <= PEAK_DBFS,
        "does not start in silence": decibels(samples[:edge], edge)[0] < EDGE_DBFS,
        "does not end in silence": decibels(samples[-edge:], edge)[0] < EDGE_DBFS,
    }
    return [fault for fault, kept in bounds.items() if not kept]


def ear(texts: list[str]) -> Decoder:
    """A recogniser that expects one of these texts."""
    decoder = Decoder(samprate=EAR_RATE, loglevel="FATAL")
    for word, sounds in MISSING_WORDS.items():
        decoder.add_word(word, sounds)
    choices = " | ".join(sorted({" ".join(words(text)) for text in texts}))
    decoder.add_jsgf_string("catalogue", f"#JSGF V1.0; grammar catalogue; public <text> = {choices} ;")
    decoder.activate_search("catalogue")
    return decoder


def hear(decoder: Decoder, samples: np.ndarray) -> str:
    """What the recogniser makes of it."""
    quiet = np.zeros(EAR_RATE // 4)
    heard = np.concatenate([quiet, resample_poly(samples, 1, RATE // EAR_RATE), quiet])
    decoder.start_utt()
    decoder.process_raw((heard * 30_000).clip(-32768, 32767).astype("<i2").tobytes(), full_utt=True)
    decoder.end_utt()
    return decoder.hyp().hypstr if decoder.hyp() else ""


def check(folder: pathlib.Path, catalogue: dict[str, str], only: list[str] | None, expected: list[str]) -> bool:
    """Tells about each recording; whether all measures are in bounds."""
    decoder = ear(expected)
    sound = True
    for name, text in catalogue.items():
        if only and name not in only:
            continue
        samples = decode(folder / f"{name}.opus")
        wrong = faults(samples, text)
        sound = sound and not wrong
        heard = hear(decoder, samples)
        if heard != " ".join(words(text)):
            wrong.append(f"heard as {heard!r}")
        if wrong:
            print(f"{name} ({text}): {'; '.join(wrong)}", flush=True)
    return sound


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--language", choices=sorted(LANGUAGES), default="en", help="which catalogue (default: en)")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="only these prompts")
    arguments = parser.parse_args()
    catalogue = tomllib.loads((HERE / f"{arguments.language}.toml").read_text())
    carriers = tomllib.loads((HERE / f"{arguments.language}.carriers.toml").read_text())
    folder = HERE / arguments.language
    whole = {name: text for name, text in catalogue.items() if carrier_of(name, carriers) == "{}"}
    parts = {name: text for name, text in catalogue.items() if name not in whole}
    sound = [check(folder, texts, arguments.only, list(texts.values())) for texts in (whole, parts)]
    return 0 if all(sound) else 1


if __name__ == "__main__":
    sys.exit(main())
