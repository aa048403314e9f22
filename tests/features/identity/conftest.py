"""A shop whose identity state lives as long as the test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import pytest
from literal_identity import NOW, RULES, Found, Row, resolved

from features.contracts.identity_settings import IdentitySettings
from features.contracts.paths import ShopPaths


@pytest.fixture
def paths(tmp_path: Path) -> ShopPaths:
    return ShopPaths(root=tmp_path / "shop")


@pytest.fixture
def resolve(paths: ShopPaths) -> Callable[..., Found]:
    def run(
        records: Sequence[Row], orders: Sequence[Row] = (), *, rules: IdentitySettings = RULES, now: datetime = NOW
    ) -> Found:
        return resolved(records, orders, rules=rules, paths=paths, now=now)

    return run
