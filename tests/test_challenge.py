"""The digits: seen or heard, typed once, good for one purpose and ten minutes."""

from __future__ import annotations

import io
import wave

import pytest
import time_machine
from django import forms
from django.http import QueryDict
from django.test import Client
from PIL import Image

from limits import challenge
from limits.forms import ChallengedForm
from rms_portal.redaction import redact

NOON = 1_800_000_000


class Wish(ChallengedForm):
    challenge_purpose = "tests.wish"
    wish = forms.CharField()


def asked(**fields: str) -> Wish:
    data = QueryDict(mutable=True)
    data.update(fields)
    return Wish(data)


@pytest.fixture
def token() -> str:
    return challenge.new(Wish.challenge_purpose)


@pytest.fixture
def digits(token: str) -> str:
    return challenge.digits_of(token) or ""


def test_the_picture_and_the_sound_are_there_and_nobody_keeps_them(
    client: Client, token: str
) -> None:
    picture = client.get(f"/challenge/{token}/picture.png")
    assert Image.open(io.BytesIO(picture.content)).size == (280, 90)
    sound = client.get(f"/challenge/{token}/sound.wav")
    with wave.open(io.BytesIO(sound.content)) as played:
        assert 5 < played.getnframes() / played.getframerate() < 30
    for answer in (picture, sound):
        assert "no-store" in answer.headers["Cache-Control"]
        assert "media-src 'self'" in answer.headers["Content-Security-Policy"]
        assert not answer.cookies
    assert len(sound.content) < 250_000
    assert len(picture.content) < 25_000


@pytest.mark.django_db
@pytest.mark.parametrize("made_up", ["x", "gAAAAA" + "A" * 180, "ä€"])
def test_there_is_no_picture_of_what_is_no_token(client: Client, made_up: str) -> None:
    assert client.get(f"/challenge/{made_up}/picture.png").status_code == 404
    assert client.get(f"/challenge/{made_up}/sound.wav").status_code == 404


def test_looking_at_the_picture_uses_nothing_up(client: Client, token: str, digits: str) -> None:
    for _ in range(3):
        client.get(f"/challenge/{token}/picture.png")
    assert asked(wish="a", digits_token=token, digits=digits).solves_challenge()


def test_the_token_shows_nobody_its_digits(token: str, digits: str) -> None:
    assert len(digits) == challenge.DIGITS
    assert digits not in token
    assert challenge.new(Wish.challenge_purpose) != token


def test_an_answer_is_good_once(token: str, digits: str) -> None:
    assert asked(digits_token=token, digits=digits).solves_challenge()
    assert not asked(digits_token=token, digits=digits).solves_challenge()


def test_a_wrong_answer_uses_the_digits_up_too(token: str, digits: str) -> None:
    wrong = str((int(digits) + 1) % 1_000_000).zfill(6)
    assert not asked(digits_token=token, digits=wrong).solves_challenge()
    assert not asked(digits_token=token, digits=digits).solves_challenge()


def test_it_is_good_for_one_purpose(digits: str, token: str) -> None:
    assert not challenge.is_solved(token, digits, purpose="tests.other")
    assert challenge.is_solved(token, digits, purpose=Wish.challenge_purpose)


def test_it_is_good_for_ten_minutes() -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        first, second = (challenge.new(Wish.challenge_purpose) for _ in range(2))
        answers = [challenge.digits_of(token) or "" for token in (first, second)]
        clock.shift(600)
        assert challenge.is_solved(first, answers[0], purpose=Wish.challenge_purpose)
        clock.shift(1)
        assert challenge.digits_of(second) is None
        assert not challenge.is_solved(second, answers[1], purpose=Wish.challenge_purpose)


@pytest.mark.parametrize("seconds", [1, 599.5, 600, 600.9, -30])
def test_an_answer_is_good_once_also_at_the_edges_of_its_time(seconds: float) -> None:
    """Also where the clock is set back, or another machine's is behind."""
    with time_machine.travel(NOON + 0.05, tick=False) as clock:
        token = challenge.new(Wish.challenge_purpose)
        digits = challenge.digits_of(token) or ""
        assert challenge.is_solved(token, digits, purpose=Wish.challenge_purpose)
        clock.shift(seconds)
        assert challenge.digits_of(token), "the token itself is still good"
        assert not challenge.is_solved(token, digits, purpose=Wish.challenge_purpose)


def test_digits_may_be_typed_as_people_type_them(token: str, digits: str) -> None:
    arabic = digits.translate({48 + value: 0x660 + value for value in range(10)})
    assert challenge.plain_digits(f" {digits[:3]} {digits[3:]}\t") == digits
    assert asked(digits_token=token, digits=arabic).solves_challenge()


def test_a_form_asks_only_when_told_to_and_keeps_what_was_typed() -> None:
    form = asked(wish="a pony")
    assert "digits" not in form.as_div()
    assert not form.solves_challenge()
    form.ask_for_digits()
    page = form.as_div()
    assert 'value="a pony"' in page
    assert 'inputmode="numeric"' in page
    assert 'autocomplete="off"' in page
    assert '<label for="id_digits">' in page
    assert "Those were not" not in page


def test_a_miss_is_said_at_the_field_with_new_digits(token: str) -> None:
    form = asked(wish="a pony", digits_token=token, digits="12")
    assert form.is_valid()
    assert not form.solves_challenge()
    form.ask_for_digits()
    page = form.as_div()
    assert "Those were not the digits" in page
    assert 'aria-invalid="true"' in page
    assert token not in page
    assert 'value="12"' not in page


def test_digits_stay_while_another_field_is_corrected(token: str, digits: str) -> None:
    form = asked(wish="", digits_token=token, digits=digits)
    assert not form.is_valid()
    page = form.as_div()
    assert token in page
    assert f'value="{digits}"' in page


@pytest.mark.parametrize("made_up", ["x/y", "'\"><script>", "\x00", "ä" * 5000])
def test_a_made_up_token_is_a_miss(made_up: str) -> None:
    form = asked(wish="a", digits_token=made_up, digits="123456")
    assert form.is_valid()
    assert not form.solves_challenge()
    form.ask_for_digits()
    assert "Those were not the digits" in form.as_div()
    assert "<script>" not in form.as_div()


def test_an_earlier_secret_key_still_counts(token: str, digits: str, settings: object) -> None:
    earlier = settings.SECRET_KEY  # type: ignore[attr-defined]
    settings.SECRET_KEY = "another-" * 8  # type: ignore[attr-defined]
    assert challenge.digits_of(token) is None
    settings.SECRET_KEY_FALLBACKS = [earlier]  # type: ignore[attr-defined]
    assert challenge.digits_of(token) == digits


def test_logs_do_not_keep_the_token(token: str) -> None:
    assert redact(f"GET /challenge/{token}/sound.wav") == "GET /challenge/[redacted]/sound.wav"
