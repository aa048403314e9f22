"""An audience's rule in sentences: what is sold, to whom, not to whom, and how many of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from serving.audiences.combine import All, Combination, Leaf, Not, Some
from serving.audiences.rule import AudienceRule, Channel, ExcludeRule, PopulationRule
from serving.audiences.target_rule import TargetRule
from serving.console.visit import Reader
from training.propensity.target import EventType, LaunchDescription

MOST_NAMES = 5
"""Names in a sentence; further ones are counted."""


class Names(Protocol):
    """What the things that a rule names are called; an unknown id stands for itself."""

    def product(self, product_id: str) -> str: ...

    def audience(self, audience_id: str) -> str: ...

    def list_(self, list_id: str) -> str: ...

    def tag(self, tag: str) -> str: ...

    def store(self, store_id: str) -> str: ...


@dataclass(frozen=True, kw_only=True)
class RuleWords:
    """A rule in sentences; each part may hold none."""

    title: str
    """What is sold, in a few words."""
    what: tuple[str, ...]
    whom: tuple[str, ...]
    not_whom: tuple[str, ...]
    how_many: tuple[str, ...]


def rule_words(rule: AudienceRule, reader: Reader, names: Names) -> RuleWords:
    """The rule in the reader's language."""
    return _Sayer(reader, names).said(rule)


def channel_word(channel: Channel | str | None, reader: Reader) -> str:
    """What a way to tell members is called."""
    say = reader.language.say
    match channel:
        case "sms":
            return say("text message")
        case "email":
            return say("e-mail")
        case "wechat":
            return say("WeChat")
        case None:
            return say("any channel")
        case _:
            return channel


