"""`policy check`: what is proved of a policy by trying, and what a careful reviewer would say of it."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from controller.core.policy.schema import Policy
from controller.core.policy.validation import PolicyError, parse_policy
from controller.entry.cli.main import main
from controller.lab.lint import review
from controller.lab.lint.finding import Finding
from controller.lab.lint.reachability import prove
from controller.lab.lint.single_points import too_few
from controller.lab.lint.style import (
    Deployed,
    NotAlarms,
    control_planes,
    own_region_evidence,
    placed,
    read_periods,
    tight,
    unchecked_return,
    unconfirmed,
    unused,
)
from tests.support.policy_scene import EAST, WEST, shipped_data
from tests.support.shipped_policy import SHIPPED
from tests.support.sources import sources

FAIL = {"in": "source", "family": "customer", "is": "breaching", "observers": 2, "for": "3m"}
RED = {"in": "source", "family": "service", "is": "breaching", "for": "2m"}
QUIET = {"in": "source", "family": "service", "is": "silent", "signals": "all", "for": "2m"}
WELL = {"in": "source", "family": "all", "is": "healthy", "for": "10m"}


def policy(**changes: Any) -> Policy:
    """The shipped policy, live, with keys of its tables changed."""
    data = shipped_data()
    for key, value in changes.items():
        data[key] = (
            {**data[key], **value} if isinstance(data.get(key), dict) and isinstance(value, dict) else value
        )
    return parse_policy(data)


def when(*conditions: Any) -> Policy:
    return policy(evacuate={"when": {"all": list(conditions)}})


def codes(findings: Any) -> list[str]:
    return [each.code for each in findings]


# Proofs


def test_of_the_shipped_policy_everything_is_proved_and_nothing_looks_wrong() -> None:
    found = review(policy())
    assert [(p.region, p.after) for p in found.proofs] == [
        (r, at) for r in (EAST, WEST) for at in (240.0, 180.0, 180.0)
    ]
    assert found.findings == ()


def test_a_policy_that_only_hears_alarms_go_red_cannot_leave_a_deaf_region() -> None:
    proved = prove(when(FAIL, RED))
    assert [p.after for p in proved.proofs] == [None, 180.0, 180.0, None, 180.0, 180.0]
    first = proved.findings[0]
    assert (first.code, first.path) == ("unreachable", ("evacuate", "when", "all", 1))
    assert "dark with its bus deaf" in first.message
    assert "stays unknown: 0 of 2 signals say service" in first.message


def test_a_policy_that_waits_for_silence_cannot_leave_a_region_whose_bus_lives() -> None:
    assert [p.after for p in prove(when(FAIL, QUIET)).proofs] == [240.0, None, None, 240.0, None, None]


def test_a_situation_lasts_until_the_longest_wait_is_over() -> None:
    assert {p.after for p in prove(when(FAIL | {"for": "25m"}, {"any": [RED, QUIET]})).proofs} == {1500.0}


def test_aws_own_word_comes_too_late_to_be_needed() -> None:
    late = policy(
        signals={"provider": [{"health": ["LAMBDA"]}]},
        evacuate={"when": {"all": [FAIL, {"in": "source", "family": "provider", "is": "breaching"}]}},
    )
    assert {p.after for p in prove(late).proofs} == {None}


@pytest.mark.parametrize(
    ("changes", "code", "path"),
    [
        ({"target": {"prefer": [WEST]}}, "unreachable", ("target", "prefer")),
        ({"evacuate": {"unless": [FAIL | {"in": "target", "is": "healthy", "observers": 1}]}}, "unreachable",
         ("evacuate", "unless")),
        ({"limits": {"blackout": [{"cron": "0 * * * *", "for": "1h", "reason": "always"}]}}, "forbids-all",
         ("limits", "blackout")),
    ],
)  # fmt: skip
def test_a_guard_that_forbids_every_evacuation_is_found(changes: Any, code: str, path: Any) -> None:
    assert (code, path) in [(each.code, each.path) for each in prove(policy(**changes)).findings]


def test_a_region_that_can_never_come_home_is_found_and_one_that_can_is_not() -> None:
    fit = {"when": WELL, "approval": "oncall"}
    assert codes(prove(policy(restore=fit)).findings) == []
    never = prove(policy(restore=fit | {"when": {"all": [WELL, RED]}})).findings
    assert {(each.code, each.path) for each in never} == {("no-return", ("restore", "when", "all", 1))}


def test_a_wait_of_hours_comes_home_and_one_that_no_memory_holds_is_refused() -> None:
    assert codes(prove(policy(restore={"when": WELL | {"for": "70m"}, "approval": "oncall"})).findings) == []
    with pytest.raises(PolicyError, match=r"when\.for: 240m can never be proved.*prove 235m"):
        policy(restore={"when": WELL | {"for": "4h"}, "approval": "oncall"})


def test_what_a_region_says_otherwise_is_pointed_at_under_its_name() -> None:
    data = shipped_data()
    data["regions"][EAST]["evacuate"] = {"when": RED}
    found = prove(parse_policy(data)).findings
    assert {each.path for each in found} == {("regions", EAST, "evacuate", "when")}


# Suspicions


def test_one_observer_is_enough() -> None:
    found = list(too_few(when(FAIL | {"observers": 1}, RED)))
    assert codes(found) == ["one-observer", "one-observer"]
    assert "us-east-2 or us-west-2" in found[0].message


def test_the_region_s_own_word_is_enough_and_in_shadow_one_family_may_be() -> None:
    assert codes(too_few(when(RED))) == ["own-word", "one-family"] * 2
    assert codes(too_few(when(FAIL))) == ["one-family"] * 2
    shadow = policy(enforcement="shadow", evacuate={"when": FAIL})
    assert codes(too_few(shadow)) == []


def test_a_family_that_falls_silent_with_its_region_wants_a_leaf_that_hears_it() -> None:
    (found,) = own_region_evidence(when(FAIL, RED))
    assert found.path == ("evacuate", "when", "all", 1, "family")
    assert list(own_region_evidence(when(FAIL, {"any": [RED, QUIET]}))) == []


def test_bounds_under_what_they_wait_for() -> None:
    hasty = when(FAIL | {"for": "30s"}, RED)
    assert [(f.code, f.path) for f in tight(hasty, {})] == [
        ("short-for", ("evacuate", "when", "all", 0, "for"))
    ]
    slow = {f"storefront-{region}-5xx": 300.0 for region in (EAST, WEST)}
    found = list(tight(when(FAIL, RED), slow))
    assert [(f.code, f.path) for f in found] == [
        ("short-for", ("evacuate", "when", "all", 1, "for")),
        ("short-silence", ("signals", "service", 0, "silentAfter")),
        ("short-silence", ("signals", "service", 1, "silentAfter")),
    ]
    assert "the 300s between two words of service" in found[0].message


def test_checks_that_hang_on_a_control_plane() -> None:
    family = shipped_data()["target"]["ready"][0]
    arc = {"arcReadiness": "shop", "maxAge": "1h", "ifUnknown": "block"}
    asking = {"quotas": ["lambda"], "ifUnknown": {"ask": "oncall"}}
    found = list(control_planes(policy(target={"ready": [family, asking, arc]})))
    assert [(f.code, f.path) for f in found] == [("control-plane", ("target", "ready", 2, "ifUnknown"))]


def test_words_that_nobody_uses() -> None:
    data = shipped_data() | {"conditions": {"idle": FAIL, "used": FAIL}}
    data["evacuate"]["when"] = {"all": [{"condition": "used"}]}
    data["approvals"]["spare"] = [{"ask": ["group:x"], "people": 1, "within": "5m"}]
    assert [f.path for f in unused(parse_policy(data))] == [
        ("conditions", "idle"),
        ("approvals", "spare"),
        ("signals", "service"),
    ]


def test_what_lives_only_in_guarded_regions() -> None:
    inside = policy(controllers=[EAST, WEST])
    assert codes(placed(inside, Deployed())) == ["controllers-inside"]
    assert codes(placed(policy(controllers=["us-east-2"]), Deployed())) == ["one-controller"]
    assert codes(placed(policy(), Deployed((EAST,), (WEST, EAST)))) == ["guarded-notices", "guarded-sign-in"]
    assert codes(placed(policy(), Deployed((EAST, "us-east-2"), ("us-east-2",)))) == []


# The command


@pytest.fixture
def doubtful(tmp_path: Path) -> Path:
    text = SHIPPED.read_text(encoding="utf-8")
    file = tmp_path / "doubtful.yaml"
    lines = [line for line in text.splitlines() if "is: silent" not in line]
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def test_warnings_stand_at_their_line_and_fail_only_where_that_is_asked(
    doubtful: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["policy", "check", str(doubtful)]) == 0
    out = capsys.readouterr().out
    line = next(
        n for n, text in enumerate(doubtful.read_text().splitlines(), 1) if "is: breaching, signals" in text
    )
    assert f"{doubtful}:{line}:13: warning: us-east-1, dark with its bus deaf" in out
    assert "us-east-1 is left: dark with its bus deaf never; dark with its bus alive +3m; gray +3m" in out
    assert main(["policy", "check", str(doubtful), "--strict", "--json"]) == 1
    (file,) = json.loads(capsys.readouterr().out)["files"]
    assert (file["ok"], len(file["proofs"])) == (True, 6)
    assert {each["code"] for each in file["warnings"]} == {"unreachable", "own-house"}
    assert {each["line"] for each in file["warnings"]} == {line}
    assert main(["policy", "check", str(SHIPPED), "--strict"]) == 0


def test_alarms_that_exist_say_their_periods(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    alarms = tmp_path / "alarms.json"
    plain = {"AlarmName": "storefront-us-east-1-5xx", "Period": 300}
    math = {"AlarmName": "m", "Metrics": [{"MetricStat": {"Period": 120}}, {"Expression": "a/b"}]}
    alarms.write_text(
        json.dumps([{"MetricAlarms": [plain]}, {"MetricAlarms": [math], "CompositeAlarms": []}])
    )
    assert read_periods(alarms) == {"storefront-us-east-1-5xx": 300.0, "m": 120.0}
    assert main(["policy", "check", str(SHIPPED), "--alarms", str(alarms)]) == 0
    assert "[short-for]" in capsys.readouterr().out
    for text in ("[" * 100_000, "1", '{"MetricAlarms": [{}]}', "{"):
        alarms.write_text(text)
        with pytest.raises(NotAlarms):
            read_periods(alarms)
        assert main(["policy", "check", "--alarms", str(alarms)]) == 2


def test_no_two_findings_are_the_same() -> None:
    found = review(when(RED)).findings
    assert len(set(found)) == len(found)
    assert all(isinstance(each, Finding) and each.hint for each in found)


def test_every_warning_is_on_the_page() -> None:
    found = {
        code
        for file in sources("lab/lint", least=4)
        for code in re.findall(r'"([a-z]+-[a-z-]+|unused|unreachable)"', file.read_text())
    }
    page = (Path(__file__).parents[2] / "docs" / "policy-work.md").read_text(encoding="utf-8")
    table = page[page.index("| warning |") :].partition("\n\n")[0]
    told = {code for row in table.splitlines()[2:] for code in re.findall(r"`([a-z-]+)`", row.split("|")[1])}
    others = {"shared-cause", "no-target", "target-not-ready", "cut-off", "sign-in"}
    assert found - others | {"guarded-notices", "guarded-sign-in"} == told


def test_the_work_of_a_review_grows_with_the_policy_and_not_with_its_square() -> None:
    """Three times the Regions, three times the calls; each Region's proof looks at its neighbours alone."""
    few, many = (_calls(count) for count in (4, 12))
    assert many < 3.5 * few, (few, many)


