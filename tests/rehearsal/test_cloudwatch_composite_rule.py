"""The grammar of composite alarms."""

import pytest

from controller.rehearsal.services.cloudwatch.composite_rule import InvalidRule, parse
from controller.rehearsal.services.cloudwatch.m_of_n import StateValue

STATES: dict[str, StateValue] = {
    "red": "ALARM",
    "green": "OK",
    "grey": "INSUFFICIENT_DATA",
    "two words": "ALARM",
    'a "quoted", (odd) name': "ALARM",
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
        ("AT_LEAST(2, ALARM, (red, green, grey))", False),
        ("AT_LEAST(1, ALARM, (red, green, grey))", True),
        ("AT_LEAST(2, NOT OK, (red, green, grey))", True),
        ("AT_LEAST(3, NOT OK, (red, green, grey))", False),
        ("AT_LEAST(2, NOT ALARM, (red, green, grey))", True),
        ("AT_LEAST(1, INSUFFICIENT_DATA, (red, green, grey))", True),
        ("AT_LEAST(2, NOT INSUFFICIENT_DATA, (red, green, grey))", True),
        ("AT_LEAST(3, NOT INSUFFICIENT_DATA, (red, green, grey))", False),
        ("AT_LEAST(60%, NOT OK, (red, green, grey))", True),
        ("AT_LEAST(66%, NOT OK, (red, green, grey))", True),
        ("AT_LEAST(67%, NOT OK, (red, green, grey))", False),
        ("AT_LEAST(100%, ALARM, (red))", True),
        ("AT_LEAST(1%, OK, (red, grey))", False),
        ("AT_LEAST(50%, ALARM, (red, green))", True),
        ("AT_LEAST(51%, ALARM, (red, green))", False),
        ("""AT_LEAST( 2 ,ALARM,( "red" , 'two words',green ) )""", True),
        ("AT_LEAST(2,ALARM,(red,green))", False),
        ("NOT AT_LEAST(2, ALARM, (red, green, grey))", True),
        ("AT_LEAST(1, ALARM, (red, green)) AND NOT ALARM(grey)", True),
        ("(AT_LEAST(2, ALARM, (red, green)) OR AT_LEAST(2, NOT OK, (red, grey))) AND TRUE", True),
        (r'ALARM("a \"quoted\", (odd) name")', True),
        (r'AT_LEAST(1, ALARM, ("a \"quoted\", (odd) name", green))', True),
    ],
)
def test_verdict(rule: str, verdict: bool) -> None:
    assert parse(rule).holds(STATES.__getitem__) is verdict


def test_children_are_named_once_in_order() -> None:
    rule = parse('ALARM(b) OR (OK(a) AND NOT ALARM("arn:aws:cloudwatch:us-east-1:1:alarm:c d")) OR OK(b)')
    assert rule.children == ("b", "a", "arn:aws:cloudwatch:us-east-1:1:alarm:c d")


def test_what_an_at_least_names_is_a_child_too() -> None:
    arn = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:"
    rule = parse(f'AT_LEAST(2, NOT OK, (b, "{arn}c", "d e", b)) OR ALARM(a) OR ALARM({arn}a)')
    assert rule.children == ("b", f"{arn}c", "d e", "a", f"{arn}a")
    assert rule.names == ("b", "c", "d e", "a")


def test_elements_are_names_constants_and_parentheses() -> None:
    assert parse("ALARM(a) AND NOT (TRUE OR AT_LEAST(1, OK, (b, c)))").elements == 6


@pytest.mark.parametrize(
    "rule",
    [
        "AT_LEAST(0, ALARM, (a, b))",
        "AT_LEAST(3, ALARM, (a, b))",
        "AT_LEAST(0%, ALARM, (a, b))",
        "AT_LEAST(101%, ALARM, (a, b))",
        "AT_LEAST(-1, ALARM, (a, b))",
        "AT_LEAST(1.5, ALARM, (a, b))",
        "AT_LEAST(50.5%, ALARM, (a, b))",
        "AT_LEAST(x, ALARM, (a, b))",
        "AT_LEAST(ALARM, (a, b))",
        "AT_LEAST(1, (a, b))",
        "AT_LEAST(1, ALARM, ())",
        "AT_LEAST(1, ALARM)",
        "AT_LEAST(1, ALARM, a, b)",
        "AT_LEAST(1, ALARM, (a b))",
        "AT_LEAST(1, ALARM, (a,, b))",
        "AT_LEAST(1, ALARM, (a, b)",
        "AT_LEAST(1, ALARM, (ALARM(a), b))",
        "AT_LEAST(1, ALARM, ((a, b)))",
        "AT_LEAST(1, NOT NOT ALARM, (a, b))",
        "AT_LEAST(1, NOTOK, (a, b))",
        "AT_LEAST(1, TRUE, (a, b))",
        "at_least(1, ALARM, (a, b))",
        "AT_MOST(1, ALARM, (a, b))",
        "AT_LEAST",
        "ALARM(a,b)",
        "AT_LEAST(99999999999, ALARM, (a))",
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
