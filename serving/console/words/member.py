"""What the pages of members and stores say of codes: facts, events, reasons of a worklist, and why offers are few."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

from features.contracts.events import EventType
from serving.answers import MemberFact
from serving.console.languages import Language, to_say
from serving.console.visit import Reader
from serving.members.finding import FoundBy
from serving.stores.worklist import WorkReason

FACTS: dict[str, tuple[str, str]] = {
    "orders_365d": (to_say("Orders within a year"), "number"),
    "orders_91d": (to_say("Orders within 91 days"), "number"),
    "spend_365d": (to_say("Spend within a year"), "money"),
    "spend_91d": (to_say("Spend within 91 days"), "money"),
    "mean_basket_spend": (to_say("Spend of a visit"), "money"),
    "products_per_visit": (to_say("Products of a visit"), "decimal"),
    "mean_price": (to_say("Spend per piece"), "money"),
    "first_ordered_at": (to_say("First purchase"), "day"),
    "last_ordered_at": (to_say("Latest purchase"), "day"),
    "gap_days": (to_say("Usual days between two visits"), "decimal"),
    "product_count": (to_say("Different products"), "number"),
    "category_count": (to_say("Different categories"), "number"),
    "store_count": (to_say("Different stores"), "number"),
    "top_category": (to_say("Most is spent on"), "text"),
    "top_category_share": (to_say("Share of the spend on it"), "percent"),
    "top_brand": (to_say("Brand with most of the spend"), "text"),
    "top_brand_share": (to_say("Share of the spend on the brand"), "percent"),
    "private_label_share": (to_say("Share of own label"), "percent"),
    "discount_share": (to_say("Share bought at a discount"), "percent"),
    "coupon_share": (to_say("Share bought with a coupon"), "percent"),
    "weekend_share": (to_say("Visits at the weekend"), "percent"),
    "morning_share": (to_say("Visits before noon"), "percent"),
    "evening_share": (to_say("Visits from 17:00 on"), "percent"),
}
"""Label and form of the facts that a page shows, in their order; the API has more of them."""

EVENTS: dict[str, str] = {
    EventType.PRODUCTS_SEARCHED: to_say("Searched for products"),
    EventType.PRODUCT_LIST_VIEWED: to_say("Looked through a list of products"),
    EventType.PRODUCT_LIST_FILTERED: to_say("Narrowed a list of products"),
    EventType.PROMOTION_VIEWED: to_say("Saw a promotion"),
    EventType.PROMOTION_CLICKED: to_say("Opened a promotion"),
    EventType.PRODUCT_CLICKED: to_say("Opened a product"),
    EventType.PRODUCT_VIEWED: to_say("Looked at a product"),
    EventType.PRODUCT_ADDED: to_say("Put a product into the basket"),
    EventType.PRODUCT_REMOVED: to_say("Took a product out of the basket"),
    EventType.CART_VIEWED: to_say("Looked at the basket"),
    EventType.CHECKOUT_STARTED: to_say("Began to pay"),
    EventType.CHECKOUT_STEP_VIEWED: to_say("Saw a step of paying"),
    EventType.CHECKOUT_STEP_COMPLETED: to_say("Finished a step of paying"),
    EventType.PAYMENT_INFO_ENTERED: to_say("Said how to pay"),
    EventType.ORDER_UPDATED: to_say("Changed an order"),
    EventType.ORDER_COMPLETED: to_say("Ordered"),
    EventType.ORDER_REFUNDED: to_say("Got money back"),
    EventType.ORDER_CANCELLED: to_say("Cancelled an order"),
    EventType.COUPON_ENTERED: to_say("Entered a coupon"),
    EventType.COUPON_APPLIED: to_say("Used a coupon"),
    EventType.COUPON_DENIED: to_say("Was refused a coupon"),
    EventType.COUPON_REMOVED: to_say("Took a coupon back"),
    EventType.PRODUCT_ADDED_TO_WISHLIST: to_say("Put a product onto the wish list"),
    EventType.PRODUCT_REMOVED_FROM_WISHLIST: to_say("Took a product off the wish list"),
    EventType.WISHLIST_PRODUCT_ADDED_TO_CART: to_say("Put a wish into the basket"),
    EventType.PRODUCT_SHARED: to_say("Shared a product"),
    EventType.CART_SHARED: to_say("Shared the basket"),
    EventType.PRODUCT_REVIEWED: to_say("Reviewed a product"),
    EventType.STORE_ENTERED: to_say("Came into the store"),
    EventType.ZONE_DWELLED: to_say("Stayed in a part of the store"),
    EventType.STORE_LEFT: to_say("Left the store"),
    EventType.CONTENT_VIEWED: to_say("Read an article"),
    EventType.CONTENT_SHARED: to_say("Shared an article"),
    EventType.COUPON_CLAIMED: to_say("Took a coupon"),
    EventType.MESSAGE_SENT: to_say("Was sent a message"),
    EventType.MESSAGE_OPENED: to_say("Opened a message"),
    EventType.MESSAGE_CLICKED: to_say("Followed a message's link"),
}

FOUND_BY: dict[FoundBy, str] = {
    FoundBy.MEMBER_ID: to_say("It is the member's id."),
    FoundBy.CARD: to_say("It is the number of the member's card."),
    FoundBy.PHONE: to_say("It is the member's phone number."),
    FoundBy.SOURCE_ID: to_say("It is the member's id in %(source)s."),
}

WORK: dict[WorkReason, tuple[str, str, str]] = {
    WorkReason.HERE_NOW: (
        to_say("Here now"),
        to_say("Nobody known is in the store at the moment."),
        to_say("Members appear here when the till, the door or the app tells that they came in."),
    ),
    WorkReason.JOINED_TODAY: (
        to_say("Joined today"),
        to_say("Nobody has joined in this store today."),
        to_say("Ask guests whether they want to become members: they appear here after the next load."),
    ),
    WorkReason.DUE: (
        to_say("Expected"),
        to_say("Nobody's usual visit falls on these days."),
        to_say("Members appear here when the time since their last visit has come near their usual one."),
    ),
    WorkReason.BENEFIT_UNCLAIMED: (
        to_say("Has something unused"),
        to_say("Nobody holds an unused benefit."),
        to_say("Members appear here when a running campaign gave them a coupon that they have not used."),
    ),
}
"""Of each reason: title, what an empty list says, and what to do next."""

FALLBACKS: dict[str, str] = {
    "new_member": to_say("Nothing is known of the member's taste yet: this is what somebody new gets."),
    "store_unavailable": to_say("What is known of members cannot be read at the moment: this is what everybody gets."),
}

SHORT: dict[str, str] = {
    "bought_lately": to_say("%(number)s were bought lately"),
    "bought_before": to_say("%(number)s were bought before"),
    "filter": to_say("%(number)s do not belong to this place"),
    "excluded_by_tag": to_say("%(number)s are never shown to members of this kind"),
    "not_active": to_say("%(number)s are not on sale"),
    "out_of_stock": to_say("%(number)s are out of stock"),
}
"""Why products were left out, by the rule's code."""


