from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.contracts.destination_settings import DestinationSettings
from serving.exports.contact_forms import formed
from serving.exports.formats import FORMULA_STARTS


def destination(channel, form="as_known", **more):
    return DestinationSettings.model_validate({"channel": channel, "column": "c", "form": form, **more})


@pytest.mark.parametrize(
    ("number", "form", "country_code", "written"),
    [
        ("+1 (555) 123-4567", "e164", "", "+15551234567"),
        ("+1 (555) 123-4567", "e164_digits", "", "15551234567"),
        ("+15551234567", "national", "1", "5551234567"),
        ("5551234567", "e164", "1", "+15551234567"),
        ("013800000000", "e164", "86", "+8613800000000"),
        ("+15551234567", "as_known", "", "+15551234567"),
        # a number of another country has no national form here, one without a code no international one
        ("+8613800000000", "national", "1", None),
        ("5551234567", "e164", "", None),
        ("+1234567890123456", "e164", "", None),
        ("call me", "as_known", "", None),
    ],
)
def test_a_number_takes_the_form_of_its_destination_or_none(number, form, country_code, written):
    assert formed(number, destination("sms", form, country_code=country_code)) == written


def test_an_address_is_trimmed_and_lowered_before_it_is_hashed():
    hashed = formed("  Ann@Example.COM ", destination("email", "lower", hashed="sha256"))
    assert hashed == hashlib.sha256(b"ann@example.com").hexdigest()


def test_a_hashed_number_is_the_hash_of_its_form():
    hashed = formed("555 1234567", destination("sms", "e164", country_code="1", hashed="sha256"))
    assert hashed == hashlib.sha256(b"+15551234567").hexdigest()


@pytest.mark.parametrize("address", ["=cmd@x.y", "+a@x.y", "-a@x.y", "@x.y", "a b@x.y", 'a"@x.y', "a@b@c"])
def test_an_address_that_could_be_a_formula_or_two_has_no_form(address):
    assert formed(address, destination("email")) is None


@given(contact=st.text(max_size=30), channel=st.sampled_from(["email", "wechat"]))
def test_no_written_contact_is_a_spreadsheet_formula(contact, channel):
    written = formed(contact, destination(channel))
    assert written is None or not written.startswith(FORMULA_STARTS)


@given(contact=st.text(alphabet="+0123456789-() .=@", max_size=20))
def test_a_written_number_is_digits_behind_at_most_a_plus(contact):
    written = formed(contact, destination("sms"))
    assert written is None or written.removeprefix("+").isdigit()


def test_a_form_of_another_channel_is_refused():
    with pytest.raises(ValueError, match="form 'e164' is none of channel 'email'"):
        destination("email", "e164")
    with pytest.raises(ValueError, match="needs a country_code"):
        destination("sms", "national")
