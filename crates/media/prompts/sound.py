"""Samples in, samples out: silence, level, peaks, files. Mono, floats between -1 and 1, 24 kHz."""
import pathlib
import subprocess
import tempfile

import numpy as np
import soundfile

RATE = 24_000  # Hz
SPEECH_DBFS = -16.0  # RMS of active speech
PEAK_DBFS = -3.0  # nothing is louder, after decoding too
LEVEL_DB = 1.0  # how far the level may be off after decoding
FADE_S = 0.005
LOOK_AHEAD_S = 0.004  # half the time the limiter takes to turn down


def ratio(decibels: float) -> float:
    """Amplitude of a level."""
    return 10 ** (decibels / 20)


def decibels(samples: np.ndarray, frame: int) -> np.ndarray:
    """Power of each frame of so many samples, in dBFS."""
    frames = samples[: len(samples) // frame * frame].reshape(-1, frame)
    return 10 * np.log10(np.mean(frames**2, axis=1) + 1e-12)


def trim(samples: np.ndarray, before_s: float, after_s: float) -> np.ndarray:
    """Leaves so many seconds of silence before and after, adding some where there is less; 45 dB under the loudest is silence."""
    frame = RATE // 200
    power = decibels(samples, frame)
    loud = np.flatnonzero(power > power.max() - 45)
    before, after = int(before_s * RATE), int(after_s * RATE)
    padded = np.pad(samples, (before, after))
    return padded[loud[0] * frame : (loud[-1] + 1) * frame + before + after]


def speech_dbfs(samples: np.ndarray, rate: int) -> float:
    """RMS of what is within 25 dB of the loudest 20 ms."""
    power = decibels(samples, rate // 50)
    return 10 * np.log10(np.mean(10 ** (power[power > power.max() - 25] / 10)))


def level(samples: np.ndarray, speech: float, peak: float) -> np.ndarray:
    """Active speech brought to the one level, peaks turned down to the other (both dBFS), edges faded."""
    gain, levelled = 0.0, samples
    for _ in range(4):  # the limiter takes some of the level that the gain gave
        gain += speech - speech_dbfs(levelled, RATE)
        levelled = limit(samples * ratio(gain), ratio(peak))
    fade = np.linspace(0, 1, int(FADE_S * RATE))
    levelled[: len(fade)] *= fade
    levelled[-len(fade) :] *= fade[::-1]
    return levelled


def limit(samples: np.ndarray, ceiling: float) -> np.ndarray:
    """Turns the gain down smoothly around each peak over the ceiling, so that the waveform keeps its shape."""
    reach = int(LOOK_AHEAD_S * RATE)
    wanted = np.minimum(1, ceiling / np.maximum(np.abs(samples), 1e-9))
    padded = np.pad(wanted, 2 * reach, constant_values=1)
    lowest = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1).min(axis=1)
    window = np.hanning(2 * reach + 3)[1:-1]
    return samples * np.convolve(lowest, window / window.sum(), "valid")


def encode(samples: np.ndarray, target: pathlib.Path) -> None:
    """Ogg/Opus, 48 kHz mono, about 20 kbit/s. The same samples give the same file."""
    with tempfile.NamedTemporaryFile(suffix=".wav") as wav:
        soundfile.write(wav.name, samples, RATE, subtype="PCM_16")
        command = ["opusenc", "--quiet", "--speech", "--bitrate", "20", "--discard-comments", "--serial", "1", wav.name, str(target)]
        subprocess.run(command, check=True)


def decode(source: pathlib.Path) -> np.ndarray:
    """What a recording sounds like, 48 kHz mono."""
    with tempfile.NamedTemporaryFile(suffix=".wav") as wav:
        subprocess.run(["opusdec", "--quiet", "--rate", "48000", str(source), wav.name], check=True)
        return soundfile.read(wav.name)[0]


def peak_dbfs(samples: np.ndarray) -> float:
    """The loudest sample."""
    return 20 * np.log10(np.abs(samples).max() + 1e-12)


def write_prompt(samples: np.ndarray, target: pathlib.Path) -> None:
    """Levels and encodes; encoding moves level and peaks, so it is done again until the decoded ones fit."""
    ceiling, gain = PEAK_DBFS - 1.0, 0.0
    for _ in range(8):
        encode(level(samples, SPEECH_DBFS + gain, ceiling), target)
        decoded = decode(target)
        over = peak_dbfs(decoded) - PEAK_DBFS
        under = SPEECH_DBFS - speech_dbfs(decoded, 2 * RATE)
        if over <= 0 and abs(under) <= LEVEL_DB:
            return
        ceiling -= over + 0.2 if over > 0 else 0.0
        gain += under if abs(under) > LEVEL_DB else 0.0
    if over > 0:
        raise RuntimeError(f"{target.name}: peaks stay over {PEAK_DBFS} dBFS")
