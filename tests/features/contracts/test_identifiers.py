import re

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.contracts.identifiers import (
    name_parts,
    normalised_address,
    normalised_card,
    normalised_email,
    normalised_phone,
)


@pytest.mark.parametrize(
    ("number", "region", "e164"),
    [
        ("138 1234 5678", "CN", "+8613812345678"),
        ("+86 138-1234-5678", "US", "+8613812345678"),
        ("８６１３８１２３４５６７８", "CN", "+8613812345678"),
        ("0086(138)1234.5678", "CN", "+8613812345678"),
        ("0086 138 12345678", "US", "+8613812345678"),
        ("010-6552 9988", "CN", "+861065529988"),
        ("(555) 123-4567", "US", "+15551234567"),
        ("1 555 123 4567 ext 2", "US", "+15551234567"),
        ("+49 (0)30 123456", "US", "+4930123456"),
    ],
)
def test_every_notation_of_a_number_becomes_one(number, region, e164):
    assert normalised_phone(number, region=region) == e164


@pytest.mark.parametrize("number", ["138****5678", "138xxxx5678", "138●●●●5678", "１３８＊＊＊＊５６７８"])
def test_a_masked_number_is_none(number):
    assert normalised_phone(number, region="CN") is None


@pytest.mark.parametrize("number", ["", "none", "12", "11111111111", "call 13812345678", "0" * 11, "1" * 40])
def test_what_cannot_be_a_number_is_none(number):
    assert normalised_phone(number, region="CN") is None


@given(
    number=st.from_regex(r"(\+?1)?[0-9]{9,11}|(\+?86)?1[0-9]{9,10}", fullmatch=True),
    region=st.sampled_from(["US", "CN", "DE"]),
)
def test_the_quick_way_agrees_with_the_library(number, region):
    found = normalised_phone(number, region=region)
    try:
        parsed = phonenumbers.parse(re.sub("^00", "+", number), region)
        known = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
        possible = phonenumbers.is_possible_number(parsed)
    except phonenumbers.NumberParseException:
        known, possible = None, False
    assert found in ((known, None) if possible and len(set(number[-8:])) == 1 else (known,) if possible else (None,))


def test_an_address_of_mail_is_one_in_any_case_and_none_when_masked():
    assert normalised_email(" Li@X.example ") == "li@x.example"
    assert normalised_email("l***@x.example") is None
    assert normalised_email("no address") is None


@pytest.mark.parametrize(
    ("number", "card"),
    [("8800 0012-a", "88000012A"), ("８８００", "8800"), (" - ", None), ("", None), ("8800****", None)],
)
def test_a_card_is_one_in_every_notation(number, card):
    assert normalised_card(number) == card


@pytest.mark.parametrize("name", ["John Smith", "SMITH, John", "Mr. John Smith", "Jöhn  smith"])
def test_a_name_is_one_in_any_order_case_and_with_a_title(name):
    assert name_parts(name) == name_parts("john smith")


def test_a_name_in_part_is_a_part_of_the_name():
    whole, short = name_parts("John Smith"), name_parts("J. Smith")
    assert (short.words, short.initials) == (("smith",), ("j", "s"))
    assert set(short.words) <= set(whole.words)
    assert set(short.initials) <= set(whole.initials)


@pytest.mark.parametrize("short", ["王先生", "王**", "王女士"])
def test_a_chinese_family_name_is_the_initial_of_the_whole(short):
    assert name_parts(short).words == ()
    assert name_parts(short).initials == name_parts("王小明").initials == ("王",)


def test_a_masked_latin_name_tells_nothing():
    assert name_parts("J*** S***").initials == ()


def test_a_postal_address_is_one_in_two_notations_and_none_without_a_house():
    assert normalised_address("12 Main Street, Apt 4") == normalised_address("12 MAIN ST. apt. 4")
    assert normalised_address("Main Street") is None
