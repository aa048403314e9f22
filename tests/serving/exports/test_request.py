from __future__ import annotations

import pytest

from features.contracts.destination_settings import DestinationSettings
from features.contracts.errors import BadRequest, SettingsError
from features.contracts.settings import load_settings
from features.contracts.settings_reference import settings_page
from serving.exports.request import export_request


@pytest.fixture
def ask(settings):
    def asked(**given):
        defaults = {"format_": None, "columns": (), "channel": None, "destination": None, "bom": None}
        return export_request(**{**defaults, "audience_channel": None, **given}, destinations=settings.destinations)

    return asked


def test_without_a_word_it_is_csv_of_rank_member_and_probability(ask):
    request = ask()
    assert (request.format, request.columns) == ("csv", ("rank", "member_id", "probability"))
    assert (request.channel, request.contact, request.bom) == (None, None, False)


def test_the_channel_of_the_audience_is_asked_unless_another_is_named(ask):
    assert ask(audience_channel="sms").channel == "sms"
    assert ask(audience_channel="sms", channel="email").channel == "email"


def test_a_contact_leaves_with_its_channel_only(ask):
    assert ask(columns=["phone"], channel="sms").contact.column == "phone"
    with pytest.raises(BadRequest, match="'phone' leaves only with channel=sms"):
        ask(columns=["phone"])
    with pytest.raises(BadRequest, match="'email' leaves only with channel=email"):
        ask(columns=["email"], channel="sms")


def test_a_destination_brings_its_columns_and_its_channel(ask):
    request = ask(destination="sms_csv")
    assert (request.columns, request.channel, request.format) == (("phone", "member_id", "coupon_id"), "sms", "csv")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"columns": ["is_held_out"]}, "there is no 'is_held_out'"),
        ({"columns": ["rank", "rank"]}, "twice"),
        ({"bom": True, "format_": "jsonl"}, "belongs to csv"),
        ({"destination": "carrier_pigeon"}, "there are email_sha256, phone_sha256, sms_csv, wechat_openid_csv"),
        ({"destination": "sms_csv", "format_": "parquet"}, "leave out columns and format"),
        ({"destination": "sms_csv", "columns": ["rank"]}, "leave out columns and format"),
        ({"destination": "sms_csv", "channel": "email"}, "takes contacts of sms, not of email"),
    ],
)
def test_what_does_not_go_together_is_refused(ask, given, sentence):
    with pytest.raises(BadRequest, match=sentence):
        ask(**given)


def test_a_destination_is_set_by_the_environment_and_its_keys_are_checked(monkeypatch):
    monkeypatch.setenv("FACES_DESTINATIONS__SMS_CSV__FORM", "national")
    assert load_settings().destinations["sms_csv"].form == "national"
    monkeypatch.setenv("FACES_DESTINATIONS__SMS_CSV__COLOUR", "red")
    with pytest.raises(SettingsError, match="FACES_DESTINATIONS__SMS_CSV__COLOUR is not a setting"):
        load_settings()


def test_every_key_of_a_destination_is_documented():
    page = settings_page()
    assert all(f"FACES_DESTINATIONS__NAME__{name.upper()}" in page for name in DestinationSettings.model_fields)
