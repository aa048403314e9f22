from __future__ import annotations

import math
from datetime import timedelta
from pathlib import Path

import pytest
from literal_launches import FIRST, WEEKS, launch_settings, write_launching_shop

from features.contracts.errors import Refused
from training.evaluation.launch_quality import LaunchQuality, with_means
from training.evaluation.launches import WIDER, LaunchReport, LaunchWeeks, evaluate_launches
from training.evaluation.launches_page import launches_section
from training.evaluation.launches_run import launch_rows

AS_OF = FIRST + timedelta(weeks=WEEKS)
SHORT = LaunchWeeks(learn_from=9, learn_to=17, report_from=22, report_to=27, min_buyers=5)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> LaunchReport:
    settings = launch_settings(tmp_path_factory.mktemp("home"))
    build = write_launching_shop(tmp_path_factory.mktemp("build"))
    return evaluate_launches(settings, build, as_of=AS_OF, weeks=SHORT)


def quality(method: str, kind: str, level: str, *, auc: float, lift10: float = 1.0) -> LaunchQuality:
    return LaunchQuality(method=method, kind=kind, level=level, auc=auc, ap=0.1, lift10=lift10)  # type: ignore[arg-type]  # a text


def test_a_gain_is_over_the_best_baseline_of_each_measure() -> None:
    rows = [
        *(quality("a", "baseline", str(n), auc=0.7, lift10=1.0) for n in range(3)),
        *(quality("b", "baseline", str(n), auc=0.6, lift10=3.0) for n in range(3)),
        *(quality("ours", "product", str(n), auc=0.8 + 0.05 * n, lift10=4.0) for n in range(3)),
    ]
    mean = next(row for row in with_means(rows, seed=1) if row.level == "all" and row.method == "ours")
    assert mean.auc == pytest.approx(0.85)
    assert mean.auc_gain == pytest.approx(0.15)
    assert mean.lift10_gain == pytest.approx(1.0)
    assert 0.099 < mean.auc_gain_low < 0.15 < mean.auc_gain_high < 0.201
    assert mean.auc_error == pytest.approx(0.05 / math.sqrt(3))


def test_baselines_have_no_gain() -> None:
    rows = [quality("a", "baseline", "1", auc=0.7), quality("ours", "product", "1", auc=0.8)]
    mean = next(row for row in with_means(rows, seed=1) if row.level == "all" and row.method == "a")
    assert math.isnan(mean.auc_gain)


def test_the_model_tells_who_buys_new_snacks_and_soaps(report: LaunchReport) -> None:
    served = next(row for row in report.rows if row.kind == "product" and row.level == "all")
    # half of the shop is right, and of those each launch is bought by most
    assert served.auc > 0.85
    assert served.launches == report.reported == 6
    assert served.predicted == pytest.approx(served.buyers, rel=0.15)


def test_every_method_has_a_row_for_every_launch_and_one_for_all(report: LaunchReport) -> None:
    methods = {row.method for row in report.rows}
    assert len(methods) == 9
    assert WIDER in methods
    for method in methods - {WIDER}:
        levels = [row.level for row in report.rows if row.method == method]
        assert len(levels) == len(set(levels)) == report.reported + 1
        assert "all" in levels


def test_rows_are_plain_json_and_make_the_page(report: LaunchReport) -> None:
    rows = launch_rows(report.rows)
    assert not any(isinstance(value, float) and math.isnan(value) for row in rows for value in row.values())
    page = launches_section(
        {
            "command": "faces evaluate launches",
            "data": "9 order lines",
            "protocol": "As it is.",
            "rows": rows,
            "launches": dict(report.by_launch),
        }
    )
    assert "| thousand-faces | product |" in page
    assert "CRISPS / Maker 1" in page


def test_too_few_launches_are_refused(tmp_path: Path) -> None:
    build = write_launching_shop(tmp_path / "build")
    with pytest.raises(Refused, match="load more history"):
        evaluate_launches(
            launch_settings(tmp_path), build, as_of=AS_OF, weeks=LaunchWeeks(report_from=60, report_to=70)
        )
