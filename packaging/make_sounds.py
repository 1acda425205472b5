"""Make the sounds of notices in resources/sounds: short, soft, each known without looking.

python packaging/make_sounds.py
"""

from __future__ import annotations

import math
import struct
import wave
from pathlib import Path

_FOLDER = Path(__file__).resolve().parent.parent / "resources" / "sounds"
_RATE = 16_000
_LOUD = 0.35
_NOTES: dict[str, tuple[tuple[float, float], ...]] = {
    "fill": ((880.0, 0.07), (1318.5, 0.12)),
    "refusal": ((440.0, 0.10), (330.0, 0.16)),
    "alarm": ((660.0, 0.09), (0.0, 0.04), (660.0, 0.09), (0.0, 0.04), (523.3, 0.16)),
}
"""Hertz and seconds, one note after another; zero hertz is silence."""


def _note(hertz: float, seconds: float) -> bytes:
    count = int(_RATE * seconds)
    ramp = min(count // 4, _RATE // 100)
    samples = []
    for place in range(count):
        # Soft edges: a tone that begins or ends at once clicks.
        edge = min(1.0, (place + 1) / ramp, (count - place) / ramp)
        fade = math.exp(-3.0 * place / count)
        samples.append(int(32_767 * _LOUD * edge * fade * math.sin(2 * math.pi * hertz * place / _RATE)))
    return struct.pack(f"<{count}h", *samples)


def main() -> None:
    """Write every sound."""
    _FOLDER.mkdir(parents=True, exist_ok=True)
    for name, notes in _NOTES.items():
        with wave.open(str(_FOLDER / f"{name}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(_RATE)
            file.writeframes(b"".join(_note(hertz, seconds) for hertz, seconds in notes))


if __name__ == "__main__":
    main()
