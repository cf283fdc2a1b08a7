"""Plots as numbers for a drawing: where its bars, lines and labels lie. The template draws them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 600, 200
LEFT, RIGHT, TOP, BOTTOM = 52, 18, 12, 26
GAP = 0.25  # of a bar's place
MOST_LINES = 4
MOST_LABELS = 6


@dataclass(frozen=True, slots=True)
class Bar:
    label: str
    number: int
    x: float
    y: float
    width: float
    height: float
    # Few of many are written beneath the bars; there is no room for all.
    is_labelled: bool

    @property
    def middle(self) -> float:
        return round(self.x + self.width / 2, 2)


@dataclass(frozen=True, slots=True)
class Line:
    number: int
    y: float

    @property
    def text_y(self) -> float:
        return self.y + 4


@dataclass(frozen=True, slots=True)
class Plot:
    bars: Sequence[Bar]
    lines: Sequence[Line]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    labels_y: int = HEIGHT - 8

    @property
    def total(self) -> int:
        return sum(bar.number for bar in self.bars)

    @property
    def numbers_x(self) -> int:
        return self.left - 8


def bars(values: Sequence[tuple[str, int]]) -> Plot:
    """A bar for each label and number, above a line at zero; as many lines as the eye takes in."""
    step = step_for(max((number for _, number in values), default=0))
    top = step * max(1, math.ceil(max((number for _, number in values), default=0) / step))
    place = (WIDTH - LEFT - RIGHT) / max(1, len(values))
    every = max(1, math.ceil(len(values) / MOST_LABELS))
    return Plot(
        bars=[
            Bar(
                label=label,
                number=number,
                x=round(LEFT + place * (at + GAP / 2), 2),
                y=_y(number, top),
                width=round(place * (1 - GAP), 2),
                height=round(_y(0, top) - _y(number, top), 2),
                # Counted from the end: the newest one always has its label.
                is_labelled=(len(values) - 1 - at) % every == 0,
            )
            for at, (label, number) in enumerate(values)
        ],
        lines=[Line(number, _y(number, top)) for number in range(0, top + 1, step)],
    )


def step_for(most: int) -> int:
    """A round number (1, 2 or 5, times a power of ten) of which a few reach `most`."""
    wanted = max(1, most / MOST_LINES)
    power = 10 ** math.floor(math.log10(wanted))
    return int(next(step * power for step in (1, 2, 5, 10) if step * power >= wanted))


def _y(number: int, top: int) -> float:
    return round(TOP + (HEIGHT - TOP - BOTTOM) * (1 - number / top), 2)
