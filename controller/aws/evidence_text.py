"""What the evidence table keeps of a signal, as text of two lines.

```
 {"at":[…],"received":[…],"said":"hhb","via":"eep","words":length of line 2}   read for each decision
 [[ids…],[reasons…]]                                                            when somebody asks
```
"""

from collections.abc import Iterable, Sequence
from functools import partial

from pydantic import TypeAdapter, ValidationError
from pydantic_core import SchemaValidator, core_schema, from_json

from controller.core.evidence.timeline import History
from controller.core.journal import canonical
from controller.core.model import Observation

OBSERVATIONS = TypeAdapter(tuple[Observation, ...])
MOST = 4096


FACTS = SchemaValidator(
    core_schema.typed_dict_schema(
        {
            "at": core_schema.typed_dict_field(core_schema.list_schema(core_schema.float_schema())),
            "received": core_schema.typed_dict_field(core_schema.list_schema(core_schema.float_schema())),
            "said": core_schema.typed_dict_field(core_schema.str_schema()),
            "via": core_schema.typed_dict_field(core_schema.str_schema()),
            "words": core_schema.typed_dict_field(core_schema.int_schema()),
        },
        config=core_schema.CoreConfig(strict=True, allow_inf_nan=False, cache_strings="keys"),
        extra_behavior="forbid",
    )
)
"""The first line: validated whole, not observation by observation. words: how long the second line is."""


class Reader:
    """Reads texts, and remembers the last of each signal: few change between decisions."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[str, Sequence[Observation]]] = {}

    def read(self, signal: str, text: str) -> Sequence[Observation]:
        """Raises `ValueError`."""
        known = self._last.get(signal)
        if known is not None and known[0] == text:
            return known[1]
        if len(self._last) >= MOST:
            self._last.clear()
        found = observations(text)
        self._last[signal] = text, found
        return found


def text_of(folded: Iterable[Observation]) -> str:
    """What `observations` reads back."""
    kept = History.of(folded)
    words = canonical(kept.words)
    facts = {"at": kept.at, "received": kept.received, "said": kept.said, "via": kept.via}
    return canonical({**facts, "words": len(words)}) + "\n" + words


def observations(text: str) -> Sequence[Observation]:
    """Also reads a list of observations, as earlier versions wrote it. Raises `ValueError`."""
    try:
        if text.startswith("["):
            return OBSERVATIONS.validate_json(text)
        facts, _, words = text.partition("\n")
        read = FACTS.validate_json(facts)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise ValueError(f"{place}: {first['msg']}" if place else first["msg"]) from error
    at, received, said, via = read["at"], read["received"], read["said"], read["via"]
    if not len(at) == len(received) == len(said) == len(via) or said.strip("hbu") or via.strip("empr"):
        raise ValueError("its columns do not fit together")
    if read["words"] != len(words):
        raise ValueError("its second line is not the one that belongs to the first")
    return History(at, received, said, via, partial(from_json, words))
