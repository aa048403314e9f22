"""A shop of another trade, made by hand: clothes, three channels, Chinese headers, GB18030, amounts in cents, returns.

The till of the shops (pos), a store on Tmall and a mini-programme each hand over files of their own, with other names
for the same columns. Most people use two channels and are known by one phone number, written in different ways. The
settings that read it are those that docs/your-data.md shows.
"""

from __future__ import annotations

import csv
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

PEOPLE = 150
WEEKS = 52
FIRST = datetime(2024, 3, 4, 10)
"""The first day of business, in Shanghai."""

KINDS = {
    "连衣裙": ("女装", 29900),
    "半身裙": ("女装", 19900),
    "针织衫": ("女装", 25900),
    "衬衫": ("男装", 19900),
    "休闲裤": ("男装", 23900),
    "夹克": ("男装", 45900),
    "T恤": ("基础款", 7900),
    "袜子": ("基础款", 1900),
    "内衣": ("基础款", 8900),
    "围巾": ("配饰", 12900),
}
"""Category to its department and usual price in cents."""
BRANDS = ("素年", "森屿", "ZHI·COTTON")
PRODUCTS_OF_A_KIND = 5
STORES = (("SH-01", "南京西路店", "上海"), ("HZ 02", "湖滨店", "杭州"))
SIZES = ("S", "M", "L")

GUIDE = Path(__file__).parents[2] / "docs" / "your-data.md"


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody and what each channel calls them; None where they do not use it."""

    number: int
    phone: str
    likes: tuple[str, ...]
    per_week: float
    pos: str | None
    tmall: str | None
    mini: str | None
    is_masked: bool
    """Tmall tells the number with stars: it can join nobody."""

    @property
    def channels(self) -> tuple[str, ...]:
        return tuple(name for name in ("pos", "tmall", "mini") if getattr(self, name))

    @property
    def members(self) -> int:
        """As how many members the person can be known: one, and one more where Tmall's number says nothing."""
        return 2 if self.is_masked and self.tmall and len(self.channels) > 1 else 1


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of an order, or a return with a quantity below zero."""

    channel: str
    order_id: str
    at: datetime
    person: Person
    product: str
    quantity: int
    cents: int


@dataclass(frozen=True, kw_only=True)
class ClothesShop:
    """The files of the shop and what is true of them."""

    folder: Path
    settings_file: Path
    people: tuple[Person, ...]
    lines: tuple[Line, ...]

    @property
    def records(self) -> int:
        """Person records that the channels hand over."""
        return sum(len(person.channels) for person in self.people)

    @property
    def members(self) -> int:
        """Members that the records can be put together to."""
        return sum(person.members for person in self.people)

    @property
    def returns(self) -> int:
        return sum(line.quantity < 0 for line in self.lines)


def write_clothes_shop(folder: Path, *, people: int = PEOPLE, weeks: int = WEEKS, seed: int = 5) -> ClothesShop:
    """The shop's files in `folder`/export and its settings in `folder`/clothes.toml; the same seed, the same bytes."""
    dice = random.Random(seed)
    export = folder / "export"
    products = list(_products())
    everybody = tuple(_person(number, dice) for number in range(people))
    lines = tuple(sorted(_lines(everybody, products, weeks, dice), key=lambda line: (line.at, line.order_id)))
    _write_orders(export, lines)
    _write_people(export, everybody)
    _write(export / "商品.csv", ("货号", "品名", "品牌", "大类", "品类", "面料"), products)
    _write(
        export / "门店.csv",
        ("门店编号", "店名", "城市"),
        [("SH-01", "南京西路店", "上海"), ("HZ 02", "湖滨店", "杭州")],
    )
    settings_file = folder / "clothes.toml"
    settings_file.write_text(shown_settings(), encoding="utf-8")
    return ClothesShop(folder=export, settings_file=settings_file, people=everybody, lines=lines)


def shown_settings() -> str:
    """The settings file of docs/your-data.md."""
    (shown,) = re.findall(r"```toml\n# clothes.toml\n(.*?)```", GUIDE.read_text(encoding="utf-8"), flags=re.DOTALL)
    return str(shown)


def _products() -> Iterator[tuple[str, ...]]:
    for kind, (department, _) in KINDS.items():
        for number in range(PRODUCTS_OF_A_KIND):
            brand = BRANDS[number % len(BRANDS)]
            fabric = "棉" if number % 2 else "羊毛"
            yield (
                f"{kind}-{number:03d}/{SIZES[number % 3]}",
                f"{brand} {kind}，{fabric}",
                brand,
                department,
                kind,
                fabric,
            )


