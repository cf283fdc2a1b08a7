"""The product speaks the visitor's language: pages, refusals and mail in German, no English left."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import chain

import polib
import pytest
from django.conf import settings
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.test import Client
from django.utils.translation.template import templatize

from outbox.models import OutboxMail
from outbox.services import deliver
from rms_portal.translations import LOCALE_DIR, gaps
from tests import walk

ADDRESS = "robin@contoso.de"
CATALOGUE = polib.pofile(str(LOCALE_DIR / "de" / "LC_MESSAGES" / "django.po"))
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]")
TOO_SHORT_TO_TELL = 12
SHOWN_ATTRIBUTES = {"alt", "aria-label", "placeholder", "title"}

OURS = ("accounts", "audit", "outbox", "rms_portal", "signup", "subscriptions", "tenants")
TRANSLATES = {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy"}
# As Django's own makemessages sees a template: calls between blanks.
TEMPLATE_CALL = re.compile(r"""gettext\(u?('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|_\(("[^"]*")\)""")


class VisibleText(HTMLParser):
    """What a page says to whoever reads it or has it read out."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        self.parts += [value or "" for name, value in attrs if name in SHOWN_ATTRIBUTES]

    def handle_data(self, data: str) -> None:
        if self._inside not in {"script", "style"}:
            self.parts.append(data)


def visible(html: str) -> str:
    parser = VisibleText()
    parser.feed(html)
    return one_line(" ".join(parser.parts))


def one_line(text: str) -> str:
    return " ".join(text.split())


def pieces(text: str) -> set[str]:
    """The words of a text as a page shows them: without what is filled in, and without tags."""
    plain = PLACEHOLDER.sub("\0", walk.TAG.sub("\0", text))
    return {one_line(piece) for piece in plain.split("\0")}


def translations(entry: polib.POEntry) -> list[str]:
    return [*entry.msgstr_plural.values()] or [entry.msgstr]


def english_pieces() -> set[str]:
    """What cannot be on a German page: English of some length that no German text holds too."""
    german = " ".join(chain.from_iterable(map(translations, CATALOGUE)))
    texts = (f"{entry.msgid}\0{entry.msgid_plural}" for entry in CATALOGUE)
    found = set(chain.from_iterable(map(pieces, texts)))
    return {piece for piece in found if len(piece) > TOO_SHORT_TO_TELL and piece not in german}


ENGLISH = english_pieces()


def english_in(text: str) -> list[str]:
    return sorted(piece for piece in ENGLISH if piece in one_line(text))


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


def test_a_refusal_speaks_german(german: walk.ClientVisitor) -> None:
    page = walk.ask(german, "robin")
    assert_german(page, "Fehler:", "Geben Sie eine E-Mail-Adresse ein, zum Beispiel name@firma.de.")


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


def test_every_catalogue_is_complete() -> None:
    assert list(gaps()) == []


def blanks(text: str) -> list[str]:
    return sorted([*PLACEHOLDER.findall(text), *walk.TAG.findall(text)])


def test_a_translation_keeps_what_is_filled_in_and_the_tags() -> None:
    pairs = [
        (entry.msgid_plural or entry.msgid, translated)
        for entry in CATALOGUE
        for translated in translations(entry)
    ]
    assert [pair for pair in pairs if blanks(pair[0]) != blanks(pair[1])] == []


def texts_of_python() -> Iterator[str]:
    for path in chain.from_iterable((settings.BASE_DIR / app).rglob("*.py") for app in OURS):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in TRANSLATES:
                first = node.args[0]
                assert isinstance(first, ast.Constant), f"{path}: translate a literal text."
                yield str(first.value)


def texts_of_templates() -> Iterator[str]:
    for path in (settings.BASE_DIR / "templates").rglob("*.*"):
        for found in TEMPLATE_CALL.finditer(templatize(path.read_text())):
            yield ast.literal_eval(found[1] or found[2])


def test_every_text_of_the_product_is_in_the_catalogue() -> None:
    known = {entry.msgid for entry in CATALOGUE}
    texts = {*texts_of_python(), *texts_of_templates()}
    assert len(texts) > 300
    assert sorted(texts - known) == [], "Run `make messages`, and translate what is new."
