"""What a build asks of the shop's records: earlier audiences, uploaded lists, and who was told something lately."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from training.protocol import Ids


@dataclass(frozen=True, kw_only=True)
class EarlierAudience:
    """An audience that was asked for before."""

    audience_id: str
    state: str
    """`done` when its members can be read."""
    member_ids: Ids
    """str (members,): those selected to be told; the held out ones are not among them."""
    held_out_ids: Ids
    """str (members,): those selected and held out."""


@dataclass(frozen=True, kw_only=True)
class MemberList:
    """An uploaded list of people, resolved to the members that they are now."""

    list_id: str
    kind: Literal["member_id", "phone_hash"]
    member_ids: Ids
    """str (members,): each once."""
    unknown: int
    """Ids of the list that belong to no member."""


@dataclass(frozen=True, kw_only=True)
class ProductList:
    """An uploaded list of products."""

    list_id: str
    product_ids: Ids
    """str (products,): each once, known to the shop."""
    unknown: int
    """Ids of the list that are no product of the shop."""


class World(Protocol):
    """The records of one shop as a build reads them."""

    def audience(self, audience_id: str) -> EarlierAudience | None:
        """An audience in whatever state; None when there is none of that id."""

    def member_list(self, list_id: str) -> MemberList | None:
        """A list of members; None when there is none of that id, or when it lists products."""

    def product_list(self, list_id: str) -> ProductList | None:
        """A list of products; None when there is none of that id, or when it lists members."""

    def exported_since(self, moment: datetime) -> Ids:
        """str (members,): members that an export handed to a channel at `moment` or later, each once."""

    def forgotten(self, member_ids: Ids) -> npt.NDArray[np.bool_]:
        """bool (member_ids,): members who asked to be forgotten."""


@dataclass(frozen=True)
class NoWorld:
    """Records without anything in them: what a build without a service is asked with."""

    def audience(self, audience_id: str) -> EarlierAudience | None:  # noqa: ARG002 - there is none of any id
        return None

    def member_list(self, list_id: str) -> MemberList | None:  # noqa: ARG002 - there is none of any id
        return None

    def product_list(self, list_id: str) -> ProductList | None:  # noqa: ARG002 - there is none of any id
        return None

    def exported_since(self, moment: datetime) -> Ids:  # noqa: ARG002 - nobody was ever told anything
        return np.empty(0, dtype=np.str_)

    def forgotten(self, member_ids: Ids) -> npt.NDArray[np.bool_]:
        return np.zeros(len(member_ids), dtype=np.bool_)
