"""The audit trail in words: who did what."""

from __future__ import annotations

from collections.abc import Mapping

from serving import going_back
from serving.accounts.roles import Role
from serving.accounts.sign_in import UNKNOWN
from serving.console.languages import Language
from serving.console.words.account import role_words
from serving.exports.made import BEGUN, FINISHED
from serving.ports import Json
from serving.records.audit import AuditEntry

_USER = "user:"


def who_words(who: str, language: Language, key_names: Mapping[str, str]) -> str:
    """Who did it: a user, a key by its name, or the service itself."""
    say = language.say
    if who.startswith(_USER):
        return who.removeprefix(_USER)
    if who in key_names:
        return say("the key %(name)s", name=key_names[who])
    known = {"command": say("the command line"), "service": say("the service"), UNKNOWN: say("somebody not signed in")}
    return known.get(who, who)


def act_words(entry: AuditEntry, language: Language, key_names: Mapping[str, str]) -> str:
    """What was done, in a sentence."""
    details = entry.details
    sentence = _account_act(entry.what, details, language) or _other_act(entry.what, details, language, key_names)
    # what an act of a later version is called says more than nothing
    return sentence or entry.what.replace("_", " ")


def _account_act(what: str, details: Json, language: Language) -> str | None:
    say, user = language.say, str(details.get("user", ""))
    by_key = details.get("by") == "key"
    match what:
        case "signed_in":
            return say("Signed in with an API key.") if by_key else say("Signed in.")
        case "signed_out":
            return say("Signed out.")
        case "sign_in_refused" | "locked_out":
            return _refused(user, language, by_key=by_key, is_locked=what == "locked_out")
        case "user_created":
            role = role_words(details["role"], language) if details.get("role") in set(Role) else ""
            if (store := details.get("store_id")) is not None:
                return say("Added %(user)s as %(role)s of the store %(store)s.", user=user, role=role, store=store)
            return say("Added %(user)s as %(role)s.", user=user, role=role)
        case "password_changed":
            return say("Gave %(user)s another password.", user=user)
        case "user_disabled":
            return say("Disabled %(user)s.", user=user)
        case "user_enabled":
            return say("Enabled %(user)s again.", user=user)
        case "user_unlocked":
            return say("Unlocked %(user)s.", user=user)
    return None


def _refused(user: str, language: Language, *, by_key: bool, is_locked: bool) -> str:
    say = language.say
    if is_locked:
        if user:
            return say("Failed to sign in as %(user)s so often that sign-ins wait for a while.", user=user)
        return say("Failed to sign in so often that sign-ins wait for a while.")
    if by_key:
        return say("Failed to sign in with an API key.")
    if user:
        return say("Failed to sign in as %(user)s.", user=user)
    return say("Failed to sign in as a user that there is not.")


def _other_act(what: str, details: Json, language: Language, key_names: Mapping[str, str]) -> str | None:
    say = language.say
    match what:
        case "key_created":
            return say("Made the key %(name)s.", name=details.get("name", ""))
        case "key_revoked":
            key_id = str(details.get("key_id", ""))
            return say("Revoked the key %(name)s.", name=key_names.get(key_id, key_id))
        case "list_deleted":
            return say("Deleted a list.")
        case "forgetting_asked":
            return say("Asked to have a member forgotten.")
        case "recommendations_unlogged":
            return say("Lost %(lost)s entries of the log of recommendations.", lost=details.get("lost", 0))
        case going_back.ACT:
            return say("Went back to the release %(release)s.", release=details.get("release_id", ""))
    if what == BEGUN:
        if (destination := details.get("destination")) is not None:
            return say("Exported an audience for %(destination)s.", destination=destination)
        return say("Exported an audience.")
    return say("An export was written to its end.") if what == FINISHED else None
