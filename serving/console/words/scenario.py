"""Scenarios in words: what each shows, and every rule of its settings as a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from features.contracts.scenario_settings import ScenarioKind, ScenarioSettings
from serving.console.languages import Language, to_say
from serving.console.written import Written

TITLES: dict[ScenarioKind, str] = {
    "home": to_say("First page"),
    "replenish": to_say("Time to buy again"),
    "discover": to_say("Something new"),
    "cart": to_say("With the basket"),
    "product": to_say("Beside a product"),
    "associate": to_say("To offer in the store"),
    "coupon": to_say("Coupons"),
    "content": to_say("Articles and promotions"),
}

SHOWS: dict[ScenarioKind, str] = {
    "home": to_say("Shows what the member is likeliest to want: what they buy already, and what is new to them."),
    "replenish": to_say("Shows what the member buys and is due to buy again, with the day it is expected."),
    "discover": to_say("Shows only what the member has never bought and is likely to."),
    "cart": to_say("Shows what completes the basket."),
    "product": to_say("Shows what is like the product on the screen, and what is bought together with it."),
    "associate": to_say("Shows products that are bought together, as whole bundles that an associate can offer."),
    "coupon": to_say("Shows the running coupons, the one that the member is likeliest to use first."),
    "content": to_say("Shows running articles and promotions about what the member likes."),
}

OF_PRODUCTS: frozenset[ScenarioKind] = frozenset({"home", "replenish", "discover", "cart", "product"})
"""Kinds that choose single products, and so follow the rules on products."""

SOURCES = {
    "frequency": to_say("What the member buys often"),
    "rhythm": to_say("What is due again"),
    "item_item": to_say("What goes with purchases"),
    "als": to_say("Taste"),
    "neighbours": to_say("Members alike"),
    "next_basket": to_say("What follows the last basket"),
    "popularity": to_say("What most members buy"),
    "stores": to_say("Popular in the member's stores"),
    "favourite_category": to_say("Favourite categories"),
    "favourite_brand": to_say("Favourite brands"),
    "trending": to_say("Bought more and more"),
    "arrivals": to_say("New in the shops"),
    "analogues": to_say("Like what the member buys"),
    "together": to_say("Bought together"),
    "explored": to_say("New products, by lot"),
    "coupon_redemption": to_say("Chance to use the coupon"),
    "contents": to_say("Articles and promotions on now"),
    "same_group": to_say("From the same group of goods"),
    "viewed": to_say("What the member looked at just now"),
    "segment": to_say("What members of the same kind buy"),
    "promoted": to_say("Promoted by a rule"),
    "asked_for": to_say("Asked for by the app"),
}
"""What put an item there, in words."""


@dataclass(frozen=True, kw_only=True)
class ScenarioWords:
    """A scenario as a page shows it."""

    name: str
    kind: ScenarioKind
    title: str
    shows: str
    rules: tuple[str, ...]
    changes: str
    """Where its settings stand."""


def scenario_title(name: str, kind: ScenarioKind, language: Language) -> str:
    """The scenario as a marketer calls it; one that the shop has named itself keeps that name beside its kind."""
    title = language.say(TITLES[kind])
    return title if name == kind else f"{title} ({name})"


def source_words(source: str, language: Language) -> str:
    """What put an item there; a source without a name of its own keeps its code."""
    return language.say(SOURCES[source]) if source in SOURCES else source


def scenario_words(
    name: str, settings: ScenarioSettings, language: Language, written: Written, *, count: int
) -> ScenarioWords:
    """The scenario in sentences; `count` is how many an app gets that does not say."""
    return ScenarioWords(
        name=name,
        kind=settings.kind,
        title=scenario_title(name, settings.kind, language),
        shows=language.say(SHOWS[settings.kind]),
        rules=tuple(_rules(settings, language, written, count=count)),
        changes=f"[scenarios.{name}]",
    )


def _rules(settings: ScenarioSettings, language: Language, written: Written, *, count: int) -> Iterator[str]:
    yield language.say("%(count)s at a time, where the app does not say how many.", count=written.number(count))
    if settings.kind == "replenish":
        yield language.say(
            "A product is due from %(due)s to %(lapsed)s times its usual gap since it was bought.",
            due=written.number(settings.due_gaps, 1),
            lapsed=written.number(settings.lapsed_gaps, 1),
        )
    if settings.kind in OF_PRODUCTS:
        yield from _which(settings, language)
        yield from _mixture(settings, language, written)
        yield from _raised(settings, language, written)
    elif settings.filter:
        yield language.say("Only what passes: %(filter)s.", filter=settings.filter)


def _which(settings: ScenarioSettings, language: Language) -> Iterator[str]:
    say = language.say
    if settings.active_only and settings.in_stock_only:
        yield say("Only products that are on sale and in stock, where that is known.")
    elif settings.active_only:
        yield say("Only products that are on sale, where that is known; they may be out of stock.")
    elif settings.in_stock_only:
        yield say("Only products in stock, where that is known; they may have been taken off sale.")
    else:
        yield say("Products that are off sale or out of stock may come too.")
    if settings.filter:
        yield say("Only what passes: %(filter)s.", filter=settings.filter)
    if settings.exclude_bought_days:
        yield language.say_number(
            "Nothing that the member bought on the last day.",
            "Nothing that the member bought within the last %(number)s days.",
            settings.exclude_bought_days,
        )
    for each in settings.exclusions:
        yield say(
            "Members tagged %(tags)s never see what passes: %(filter)s.",
            tags=", ".join(each.member_tags),
            filter=each.filter,
        )


def _mixture(settings: ScenarioSettings, language: Language, written: Written) -> Iterator[str]:
    say = language.say
    if settings.max_per_category:
        yield say("At most %(most)s products of one category.", most=written.number(settings.max_per_category))
    if settings.max_per_brand:
        yield say("At most %(most)s products of one brand.", most=written.number(settings.max_per_brand))
    if settings.diversity:
        yield say(
            "The list is kept mixed: a product loses %(share)s of its score for each one of its category above it.",
            share=_share(settings.diversity, written),
        )
    if settings.new_share:
        yield say(
            "At least %(share)s of the places are for what the member never bought.",
            share=_share(settings.new_share, written),
        )
    if settings.exploration_share and settings.kind != "replenish":
        yield say(
            "About %(share)s of the places go by lot to products first sold within %(days)s days, so that new "
            "products become known.",
            share=_share(settings.exploration_share, written),
            days=written.number(settings.exploration_days),
        )


def _raised(settings: ScenarioSettings, language: Language, written: Written) -> Iterator[str]:
    say = language.say
    for each in settings.boosts:
        sentence = (
            to_say("Raised %(factor)s times: %(filter)s.")
            if each.factor >= 1
            else to_say("Lowered to %(factor)s of its score: %(filter)s.")
        )
        factor = written.number(each.factor, 2) if each.factor >= 1 else _share(each.factor, written)
        told = say(sentence, factor=factor, filter=each.filter)
        for_whom = say("For members tagged %(tags)s.", tags=", ".join(each.member_tags)) if each.member_tags else ""
        yield f"{told} {for_whom}".strip()
    if settings.promoted_filter and settings.promoted_share:
        yield say(
            "At least %(share)s of the places are for promoted products: %(filter)s.",
            share=_share(settings.promoted_share, written),
            filter=settings.promoted_filter,
        )


def _share(share: float, written: Written) -> str:
    return written.percent(share, 0 if (share * 100).is_integer() else 1)
