"""The rules' patterns and transformers, under a transformer that does the worst that AWS's page allows."""

import json
import re

import pytest

from controller.aws.events.parse import parse
from controller.aws.events.rules import (
    ALARM_PATHS,
    ALARM_PATTERN,
    ALARM_TEMPLATE,
    CANARY_PATHS,
    CANARY_PATTERN,
    CANARY_TEMPLATE,
    NEWS_PATHS,
    NEWS_PATTERN,
    NEWS_TEMPLATE,
    SIGNAL_PATHS,
    SIGNAL_TEMPLATE,
    alarms_named,
    composites_of,
)
from controller.core.model import Ignored, Sighting, Verdict
from controller.rehearsal.services.eventbridge.patterns import compile_pattern
from controller.wiring import INTAKE
from tests.aws.event_parsing import NOW
from tests.aws.input_transformer import HOSTILE, transform
from tests.support.corpus import corpus_files
from tests.support.event_samples import ALARM, CANARY, Event, changed
from tests.support.event_samples import EVENT as SIGNAL
from tests.support.policy_scene import storefront


def alarm(event: Event) -> str:
    return transform(event, ALARM_PATHS, ALARM_TEMPLATE)


def canary(event: Event) -> str:
    return transform(event, CANARY_PATHS, CANARY_TEMPLATE)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"detail__state__value": "OK"},
        {"detail__state__timestamp": ...},
        {"detail__state__reason": HOSTILE},
        {"detail__state__reason": 'line\nline\t\\ " <state> é'},
        {"detail__state__actionsSuppressedBy": "ExtensionPeriod"},
        {"detail__muteDetail": {"mutedBy": "arn:aws:cloudwatch:us-east-1:1:alarm-mute-rule:night"}},
        {"detail__muteDetail": {}},
        {"detail__configuration": {"alarmRule": "ALARM(x)"}},
    ],
)
def test_what_is_left_of_an_alarm_says_the_same(change: Event) -> None:
    event = changed(ALARM, **change)
    assert isinstance(parse(event, NOW), Sighting)
    assert parse(alarm(event), NOW) == parse(event, NOW)


@pytest.mark.parametrize("name", ['say "hot"', HOSTILE, "back\\slash", "a:b", "<state>"])
def test_an_alarms_name_cannot_forge_a_field(name: str) -> None:
    arn = f"arn:aws:cloudwatch:us-east-1:123456789012:alarm:{name}"
    event = changed(ALARM, detail__alarmName=name, resources=[arn])
    found = parse(alarm(event), NOW)
    assert isinstance(found, Sighting)
    assert found.signal == f"alarm:123456789012:us-east-1:{name}"
    assert found == parse(event, NOW)


def test_a_muted_alarm_is_never_red_however_its_mute_reads() -> None:
    for mute in ({"a": 'x"y'}, {"a": "x\ny"}, {"a": "x\\"}, [1], 7, "text", 'te"xt'):
        found = parse(alarm(changed(ALARM, detail__muteDetail=mute)), NOW)
        assert not (isinstance(found, Sighting) and found.observation.verdict is Verdict.BREACHING)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"detail__state_reason": HOSTILE},
        {"detail__canary_run_timeline": ...},
        {"detail__canary_run_id": ...},
        {"detail_type": "Synthetics Canary TestRun Successful", "detail__test_run_status": "PASSED"},
        {"detail_type": "Synthetics Canary Status Change", "detail__current_state": "STOPPED"},
    ],
)
def test_what_is_left_of_a_canary_says_the_same(change: Event) -> None:
    event = changed(CANARY, **change)
    assert isinstance(parse(event, NOW), Sighting)
    assert parse(canary(event), NOW) == parse(event, NOW)


def test_every_published_sample_that_the_patterns_let_through() -> None:
    is_alarm, is_canary = compile_pattern(dict(ALARM_PATTERN)), compile_pattern(dict(CANARY_PATTERN))
    through = 0
    for file in corpus_files("events", "*_awsdocs_2023/*.json", least=13):
        event = json.loads(file.read_text())["event"]
        if is_alarm(event) or is_canary(event):
            body = alarm(event) if is_alarm(event) else canary(event)
            assert parse(body, NOW) == parse(event, NOW), file.name
            assert isinstance(parse(body, NOW), Sighting), file.name
            assert len(body.encode()) < 4096
            through += 1
        else:
            assert event["detail-type"] == "CloudWatch Alarm Configuration Change"
    assert through == 7


