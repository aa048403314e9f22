"""The languages of the console: which one a reader gets, its sentences, and the form of its numbers."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal, get_args

from babel import Locale, UnknownLocaleError
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

LanguageCode = Literal["en", "zh"]
LANGUAGES: tuple[LanguageCode, ...] = get_args(LanguageCode)
OWN_NAMES: dict[LanguageCode, str] = {"en": "English", "zh": "中文"}
HTML_LANGUAGES: dict[LanguageCode, str] = {"en": "en", "zh": "zh-Hans"}

COOKIE = "faces_language"
CATALOGS = Path(__file__).parent / "locale"
NUMBER_LOCALES: dict[LanguageCode, str] = {"en": "en_US", "zh": "zh_Hans_CN"}
"""The form of numbers and days for a reader whose browser says nothing."""


@dataclass(frozen=True, kw_only=True)
class Language:
    """A language with its sentences."""

    code: LanguageCode
    translations: NullTranslations

    def say(self, text: str, **words: object) -> str:
        """The English text in this language, with its `%(name)s` filled in."""
        said: str = self.translations.gettext(text)
        return said % words if words else said

    def say_number(self, one: str, many: str, number: int, **words: object) -> str:
        """The text for one or for many, as the language counts; `%(number)s` is the number."""
        said: str = self.translations.ngettext(one, many, number)
        return said % {"number": number, **words}


def to_say(text: str) -> str:
    """The text as it is: marks a sentence that `say` is given later, so that its translation is asked for."""
    return text


@lru_cache
def language_of(code: LanguageCode) -> Language:
    """The language of a code."""
    if code == "en":
        # the sentences in the templates are English
        return Language(code=code, translations=NullTranslations())
    packed = io.BytesIO()
    write_mo(packed, catalog_of(code))
    packed.seek(0)
    return Language(code=code, translations=Translations(packed))


def catalog_of(code: LanguageCode) -> Catalog:
    """Every translated sentence of a language: its .po files, one a page, taken together."""
    catalog = Catalog(locale=NUMBER_LOCALES[code])
    for file in sorted((CATALOGS / code).glob("*.po")):
        with file.open("rb") as lines:
            for message in read_po(lines, locale=NUMBER_LOCALES[code]):
                if message.id:
                    catalog[message.id] = message
    return catalog


def chosen_language(*, cookie: str | None, accepted: str) -> LanguageCode:
    """The language that a reader chose, else the first that the browser asks for and we have, else English."""
    for code in LANGUAGES:
        if cookie == code:
            return code
    for asked in asked_languages(accepted):
        for code in LANGUAGES:
            if asked.lower().split("-")[0] == code:
                return code
    return "en"


def number_locale(code: LanguageCode, accepted: str) -> Locale:
    """The form of the reader's numbers: the browser's first wish, when it is one that we know."""
    for asked in asked_languages(accepted)[:1]:
        with contextlib.suppress(ValueError, UnknownLocaleError):
            return Locale.parse(asked, sep="-")
    return Locale.parse(NUMBER_LOCALES[code])


def asked_languages(accepted: str) -> list[str]:
    """What an Accept-Language header asks for, the most wanted first; nothing of what cannot be read."""
    asked: list[tuple[float, int, str]] = []
    for place, part in enumerate(accepted.split(",")[:20]):
        name, _, weight = part.strip().partition(";q=")
        try:
            wanted = float(weight or 1)
        except ValueError:
            continue
        if name.replace("-", "").isalnum() and len(name) <= 35 and wanted > 0:
            asked.append((-wanted, place, name))
    return [name for _, _, name in sorted(asked)]
