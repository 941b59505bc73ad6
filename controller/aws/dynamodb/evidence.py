"""The evidence on DynamoDB: one item for each signal.

An ordinary table in the controller's own Region: partition key `application` (S), sort key `signal` (S),
TTL on `expires`. One attribute keeps the signal's last observations, as text of two lines.

```
 {"at":[…],"received":[…],"said":"hhb","via":"eep","words":length of line 2}   read for each decision
 [[ids…],[reasons…]]                                                            when somebody asks
```
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from botocore.client import BaseClient
from pydantic import TypeAdapter, ValidationError
from pydantic_core import SchemaValidator, core_schema, from_json

from controller.aws.errors import OUTSIDE, code, translated
from controller.core.canonical_json import ascii_json
from controller.core.evidence.fold import clamp, fold
from controller.core.evidence.timeline import History
from controller.core.model import Observation, Sighting
from controller.core.policy.retention import FEWEST, HistoryBounds
from controller.ports.errors import EvidenceUnavailable

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
"""The first line: validated whole, not observation by observation. words: the length of the second line."""
PERMISSIONS: tuple[str, ...] = ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query")
TRIES = 5
LARGEST = 60_000
"""Bytes of a signal's observations. A write that changes one is billed for all."""
SIX, BESIDE = 6, 100
"""Bytes at most of a character in JSON, and of an observation beside its words."""
RECENT = 10
WORD = len("muted")
DAY = 86_400.0
NAMES = {"#application": "application", "#signal": "signal", "#observations": "observations"}


class Reader:
    """A reader of these texts that remembers the last of each signal.

    Few of them change between decisions.
    """

    def __init__(self) -> None:
        self._last: dict[str, tuple[str, Sequence[Observation]]] = {}

    def read(self, signal: str, text: str) -> Sequence[Observation]:
        """Return the observations in `text`, by the last reading if that was the same.

        Raises `ValueError`.
        """
        known = self._last.get(signal)
        if known is not None and known[0] == text:
            return known[1]
        if len(self._last) >= MOST:
            self._last.clear()
        found = observations(text)
        self._last[signal] = text, found
        return found


def text_of(folded: Iterable[Observation]) -> str:
    """Return the text that `observations` reads back."""
    kept = History.of(folded)
    words = ascii_json(kept.words)
    facts = {"at": kept.at, "received": kept.received, "said": kept.said, "via": kept.via}
    return ascii_json({**facts, "words": len(words)}) + "\n" + words


def observations(text: str) -> Sequence[Observation]:
    """Return the observations in a text.

    It also reads a list of observations, as earlier versions wrote it. Raises `ValueError`.
    """
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


class DynamoEvidence:
    """`ports.storage.Evidence` on a DynamoDB table.

    ttl: seconds after its last change that a signal is kept. kept: signal -> how many of its observations
    are, and how they are thinned; of any other as many as `HistoryBounds` says by default.
    """

    def __init__(
        self,
        *,
        client: BaseClient,
        table: str,
        now: Callable[[], float],
        ttl: float = 2 * DAY,
        kept: Mapping[str, HistoryBounds] | None = None,
    ) -> None:
        self._client, self._table, self._now = client, table, now
        self._ttl, self._kept, self._reader = ttl, kept or {}, Reader()

    def record(self, application: str, sightings: Sequence[Sighting]) -> None:
        """Add observations; safe to repeat.

        An `at` later than `received` is taken for `received`. Every signal is tried before
        `EvidenceUnavailable` is raised for the first that failed.
        """
        by_signal: defaultdict[str, list[Observation]] = defaultdict(list)
        for sighting in sightings:
            by_signal[sighting.signal].append(clamp(sighting.observation))
        failed: list[EvidenceUnavailable] = []
        for signal, observations in by_signal.items():
            try:
                self._merge(application, signal, observations)
            except EvidenceUnavailable as error:
                failed.append(error)
        if failed:
            raise failed[0]

    def read(self, application: str) -> Mapping[str, Sequence[Observation]]:
        """Return signal id -> its observations, oldest first, strongly consistent."""
        with translated(EvidenceUnavailable, f"reading the evidence of {application}"):
            pages = self._client.get_paginator("query").paginate(
                TableName=self._table,
                ConsistentRead=True,
                KeyConditionExpression="#application = :application",
                ProjectionExpression="#signal, #observations",
                ExpressionAttributeNames=NAMES,
                ExpressionAttributeValues={":application": {"S": application}},
            )
            items = [item for page in pages for item in page["Items"]]
        return {item["signal"]["S"]: self._history(item) for item in items}

    def _history(self, item: dict[str, Any]) -> Sequence[Observation]:
        signal = item.get("signal", {}).get("S")
        try:
            return self._reader.read(signal, item["observations"]["S"])
        except (KeyError, TypeError, ValueError) as error:
            raise EvidenceUnavailable(f"the evidence of {signal} cannot be read: {error}") from error

    def _merge(self, application: str, signal: str, new: Sequence[Observation]) -> None:
        """Read, fold, and write under the version that was read.

        Repeats that if somebody was faster. Any other failure is raised at once: whoever sent the
        observations sends them again.
        """
        key = {"application": {"S": application}, "signal": {"S": signal}}
        for _ in range(TRIES):
            with translated(EvidenceUnavailable, f"reading the evidence of {signal}"):
                answer = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
            item = answer.get("Item")
            history: Sequence[Observation] = self._history(item) if item else ()
            kept = self._kept.get(signal, HistoryBounds())
            folded = fitted(fold(history, new, keep=kept.keep, gap=kept.gap))
            if folded == history:
                return
            version = int(item["version"]["N"]) if item else 0
            try:
                self._put(key, folded, version)
                return
            except OUTSIDE as error:
                if code(error) != "ConditionalCheckFailedException":
                    raise EvidenceUnavailable(f"writing the evidence of {signal}: {code(error)}") from error
        raise EvidenceUnavailable(f"writing the evidence of {signal}: {TRIES} others were faster")

    def _put(self, key: dict[str, Any], folded: Sequence[Observation], version: int) -> None:
        unchanged: dict[str, Any] = {
            "ConditionExpression": "attribute_not_exists(#version)",
            "ExpressionAttributeNames": {"#version": "version"},
        }
        if version:
            unchanged["ConditionExpression"] = "#version = :version"
            unchanged["ExpressionAttributeValues"] = {":version": {"N": str(version)}}
        item = {
            **key,
            "observations": {"S": text_of(folded)},
            "version": {"N": str(version + 1)},
            "expires": {"N": str(int(self._now() + self._ttl))},
        }
        self._client.put_item(TableName=self._table, Item=item, **unchanged)


def fitted(folded: tuple[Observation, ...]) -> tuple[Observation, ...]:
    """Return the observations in at most `LARGEST` bytes.

    The reasons of older ones are cut to what their meaning depends on (`muted`), and if that is not enough
    the oldest go.
    """
    old = len(folded) - RECENT if len(folded) > FEWEST else 0
    short = tuple(replace(seen, reason=seen.reason[:WORD]) for seen in folded[:old])
    fit = (*short, *folded[len(short) :])
    if sum(SIX * (len(seen.id) + len(seen.reason)) + BESIDE for seen in fit) <= LARGEST:
        return fit
    while len(text_of(fit)) > LARGEST:
        fit = fit[1:]
    return fit
