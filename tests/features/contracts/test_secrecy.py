import hashlib
import hmac
import stat

import pytest

from features.contracts.errors import Refused
from features.contracts.secrecy import ContactCipher, contact_cipher
from features.contracts.settings import load_settings

CIPHER = ContactCipher(key=b"one key")


def test_the_stored_hash_is_the_keyed_hash_of_the_numbers_sha256():
    given = hashlib.sha256(b"+15551234567").hexdigest()
    expected = hmac.new(b"one key", given.encode(), hashlib.sha256).hexdigest()
    assert CIPHER.hash_phone("+1 (555) 123-45.67") == CIPHER.hash_given(given) == expected


def test_another_key_gives_other_hashes():
    assert ContactCipher(key=b"another").hash_phone("+15551234567") != CIPHER.hash_phone("+15551234567")


def test_what_was_encrypted_comes_back_and_differs_each_time():
    first, second = CIPHER.encrypt("+15551234567"), CIPHER.encrypt("+15551234567")
    assert first != second
    assert CIPHER.decrypt(first) == CIPHER.decrypt(second) == "+15551234567"


def test_another_key_is_refused_readably():
    with pytest.raises(Refused, match="FACES_SECRETS__CONTACT_KEY"):
        ContactCipher(key=b"another").decrypt(CIPHER.encrypt("x"))


def test_the_key_shows_in_no_representation():
    assert "one key" not in repr(CIPHER)


def test_a_key_is_made_once_and_only_the_owner_can_read_it(tmp_path):
    settings = load_settings(home=tmp_path, secrets={"contact_key": ""})
    first, second = contact_cipher(settings), contact_cipher(settings)
    assert first == second
    file = settings.paths.secrets / "contact.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in settings.paths.secrets.iterdir()] == ["contact.key"]


def test_the_settings_key_wins_and_makes_no_file(tmp_path):
    settings = load_settings(home=tmp_path, secrets={"contact_key": "from the environment"})
    assert contact_cipher(settings) == ContactCipher(key=b"from the environment")
    assert not settings.paths.secrets.exists()
