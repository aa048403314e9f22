"""The events that are understood: names of Segment's e-commerce specification, and those of shops and messages."""

from __future__ import annotations

from enum import StrEnum


class EventType(StrEnum):
    """What happened."""

    PRODUCTS_SEARCHED = "Products Searched"
    PRODUCT_LIST_VIEWED = "Product List Viewed"
    PRODUCT_LIST_FILTERED = "Product List Filtered"
    PROMOTION_VIEWED = "Promotion Viewed"
    PROMOTION_CLICKED = "Promotion Clicked"
    PRODUCT_CLICKED = "Product Clicked"
    PRODUCT_VIEWED = "Product Viewed"
    PRODUCT_ADDED = "Product Added"
    PRODUCT_REMOVED = "Product Removed"
    CART_VIEWED = "Cart Viewed"
    CHECKOUT_STARTED = "Checkout Started"
    CHECKOUT_STEP_VIEWED = "Checkout Step Viewed"
    CHECKOUT_STEP_COMPLETED = "Checkout Step Completed"
    PAYMENT_INFO_ENTERED = "Payment Info Entered"
    ORDER_UPDATED = "Order Updated"
    ORDER_COMPLETED = "Order Completed"
    ORDER_REFUNDED = "Order Refunded"
    ORDER_CANCELLED = "Order Cancelled"
    COUPON_ENTERED = "Coupon Entered"
    COUPON_APPLIED = "Coupon Applied"
    COUPON_DENIED = "Coupon Denied"
    COUPON_REMOVED = "Coupon Removed"
    PRODUCT_ADDED_TO_WISHLIST = "Product Added to Wishlist"
    PRODUCT_REMOVED_FROM_WISHLIST = "Product Removed from Wishlist"
    WISHLIST_PRODUCT_ADDED_TO_CART = "Wishlist Product Added to Cart"
    PRODUCT_SHARED = "Product Shared"
    CART_SHARED = "Cart Shared"
    PRODUCT_REVIEWED = "Product Reviewed"
    STORE_ENTERED = "Store Entered"
    ZONE_DWELLED = "Zone Dwelled"
    STORE_LEFT = "Store Left"
    CONTENT_VIEWED = "Content Viewed"
    CONTENT_SHARED = "Content Shared"
    COUPON_CLAIMED = "Coupon Claimed"
    MESSAGE_SENT = "Message Sent"
    MESSAGE_OPENED = "Message Opened"
    MESSAGE_CLICKED = "Message Clicked"


NEEDED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        (
            EventType.PRODUCT_CLICKED,
            EventType.PRODUCT_VIEWED,
            EventType.PRODUCT_ADDED,
            EventType.PRODUCT_REMOVED,
            EventType.PRODUCT_ADDED_TO_WISHLIST,
            EventType.PRODUCT_REMOVED_FROM_WISHLIST,
            EventType.WISHLIST_PRODUCT_ADDED_TO_CART,
            EventType.PRODUCT_SHARED,
            EventType.PRODUCT_REVIEWED,
        ),
        ("product_id",),
    ),
    **dict.fromkeys((EventType.ORDER_COMPLETED, EventType.ORDER_REFUNDED, EventType.ORDER_CANCELLED), ("order_id",)),
    **dict.fromkeys((EventType.STORE_ENTERED, EventType.STORE_LEFT), ("store_id",)),
    EventType.ZONE_DWELLED: ("store_id", "zone"),
    **dict.fromkeys((EventType.CONTENT_VIEWED, EventType.CONTENT_SHARED), ("content_id",)),
    **dict.fromkeys((EventType.COUPON_CLAIMED, EventType.COUPON_APPLIED), ("coupon_id",)),
}
"""Columns that an event of a type says nothing without."""

ANONYMOUS = "anonymous"
"""Source of a person known by nothing but a cookie or a device; the id is that of the cookie."""

BY_MEMBER_ID = "member"
"""Source of an event that named the member by its own id; the id is the member's."""
