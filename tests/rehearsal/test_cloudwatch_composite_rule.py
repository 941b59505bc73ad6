"""The grammar of composite alarms."""

import pytest

from controller.rehearsal.services.cloudwatch.composite_rule import InvalidRule, parse
from controller.rehearsal.services.cloudwatch.m_of_n import StateValue

STATES: dict[str, StateValue] = {
    "red": "ALARM",
    "green": "OK",
    "grey": "INSUFFICIENT_DATA",
    "two words": "ALARM",
}


@pytest.mark.parametrize(
    ("rule", "verdict"),
    [
        ("ALARM(red)", True),
        ("ALARM(green)", False),
        ("OK(green)", True),
        ("INSUFFICIENT_DATA(grey)", True),
        ("ALARM(grey) OR OK(grey)", False),
        ("TRUE", True),
        ("FALSE", False),
        ("NOT FALSE", True),
        ("NOT NOT ALARM(red)", True),
        ('ALARM("two words")', True),
        ("ALARM('two words')", True),
        ("ALARM( red )", True),
        ("TRUE OR TRUE AND FALSE", True),
        ("(TRUE OR TRUE) AND FALSE", False),
        ("NOT FALSE AND FALSE", False),
        ("NOT (FALSE AND FALSE)", True),
        ("(ALARM(red) OR ALARM(green)) AND NOT ALARM(grey)", True),
        ("ALARM(red)AND(OK(green))", True),
    ],
)
def test_verdict(rule: str, verdict: bool) -> None:
    assert parse(rule).holds(STATES.__getitem__) is verdict


def test_children_are_named_once_in_order() -> None:
    rule = parse('ALARM(b) OR (OK(a) AND NOT ALARM("arn:aws:cloudwatch:us-east-1:1:alarm:c d")) OR OK(b)')
    assert rule.children == ("b", "a", "arn:aws:cloudwatch:us-east-1:1:alarm:c d")


@pytest.mark.parametrize(
    "rule",
    [
        "",
        " ",
        "ALARM",
        "ALARM()",
        "ALARM(a b)",
        'ALARM("a)',
        "alarm(a)",
        "ALARM(a) ALARM(b)",
        "ALARM(a) AND",
        "AND ALARM(a)",
        "(ALARM(a)",
        "ALARM(a))",
        "NOT",
        "TRUE XOR FALSE",
        "(" * 5000 + "TRUE" + ")" * 5000,
        "NOT " * 2000 + "TRUE",
        "TRUE OR " * 3000 + "TRUE",
    ],
)
def test_refused(rule: str) -> None:
    with pytest.raises(InvalidRule):
        parse(rule)
