"""What is loaded, and why a row could not be used, in words."""

from __future__ import annotations

from serving.console.languages import Language, to_say

TABLES = {
    "products": to_say("products"),
    "stores": to_say("stores"),
    "member_records": to_say("members of each channel"),
    "order_lines": to_say("purchases"),
    "contacts": to_say("consents to be contacted"),
    "campaigns": to_say("campaigns"),
    "coupons": to_say("coupons"),
    "coupon_products": to_say("products of coupons"),
    "coupon_redemptions": to_say("coupons used"),
    "promotions": to_say("promotions"),
    "product_states": to_say("which products are on sale"),
    "contents": to_say("contents"),
    "events": to_say("events"),
    "member_facts": to_say("facts about members"),
    "associates": to_say("associates"),
    "stock": to_say("stock"),
}
"""Tables as a marketer calls them; a table without a name of its own keeps the contract's."""

REASONS = {
    "impossible_date": to_say("a date that cannot be"),
    "impossible_quantity": to_say("a quantity that cannot be"),
    "impossible_amount": to_say("an amount that cannot be"),
    "incomplete_member": to_say("a member who is only half named"),
    "duplicate_key": to_say("the same row came before"),
}
OF_A_COLUMN = {
    "missing_": to_say("nothing stands in the column %(column)s"),
    "bad_value:": to_say("what stands in the column %(column)s is not of its kind"),
    "orphan_": to_say("the column %(column)s names something that is nowhere described"),
}


def table_words(table: str, language: Language) -> str:
    """The name of a table."""
    return language.say(TABLES[table]) if table in TABLES else table


def reason_words(reason: str, language: Language) -> str:
    """Why rows were rejected."""
    if reason in REASONS:
        return language.say(REASONS[reason])
    for start, words in OF_A_COLUMN.items():
        if reason.startswith(start):
            return language.say(words, column=reason.removeprefix(start))
    return reason
