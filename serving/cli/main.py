"""The `faces` command line: gathers the commands and turns errors into one readable line."""

from __future__ import annotations

import logging
import sys

import typer

from features.contracts.errors import FacesError, SettingsError
from serving.cli import (
    audience,
    demo,
    evaluate,
    features,
    forget,
    generate,
    keys,
    load,
    loads,
    members,
    promote,
    recommend,
    release,
    replay,
    report,
    results,
    score,
    serve,
    tags,
    train,
    users,
)

REFUSED = 1
MISUSED = 2

app = typer.Typer(
    name="faces",
    help="What to show each member, and which members to tell. Commands follow the way of the data, top to bottom.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command("load")(load.load)
app.command("forget")(forget.forget)
app.command("features")(features.features)
app.command("tags")(tags.tags)
app.command("train")(train.train)
app.command("promote")(promote.promote)
app.command("release")(release.release)
app.command("score")(score.score)
app.command("recommend")(recommend.recommend)
app.command("audience")(audience.audience)
app.command("results")(results.results)
app.command("serve")(serve.serve)
app.command("replay")(replay.replay)
app.command("demo")(demo.demo)
app.command("generate")(generate.generate)
app.add_typer(evaluate.app, name="evaluate")
app.add_typer(keys.app, name="keys")
app.add_typer(users.app, name="users")
app.add_typer(report.app, name="report")
app.add_typer(loads.app, name="loads")
app.add_typer(members.app, name="members")


@app.callback()
def options(
    *,
    debug: bool = typer.Option(False, "--debug", help="show the traceback of an error"),
) -> None:
    """Read by `main` before the command runs; here for --help alone."""
    del debug


def main() -> None:
    """Runs a command: exit 0 done, 1 refused with one line, 2 misuse; a traceback with --debug alone."""
    # Libraries' deprecations are for whoever updates them; a filter would not do, as Feast sets them all anew.
    logging.captureWarnings(True)
    try:
        app()
    except FacesError as error:
        if "--debug" in sys.argv:
            raise
        print(" ".join(str(error).split()), file=sys.stderr)
        raise SystemExit(MISUSED if isinstance(error, SettingsError) else REFUSED) from error


if __name__ == "__main__":
    main()
