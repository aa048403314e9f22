import hashlib

import pyarrow as pa
import pytest

from features.contracts.secrecy import ContactCipher
from features.sources.contact_data import FIRST_ORDER, Unreadable, protected, with_synthetic

CIPHER = ContactCipher(key=b"a key of this test")


def protect(rows):
    left_out = Unreadable()
    (batch,) = protected(iter([pa.Table.from_pylist(rows)]), CIPHER, left_out)
    return batch.to_pylist(), left_out.notes()


def test_phone_and_email_leave_as_hash_and_ciphertext_only():
    (row,), notes = protect([{"source": "crm", "source_id": "1", "phone": "+1 555-123 4567", "email": "A@b.example"}])
    assert set(row) == {"source", "source_id", "phone_hash", "phone_encrypted", "email_hash", "email_encrypted"}
    assert row["phone_hash"] == CIPHER.hash_phone("+15551234567")
    assert CIPHER.decrypt(row["phone_encrypted"]) == "+15551234567"
    assert CIPHER.decrypt(row["email_encrypted"]) == "a@b.example"
    assert notes == ()


def test_a_hash_that_was_handed_over_meets_the_hash_of_the_number():
    given = hashlib.sha256(b"+15551234567").hexdigest()
    (row,), _ = protect([{"source": "crm", "source_id": "1", "phone_hash": given.upper()}])
    assert row["phone_hash"] == CIPHER.hash_phone("+15551234567")
    assert row["phone_encrypted"] is None


def test_a_plain_number_in_the_hash_column_is_not_stored_but_counted():
    (row,), notes = protect([{"source": "crm", "source_id": "1", "phone_hash": "+15551234567"}])
    assert row["phone_hash"] is None
    assert notes == ("member_records: 1 values of phone_hash could not be read and were left out",)


@pytest.mark.parametrize("phone", ["none", "call me", "12"])
def test_what_is_no_number_is_left_out_and_counted(phone):
    (row,), notes = protect([{"source": "crm", "source_id": "1", "phone": phone}])
    assert (row["phone_hash"], row["phone_encrypted"]) == (None, None)
    assert notes == ("member_records: 1 values of phone could not be read and were left out",)


def test_an_empty_value_is_simply_absent():
    (row,), notes = protect([{"source": "crm", "source_id": "1", "phone": " "}])
    assert row["phone_hash"] is None
    assert notes == ()


def test_generated_contacts_fill_every_column_and_skip_a_record_without_key():
    rows = [
        {"source": "crm", "source_id": "1", FIRST_ORDER: None},
        {"source": "crm", "source_id": None, FIRST_ORDER: None},
    ]
    schema = pa.schema(
        [("source", pa.string()), ("source_id", pa.string()), (FIRST_ORDER, pa.timestamp("us", tz="UTC"))]
    )
    (batch,) = with_synthetic(iter([pa.Table.from_pylist(rows, schema=schema)]), seed=7)
    known, nobody = batch.to_pylist()
    assert known["is_synthetic"] is True
    assert FIRST_ORDER not in known
    assert {nobody[column] for column in ("phone", "email", "joined_via", "is_synthetic")} == {None}
