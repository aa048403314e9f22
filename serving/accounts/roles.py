"""What each kind of user may do: a role is a set of the API's scopes."""

from __future__ import annotations

from enum import StrEnum

from serving.auth import Scope


class Role(StrEnum):
    """What a user is there for."""

    MARKETER = "marketer"
    ASSOCIATE = "associate"
    ANALYST = "analyst"
    ADMIN = "admin"


SCOPES: dict[Role, frozenset[Scope]] = {
    Role.MARKETER: frozenset({Scope.RECOMMEND, Scope.MEMBERS, Scope.AUDIENCES, Scope.EXPORT}),
    Role.ASSOCIATE: frozenset({Scope.ASSOCIATE}),
    Role.ANALYST: frozenset({Scope.RECOMMEND, Scope.MEMBERS, Scope.AUDIENCES, Scope.RELEASES}),
    Role.ADMIN: frozenset({Scope.ADMIN}),
}

OF_ONE_STORE = frozenset({Role.ASSOCIATE})
"""Roles whose users are bound to a store, and the only ones that can be."""