class _Sayer:
    def __init__(self, reader: Reader, names: Names) -> None:
        self._reader = reader
        self._names = names
        self.say = reader.language.say
        self._written = reader.written

    def said(self, rule: AudienceRule) -> RuleWords:
        default = self._reader.settings.propensity
        title, what = self._target(rule.target)
        days = rule.horizon_days or default.horizon_days
        return RuleWords(
            title=title,
            what=(*what, *self._horizon(rule.target, days)),
            whom=tuple(self._whom(rule, active_within_days=default.active_within_days)),
            not_whom=tuple(self._not_whom(rule.exclude)),
            how_many=tuple(self._how_many(rule)),
        )

    def _target(self, target: TargetRule) -> tuple[str, tuple[str, ...]]:
        """The title, and what more there is to say."""
        say = self.say
        if target.product_ids:
            return self._named(
                [self._names.product(each) for each in target.product_ids[:MOST_NAMES]], len(target.product_ids)
            ), ()
        if target.list_id is not None:
            return say("Products of the list “%(name)s”", name=self._names.list_(target.list_id)), ()
        if target.launch is not None:
            return say("A new product in %(category)s", category=target.launch.category), self._launch(target.launch)
        if target.event is not None:
            return self._event(target.event), ()
        if target.lapse:
            return say("About to stop buying"), ()
        return self._attributes(target), ()

    def _attributes(self, target: TargetRule) -> str:
        say = self.say
        words = {
            "department": say("department"),
            "category": say("category"),
            "subcategory": say("product type"),
            "brand": say("brand"),
        }
        given = dict(target.attributes)
        condition = given.pop("filter", None)
        if list(given) == ["category"] and condition is None:
            return given["category"]
        parts = [say("%(kind)s %(name)s", kind=words[kind], name=name) for kind, name in given.items()]
        if condition is not None:
            parts.append(say("products with %(condition)s", condition=condition))
        return self._listed(parts)

    def _launch(self, launch: LaunchDescription) -> tuple[str, ...]:
        say = self.say
        said = [say("Never sold so far.")]
        if launch.subcategory is not None:
            said.append(say("Product type: %(name)s", name=launch.subcategory))
        if launch.brand is not None:
            said.append(say("Brand: %(name)s", name=launch.brand))
        if launch.price is not None:
            said.append(say("Price: %(amount)s", amount=self._written.money(launch.price)))
        if launch.is_private_label is not None:
            said.append(say("The shop's own label") if launch.is_private_label else say("Not the shop's own label"))
        if launch.analogues:
            names = [self._names.product(each) for each in launch.analogues[:MOST_NAMES]]
            said.append(say("Taken to be like: %(names)s", names=self._named(names, len(launch.analogues))))
        if launch.unlike:
            names = [self._names.product(each) for each in launch.unlike[:MOST_NAMES]]
            said.append(say("Not taken to be like: %(names)s", names=self._named(names, len(launch.unlike))))
        return tuple(said)

    def _event(self, event: EventType) -> str:
        match event:
            case EventType.VISIT:
                return self.say("Will buy anything")
            case EventType.JOIN:
                return self.say("Will join")
            case EventType.COUPON_REDEEMED:
                return self.say("Will use a coupon")

    def _horizon(self, target: TargetRule, days: int) -> tuple[str, ...]:
        count = {"days": self._written.number(days)}
        if target.lapse:
            return (self.say("Counts if nothing is bought for %(days)s days.", **count),)
        if target.event is not None:
            return (self.say("Counts if it happens within %(days)s days.", **count),)
        return (self.say("Counts if it is bought within %(days)s days.", **count),)

    def _whom(self, rule: AudienceRule, *, active_within_days: int) -> list[str]:
        say, population = self.say, rule.population
        days = population.bought_within_days or active_within_days
        said = [say("bought anything within the last %(days)s days", days=self._written.number(days))]
        said += self._of_population(population)
        if rule.combine is not None:
            said.append(self._combination(rule.combine))
        if rule.channel is not None:
            channel = channel_word(rule.channel, self._reader)
            said.append(say("may be told by %(channel)s: the contact is known and they agreed", channel=channel))
        return said

    def _of_population(self, population: PopulationRule) -> list[str]:
        say = self.say
        said = []
        if (bought := population.bought_category_within) is not None:
            days = self._written.number(bought.days)
            said.append(say("bought %(category)s within the last %(days)s days", category=bought.category, days=days))
        if population.tags:
            tags = [self._names.tag(each) for each in population.tags]
            said.append(say("has one of the tags: %(names)s", names=self._quoted(tags)))
        if population.store_ids:
            stores = [self._names.store(each) for each in population.store_ids]
            said.append(say("bought in the stores: %(names)s", names=self._listed(stores)))
        if population.channels:
            said.append(say("bought through: %(names)s", names=self._listed(population.channels)))
        if population.filter is not None:
            said.append(say("fits the condition: %(condition)s", condition=population.filter))
        return said

    def _not_whom(self, exclude: ExcludeRule) -> list[str]:
        say, number = self.say, self._written.number
        said = []
        if exclude.bought_within_days is not None:
            said.append(say("bought it within the last %(days)s days", days=number(exclude.bought_within_days)))
        if exclude.contacted_within_days is not None:
            said.append(
                say("was told something within the last %(days)s days", days=number(exclude.contacted_within_days))
            )
        said += [say("is in the audience “%(name)s”", name=self._names.audience(each)) for each in exclude.audience_ids]
        return said

    def _how_many(self, rule: AudienceRule) -> list[str]:
        say, written = self.say, self._written
        if rule.size is not None:
            said = [say("the %(number)s likeliest", number=written.number(rule.size))]
        elif rule.min_probability is not None:
            said = [say("everybody with a chance of %(share)s or more", share=written.percent(rule.min_probability, 1))]
        elif rule.expected_buyers is not None:
            number = written.number(rule.expected_buyers, 1)
            said = [say("as few as are expected to bring %(number)s buyers", number=number)]
        else:
            said = [say("everybody who is left")]
        if rule.holdout.share:
            share = written.percent(rule.holdout.share, 0 if round(rule.holdout.share * 100, 6).is_integer() else 1)
            said.append(
                say("%(share)s of them, taken by lot, are not told, so that the effect can be seen", share=share)
            )
        if rule.with_coupons:
            said.append(say("each with the running coupon that fits best"))
        if rule.as_of is not None:
            said.append(say("as if it were %(moment)s", moment=written.moment(rule.as_of)))
        return said

    def _combination(self, tree: Combination) -> str:
        say = self.say
        match tree:
            case Leaf(source="audience", id=id_):
                return say("is in the audience “%(name)s”", name=self._names.audience(id_))
            case Leaf(id=id_):
                return say("is in the list “%(name)s”", name=self._names.list_(id_))
            case Not(part=Leaf(source="audience", id=id_)):
                return say("is not in the audience “%(name)s”", name=self._names.audience(id_))
            case Not(part=Leaf(id=id_)):
                return say("is not in the list “%(name)s”", name=self._names.list_(id_))
            case Not(part=part):
                return say("not (%(part)s)", part=self._combination(part))
            case All(parts=parts):
                return say(" and ").join(self._inner(each) for each in parts)
            case Some(parts=parts):
                return say(" or ").join(self._inner(each) for each in parts)

    def _inner(self, tree: Combination) -> str:
        said = self._combination(tree)
        return f"({said})" if isinstance(tree, All | Some) and len(tree.parts) > 1 else said

    def _named(self, names: Sequence[str], count: int) -> str:
        further = count - len(names)
        listed = self._listed(names)
        if not further:
            return listed
        return self.say("%(names)s and %(number)s more", names=listed, number=self._written.number(further))

    def _quoted(self, names: Sequence[str]) -> str:
        return self._listed([self.say("“%(name)s”", name=each) for each in names])

    def _listed(self, names: Sequence[str]) -> str:
        return self.say(", ").join(names)
