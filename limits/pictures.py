"""Digits as a picture, and the same digits as sound."""

from __future__ import annotations

import os
from functools import lru_cache

from captcha.audio import AudioCaptcha
from captcha.image import ImageCaptcha

WIDTH, HEIGHT = 280, 90
# Dark on light, whatever the page's colours are: about 12:1.
INK, PAPER = (24, 44, 96, 255), (246, 247, 250)
SOFT_NOISE = bytes(126 + octet % 4 for octet in range(256))


class Drawing(ImageCaptcha):
    # How much of a letter covers the paper, by its brightness: the library's fades dark ink away.
    lookup_table = [min(6 * brightness, 255) for brightness in range(256)]
    character_rotate = (-20, 20)
    word_offset_dx = 0.1


class Voice(AudioCaptcha):
    def create_background_noise(self, length: int, chars: str) -> bytearray:
        """White noise, as the library's, but in one step: its own takes half a second of a processor.

        And no backward voices in it: they keep people out sooner than programs.
        """
        return bytearray(os.urandom(length).translate(SOFT_NOISE))


def picture(digits: str) -> bytes:
    """PNG."""
    drawing = Drawing(width=WIDTH, height=HEIGHT, font_sizes=(56, 62, 68))
    return drawing.generate(digits, bg_color=PAPER, fg_color=INK).getvalue()


def sound(digits: str) -> bytes:
    """WAV, about a quarter of a minute; the digits are said in English, slowly enough to type."""
    return bytes(_voice().generate(digits))


@lru_cache(maxsize=1)
def _voice() -> Voice:
    voice = Voice()
    voice.load()
    return voice
