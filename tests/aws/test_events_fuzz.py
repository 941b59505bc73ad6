"""Nothing that arrives makes the parser or Observe raise, and each record becomes something that is told."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.aws.events.parse import parse
from controller.core.model import Ended, Ignored, Probe, Sighting
from tests.aws.event_mutations import WRONG, Event, Path, mutants, nodes, of_schema, replaced
from tests.aws.event_parsing import NOW, refused, sns, sqs
from tests.support.corpus import corpus_files, event_schemas
from tests.support.event_samples import ALARM, CANARY, HEALTH, changed
from tests.support.event_samples import EVENT as SIGNAL
from tests.support.seeds import examples
from tests.support.world import world

ENDED: Event = {
    "id": "1", "detail-type": "Step Functions Execution Status Change", "source": "aws.states",
    "account": "123456789012", "time": "2026-11-23T09:00:02Z", "region": "us-east-2",
    "detail": {"name": "evacuate-storefront-us-east-1-17", "status": "FAILED"},
}  # fmt: skip
PROBE: Event = {"detail-type": "Intake Probe", "source": "tidegate.probe", "account": "123456789012",
                "time": "2026-11-23T09:00:02Z", "region": "us-east-1", "detail": {}}  # fmt: skip
SAMPLES = [ALARM, CANARY, HEALTH, SIGNAL, ENDED, PROBE]


def told(body: Any) -> Sighting | Probe | Ended | Ignored:
    """What becomes of a body; fails where that is not within its bounds."""
    found = parse(body, NOW)
    match found:
        case Ignored():
            refused(body)
        case Sighting(signal=signal, observation=seen):
            assert 0 <= seen.at <= 4102444800
            assert len(seen.reason) <= 200
            assert seen.reason.isprintable()
            assert 1 <= len(seen.id) <= 128
            assert len(signal) <= 400
            f"{signal}{seen.reason}{seen.id}".encode()
        case _:
            assert isinstance(found, Probe | Ended)
    return found


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample["source"])
def test_each_node_of_each_kind_mutated(sample: Event) -> None:
    assert not isinstance(told(json.dumps(sample)), Ignored)
    kinds = {type(told(event)) for event in mutants(sample)}
    assert Ignored in kinds
    assert len(kinds) > 1  # some members are not needed


def test_each_node_of_the_published_samples_mutated() -> None:
    for file in corpus_files("events", "*_awsdocs_2023/*.json", least=13):
        event = json.loads(file.read_text())["event"]
        for path in nodes(event):
            for value in WRONG[::3]:
                told(replaced(event, path, value))


def test_events_by_the_schemas_whole_and_mutated() -> None:
    for schema in event_schemas():
        for full in (True, False):
            detail = of_schema(schema["detail"], full=full)
            event = changed(ALARM, source=schema["source"], detail_type=schema["detailType"], detail=detail)
            told(json.dumps(event))
            for path in nodes(detail):
                for value in WRONG[::4]:
                    told(replaced(event, ("detail", *path), value))


def test_observe_accounts_for_every_record_of_a_batch_of_mutants() -> None:
    """Also for those that a JSON text can hold and a name of the policy's makes evidence."""
    w = world()
    named = changed(ALARM, detail__alarmName="storefront-us-east-1-5xx")
    events = [event for sample in (named, CANARY, HEALTH, SIGNAL) for event in list(mutants(sample))[::5]]
    bodies = [json.dumps(event) for event in events]
    records = [{"messageId": str(n), "body": body} for n, body in enumerate(bodies)]
    result = w.invoke("Observe", {"Records": records})
    assert result["batchItemFailures"] == []
    assert result["used"] + result["ignored"] == len(bodies)
    assert min(result["used"], result["ignored"]) > 20
    (record,) = [r for _, r in w.hand.assessments.between("storefront", 0, 1e11) if r["by"] == "observe"]
    assert len(record["ignored"]) + sum(record["ignored_more"].values()) == result["ignored"]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(categories=None), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
PATHS: list[tuple[Event, list[Path]]] = [(sample, list(nodes(sample))) for sample in SAMPLES]


@settings(max_examples=examples(120), deadline=None, derandomize=True, database=None)
@given(st.sampled_from(PATHS), st.randoms(use_true_random=False), st.lists(JSON, min_size=1, max_size=4))
def test_several_nodes_at_once(sample: tuple[Event, list[Path]], rng: Any, values: list[Any]) -> None:
    event, paths = sample
    for value in values:
        path = rng.choice(paths)
        try:
            event = replaced(event, path, value)
        except (KeyError, TypeError, IndexError):
            continue  # what held it is gone
    for body in (event, json.dumps(event), sqs(json.dumps(sns(json.dumps(event))))):
        told(body)


@settings(max_examples=examples(100), deadline=None, derandomize=True, database=None)
@given(
    st.binary(max_size=200)
    | st.text(st.characters(categories=None), max_size=200)
    | JSON
    | JSON.map(json.dumps)
)
def test_anything_at_all(body: Any) -> None:
    refused(body)


@settings(max_examples=examples(100), deadline=None, derandomize=True, database=None)
@given(st.sampled_from(SAMPLES), st.integers(0, 600), st.integers(0, 5), st.binary(max_size=5))
def test_damaged_bytes(sample: Event, at: int, lost: int, put: bytes) -> None:
    raw = bytearray(json.dumps(sample).encode())
    raw[at : at + lost] = put
    told(bytes(raw))
