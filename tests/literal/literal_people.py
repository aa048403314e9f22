"""Tables of literal people: members as channels know them, with contacts and consents, and a few products."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from features.contracts.secrecy import ContactCipher, contact_cipher
from features.contracts.settings import Settings
from features.contracts.tables import MEMBER_RECORDS, PRODUCTS
from features.tables.storage import move_pointer, write_version_file

LATEST_AT = datetime(2017, 12, 31, 5, 0, tzinfo=UTC)


def person(
    source_id: str,
    *,
    phone: str | None = None,
    email: str | None = None,
    openid: str | None = None,
    says_yes: Sequence[str] = (),
    says_no: Sequence[str] = (),
    source: str = "crm",
    member_id: str | None = None,
    is_synthetic: bool = False,
    updated_at: str = "2017-01-01T00:00:00+00:00",
    is_phone_hashed_only: bool = False,
    joined_at: str | None = None,
) -> dict[str, Any]:
    """One record of a channel; `says_yes` and `says_no` are channels, to any other nothing was said."""
    consents = {f"consent_{channel}": None for channel in ("sms", "email", "wechat")}
    consents |= {f"consent_{channel}": True for channel in says_yes} | {
        f"consent_{channel}": False for channel in says_no
    }
    return {
        "source": source,
        "source_id": source_id,
        "member_id": member_id or source_id,
        "phone": phone,
        "email": email,
        "wechat_openid": openid,
        "is_synthetic": is_synthetic,
        "updated_at": datetime.fromisoformat(updated_at),
        "joined_at": None if joined_at is None else datetime.fromisoformat(joined_at),
        "is_phone_hashed_only": is_phone_hashed_only,
        **consents,
    }


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def write_people(
    settings: Settings, people: Sequence[Mapping[str, Any]], *, products: Sequence[str] = (), version: str = "000001-a"
) -> None:
    """The tables in use hold these people and products, and nothing else."""
    cipher = contact_cipher(settings)
    folder = settings.paths.tables / version
    folder.mkdir(parents=True, exist_ok=True)
    records = [_record(each, cipher) for each in people]
    ids = [{name: each[name] for name in ("source", "source_id", "member_id")} for each in people]
    members = [{"member_id": member_id} for member_id in sorted({each["member_id"] for each in people})]
    named = [{"product_id": product_id} for product_id in products]
    _write(folder, "member_records", records, {column.name: column.type.value for column in MEMBER_RECORDS.columns})
    _write(folder, "member_ids", ids, dict.fromkeys(("source", "source_id", "member_id"), "VARCHAR"))
    _write(folder, "members", members, {"member_id": "VARCHAR", "joined_at": "TIMESTAMPTZ"})
    _write(folder, "products", named, {column.name: column.type.value for column in PRODUCTS.columns})
    write_version_file(folder, latest_at=LATEST_AT, counts={"member_records": len(records)}, told={})
    move_pointer(settings.paths, version)


def _record(each: Mapping[str, Any], cipher: ContactCipher) -> dict[str, Any]:
    kept = {name: value for name, value in each.items() if name not in ("phone", "email", "member_id")}
    is_hashed_only = kept.pop("is_phone_hashed_only")
    phone, email = each["phone"], each["email"]
    kept["phone_hash"] = phone and cipher.hash_phone(phone)
    kept["phone_encrypted"] = (phone and not is_hashed_only and cipher.encrypt(phone)) or None
    kept["email_hash"] = email and cipher.hash_email(email)
    kept["email_encrypted"] = email and cipher.encrypt(email)
    return kept


def _write(folder: Any, table: str, rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> None:
    names = list(columns)
    given = {name: [row.get(name) for row in rows] for name in names}
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        con.register("given", pa.table({name: _array(values) for name, values in given.items()}))
        cast = ", ".join(f"CAST({name} AS {type_}) AS {name}" for name, type_ in columns.items())
        pq.write_table(con.execute(f"SELECT {cast} FROM given").to_arrow_table(), folder / f"{table}.parquet")


def _array(values: Sequence[Any]) -> pa.Array:
    return pa.array(values) if any(value is not None for value in values) else pa.array(values, pa.string())
