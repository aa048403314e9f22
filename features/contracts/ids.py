"""Ids and matrix positions as distinct types, so that one is never used for the other."""

from __future__ import annotations

from typing import NewType

MemberId = NewType("MemberId", str)
ProductId = NewType("ProductId", str)
ReleaseId = NewType("ReleaseId", str)
AudienceId = NewType("AudienceId", str)

MemberRow = NewType("MemberRow", int)
"""Position of a member in a model's matrix; never leaves the model."""

ProductRow = NewType("ProductRow", int)
"""Position of a product in a model's matrix; never leaves the model."""
