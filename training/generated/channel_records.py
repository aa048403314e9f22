"""Person records of four channels for people who are known: what identity has to find again, with its rates.

Everything of a person comes from the seed alone. The numbers begin with 199, the addresses end in `.example`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa


@dataclass(frozen=True, kw_only=True)
class Rates:
    """How often what happens; of records, if nothing else is said."""

    without_phone: float = 0.10
    masked_phone: float = 0.03
    wrong_digit: float = 0.02
    shared_phone: float = 0.01
    """Of people: their number is that of somebody of their family, or (one in five) one that a crowd uses."""
    recycled_phone: float = 0.01
    """Of people: their number was somebody else's, who was last seen months before."""
    with_unionid: float = 0.40
    with_name: float = 0.60
    name_in_part: float = 0.20
    """Of the names: a family name with an initial or a title, or masked."""
    name_mistyped: float = 0.01
    """Of the names."""
    with_address: float = 0.40
    with_birth_year: float = 0.35
    with_gender: float = 0.50
    with_email: float = 0.45
    email_mistyped: float = 0.01
    """Of the addresses."""
    second_email: float = 0.10
    """Of people: every other record has another address."""
    with_card: float = 0.20
    """Of the records that are not of the tills; those of the tills all have one."""
    second_account: float = 0.01
    """Of people: two records in one channel."""

    def to_json(self) -> dict[str, float]:
        """The rates by name."""
        return asdict(self)


CHANNELS = {"pos": 0.90, "shop": 0.55, "mini": 0.45, "app": 0.35}
"""Channel to the share of the people that it knows."""

_FAMILY = "Wang Li Zhang Liu Chen Yang Zhao Huang Zhou Wu Xu Sun Hu Zhu Gao Lin He Guo Ma Luo Smith Jones Brown"
_GIVEN = (
    "Anna Ben Carla David Emma Frank Greta Henry Irene Jack Karen Leo Maria Nathan Olga Paul Rosa Simon Tina Victor "
    "Wendy Alice Bruno Clara Dora Eric Fiona George Helen Ivan Julia Kevin Laura Martin Nora Oscar Peter Ruth Sarah Tom"
)
_FAMILY_ZH = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_GIVEN_ZH = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂英华玉萍红玲建国文斌志宇浩梦晓雪佳欣"
_STREETS = (
    *("Nanjing Road", "Garden Street", "Station Avenue", "Mill Lane"),
    *("Harbour Street", "Park Road", "Church Street", "Lake Avenue"),
)
_DAYS_APART = 150


@dataclass(kw_only=True)
class Person:
    """Somebody as they are; records tell of it in part."""

    number: int
    name: tuple[str, str]
    """Family name, then given name."""
    is_chinese: bool
    gender: str
    birth_year: int
    address: str
    phone: str
    email: str
    second_email: str | None
    first_day: int
    last_day: int
    channels: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class ChannelRecords:
    """Records and what is true of them, row by row."""

    records: pa.Table
    """Columns of member_records with phone, email, name and address plain, and `first_at`, `last_at`."""
    person: npt.NDArray[np.int64]
    """int (records,): whose record it is."""
    true_identifiers: tuple[tuple[str, ...], ...]
    """Per record: those of its identifiers that are the person's own and legible."""


def channel_records(days: npt.NDArray[np.int64], *, seed: int, rates: Rates, starts_at: datetime) -> ChannelRecords:
    """The records of people.

    `days`, int64 (people, 2): each one's first and last day of buying, counted from `starts_at`.
    """
    rng = np.random.default_rng(seed)
    persons = [_person(number, int(first), int(last), rng, rates) for number, (first, last) in enumerate(days)]
    _share_and_recycle(persons, rng, rates)
    rows: list[dict[str, Any]] = []  # Any: values of a record
    truth: list[int] = []
    own: list[tuple[str, ...]] = []
    for person in persons:
        for row, identifiers in _records(person, rng, rates, starts_at):
            rows.append(row)
            truth.append(person.number)
            own.append(identifiers)
    return ChannelRecords(
        records=pa.Table.from_pylist(rows, schema=_SCHEMA), person=np.array(truth), true_identifiers=tuple(own)
    )


