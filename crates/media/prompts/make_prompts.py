#!/usr/bin/env python3
"""Speaks the prompt catalogue: <language>.toml becomes <language>/<name>.opus, Ogg/Opus, 48 kHz mono.

Only what is missing or has changed (text, carrier, voice, speed) is made anew; recordings of names that left the catalogue
are removed. README.md beside this file tells what must be installed.

  python3 make_prompts.py --voices package/voices
  python3 make_prompts.py --voices package/voices --only number_7 help_mute --again
  python3 make_prompts.py --voices package/voices --voice am_michael --say "Any sentence." --to sample.wav
"""
import argparse
import fnmatch
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile
import tomllib
from typing import NamedTuple

import numpy as np
import soundfile

from sound import PEAK_DBFS, RATE, SPEECH_DBFS, level, write_prompt
from speech import Voice, load

HERE = pathlib.Path(__file__).resolve().parent
RECIPE = 3  # raise it when the same text should be made anew because this script has changed


class Speaker(NamedTuple):
    """Who speaks a language."""

    voice: str
    spelling: str  # what kokoro-onnx calls the language


LANGUAGES = {"en": Speaker("af_heart", "en-us")}


def carrier_of(name: str, carriers: dict[str, str]) -> str:
    """The sentence a prompt is spoken in; "{}" alone for a sentence of its own."""
    return next((carrier for pattern, carrier in carriers.items() if fnmatch.fnmatchcase(name, pattern)), "{}")


def make(arguments: argparse.Namespace, language: str) -> None:
    """Makes every recording of one language that is missing or out of date."""
    speaker = LANGUAGES[language]
    catalogue = tomllib.loads((HERE / f"{language}.toml").read_text())
    carriers = tomllib.loads((HERE / f"{language}.carriers.toml").read_text())
    folder = HERE / language
    folder.mkdir(exist_ok=True)
    manifest_path = folder / "manifest.json"
    manifest = json.loads(manifest_path.read_text()) if manifest_path.exists() else {}
    todo = []
    for name, text in catalogue.items():
        carrier = carrier_of(name, carriers)
        digest = hashlib.sha256(f"{RECIPE}|{speaker}|{arguments.speed}|{carrier}|{text}".encode()).hexdigest()[:16]
        wanted = not arguments.only or name in arguments.only
        fresh = manifest.get(name) == digest and (folder / f"{name}.opus").exists()
        if wanted and (arguments.again or not fresh):
            todo.append((name, text, carrier, digest))
    voice = Voice(load(arguments.voices, {speaker.voice}), *speaker, arguments.speed) if todo else None
    for number, (name, text, carrier, digest) in enumerate(todo, 1):
        samples = voice.sentence(text) if carrier == "{}" else voice.fragment(text, carrier)
        write_prompt(samples, folder / f"{name}.opus")
        manifest[name] = digest
        save(manifest, manifest_path)
        print(f"{language} {number:3}/{len(todo)} {name}: {len(samples) / RATE:.2f} s", flush=True)
    for stale in set(manifest) - set(catalogue):
        (folder / f"{stale}.opus").unlink(missing_ok=True)
        del manifest[stale]
    save(manifest, manifest_path)
    print(f"{language}: {len(todo)} made, {len(catalogue) - len(todo)} left as they were")


def save(manifest: dict[str, str], path: pathlib.Path) -> None:
    """After every recording, so that a run that is broken off goes on where it was."""
    path.write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n")


def say(arguments: argparse.Namespace) -> None:
    """One sentence as a WAV file of 8 kHz, 16 bit, mono."""
    voice = Voice(load(arguments.voices, {arguments.voice}), arguments.voice, arguments.spelling, arguments.speed)
    samples: np.ndarray = level(voice.sentence(arguments.say), SPEECH_DBFS, PEAK_DBFS - 1.5)
    with tempfile.NamedTemporaryFile(suffix=".wav") as wav:
        soundfile.write(wav.name, samples, RATE, subtype="PCM_16")
        subprocess.run(["sox", wav.name, "-D", "-r", "8000", "-b", "16", str(arguments.to)], check=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--voices", type=pathlib.Path, required=True, metavar="FOLDER", help="folder with the voice files (*.bin)")
    parser.add_argument("--speed", type=float, default=1.0, help="1.0 is the voice's own pace (default)")
    catalogue = parser.add_argument_group("the catalogue")
    catalogue.add_argument("--language", choices=sorted(LANGUAGES), help="only this language (default: all)")
    catalogue.add_argument("--only", nargs="+", metavar="NAME", help="only these prompts")
    catalogue.add_argument("--again", action="store_true", help="make them even where nothing has changed")
    single = parser.add_argument_group("one sentence")
    single.add_argument("--say", metavar="TEXT", help="speak this instead of the catalogue")
    single.add_argument("--voice", default="af_heart", help="with this voice (default: af_heart)")
    single.add_argument("--spelling", default="en-us", help="read as this language (default: en-us)")
    single.add_argument("--to", type=pathlib.Path, metavar="FILE", help="into this WAV file: 8 kHz, 16 bit, mono")
    arguments = parser.parse_args()
    if (arguments.say is None) != (arguments.to is None):
        parser.error("--say and --to go together")
    if arguments.say:
        say(arguments)
        return 0
    for language in [arguments.language] if arguments.language else sorted(LANGUAGES):
        make(arguments, language)
    return 0


if __name__ == "__main__":
    sys.exit(main())
