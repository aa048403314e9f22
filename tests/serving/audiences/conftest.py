"""A literal shop for the tests of audiences."""

from __future__ import annotations

from pathlib import Path

import pytest
from literal_audience_shop import literal_audience_shop

from features.contracts.settings import load_settings
from serving.audiences.shop_at import ShopAt


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> ShopAt:
    home: Path = tmp_path_factory.mktemp("audience-shop")
    return literal_audience_shop(load_settings(home=home))