_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("source", "source_id", "phone", "email", "name", "address")),
        *((name, pa.string()) for name in ("wechat_openid", "wechat_unionid", "card_no", "gender")),
        ("birth_year", pa.int64()),
        *((name, pa.timestamp("us", tz="UTC")) for name in ("joined_at", "updated_at", "first_at", "last_at")),
    ]
)


def _person(number: int, first_day: int, last_day: int, rng: np.random.Generator, rates: Rates) -> Person:
    is_chinese = rng.random() < 0.5
    if is_chinese:
        given = "".join(rng.choice(list(_GIVEN_ZH), size=1 if rng.random() < 0.3 else 2))
        name = (str(rng.choice(list(_FAMILY_ZH))), given)
    else:
        name = (str(rng.choice(_FAMILY.split())), str(rng.choice(_GIVEN.split())))
    return Person(
        number=number,
        name=name,
        is_chinese=is_chinese,
        gender="f" if rng.random() < 0.6 else "m",
        birth_year=int(rng.integers(1945, 2005)),
        address=f"{rng.integers(1, 400)} {rng.choice(_STREETS)}",
        # everybody has a number of their own, which one wrong digit can turn into somebody else's
        phone=f"199{(number * 61_803_399 + 12_345_678) % 100_000_000:08d}",
        email=f"person{number}@mail.example",
        second_email=f"p{number}.work@office.example" if rng.random() < rates.second_email else None,
        first_day=first_day,
        last_day=last_day,
        channels=_channels(rng, rates),
    )


def _channels(rng: np.random.Generator, rates: Rates) -> list[str]:
    known = [channel for channel, share in CHANNELS.items() if rng.random() < share] or ["pos"]
    if rng.random() < rates.second_account:
        known.append(str(rng.choice(known)))
    return known


def _share_and_recycle(persons: Sequence[Person], rng: np.random.Generator, rates: Rates) -> None:
    """Gives people the number of another; pairs are drawn apart, so that nobody is in two of them."""
    shared, recycled = (round(len(persons) * rate) for rate in (rates.shared_phone, rates.recycled_phone))
    drawn = rng.permutation(len(persons))[: 2 * (shared + recycled)]
    for place in range(shared):
        owner, other = persons[drawn[2 * place]], persons[drawn[2 * place + 1]]
        if place % 5 == 0:
            other.phone = "19900000001"
            continue
        other.phone, other.address = owner.phone, owner.address
        # nobody gives two children one name
        given = (
            other.name[1] if other.name[1] != owner.name[1] else f"{other.name[1]}{'小' if other.is_chinese else 'a'}"
        )
        is_of_one_script = owner.is_chinese == other.is_chinese
        other.name = (owner.name[0], given) if is_of_one_script else other.name
    for place in range(shared, shared + recycled):
        before, after = persons[drawn[2 * place]], persons[drawn[2 * place + 1]]
        after.phone = before.phone
        before.first_day, before.last_day = 0, int(rng.integers(30, 150))
        after.first_day = before.last_day + _DAYS_APART
        after.last_day = after.first_day + 40


def _records(
    person: Person, rng: np.random.Generator, rates: Rates, starts_at: datetime
) -> Iterator[tuple[dict[str, Any], tuple[str, ...]]]:
    # Any: values of a record
    for place, channel in enumerate(person.channels):
        row: dict[str, Any] = {"source": channel, "source_id": f"{channel[0]}{person.number:07d}{place}"}
        identifiers, own = _identifiers(person, place, rng, rates)
        yield row | identifiers | _about(person, rng, rates) | _life(person, rng, starts_at), tuple(own)


