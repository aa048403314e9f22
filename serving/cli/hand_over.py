"""What `faces load` does before it reads files: the events stored since the last load become a raw batch."""

from __future__ import annotations

from datetime import UTC, datetime

from features.contracts.settings import Settings
from serving.cli.screen import say


def hand_over_events(settings: Settings) -> None:
    """Hands the stored events on to the raw tables, and says how many."""
    from serving.events.to_raw import hand_over
    from serving.records.opening import open_records

    records = open_records(settings)
    try:
        handed = hand_over(settings, records, now=datetime.now(UTC))
    finally:
        records.close()
    if handed:
        say(f"events: {handed:,} told to the service since the last load")
