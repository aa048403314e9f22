"""`faces serve`: answer over HTTP."""

from __future__ import annotations

from typing import Annotated

import typer

from features.contracts.settings import Settings
from serving.cli.options import AsOf, settings_at
from serving.cli.screen import say

Port = Annotated[int | None, typer.Option(min=1, max=65535, help="port to listen on; default: serving.port")]


def serve(*, port: Port = None, as_of: AsOf = None) -> None:
    """Serve the active release in the foreground; the service and the job worker are restarted when they die.

    Stop it with Ctrl-C. A new release is taken up without a restart.
    """
    from serving.supervisor import supervise

    settings, _ = settings_at(as_of)
    raise typer.Exit(supervise(on_port(settings, port), say=say))


def on_port(settings: Settings, port: int | None) -> Settings:
    """The settings with another port."""
    if port is None:
        return settings
    return settings.model_copy(update={"serving": settings.serving.model_copy(update={"port": port})})