def _identifiers(
    person: Person, place: int, rng: np.random.Generator, rates: Rates
) -> tuple[dict[str, str], list[str]]:
    """What a channel writes down to know the person again, and those of them that are right and legible."""
    channel, row, own = person.channels[place], {}, []
    phone = _phone(person.phone, rng, rates)
    if phone is not None:
        row["phone"], is_true = phone
        own += [f"phone {person.phone}"] if is_true else []
    if rng.random() < rates.with_email:
        email = person.second_email if person.second_email and place % 2 else person.email
        if rng.random() < rates.email_mistyped:
            row["email"] = "x" + email
        else:
            row["email"] = email.upper() if rng.random() < 0.2 else email
            own.append(f"email {email}")
    if rng.random() < rates.with_unionid:
        row["wechat_unionid"] = f"union{person.number}"
        own.append(row["wechat_unionid"])
    if channel == "mini":
        row["wechat_openid"] = f"open{person.number}-{place}"
    is_till = channel == "pos"
    if (
        place == person.channels.index("pos")
        if is_till
        else "pos" in person.channels and rng.random() < rates.with_card
    ):
        row["card_no"] = f"88{person.number:08d}"
        own.append(f"card {row['card_no']}")
    return row, own


def _about(person: Person, rng: np.random.Generator, rates: Rates) -> dict[str, Any]:
    # Any: values of a record
    row: dict[str, Any] = {}
    if rng.random() < rates.with_name:
        row["name"] = _name(person, rng, rates)
    if rng.random() < rates.with_address:
        row["address"] = person.address if rng.random() < 0.5 else _other_notation(person.address)
    if rng.random() < rates.with_birth_year:
        row["birth_year"] = person.birth_year
    if rng.random() < rates.with_gender:
        row["gender"] = person.gender if rng.random() < 0.5 else {"f": "Female", "m": "Male"}[person.gender]
    return row


def _life(person: Person, rng: np.random.Generator, starts_at: datetime) -> dict[str, datetime]:
    first = person.first_day + int(rng.random() * 0.4 * (person.last_day - person.first_day))
    last = first + int(rng.random() * (person.last_day - first))
    begins, ends = (starts_at + timedelta(days=days) for days in (first, last))
    return {"joined_at": begins, "first_at": begins, "last_at": ends, "updated_at": ends}


def _phone(number: str, rng: np.random.Generator, rates: Rates) -> tuple[str, bool] | None:
    """The number as a channel wrote it, and whether it can be read and is right; None where there is none."""
    happens = rng.random()
    if happens < rates.without_phone:
        return None
    if happens < rates.without_phone + rates.masked_phone:
        return f"{number[:3]}****{number[-4:]}", False
    is_wrong = happens < rates.without_phone + rates.masked_phone + rates.wrong_digit
    if is_wrong:
        place = int(rng.integers(3, 11))
        number = number[:place] + str((int(number[place]) + int(rng.integers(1, 10))) % 10) + number[place + 1 :]
    forms = (
        number,
        f"+86{number}",
        f"+86 {number[:3]} {number[3:7]} {number[7:]}",
        f"{number[:3]}-{number[3:7]}-{number[7:]}",
        "".join(chr(ord(digit) + 0xFEE0) for digit in number),
        f"0086{number}",
    )
    return forms[int(rng.integers(0, len(forms)))], not is_wrong


def _name(person: Person, rng: np.random.Generator, rates: Rates) -> str:
    family, given = person.name
    if rng.random() < rates.name_in_part:
        if person.is_chinese:
            return str(rng.choice([f"{family}先生" if person.gender == "m" else f"{family}女士", f"{family}**"]))
        return str(rng.choice([f"{given[0]}. {family}", f"{'Mr.' if person.gender == 'm' else 'Mrs.'} {family}"]))
    if rng.random() < rates.name_mistyped:
        given = given[:-1] + ("的" if person.is_chinese else "q")
    if person.is_chinese:
        return family + given
    return str(rng.choice([f"{given} {family}", f"{family}, {given}", f"{given} {family}".upper()]))


def _other_notation(address: str) -> str:
    return address.replace("Street", "St.").replace("Road", "Rd").replace("Avenue", "ave").upper()
