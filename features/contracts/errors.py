"""Every error that Thousand Faces raises on purpose.

FacesError
├── SettingsError            settings.toml or the environment is wrong
├── Refused                  the command was understood and will not be done (exit 1)
│   ├── NothingLoaded        an earlier step has not been run
│   ├── TooManyRejected      the rejected share passed the limit
│   ├── TooLittleData        a model asks for more than the shop has
│   ├── MissingColumn        a table lacks a required column
│   ├── WorseThanChampion    the promotion gate
│   ├── ReleaseDamaged       checksum, missing file or another feature schema
│   ├── RecordsUnavailable   the record store cannot be opened
│   ├── AccountRefused       a user, role or password that cannot be; carries why
│   └── Busy                 the same command is running already
├── StoreUnavailable         the online store cannot be read or written
└── RequestError             an HTTP request that cannot be answered; carries status and code
    ├── BadRequest 422, Unauthorized 401, Forbidden 403, NotFound 404, Conflict 409,
        TooBusy 503
"""

from __future__ import annotations


class FacesError(Exception):
    """A message says what, where, what was found and how to mend it."""


class SettingsError(FacesError):
    """settings.toml or a FACES_ variable is wrong."""


class Refused(FacesError):
    """The command was understood and will not be done: exit code 1, one readable line."""


class NothingLoaded(Refused):
    """An earlier step of the way of the data has not been run."""


class TooManyRejected(Refused):
    """More rows were rejected than the settings allow; nothing downstream was changed."""


class TooLittleData(Refused):
    """A model asks for more than the shop has; `why` says what there is and what it takes."""

    def __init__(self, what: str, why: str = "there is too little data") -> None:
        super().__init__(f"{what}: {why}; load more history")
        self.why = why


class MissingColumn(Refused):
    """A table lacks a column that its contract requires."""


class WorseThanChampion(Refused):
    """The promotion gate: the candidate is worse than the champion beyond its error."""


class ReleaseDamaged(Refused):
    """A release lacks a file, fails its checksum or was built for another feature schema."""


class RecordsUnavailable(Refused):
    """The record store cannot be opened: no database answers, or not to this role."""


class AccountRefused(Refused):
    """A user, a role or a password that cannot be; `why` is for whoever says it in another language."""

    def __init__(self, message: str, *, why: str = "other") -> None:
        super().__init__(message)
        self.why = why


class Busy(Refused):
    """The same command is running already for this shop."""


class StoreUnavailable(FacesError):
    """The online store cannot be read or written."""


class RequestError(FacesError):
    """An HTTP request that cannot be answered as it stands."""

    status = 400
    code = "bad_request"


class BadRequest(RequestError):
    """The body or a parameter is wrong."""

    status = 422
    code = "invalid_request"


class Unauthorized(RequestError):
    """No key, or one that is not known."""

    status = 401
    code = "unauthorized"


class Forbidden(RequestError):
    """The key lacks the scope that the route asks for."""

    status = 403
    code = "forbidden"


class NotFound(RequestError):
    """There is nothing under that id."""

    status = 404
    code = "not_found"


class Conflict(RequestError):
    """The request contradicts an earlier one (idempotency key, finished job)."""

    status = 409
    code = "conflict"


class TooBusy(RequestError):
    """More waits already than is allowed to; the same request may come again after `retry_seconds`."""

    status = 503
    code = "busy"
    retry_seconds = 1