def _person(number: int, dice: random.Random) -> Person:
    kinds = list(KINDS)
    favourite = number % len(kinds)
    uses = dice.choice([("pos",), ("tmall",), ("pos", "mini"), ("tmall", "mini"), ("pos", "tmall", "mini")])
    return Person(
        number=number,
        phone=f"139{10_000_000 + number * 37:08d}",
        likes=(kinds[favourite], kinds[(favourite + 3) % len(kinds)]),
        per_week=dice.uniform(0.15, 0.6),
        pos=f"{number:08d}" if "pos" in uses else None,
        tmall=f"买家 {number}·小鹿" if "tmall" in uses else None,
        mini=f"u/{number:05d}" if "mini" in uses else None,
        is_masked=dice.random() < 0.1,
    )


def _lines(
    people: Sequence[Person], products: Sequence[tuple[str, ...]], weeks: int, dice: random.Random
) -> Iterator[Line]:
    by_kind = {kind: [each[0] for each in products if each[4] == kind] for kind in KINDS}
    orders = 0
    for person in people:
        for week in range(weeks):
            if dice.random() >= person.per_week:
                continue
            orders += 1
            channel = dice.choice(person.channels)
            at = FIRST + timedelta(days=7 * week + dice.randrange(7), minutes=dice.randrange(600))
            for kind in {_kind(person, dice) for _ in range(dice.randint(1, 3))}:
                quantity = dice.choice([1, 1, 1, 2])
                line = Line(
                    channel=channel,
                    order_id=f"{channel[0].upper()}{orders:06d}",
                    at=at,
                    person=person,
                    product=dice.choice(by_kind[kind][: 3 + person.number % 3]),
                    quantity=quantity,
                    cents=quantity * KINDS[kind][1] * dice.choice([100, 100, 90, 80]) // 100,
                )
                yield line
                if dice.random() < 0.06:
                    back = min(at + timedelta(days=dice.randint(1, 12)), FIRST + timedelta(days=7 * weeks))
                    yield replace(line, at=back, quantity=-quantity, cents=-line.cents)


def _kind(person: Person, dice: random.Random) -> str:
    return dice.choice(person.likes) if dice.random() < 0.7 else dice.choice(list(KINDS))


def _write_orders(export: Path, lines: Sequence[Line]) -> None:
    till = [line for line in lines if line.channel == "pos"]
    half = len(till) // 2
    header = ("小票号", "货号", "下单时间", "件数", "实收(分)", "吊牌价(分)", "会员卡号", "门店编号")
    for name, part in (("订单_上半年.csv", till[:half]), ("订单_下半年.csv", till[half:])):
        rows = [
            (
                *(each.order_id, each.product, f"{each.at:%Y/%m/%d %H:%M}", each.quantity, each.cents),
                *(_list_cents(each), each.person.pos, STORES[each.person.number % 2][0]),
            )
            for each in part
        ]
        _write(export / "门店" / name, header, rows)
    _write(
        export / "天猫" / "订单.csv",
        ("订单编号", "商家编码", "付款时间", "数量", "实付金额(分)", "买家昵称"),
        [
            (each.order_id, each.product, f"{each.at:%Y-%m-%d %H:%M:%S}", each.quantity, each.cents, each.person.tmall)
            for each in lines
            if each.channel == "tmall"
        ],
    )
    _write(
        export / "小程序" / "订单.csv",
        ("单号", "商品编码", "时间", "数量", "金额(分)", "用户编号"),
        [
            (each.order_id, each.product, f"{each.at:%Y/%m/%d %H:%M}", each.quantity, each.cents, each.person.mini)
            for each in lines
            if each.channel == "mini"
        ],
        encoding="utf-8-sig",
        delimiter=";",
    )


def _list_cents(line: Line) -> int:
    return abs(line.quantity) * KINDS[line.product.split("-")[0]][1] * (1 if line.quantity > 0 else -1)


def _write_people(export: Path, people: Sequence[Person]) -> None:
    _write(
        export / "门店" / "会员.csv",
        ("会员卡号", "手机", "城市", "开卡日期", "可发短信"),
        [(each.pos, each.phone, "上海", "2024年02月01日", "是") for each in people if each.pos],
    )
    _write(
        export / "天猫" / "买家.csv",
        ("买家昵称", "收货手机", "收货城市", "允许短信"),
        [(each.tmall, _masked(each), "杭州", "否") for each in people if each.tmall],
    )
    _write(
        export / "小程序" / "用户.csv",
        ("用户编号", "openid", "unionid", "手机号", "注册时间", "允许短信"),
        [
            (each.mini, f"o-{each.number}", f"union-{each.number}", _spaced(each.phone), "2024/02/15", "是")
            for each in people
            if each.mini
        ],
        encoding="utf-8-sig",
        delimiter=";",
    )


def _masked(person: Person) -> str:
    return f"{person.phone[:3]}****{person.phone[7:]}" if person.is_masked else person.phone


def _spaced(phone: str) -> str:
    return f"+86 {phone[:3]} {phone[3:7]} {phone[7:]}"


def _write(
    file: Path,
    header: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    encoding: str = "gb18030",
    delimiter: str = ",",
) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding=encoding, newline="") as handle:
        writer = csv.writer(handle, delimiter=delimiter)
        writer.writerow(header)
        writer.writerows(rows)
