"""What a release's models are worth, in sentences that a marketer can repeat."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from features.contracts.errors import ReleaseDamaged
from features.contracts.ids import ReleaseId
from features.contracts.settings import Settings
from serving.console.languages import to_say
from serving.console.visit import Reader
from training.release.quality import Bin, Comparison, ModelQuality, Part, PartQuality, ReleaseQuality, read_quality
from training.release.shelf import release_folder

log = logging.getLogger(__name__)

MODELS = {
    "product_affinity": to_say("What to recommend"),
    "purchase_propensity": to_say("Who will buy"),
    "coupon_redemption": to_say("Who will use a coupon"),
}
"""Models by what they answer."""

PARTS: dict[Part, str] = {
    "recommendations": to_say("Recommendations"),
    "propensity": to_say("Who will buy what is sold already"),
    "launches": to_say("Who will buy a new product"),
    "redemption": to_say("Who will use a coupon of a campaign"),
    "choice": to_say("Which coupon a member will use"),
}

FALLBACKS = {
    "product affinity": to_say(
        "What few members bought is recommended too: the shop has few products that many bought."
    ),
    "ranker": to_say("Fixed weights put recommendations into their order."),
    "purchase propensity": to_say("How often a member bought decides who will buy."),
    "forecasts": to_say("The intervals around expected buyers are wide."),
    "launches": to_say("Who bought what is like a new product decides who will buy it."),
}
"""What answers where the shop has too little data, by the part of a model that a training names."""

OF_ALL_BINS = 10
"""One in so many rows makes the best chances that the sentence on honesty tells of."""


def quality_in_service(settings: Settings, release_id: ReleaseId) -> ReleaseQuality | None:
    """The quality that a release carries; None in one that carries none, or whose file is damaged (the log says so)."""
    try:
        return read_quality(release_folder(settings.paths, release_id))
    except ReleaseDamaged as error:
        log.warning("quality_unreadable release=%s reason=%s", release_id, error)
        return None


def model_title(model: str, reader: Reader) -> str:
    """A model by what it answers."""
    return reader.language.say(MODELS[model]) if model in MODELS else model


def quality_sentence(model: ModelQuality, reader: Reader) -> str:
    """What one model is worth, in one sentence."""
    told = [sentence for part in model.parts if (sentence := part_sentence(part, reader))]
    return told[0] if told else reader.language.say("There was too little to test it on.")


def part_sentence(part: PartQuality, reader: Reader) -> str | None:
    """What one answer of a model is worth beside what is simpler; None where it was not measured."""
    overall = part.overall
    if overall is None or overall.ours is None:
        return None
    match part.part:
        case "recommendations":
            return _recommended(overall, reader)
        case "propensity":
            return _ranked(
                overall,
                reader,
                to_say(
                    "Of the 10%% of members ranked highest, %(ours)s times as many buy as of members taken by lot; "
                    "the best simple rule makes it %(simple)s times."
                ),
            )
        case "launches":
            return _ranked(
                overall,
                reader,
                to_say(
                    "Of the 10%% of members ranked highest for a new product, %(ours)s times as many buy it as of "
                    "members taken by lot; the best simple rule makes it %(simple)s times."
                ),
            )
        case "redemption":
            return _ranked(
                overall,
                reader,
                to_say(
                    "Of the 10%% of members ranked highest, %(ours)s times as many use a coupon as of members taken "
                    "by lot; the best simple rule makes it %(simple)s times."
                ),
            )
        case "choice":
            return _chosen(overall, reader)


def fallback_words(sentence: str, reader: Reader) -> tuple[str, str]:
    """What answers in a model's place, and the training's own words on why (English)."""
    part, _, rest = sentence.partition(": ")
    why = rest.partition(";")[0]
    return (reader.language.say(FALLBACKS[part]), why) if part in FALLBACKS else (sentence, "")


def honesty_sentence(part: PartQuality, reader: Reader) -> str | None:
    """What its best chances said, and what came true of them; None where it was not kept."""
    best = _best_chances(part.reliability)
    if best is None:
        return None
    predicted, observed = best
    return reader.language.say(
        "Where it saw the best chances it said %(said)s on average; %(came)s came true.",
        said=reader.written.percent(predicted, 1),
        came=reader.written.percent(observed, 1),
    )


def _recommended(overall: Comparison, reader: Reader) -> str | None:
    ours, popular = _value(overall, "hit"), _of_method(overall, "popularity", "hit")
    if ours is None:
        return None
    number = reader.written.number
    if popular is None:
        return reader.language.say(
            "Of 100 members who bought in the week that followed, %(ours)s bought at least one of the 10 products "
            "recommended to them.",
            ours=number(ours * 100),
        )
    return reader.language.say(
        "Of 100 members who bought in the week that followed, %(ours)s bought at least one of the 10 products "
        "recommended to them; of the 10 products bought most, %(popular)s bought one.",
        ours=number(ours * 100),
        popular=number(popular * 100),
    )


def _ranked(overall: Comparison, reader: Reader, sentence: str) -> str | None:
    ours, simple = _value(overall, "lift10"), _best_simple(overall, "lift10")
    if ours is None:
        return None
    number = reader.written.number
    return reader.language.say(sentence, ours=number(ours, 1), simple=number(simple, 1))


def _chosen(overall: Comparison, reader: Reader) -> str | None:
    ours, simple = _value(overall, "recall10"), _best_simple(overall, "recall10")
    if ours is None:
        return None
    return reader.language.say(
        "Of the coupons that members used, %(ours)s were among the ten put first for them; the best simple rule "
        "makes it %(simple)s.",
        ours=reader.written.percent(ours),
        simple=reader.written.percent(simple),
    )


def _value(overall: Comparison, measure: str) -> float | None:
    found = overall.ours.measures.get(measure) if overall.ours else None
    return None if found is None else found.value


def _of_method(overall: Comparison, method: str, measure: str) -> float | None:
    values = [
        each.measures[measure].value for each in overall.methods if each.method == method and measure in each.measures
    ]
    return values[0] if values else None


def _best_simple(overall: Comparison, measure: str) -> float | None:
    values = [
        each.measures[measure].value for each in overall.methods if each.kind == "baseline" and measure in each.measures
    ]
    return max(values, default=None)


def _best_chances(bins: Sequence[Bin]) -> tuple[float, float] | None:
    """Mean of what was said and of what came true over the tenth of the rows with the best chances."""
    wanted = sum(each.rows for each in bins) / OF_ALL_BINS
    taken: list[Bin] = []
    for each in reversed(bins):
        if sum(bin_.rows for bin_ in taken) >= wanted:
            break
        taken.append(each)
    rows = sum(each.rows for each in taken)
    if not rows:
        return None
    return (
        sum(each.predicted * each.rows for each in taken) / rows,
        sum(each.observed * each.rows for each in taken) / rows,
    )
