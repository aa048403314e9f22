"""The stored numbers of a group, each read when a derived feature asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from features.groups.declaration import FeatureGroup, Floats


class StoredNumbers(Mapping[str, Floats]):
    """The numeric features of a group by name; moments are days since EPOCH."""

    def __init__(self, read: Callable[[str], Floats], group: FeatureGroup) -> None:
        self._read = read
        self._group = group

    def __getitem__(self, name: str) -> Floats:
        return self._read(name)

    def __iter__(self) -> Iterator[str]:
        yield from self._group.numeric

    def __len__(self) -> int:
        return len(self._group.numeric)
