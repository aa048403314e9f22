"""Every sentence of the console stands in Chinese too, once, and with the same words to fill in."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import serving.console
from serving.console.languages import CATALOGS, language_of

CONSOLE = Path(serving.console.__file__).parent
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "say": None, "say_number": (1, 2), "to_say": None}
METHODS = [("**.py", "python"), ("**.html", "jinja2.ext:babel_extract")]
OPTIONS = {"**.html": {"extensions": "jinja2.ext.do", "trimmed": "true", "silent": "false", "newstyle_gettext": "true"}}
PLACE = re.compile(r"%\(\w+\)[sd]")


def _asked() -> set[str]:
    found = extract_from_dir(CONSOLE, METHODS, options_map=OPTIONS, keywords=KEYWORDS)
    return {message[0] if isinstance(message, tuple) else message for _, _, message, *_ in found}


def _translated() -> list[tuple[str, str, tuple[str, ...]]]:
    """File, English and Chinese of each entry."""
    entries = []
    for file in sorted((CATALOGS / "zh").glob("*.po")):
        with file.open("rb") as lines:
            for message in read_po(lines, abort_invalid=True):
                if message.id:
                    one = message.id[0] if isinstance(message.id, tuple) else message.id
                    said = message.string if isinstance(message.string, tuple) else (message.string,)
                    entries.append((file.name, one, said))
    return entries


def test_every_sentence_is_translated():
    known = {one for _, one, said in _translated() if all(said)}
    assert sorted(_asked() - known) == []


def test_no_translation_is_left_over():
    asked = _asked()
    assert [(file, one) for file, one, _ in _translated() if one not in asked] == []


def test_no_sentence_is_translated_twice():
    times = Counter(one for _, one, _ in _translated())
    assert [one for one, number in times.items() if number > 1] == []


def test_translations_fill_in_the_same_words():
    differing = [
        (file, one)
        for file, one, said in _translated()
        for each in said
        if set(PLACE.findall(each)) - {"%(number)s"} != set(PLACE.findall(one)) - {"%(number)s"}
    ]
    assert differing == []


@pytest.mark.parametrize(("code", "said"), [("en", "Sign out"), ("zh", "退出登录")])
def test_each_language_says_it_in_its_own_words(code, said):
    assert language_of(code).say("Sign out") == said