@dataclass(frozen=True, kw_only=True)
class ToldFact:
    """A fact as a page shows it."""

    label: str
    value: str
    is_name: bool
    """The value is a name out of the shop's data, in the data's language."""


def told_facts(facts: Sequence[MemberFact], reader: Reader) -> tuple[ToldFact, ...]:
    """The facts that have a value, in the order of FACTS."""
    known = {fact.name: fact.value for fact in facts}
    written = reader.written
    forms: dict[str, Callable[[float], str]] = {
        "number": written.number,
        "decimal": lambda value: written.number(value, 1),
        "money": written.money,
        "percent": written.percent,
    }
    told = []
    for name, (label, form) in FACTS.items():
        value = known.get(name)
        if form == "day" and isinstance(value, str):
            value = written.day(value)
        if value is None or (isinstance(value, float) and not isfinite(value)):
            continue
        text = forms[form](value) if isinstance(value, float | int) else str(value)
        told.append(ToldFact(label=reader.language.say(label), value=text, is_name=form == "text"))
    return tuple(told)


def event_words(type_: str, language: Language) -> str:
    """What somebody did; a type that is unknown stands for itself."""
    words = EVENTS.get(type_)
    return type_ if words is None else language.say(words)


def short_words(filtered: Mapping[str, int], reader: Reader) -> tuple[str, ...]:
    """Why there are fewer items than asked for, rule by rule; nothing of a rule that has no words."""
    say, number = reader.language.say, reader.written.number
    return tuple(say(SHORT[code], number=number(removed)) for code, removed in filtered.items() if code in SHORT)
