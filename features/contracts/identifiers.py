"""What names a person, in one notation each: phone numbers, e-mail addresses, names and postal addresses.

Two notations of one number must become one text before it is hashed, or they never meet again.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import phonenumbers

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_GIVEN_HASH = re.compile(r"[0-9a-f]{64}")
_MASK = re.compile(r"[*●•]|\d[xX]{2,}")
_FILLING = re.compile(r"[\s\-.()/]+")
# 00 stands for the plus in most of the world and begins no number of a country's own.
_ABROAD = re.compile(r"^00")
# The library finds a number in any sentence; a field with words in it is no number.
_NUMBER = re.compile(r"\+?\d+((x|ext|;ext=)\d+)?", re.IGNORECASE)
# The library takes 27 microseconds a number; nearly all are of these forms, on which it agrees (a test compares them).
_PLAIN_FORMS = {
    "US": re.compile(r"(?:\+1)?([2-9]\d{9})"),
    "CN": re.compile(r"(?:\+86)?(1[3-9]\d{9})"),
}
_CALLING_CODES = {"US": "+1", "CN": "+86"}
_DIGITS = re.compile(r"\d")
_IN_CARDS = re.compile(r"[\s\-]+")

_WORD = re.compile(r"[^\W_]+")
_CJK = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_TITLES = frozenset({"mr", "mrs", "ms", "miss", "dr", "prof", "jr", "sr"})
_CJK_TITLES = ("先生", "女士", "小姐", "太太", "老师", "同学")
_STREET_WORDS = {
    "street": "st",
    "road": "rd",
    "avenue": "ave",
    "drive": "dr",
    "lane": "ln",
    "place": "pl",
    "court": "ct",
}


def normalised_phone(number: str, *, region: str) -> str | None:
    """The number in E.164 (+8613812345678); without a calling code it is one of `region`.

    None when it cannot be a number, is masked (138****1234), or is a filler like 11111111111.
    """
    text = unicodedata.normalize("NFKC", number).strip()
    if is_masked(text):
        return None
    text = _ABROAD.sub("+", text)
    bare = _FILLING.sub("", text)
    for named, form in _PLAIN_FORMS.items():
        plain = form.fullmatch(bare)
        if plain and (named == region or bare.startswith("+")):
            return _real(_CALLING_CODES[named] + plain[1])
    if not _NUMBER.fullmatch(bare):
        return None
    try:
        parsed = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    return _real(str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)))


def normalised_email(address: str) -> str | None:
    """The address in lower case; None when it has no @ between two parts, or is masked."""
    bare = unicodedata.normalize("NFKC", address).strip().lower()
    return bare if _EMAIL.fullmatch(bare) and "*" not in bare else None


def normalised_card(number: str) -> str | None:
    """The number of a card without spaces and hyphens, letters large; None when nothing is left, or it is masked."""
    text = unicodedata.normalize("NFKC", number)
    return None if is_masked(text) else _IN_CARDS.sub("", text).upper() or None


def given_hash(text: str) -> str | None:
    """The SHA-256 in lower-case hex; None when the text is none."""
    bare = text.strip().lower()
    return bare if _GIVEN_HASH.fullmatch(bare) else None


def is_masked(text: str) -> bool:
    """Whether part of a number or a name was made unreadable before it was handed over."""
    return _MASK.search(text) is not None


@dataclass(frozen=True, kw_only=True)
class NameParts:
    """What a written name tells of a person, in parts that can be compared one by one."""

    words: tuple[str, ...]
    """Sorted. A full name has two or more; a Chinese one counts as two."""
    initials: tuple[str, ...]
    """First letter of each word and initial; of a Chinese name the family name."""


def name_parts(name: str) -> NameParts:
    """The parts of a name without case, accents, order and titles.

    `J. Smith` is a part of `John Smith` and none of `Mary Smith`; 王先生 and 王** are parts of 王小明.
    """
    text = unicodedata.normalize("NFKC", name).strip().casefold()
    if _CJK.match(text):
        return _cjk_parts(text)
    if is_masked(text):
        return NameParts(words=(), initials=())
    words = {word for word in _WORD.findall(_without_accents(text)) if word not in _TITLES and not word.isdecimal()}
    return NameParts(
        words=tuple(sorted(word for word in words if len(word) > 1)),
        initials=tuple(sorted({word[0] for word in words})),
    )


def _cjk_parts(text: str) -> NameParts:
    for title in _CJK_TITLES:
        text = text.removesuffix(title)
    whole = "".join(_WORD.findall(text))
    is_full = len(whole) > 1 and not is_masked(text)
    # the second word says that it is a full name
    return NameParts(words=(whole, f"{whole} full") if is_full else (), initials=(whole[:1],))


def normalised_address(address: str) -> str | None:
    """The address without case, punctuation and accents, street words shortened; None when it names no house."""
    text = _without_accents(unicodedata.normalize("NFKC", address).casefold())
    if is_masked(text) or not _DIGITS.search(text):
        return None
    return " ".join(_STREET_WORDS.get(word, word) for word in _WORD.findall(text)) or None


def _real(number: str) -> str | None:
    # 11111111111 and the like are typed by whoever does not want to ask
    return number if len(set(number[-8:])) > 1 else None


def _without_accents(text: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
