"""Coupon redemption: which members answer a campaign, and which of its coupons they use."""
