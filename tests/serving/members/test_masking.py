from __future__ import annotations

import pytest

from features.contracts.secrecy import ContactCipher
from features.store.packed_profile import StoredContact
from serving.members.masking import masked_contact, masked_email, masked_phone

OURS, THEIRS = ContactCipher(key=b"ours"), ContactCipher(key=b"theirs")


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("13800001234", "138****1234"),
        ("+8613800001234", "+86138****1234"),
        ("5550001234", "55****1234"),
        ("12345678", "****78"),
        ("12345", "****45"),
    ],
)
def test_four_digits_of_a_number_are_hidden(number, masked):
    assert masked_phone(number) == masked


def test_the_name_of_an_address_is_hidden():
    assert masked_email("anna.b@x.example") == "a****@x.example"
    assert masked_email("@x.example") == "****@x.example"


def test_a_contact_is_decrypted_and_masked():
    stored = StoredContact(
        has_phone=True,
        phone=OURS.encrypt("13800001234"),
        has_email=True,
        email=OURS.encrypt("anna@x.example"),
        name=OURS.encrypt("安娜"),
        has_wechat=True,
    )
    shown = masked_contact(stored, OURS)
    assert (shown.phone, shown.email, shown.name, shown.has_wechat) == ("138****1234", "a****@x.example", "安娜", True)


def test_what_another_key_encrypted_is_not_shown_and_no_error():
    shown = masked_contact(StoredContact(has_phone=True, phone=THEIRS.encrypt("13800001234")), OURS)
    assert (shown.has_phone, shown.phone) == (True, None)


def test_a_number_of_which_the_hash_alone_is_known_is_there_and_not_shown():
    shown = masked_contact(StoredContact(has_phone=True), OURS)
    assert (shown.has_phone, shown.phone, shown.has_email) == (True, None, False)