def _calls(count: int) -> int:
    regions = [f"{area}-west-{number}" for area in ("eu", "ap") for number in range(1, count // 2 + 1)]
    changes: dict[str, Any] = {
        "regions": {region: {"controls": [f"{region}-a"]} for region in regions},
        "signals": {
            "customer": [{"canary": "c-{region}", "runsIn": ["us-east-1", "us-west-2"], "silentAfter": "3m"}],
            "service": [{"alarm": f"a{n}-{{region}}", "silentAfter": "3m"} for n in range(4)],
        },
        "target": shipped_data()["target"] | {"prefer": regions},
    }
    wide = parse_policy(shipped_data() | changes)
    calls = 0

    def count_calls(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count_calls)
    try:
        review(wide)
    finally:
        sys.setprofile(None)
    return calls


def test_a_region_with_words_of_its_own_comes_home_after_a_long_cooldown_too() -> None:
    """The proof of the return cuts the cooldown short, also in what holds for one Region."""
    found = policy(
        regions={EAST: {**shipped_data()["regions"][EAST], "evacuate": {"waves": [1, 3]}}},
        limits={"cooldown": "12h"},
        restore={"when": WELL, "approval": "none"},
    )
    assert found.about(EAST).limits.cooldown == 43_200.0
    assert "no-return" not in codes(prove(found).findings)


def test_a_return_that_checks_no_data_is_warned_of() -> None:
    well = {"when": {"in": "source", "family": "all", "is": "healthy", "for": "5m"}, "approval": "none"}
    bare = list(unchecked_return(policy(restore=well)))
    assert [(f.code, f.path) for f in bare] == [("unchecked-return", ("restore", "ready"))]
    checked = well | {"ready": [{"replication": "storefront-orders", "maxLag": "5s", "ifUnknown": "block"}]}
    assert not list(unchecked_return(policy(restore=checked)))
    assert not list(unchecked_return(policy()))


PLAN = {"planEvaluation": "shop", "maxAge": "1h", "ifUnknown": {"ask": "oncall"}}
ARC = {"arcReadiness": "shop", "maxAge": "1h", "ifUnknown": {"ask": "oncall"}}


def test_a_live_policy_whose_target_arc_does_not_confirm_is_warned_of() -> None:
    family, _, lag = shipped_data()["target"]["ready"]
    bare = {"ready": [family, lag]}
    found = [f for f in review(policy(target=bare)).findings if f.code == "no-arc-readiness"]
    assert [f.path for f in found] == [("target", "ready")]
    assert not list(unconfirmed(policy(target=bare, enforcement="shadow")))
    for check in (PLAN, ARC):
        assert not list(unconfirmed(policy(target={"ready": [family, check]})))


def test_a_region_s_own_checks_are_pointed_at_and_cover_nobody_else() -> None:
    data = shipped_data()
    family = data["target"]["ready"][0]
    data["regions"][EAST]["target"] = {"ready": [family]}
    found = list(unconfirmed(parse_policy(data)))
    assert [f.path for f in found] == [("regions", EAST, "target", "ready")]
    data["target"]["ready"], data["regions"][EAST]["target"] = [family], {"ready": [family, PLAN]}
    assert {f.path for f in unconfirmed(parse_policy(data))} == {("target", "ready")}
    data["regions"][WEST]["target"] = {"ready": [family, ARC]}
    assert not list(unconfirmed(parse_policy(data)))
