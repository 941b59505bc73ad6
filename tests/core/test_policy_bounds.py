"""Names that AWS would refuse where they are used are refused where the policy is written."""

from typing import Any

import pytest

from controller.core.policy.bounds import ARC_CHECK, NAME, RULE
from controller.core.policy.validation import PolicyError, compiled, parse_policy
from tests.support.policy_scene import EAST, policy_data

LONGEST = "ap-southeast-1"
REGIONS = {region: {"controls": [f"{region}-a"]} for region in (EAST, LONGEST)}
SIGNALS = policy_data()["signals"]


def policy(**changes: Any) -> dict[str, Any]:
    target = {"prefer": [EAST, LONGEST], "ready": policy_data()["target"]["ready"]}
    return policy_data() | {"regions": REGIONS, "target": target} | changes


def refusals(data: dict[str, Any]) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        parse_policy(data)
    return [f"{'.'.join(map(str, problem.where))}: {problem.message}" for problem in caught.value.problems]


def sized(length: int) -> str:
    """Return a template that is so long for the longest Region."""
    return "{region}" + "x" * (length - len(LONGEST))


def alarms(*names: str) -> dict[str, Any]:
    return {"service": [{"alarm": name, "silentAfter": "3m"} for name in names]}


def canary(name: str) -> dict[str, Any]:
    runs = SIGNALS["customer"][0]["runsIn"]
    return {"customer": [{"canary": name, "runsIn": runs, "silentAfter": "3m"}]}


def ready(**check: Any) -> dict[str, Any]:
    family = policy_data()["target"]["ready"]
    return {"target": {"prefer": [EAST, LONGEST], "ready": [*family, check | {"ifUnknown": "block"}]}}


CASES: dict[str, tuple[str, Any, int]] = {
    "an alarm": ("signals.service.0.alarm", lambda name: {"signals": SIGNALS | alarms(name)}, NAME),
    "a canary": ("signals.customer.0.canary", lambda name: {"signals": SIGNALS | canary(name)}, NAME),
    "a table": ("target.ready.1.replication", lambda name: ready(replication=name, maxLag="9s"), NAME),
    "a readiness check": (
        "target.ready.1.arcReadiness", lambda name: ready(arcReadiness=name, maxAge="9m"), ARC_CHECK,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_name_at_the_bound_is_let_in_and_one_character_more_is_refused(case: str) -> None:
    where, made, most = CASES[case]
    parse_policy(policy(**made(sized(most))))
    assert refusals(policy(**made(sized(most + 1)))) == [
        f"{where}: a name of {most + 1} characters for {LONGEST}, and AWS takes {most}; use a shorter one"
    ]


def test_the_region_s_own_checks_are_looked_at_too() -> None:
    own = {"target": ready(replication=sized(NAME + 1), maxLag="9s")["target"]}
    regions = REGIONS | {EAST: REGIONS[EAST] | own}
    (only,) = refusals(policy(regions=regions))
    assert only.startswith(f"regions.{EAST}.target.ready.1.replication: a name of 256 characters")


def rule(names: list[str]) -> str:
    """The rule as the templates write it."""
    return " OR ".join(f'ALARM("{name.replace("{region}", LONGEST)}")' for name in names)


def test_the_alarms_of_a_family_fit_into_the_rule_of_a_composite_alarm_or_are_refused() -> None:
    names = [f"{sized(240)}-{n:02d}" for n in range(40)]
    names[-1] += "x" * (RULE - len(rule(names)))
    assert len(rule(names)) == RULE
    parse_policy(policy(signals=SIGNALS | alarms(*names)))
    names[0] += "x"
    (only,) = refusals(policy(signals=SIGNALS | alarms(*names)))
    assert only == (
        f"signals.service: the composite alarm over the alarms of service in {LONGEST} needs a rule of "
        f"{RULE + 1} characters, and CloudWatch takes {RULE}; use shorter names, or a second family"
    )


def test_what_was_in_force_before_the_bound_is_read_all_the_same() -> None:
    data = policy(signals=SIGNALS | alarms(sized(NAME + 1)))
    assert parse_policy(data, in_force=True).application == "storefront"
    assert compiled(parse_policy(data, in_force=True))["signals"]["service"][0]["alarm"] == sized(NAME + 1)
