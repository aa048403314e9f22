"""`faces evaluate`: how good the models are on what came later, beside everything simpler."""

from __future__ import annotations

import typer

from serving.cli.evaluate_coupons import evaluate_coupons
from serving.cli.evaluate_expected import evaluate_expected
from serving.cli.evaluate_identity import evaluate_identity
from serving.cli.evaluate_launches import evaluate_launches
from serving.cli.evaluate_newcomers import evaluate_newcomers
from serving.cli.evaluate_propensity import evaluate_propensity
from serving.cli.evaluate_recommendations import evaluate_recommendations

app = typer.Typer(
    name="evaluate",
    help="Show how good recommendations and coupon ranking are on what came later.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)
app.command("recommendations")(evaluate_recommendations)
app.command("newcomers")(evaluate_newcomers)
app.command("coupons")(evaluate_coupons)
app.command("launches")(evaluate_launches)
app.command("expected")(evaluate_expected)
app.command("identity")(evaluate_identity)
app.command("propensity")(evaluate_propensity)