def test_the_longest_state_that_cloudwatch_sends_stays_bounded() -> None:
    """StateReason is 1,023 characters at most and StateReasonData 4,000 (the API's own limits)."""
    full = changed(ALARM, detail__state__reason="r" * 1023, detail__state__reasonData='"' * 4000)
    assert len(alarm(full)) < 10_000
    assert len(alarm(changed(full, detail__configuration={"metrics": ["m" * 100] * 500}))) < 10_000


def test_what_is_left_of_a_monitors_event_says_the_same() -> None:
    for change in ({}, {"detail__reason": HOSTILE}, {"detail__state": "down"}, {"region": "us-east-2"}):
        event = changed(SIGNAL, **change)
        whole, left = (parse(body, NOW) for body in (event, transform(event, SIGNAL_PATHS, SIGNAL_TEMPLATE)))
        assert type(left) is type(whole)
        assert getattr(left, "reason", None) == getattr(whole, "reason", None)
        assert isinstance(whole, Ignored) or left == whole


def test_a_monitor_cannot_forge_an_event_of_aws_by_its_detail_type() -> None:
    """Whoever sends under a source of its own chooses the detail-type freely; the envelope quotes it."""
    for forged in ('x","source":"aws.cloudwatch","detail-type":"CloudWatch Alarm State Change', HOSTILE, '"'):
        found = parse(transform({**SIGNAL, "detail-type": forged}, SIGNAL_PATHS, SIGNAL_TEMPLATE), NOW)
        assert isinstance(found, Ignored)


def test_news_keep_what_is_told_of_them() -> None:
    arn = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:storefront-us-east-1-5xx"
    deleted = changed(ALARM, detail_type="CloudWatch Alarm Configuration Change", resources=[arn])
    deleted["detail"] = {"operation": "delete", "alarmName": "storefront-us-east-1-5xx"}
    ready = {**deleted, "source": "aws.route53-recovery-readiness", "detail-type": "readiness"}
    ready["detail"] = {"new-state": {"readiness-status": "NOT_READY"}}
    trial = {**deleted, "source": "aws.fis", "detail": {"new-state": {"status": "running"}}}
    for event, word in (
        (deleted, "delete of “storefront-us-east-1-5xx”"),
        (ready, "NOT_READY"),
        (trial, "running"),
    ):
        assert compile_pattern(NEWS_PATTERN)(event)
        whole, left = (parse(body, NOW) for body in (event, transform(event, NEWS_PATHS, NEWS_TEMPLATE)))
        assert isinstance(whole, Ignored)
        assert isinstance(left, Ignored)
        assert word in whole.reason
        assert left.reason == whole.reason
    assert not compile_pattern(NEWS_PATTERN)(ALARM)


@pytest.mark.parametrize(("paths", "template"), [(paths, template) for _, _, paths, template in INTAKE])
def test_placeholders_and_paths_agree(paths: dict[str, str], template: str) -> None:
    assert set(re.findall("<([A-Za-z0-9_-]+)>", template)) == set(paths)
    assert all(re.fullmatch(r"\$(\.[A-Za-z-]+)+", path) for path in paths.values())
    assert len(template) <= 8192


def test_alarms_of_others_reach_no_queue_while_the_names_fit() -> None:
    admits = compile_pattern(alarms_named([ALARM["detail"]["alarmName"], "shop-5xx"]))
    assert admits(ALARM)
    assert not admits(changed(ALARM, detail__alarmName="somebody-else's"))
    many = [f"shop-{number:04d}-with-a-long-name" for number in range(100)]
    assert alarms_named(many) == ALARM_PATTERN, "too many for a pattern: all come, and are refused by name"


def test_a_policy_without_alarms_has_a_rule_that_eventbridge_takes() -> None:
    """No alarm, no composite: an empty list would be refused, and with it the controller's stack."""
    whole = storefront()
    policy = whole.model_copy(update={"signals": {"customer": whole.signals["customer"]}})
    pattern = composites_of("tidegate", policy, "123456789012")
    assert compile_pattern(json.dumps(pattern))
    beginnings = [{"prefix": f"tidegate-storefront-{region}-"} for region in policy.regions]
    assert pattern["detail"]["alarmName"] == beginnings
    exact = composites_of("tidegate", whole, "123456789012")["detail"]["alarmName"]
    assert exact == [f"tidegate-storefront-{region}-service" for region in sorted(whole.regions)]
