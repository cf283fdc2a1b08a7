"""The drawings of the dashboard: bars, lines and months."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rms_portal.dashboard.counting import _last_months
from rms_portal.dashboard.plots import HEIGHT, MOST_LABELS, WIDTH, bars, step_for


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=60))
def test_bars_lie_within_the_drawing_and_are_as_high_as_their_numbers(numbers: list[int]) -> None:
    plot = bars([(str(at), number) for at, number in enumerate(numbers)])
    assert all(plot.left <= bar.x and bar.x + bar.width <= WIDTH for bar in plot.bars)
    assert all(bar.y >= 0 and bar.y + bar.height <= HEIGHT for bar in plot.bars)
    highest = max(bar.height for bar in plot.bars)
    for bar in plot.bars:
        assert bar.height * max(numbers) == pytest.approx(
            highest * bar.number, abs=0.02 * max(numbers) + 1e-9
        )
    assert 2 <= len(plot.lines) <= 6
    assert plot.lines[-1].number >= max(numbers)
    assert sum(bar.is_labelled for bar in plot.bars) <= MOST_LABELS
    assert plot.bars[-1].is_labelled


@pytest.mark.parametrize(("most", "step"), [(0, 1), (4, 1), (5, 2), (9, 5), (43, 20), (1000, 500)])
def test_lines_are_round_numbers(most: int, step: int) -> None:
    assert step_for(most) == step


def test_the_last_months_go_over_the_turn_of_the_year() -> None:
    months = list(_last_months(dt.date(2026, 2, 28)))
    assert (months[0], months[-1]) == (dt.date(2025, 3, 1), dt.date(2026, 2, 1))
