"""The promise that the path to Spark stays open: every group's expression compiles to Spark SQL, without a JVM."""

from __future__ import annotations

from datetime import datetime

import ibis
from ibis.config import Config

from features.contracts.clock import EPOCH
from features.groups.catalogue import GROUPS
from features.groups.declaration import FeatureGroup
from features.tables.shop_tables import unbound_shop_tables


class _SparkOptions(Config):  # type: ignore[misc]  # Ibis ships no types
    """What Ibis' Spark compiler asks of the options; Ibis registers them only where pyspark is installed."""

    treat_nan_as_null: bool = False


def spark_sql(group: FeatureGroup, *, as_of: datetime) -> str:
    """The group's computation at `as_of` as Spark SQL. Raises what Ibis raises where Spark lacks an operation."""
    if ibis.options.pyspark is None:
        ibis.options.pyspark = _SparkOptions()
    return str(ibis.to_sql(group.expression(unbound_shop_tables(), as_of), dialect="pyspark"))


def main() -> None:
    """Compiles every group; the traceback of the first that fails says which operation Spark lacks."""
    for group in GROUPS.values():
        sql = spark_sql(group, as_of=EPOCH)
        print(f"{group.name}: {len(sql):,} characters of Spark SQL")


if __name__ == "__main__":
    main()
