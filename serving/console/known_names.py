"""What the things that a rule names are called."""

from __future__ import annotations

from dataclasses import dataclass

from features.contracts.ids import AudienceId, ProductId
from features.contracts.tag_settings import SEPARATOR, declared_tag
from serving.console.visit import Reader
from serving.records.audiences import find_audience
from serving.records.id_lists import find_list
from serving.state import ServiceState


@dataclass(frozen=True, kw_only=True)
class KnownNames:
    """Names by id, in the reader's language where there is a choice; an id that is unknown stands for itself."""

    state: ServiceState
    reader: Reader

    def product(self, product_id: str) -> str:
        """The name of a product in service."""
        return self.state.releases.engine.product_name(ProductId(product_id)) or product_id

    def audience(self, audience_id: str) -> str:
        """The name of an audience, or the day on which it was asked for."""
        with self.state.records.reading() as transaction:
            found = find_audience(transaction, AudienceId(audience_id))
        if found is None:
            return audience_id
        return found.name or self.reader.written.moment(found.created_at)

    def list_(self, list_id: str) -> str:
        """The name of an uploaded list."""
        with self.state.records.reading() as transaction:
            found = find_list(transaction, list_id)
        return list_id if found is None else found.name

    def tag(self, tag: str) -> str:
        """What a tag says of a member."""
        declared = declared_tag(self.reader.settings.tags, tag)
        if declared is None:
            return tag
        sentence = declared.zh if self.reader.language.code == "zh" else declared.en
        return sentence.replace("{category}", tag.partition(SEPARATOR)[2]).rstrip(".。")

    def store(self, store_id: str) -> str:
        """The name of a store of the release in service."""
        stores = self.state.releases.engine.stores
        return (stores.name(store_id) if stores is not None else None) or store_id
