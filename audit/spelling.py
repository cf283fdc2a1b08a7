"""How addresses and domains stand on pages. Stored are A-labels (`xn--…`); people read the letters where these cannot
pass for others, and the A-labels everywhere else. Whatever is shown is decided here.

A name is shown in letters when each of its labels is of one script (UTS 39, 5.2: single script, with Japanese as one),
says no more than its letters show (no joiners, no marks beside letters that exist composed, no Latin letter that
looks like a plain one), and is not made of look-alikes of Latin letters alone, as Chromium has it.
"""

from __future__ import annotations

import unicodedata

import idna

A_LABEL = "xn--"
JAPANESE = {"HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HAN"}
# The first word of a character's name is its script, but for these.
SCRIPTS = {"CJK": "HAN", "IDEOGRAPHIC": "HAN", "ARABIC-INDIC": "ARABIC"}
# Latin letters that nobody tells from a plain one, or from one with something beside it.
DECEPTIVE = set("ıĸŀŉƚɡɩʟ·")
# A word of these alone looks Latin: https://chromium.googlesource.com/chromium/src/+/main/docs/idn.md
LOOKS_LATIN = {
    "CYRILLIC": set("асԁеһіјӏорԛѕԝхуъьҽпгѵѡ"),
    "GREEK": set("αικνρυωηοτ"),
}
# Scripts that people write, each with a look of its own. What is not here stays an A-label.
KNOWN = {
    *("LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "GEORGIAN", "HEBREW", "ARABIC", "HAN", "HANGUL"),
    *("HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "DEVANAGARI", "BENGALI", "GURMUKHI"),
    *("GUJARATI", "TAMIL", "TELUGU", "KANNADA", "MALAYALAM", "SINHALA", "THAI", "LAO", "KHMER"),
    *("MYANMAR", "ETHIOPIC", "ORIYA", "THAANA", "TIBETAN", "BOPOMOFO"),
}


def shown_domain(name: str) -> str:
    """A domain as people write it, where that is safe."""
    if A_LABEL not in name:
        return name
    try:
        letters = idna.decode(name)
    except (idna.IDNAError, UnicodeError):
        return name
    labels = letters.split(".")
    top = _scripts(labels[-1])
    return letters if all(_is_safe(label, top) for label in labels) else name


def shown_address(address: str) -> str:
    """With its domain as people write it."""
    local_part, at, domain = address.rpartition("@")
    return f"{local_part}{at}{shown_domain(domain)}"


def both(address: str) -> str:
    """An address or a domain where whoever reads it types it elsewhere, in DNS or in a program: as people write it, and
    as it is stored.
    """
    shown = shown_address(address)
    return address if shown == address else f"{shown} ({address})"


def _is_safe(label: str, scripts_of_top: set[str]) -> bool:
    scripts = _scripts(label)
    if not scripts <= KNOWN or not (len(scripts) <= 1 or scripts <= JAPANESE):
        return False
    if DECEPTIVE.intersection(label) or _has_loose_mark(label):
        return False
    letters = {character for character in label if character.isalpha()}
    alike = set().union(*(LOOKS_LATIN.get(script, set()) for script in scripts))
    return not letters or not letters <= alike or scripts == scripts_of_top


def _scripts(label: str) -> set[str]:
    return {
        _script(character) for character in label if not character.isascii() or character.isalpha()
    }


def _script(character: str) -> str:
    first = unicodedata.name(character, "").split(" ")[0]
    return SCRIPTS.get(first, first)


def _has_loose_mark(label: str) -> bool:
    """`COMBINING …`: those that belong to a script are named after it."""
    return any(_script(character) in {"COMBINING", "ZERO"} for character in label)
