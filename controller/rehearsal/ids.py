"""Identifiers that look random and repeat exactly: the same run gives the same ids."""

import uuid


class Ids:
    """UUIDs from a name and a counter; `used` is the state to keep over a restart."""

    def __init__(self, name: str) -> None:
        self._name, self.used = name, 0

    def next(self) -> str:
        self.used += 1
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self._name}/{self.used}"))
