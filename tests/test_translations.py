"""The product speaks the visitor's language: pages, refusals and mail in German, no English left."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.test import Client

from outbox.models import OutboxMail
from outbox.services import deliver
from tests import walk
from tests.german import english_in, one_line, visible

ADDRESS = "robin@contoso.de"
FAMILIAR = re.compile(r"\b(du|dir|dich|dein\w*)\b", re.IGNORECASE)


def visitor(languages: str) -> walk.ClientVisitor:
    return walk.ClientVisitor(Client(headers={"accept-language": languages}))


@pytest.fixture
def german(db: None) -> walk.ClientVisitor:
    return visitor("de")


def assert_german(page: walk.Page, *sentences: str) -> None:
    text = visible(page.text)
    assert '<html lang="de"' in page.text
    assert [sentence for sentence in sentences if sentence not in text] == []
    assert english_in(text) == []
    assert FAMILIAR.findall(text) == []


def sent_mail() -> EmailMultiAlternatives:
    """Delivers the one mail that waits in the outbox."""
    deliver(OutboxMail.objects.get().id)
    message = mail.outbox[-1]
    assert isinstance(message, EmailMultiAlternatives)
    return message


def confirmation_link(visitor: walk.ClientVisitor) -> str:
    walk.ask(visitor, ADDRESS)
    return walk.Mail("", str(sent_mail().body)).link()


def test_the_sign_up_page_speaks_german(german: walk.ClientVisitor) -> None:
    page = german.get("/signup/")
    assert_german(page, "Ihre Arbeits-E-Mail-Adresse", "Registrieren", "Nutzungsbedingungen")


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("robin", "Geben Sie eine E-Mail-Adresse ein, zum Beispiel name@firma.de."),
        ("robin@gmail.com", "Das ist eine private Adresse. Geben Sie Ihre Arbeits- oder"),
        ("robin@[192.0.2.1]", "Der Teil nach dem @ muss ein Domain-Name wie firma.de sein"),
    ],
)
def test_a_refusal_speaks_german(german: walk.ClientVisitor, typed: str, sentence: str) -> None:
    assert_german(walk.ask(german, typed), "Fehler:", sentence)


def test_the_check_your_mail_page_speaks_german(german: walk.ClientVisitor) -> None:
    walk.ask(german, ADDRESS)
    page = german.get("/signup/check-your-mail/")
    assert_german(page, "Wir haben eine E-Mail an", "Ja, das bin ich", "Noch keine E-Mail?")


def test_the_confirmation_mail_speaks_german_in_both_parts(german: walk.ClientVisitor) -> None:
    walk.ask(german, ADDRESS)
    message = sent_mail()
    text, html = str(message.body), str(message.alternatives[0][0])
    assert message.subject == f"Registrierung bei {settings.PRODUCT_NAME} abschließen"
    assert message.extra_headers["Content-Language"] == "de"
    for shown in (text, visible(html)):
        assert "Ja, das bin ich" in shown
        assert "Das war ich nicht" in shown
        assert english_in(shown) == []


def test_the_date_in_the_mail_is_written_as_in_german(german: walk.ClientVisitor) -> None:
    walk.ask(german, ADDRESS)
    date = r"Angefordert am \d{1,2}\. [A-Z][a-zä]+ \d{4}, \d\d:\d\d \(UTC\)"
    assert re.search(date, one_line(str(sent_mail().body)))


def test_the_last_page_speaks_german_and_so_do_its_refusals(german: walk.ClientVisitor) -> None:
    link = confirmation_link(german)
    assert_german(german.get(link), "Nur noch eines …", "Vorname", "Passwort wiederholen", "Start")
    refused = walk.finish(german, link, password="short")
    assert_german(refused, "Das Passwort muss mindestens 15 Zeichen haben.")


def test_the_welcome_page_speaks_german(german: walk.ClientVisitor) -> None:
    walk.finish(german, confirmation_link(german))
    page = german.get("/welcome/")
    assert_german(page, "Willkommen, Robin", "Ihr Konto ist bereit.", "Abmelden")


@pytest.mark.parametrize("path", ["/account/", "/accounts/2fa/", "/accounts/sessions/"])
def test_the_pages_of_the_account_speak_german(german: walk.ClientVisitor, path: str) -> None:
    walk.finish(german, confirmation_link(german))
    assert_german(german.get(path), "Ihr Konto", "Sitzungen")


@pytest.mark.parametrize(
    "path", ["/accounts/login/", "/accounts/password/reset/", "/no/such/page/"]
)
def test_the_pages_around_signing_in_speak_german(german: walk.ClientVisitor, path: str) -> None:
    assert_german(german.get(path))


def test_allauth_says_sie_too(german: walk.ClientVisitor) -> None:
    walk.finish(german, confirmation_link(german))
    passwords = {"oldpassword": "wrong", "password1": walk.PASSWORD, "password2": "another"}
    page = german.post("/accounts/password/change/", passwords)
    assert_german(page, "Geben Sie Ihr bisheriges Passwort ein.", "Geben Sie zweimal dasselbe ein.")


def test_the_mail_follows_the_language_of_whoever_asked(db: None) -> None:
    walk.ask(visitor("en-GB"), ADDRESS)
    assert sent_mail().subject == f"Finish signing up for {settings.PRODUCT_NAME}"


def test_the_picker_switches_the_language_and_it_is_remembered(db: None) -> None:
    robin = visitor("en")
    picked = robin.post("/language/", {"language": "de", "next": "/signup/"})
    assert (picked.status, picked.location) == (302, "/signup/")
    assert_german(robin.get("/signup/"), "Registrieren")
    assert_german(robin.get("/accounts/login/"), "Anmelden")
    robin.post("/language/", {"language": "en", "next": "/signup/"})
    assert '<html lang="en"' in robin.get("/signup/").text


def test_the_picker_names_each_language_in_its_own_words(german: walk.ClientVisitor) -> None:
    text = visible(german.get("/signup/").text)
    assert "English" in text
    assert "Deutsch" in text


@pytest.mark.parametrize(
    ("languages", "shown"),
    [("tlh", "en"), ("tlh, de;q=0.5", "de"), ("de-AT", "de"), ("*", "en"), (";;q=", "en")],
)
def test_the_browser_chooses_and_english_is_the_fallback(
    db: None, languages: str, shown: str
) -> None:
    assert f'<html lang="{shown}"' in visitor(languages).get("/signup/").text


def test_english_on_a_page_would_be_noticed(db: None) -> None:
    page = visitor("en").get("/signup/")
    assert "Your work e-mail address" in english_in(visible(page.text))
    assert len(english_in(visible(page.text))) > 3
