"""Every act that the audit tells of has its sentence."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import serving
from serving.console.languages import language_of
from serving.console.words.audit import act_words, who_words
from serving.records.audit import AuditEntry

SOURCES = [file.read_text(encoding="utf-8") for file in sorted(Path(serving.__file__).parent.rglob("*.py"))]
AUDITED = re.compile(
    r'(?:AuditEntry\(\s*what=|_audit\(transaction, |^ACT = |^BEGUN = |^FINISHED = )"([a-z_]+)"', re.MULTILINE
)
ACTS = sorted({what for source in SOURCES for what in AUDITED.findall(source)})
DETAILS = {"user": "maria", "role": "analyst", "name": "app", "key_id": "k1", "lost": 3, "release_id": "r000001"}


def entry(what, now, **details):
    return AuditEntry(what=what, who="user:anna", at=now, details=details)


def test_the_acts_are_found():
    assert len(ACTS) >= 15
    assert {"signed_in", "user_created", "key_revoked", "audience_exported", "release_gone_back"} <= set(ACTS)


@pytest.mark.parametrize("code", ["en", "zh"])
def test_every_act_is_told_in_words(code, now):
    language = language_of(code)
    for what in ACTS:
        told = act_words(entry(what, now, **DETAILS), language, {"k1": "app"})
        assert told.endswith("." if code == "en" else "。"), what
        assert what not in told
        assert what.replace("_", " ") != told


def test_an_act_of_a_later_version_is_told_by_its_name(now):
    assert act_words(entry("moon_landed", now), language_of("en"), {}) == "moon landed"


def test_who_did_it_is_told_by_name():
    say = language_of("en")
    told = [who_words(who, say, {"k1": "app"}) for who in ("user:anna", "k1", "command", "service", "unknown", "k9")]
    assert told == ["anna", "the key app", "the command line", "the service", "somebody not signed in", "k9"]


def test_details_that_are_missing_are_no_error(now):
    for what in ACTS:
        assert act_words(entry(what, now), language_of("en"), {})
