"""A sample of members."""

from __future__ import annotations

import numpy as np

from serving.audiences.sample import spread


def test_a_sample_is_spread_over_all_and_the_same_every_time() -> None:
    places = np.arange(1_000)
    assert spread(places, 5).tolist() == [0, 249, 499, 749, 999]
    assert spread(places[:3], 5).tolist() == [0, 1, 2]
