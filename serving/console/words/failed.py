"""Why an audience could not be built, in words that a marketer can act on."""

from __future__ import annotations

from serving.audiences.job import UNEXPECTED
from serving.console.languages import Language


def failed_words(error: str | None, language: Language) -> str:
    """What to do about the error of a failed audience; what exactly was wrong is the error itself."""
    say = language.say
    if error is None or error == UNEXPECTED:
        return say("Something unexpected happened. Try again; if it comes again, tell whoever runs the service.")
    where = error.partition(":")[0]
    if where.startswith(("target", "launch")):
        return say("The shop does not know what is to be sold, or never sold it. Choose it again from the search.")
    if where.startswith("list"):
        return say("A list that was named is gone, or nobody on it is known. Choose another list.")
    if where.startswith("audience"):
        return say("An audience that was named is gone or not ready, or the conditions contradict each other.")
    if where.startswith(("population", "filter", "combine", "exclude")):
        return say("The conditions on members cannot be understood. Change them.")
    if where.startswith(("release", "results", "features", "tables")):
        return say("The shop's data or models are not ready for it. Tell whoever runs the service.")
    return say("Start again from what was asked for, and change it.")
