"""Accounts in words: roles, what they may do, why something was refused, and what the audit trail tells."""

from __future__ import annotations

from datetime import datetime

from features.contracts.errors import AccountRefused
from serving.accounts.passwords import LEAST_CHARACTERS, MOST_CHARACTERS
from serving.accounts.roles import Role
from serving.auth import ApiKey, Scope
from serving.console.languages import Language
from serving.console.visit import Reader


def role_words(role: str, language: Language) -> str:
    """The role's name."""
    say = language.say
    return {
        Role.MARKETER: say("Marketer"),
        Role.ASSOCIATE: say("Store associate"),
        Role.ANALYST: say("Analyst"),
        Role.ADMIN: say("Administrator"),
    }[Role(role)]


def role_meaning(role: Role, language: Language) -> str:
    """What the role is for, in a sentence."""
    say = language.say
    return {
        Role.MARKETER: say("Builds audiences and launches, looks members up, and exports."),
        Role.ASSOCIATE: say("Serves members in one store: the store's list, members and what to recommend them."),
        Role.ANALYST: say("Sees everything, builds audiences without exporting, and goes back to an earlier release."),
        Role.ADMIN: say("May do everything, and makes the accounts."),
    }[role]


def scope_words(holder: ApiKey, language: Language) -> list[str]:
    """What somebody may do, one line each."""
    say = language.say
    acts = {
        Scope.AUDIENCES: say("Build audiences, and see their results"),
        Scope.EXPORT: say("Export members with their contacts"),
        Scope.MEMBERS: say("Look members up"),
        Scope.RECOMMEND: say("See recommendations"),
        Scope.ASSOCIATE: say("Work with the lists of a store"),
        Scope.EVENTS: say("Send events"),
        Scope.RELEASES: say("Go back to an earlier release"),
        Scope.PRIVACY: say("Have members forgotten"),
        Scope.ADMIN: say("Make accounts"),
    }
    return [words for scope, words in acts.items() if holder.may(scope)]


def locked_words(reader: Reader, until: datetime) -> str:
    """That sign-ins wait, and until when."""
    moment = reader.written.moment(until)
    return reader.language.say(
        "Too many sign-ins failed. Try again after %(moment)s, or ask an administrator.", moment=moment
    )


def refusal_words(refused: AccountRefused, language: Language) -> str:
    """Why an account or a password cannot be, and what can."""
    say = language.say
    match refused.why:
        case "password_short":
            return say("This password is too short. Take at least %(least)s characters.", least=LEAST_CHARACTERS)
        case "password_long":
            return say("This password is too long. Take at most %(most)s characters.", most=MOST_CHARACTERS)
        case "password_plain":
            return say("This password is too easy to guess. Take several words, without the user's name.")
        case "name_taken":
            return say("There is a user of that name already. Take another name.")
        case "name_wrong":
            return say("A name has up to 40 letters, digits, dots, dashes and underscores, a letter or digit first.")
        case "store_missing":
            return say("A store associate works in a store. Choose it.")
        case "store_given":
            return say("Only store associates belong to a store. Leave the store out.")
        case "store_wrong":
            return say("There is no such store.")
        case "disable_oneself":
            return say("You cannot disable yourself. Another administrator can.")
        case "unknown":
            return say("There is no such user.")
        case _:
            return str(refused)
