"""Somebody asks to be forgotten: who is meant is kept as to be removed, and excluded from that moment on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from features.contracts.events import BY_MEMBER_ID
from features.contracts.forgotten import Marker, Named, marker_of
from features.contracts.identifiers import normalised_card
from features.contracts.ids import MemberId
from features.contracts.secrecy import ContactCipher, contact_cipher
from features.contracts.settings import Settings
from features.forgetting.names import Names
from features.forgetting.person import names_of_contact, names_of_member, names_of_person
from serving.answers import MemberRef
from serving.new_ids import new_id
from serving.records.audit import AuditEntry, add_audit
from serving.records.forgotten import Forgetting, add_forgetting, forgetting_of_mark
from serving.records.opening import Records


@dataclass(frozen=True, kw_only=True)
class Asking:
    """Takes up who asks to be forgotten."""

    settings: Settings
    records: Records
    who: str
    """Who passes it on, for the audit."""

    def forget(self, member: MemberRef, *, known_as: MemberId | None, at: datetime) -> Forgetting | None:
        """The forgetting of a member, the one of before when it was asked for already; None for somebody unknown.

        `known_as`: the member as the release in service knows it.
        """
        cipher = contact_cipher(self.settings)
        marker = marker_of(cipher)
        # read before the transaction: nobody waits for the tables
        names = self._names(member, cipher, known_as=known_as)
        with self.records.writing() as transaction:
            transaction.wait_for_turn("forgettings")
            for mark in _marks(member, cipher, marker):
                before = forgetting_of_mark(transaction, mark)
                if before is not None:
                    return before
            if not names:
                return None
            forgetting = add_forgetting(transaction, new_id(at), names, marker=marker, at=at)
            details = {"forgetting_id": forgetting.forgetting_id}
            add_audit(transaction, AuditEntry(what="forgetting_asked", who=self.who, at=at, details=details))
        return forgetting

    def _names(self, member: MemberRef, cipher: ContactCipher, *, known_as: MemberId | None) -> Names:
        settings, names = self.settings, Names()
        if member.member_id is not None:
            names = names_of_member(settings, member.member_id)
        elif member.source is not None and member.source_id is not None:
            names = names_of_person(settings, member.source, member.source_id)
        elif member.phone_hash is not None:
            names = names_of_contact(settings, Named.PHONE, cipher.hash_given(member.phone_hash))
        elif member.wechat_openid is not None:
            names = names_of_contact(settings, Named.OPENID, member.wechat_openid)
        elif member.card_no is not None:
            names = names_of_contact(settings, Named.CARD, member.card_no)
        if known_as is not None and known_as not in names.member_ids:
            names |= names_of_member(settings, known_as) | Names(member_ids=frozenset({str(known_as)}))
        # events may name a member by the id alone
        return names | Names(people=frozenset((BY_MEMBER_ID, member_id) for member_id in names.member_ids))


def _marks(member: MemberRef, cipher: ContactCipher, marker: Marker) -> list[str]:
    """The marks of the name that was given."""
    if member.member_id is not None:
        return [marker.mark(Named.MEMBER, member.member_id)]
    if member.source is not None and member.source_id is not None:
        return [marker.mark(Named.PERSON, member.source, member.source_id)]
    if member.phone_hash is not None:
        return [marker.mark(Named.PHONE, cipher.hash_given(member.phone_hash))]
    if member.card_no is not None:
        written = (member.card_no, normalised_card(member.card_no))
        return [marker.mark(Named.CARD, each) for each in written if each is not None]
    return [] if member.wechat_openid is None else [marker.mark(Named.OPENID, member.wechat_openid)]
