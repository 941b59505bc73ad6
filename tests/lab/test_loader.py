"""Bad policy files are refused with the place and what was expected; no file costs more than a moment."""

import os
import time
from pathlib import Path

import botocore.session
import pytest

from controller.core.policy.validation import compiled, parse_policy
from controller.lab.policy_files.loader import MAX_BYTES, MAX_PROBLEMS, load_policy
from controller.lab.policy_files.positions import PolicyRefused
from tests.lab.policy_refusals import SOURCE, line_of, refused, swapped, written
from tests.support.shipped_policy import SHIPPED


def test_the_shipped_policy_loads_and_every_value_has_a_place() -> None:
    loaded = load_policy(SHIPPED)
    assert loaded.policy.application == "storefront"
    assert loaded.source == SOURCE
    assert parse_policy(compiled(loaded.policy)).digest == loaded.policy.digest
    lines = SOURCE.splitlines()
    for path, place in loaded.places.keys.items():
        assert lines[place.line - 1][place.column - 1 :].startswith(f"{path[-1]}:"), path
    when = loaded.places.value(("evacuate", "when", "all", 0, "for"))
    assert lines[when.line - 1][when.column - 1 :].startswith("3m}")


def test_a_problem_reads_as_file_line_column_and_what_was_expected(tmp_path: Path) -> None:
    (problem,) = refused(tmp_path, swapped("enforcement: shadow", "enforcement: shady"))
    assert (
        str(problem).removeprefix(f"{tmp_path}/") == "p.yaml:4:14: expected 'shadow' or 'live', found 'shady'"
    )
    assert problem.path == "enforcement"


# Each row: what the file says instead, what stands at the place of the refusal, words of the refusal.
BAD = [
    (
        "application: storefront",
        "aplication: storefront",
        "aplication: storefront",
        "did you mean `application`?",
    ),
    ("for: 3m", "fro: 3m", "fro: 3m}", "did you mean `for`?"),
    ("silentAfter: 3m", "silent_after: 3m", "silent_after: 3m}", "did you mean `silentAfter`?"),
    ("for: 3m}", "wholly-other: 3m}", "wholly-other: 3m}", "unknown key 'wholly-other'"),
    (
        "application: storefront",
        "application: storefront\napplication: other",
        "application: other",
        "written twice",
    ),
    (
        "in: source, family: customer",
        "in: source, in: source, family: customer",
        "in: source, family: cust",
        "written twice",
    ),
    (
        "prefer: [us-west-2",
        "prefer: [us-west-9",
        "us-west-9, us-east-1]",
        "unknown Region us-west-9; expected one of",
    ),
    (
        "us-west-2: {controls",
        "us_west: {controls",
        "us_west: {controls: [usw",
        "an AWS Region such as us-east-1",
    ),
    ("approval: oncall", "approval: nobody", "nobody              # `n", "no gate is named 'nobody'"),
    ("  oncall:\n", "  none:\n", "none:", "nobody is asked"),
    ("tidegate: 1", "tidegate: true", "true", "expected 1, found true"),
    ("tidegate: 1", "tidegate: 1.0", "1.0", "expected 1, found 1.0"),
    ("tidegate: 1", "tidegate: 2", "2", "expected 1, found 2"),
    ("for: 3m", "for:", "}", "expected a value"),
    ("for: 3m", "for: ~", "~}", "expected a value"),
    ("for: 3m", "for: 3 minutes", "3 minutes}", 'a duration such as "43s"'),
    ("for: 3m", "for: ٣m", "٣m}", 'a duration such as "43s"'),
    ("for: 3m", "for: 0s", "0s}", "expected more than 0"),
    ("observers: 2", "observers: 3", "3, for: 3m}", "only 2 observing Regions of customer"),
    ("runsIn: [us-east-1, us-east-2, ", "runsIn: [us-east-1, ", "2, for: 3m}", "only 1 observing Regions"),
    (
        "us-east-2, us-west-2]",
        "us-east-2, us-east-2]",
        "us-east-2], silentAfter:",
        "us-east-2 is written twice",
    ),
    ("storefront-{region}-checkout", "storefront-checkout", '"storefront-checkout", r', "expected {region}"),
    (
        "storefront-{region}-5xx",
        "storefront-{regoin}-5xx",
        '"storefront-{regoin}-5xx',
        "{region} stands for the Region",
    ),
    (
        "storefront-{region}-5xx",
        "storefront-{region}-latency",
        '"storefront-{region}-lat',
        "is already a signal",
    ),
    ("enforcement: shadow", "enforcement: on", "on             # shadow:", 'write "on"'),
    ("application: storefront", "application: no", "no", 'write "no"'),
    ("application: storefront", "application: 010", "010", 'write "010"'),
    ("application: storefront", "application: 12:30", "12:30", 'write "12:30"'),
    ("application: storefront", "application: 2026-01-01", "2026-01-01", 'write "2026-01-01"'),
    ("application: storefront", "application: 0x1F", "0x1F", 'write "0x1F"'),
    ("application: storefront", "application: 1_000", "1_000", 'write "1_000"'),
    ("application: storefront", "application: TRUE", "TRUE", 'write "TRUE"'),
    (
        "application: storefront",
        "application: 9999999999999999999999999999999999999999",
        "999999999999999999999999",
        "read differently",
    ),
    ("application: storefront", "application: &a storefront", "&a storefront", "anchors (&) are not read"),
    ("application: storefront", "application: *a", "*a", "aliases (*) are not read"),
    ("application: storefront", "application: !!str storefront", "!!str storefront", "tags (!) are not read"),
    (
        "application: storefront",
        "application: !!python/name:os.system x",
        "!!python/name:os.system ",
        "tags (!)",
    ),
    (
        "{controls: [usw2-a",
        "{<<: {a: b}, controls: [usw2-a",
        "<<: {a: b}, controls: [u",
        "merge keys (<<) are not read",
    ),
    ("application: storefront", "application: storefront\n1: x", "1: x", "the key '1' is not text"),
    ("application: storefront", "application: storefront\ntrue: x", "true: x", "is not text"),
    ("application: storefront", "application: storefront\n: x", ": x", "is not text"),
    ("application: storefront", "application: storefront\n? [a]\n: x", "[a]", "a key must be text"),
    ("application: storefront", 'application: "a\\u202eb"', '"a\\u202eb"', "hidden character"),
    ("application: storefront", 'application: storefront\n"a\\0": 1', '"a\\0": 1', "hidden character"),
    ("application: storefront", "application: store\u202efront", "\u202efront", "U+202E is not allowed"),
    ("application: storefront", "application: store\x1b[2Jfront", "\x1b[2Jfront", "U+001B is not allowed"),
    ("application: storefront", 'application: "\\UFFFFFFFF"', 'application: "\\UFFFFFFFF', "not YAML"),
    ("application: storefront", "application: [a, b", ": shadow             # s", "expected ',' or ']'"),
    ("application: storefront", "application: a: b", ": b", "mapping values are not allowed"),
    ("  us-east-1: {", "\tus-east-1: {", "\tus-east-1: {controls: [", "a tab cannot indent"),
    ("# The shipped policy", "---\nx: 1\n---\n# The", "---", "a second document begins"),
    ("# The shipped policy", "%YAML 1.1\n---\n# The", "---", "directives (%YAML, %TAG) are not read"),
    ("# The shipped policy", "%TAG ! tag:x,2000:\n---\n# The", "---", "directives (%YAML, %TAG)"),
]


@pytest.mark.parametrize(("old", "new", "pointed", "words"), BAD, ids=[row[1][:30] for row in BAD])
def test_what_is_refused_and_where(tmp_path: Path, old: str, new: str, pointed: str, words: str) -> None:
    text = swapped(old, new)
    problems = refused(tmp_path, text)
    told = [problem for problem in problems if words in problem.with_hint]
    assert told, [str(problem) for problem in problems]
    line = text.split("\n")[told[0].line - 1]
    assert line[told[0].column - 1 :].startswith(pointed), str(told[0])


@pytest.mark.parametrize(
    ("data", "place", "words"),
    [
        (b"", (1, 1), "the file is empty"),
        (b"# only a comment\n", (1, 1), "the file is empty"),
        (b"---\n", (2, 1), "expected a value"),
        (b"[]", (1, 1), "expected a mapping"),
        (b"just text", (1, 1), "expected a mapping"),
        (b"a: 1\nb: \xff\n", (2, 4), "byte 8 (0xff) is not UTF-8"),
        ("tidegate: 1\n".encode("utf-16"), (1, 1), "is not UTF-8"),
        ("a: ö\nb: ü".encode("latin-1"), (1, 4), "byte 3 (0xf6)"),
        (b"a: 1\0", (1, 5), "U+0000 is not allowed"),
        (b"[" * 30, (1, 21), "nested more than 20 deep"),
        (b"x" * (MAX_BYTES + 1), (0, 0), "larger than 256 KiB"),
    ],
)
def test_files_that_are_no_policy_at_all(
    tmp_path: Path, data: bytes, place: tuple[int, int], words: str
) -> None:
    problem = refused(tmp_path, data)[0]
    assert words in problem.with_hint
    assert (problem.line, problem.column) == place


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        (b"\xef\xbb\xbf" + SOURCE.replace("\n", "\r\n").encode(), {}),
        (swapped("application: storefront", 'application: "010"'), {"application": "010"}),
    ],
    ids=["a byte order mark and line ends of Windows", "quoted text that looks like a number"],
)
def test_what_is_taken(tmp_path: Path, text: str | bytes, changes: dict[str, str]) -> None:
    expected = load_policy(SHIPPED).policy.model_copy(update=changes)
    assert load_policy(written(tmp_path, text)).policy == expected


UNREADABLE = {
    "none.yaml": "no such file",
    ".": "a directory",
    "pipe": "not a regular file",
    "x" * 300: "cannot be read: File name too long",
    "a\0b": "no usable file name",
}


@pytest.mark.parametrize("name", UNREADABLE, ids=UNREADABLE.values())
def test_what_is_no_file_is_named(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(PolicyRefused, match=UNREADABLE[name]) as info:
        load_policy(tmp_path / name)
    assert info.value.problems[0].line == 0


# Each row: changes of the file, and in turn each problem: words of its line, and all that is said of it.
SEVERAL: dict[str, tuple[list[tuple[str, str]], list[tuple[str, str]]]] = {
    "all of them in the order of the file": (
        [
            ("enforcement: shadow", "enforcement: maybe"),
            ("cooldown: 1h", "cooldown: soon"),
            ("in: target", "in: *target"),
        ],
        [
            ("enforcement", "expected 'shadow' or 'live', found 'maybe'"),
            ("in: *target", "aliases (*) are not read (write the value out)"),
            ("cooldown", """expected a duration such as "43s", "3m" or "1h", found 'soon'"""),
        ],
    ),
    "a value that was not read once": (
        [("application: storefront", "application: *a")],
        [("application", "aliases (*) are not read (write the value out)")],
    ),
    "a key that was not read once": (
        [("limits: {minRegionsOn: 1, ", "limits: {<<: {cooldown: 1h}, ")],
        [("limits: ", "merge keys (<<) are not read (write the keys out)")],
    ),
    "nothing inside a key that is written twice": (
        [(SOURCE, SOURCE + "limits: {minRegionsOn: *x, cooldown: 1h, cooldown: 1h}\n")],
        [
            (
                "limits: {minRegionsOn: *x",
                f"the key 'limits' is written twice (the first is at line {line_of(SOURCE, 'limits: ')})",
            )
        ],
    ),
}


@pytest.mark.parametrize(("changes", "told"), SEVERAL.values(), ids=SEVERAL)
def test_which_problems_are_told(
    tmp_path: Path, changes: list[tuple[str, str]], told: list[tuple[str, str]]
) -> None:
    text = SOURCE
    for old, new in changes:
        text = swapped(old, new, text=text)
    problems = refused(tmp_path, text)
    assert [(problem.line, problem.with_hint) for problem in problems] == [
        (line_of(text, words), says) for words, says in told
    ]


def test_many_problems_are_cut_to_a_readable_number(tmp_path: Path) -> None:
    problems = refused(tmp_path, "".join(f"key{number}: 1\n" for number in range(3000)))
    assert len(problems) == MAX_PROBLEMS + 1
    assert "more problems" in problems[-1].message


def test_hostile_text_from_the_file_stays_on_its_line(tmp_path: Path) -> None:
    key = "'[bold]x\\n\\e[31m" + "y" * 5000 + "'"
    for problem in refused(tmp_path, swapped("application: storefront", f"{key}: 1")):
        assert str(problem).isprintable()
        assert len(problem.message) <= 300


@pytest.mark.parametrize(
    ("old", "new", "key", "pointed"),
    [
        (", cooldown: 1h", "", "limits.cooldown", "{minRegionsOn"),
        ("application: storefront\n", "", "application", "tidegate: 1"),
        ("  prefer: [us-west-2, us-east-1]\n", "", "target.prefer", "target:"),
        (
            "in: source, family: customer",
            "family: customer",
            "evacuate.when.all[0].in",
            "{family: customer, is",
        ),
        (", within: 15m", "", "approvals.oncall[0].within", "{ask:"),
        ("  us-east-1: {controls: [use1-a, use1-b, use1-c, use1-d]}", "", "regions", "regions:"),
    ],
)
def test_what_is_missing_is_told_at_the_mapping_that_lacks_it(
    tmp_path: Path, old: str, new: str, key: str, pointed: str
) -> None:
    text = swapped(old, new)
    problem = next(problem for problem in refused(tmp_path, text) if problem.path == key)
    assert text.split("\n")[problem.line - 1][problem.column - 1 :].startswith(pointed), str(problem)


CONTROLLERS = "controllers: [us-east-2, us-west-2, us-east-1]"


def test_every_region_of_aws_is_a_region(tmp_path: Path) -> None:
    session = botocore.session.get_session()
    every = [
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("ec2", partition)
    ]
    assert len(every) > 30
    for region in every:
        file = written(tmp_path, swapped(CONTROLLERS, f"controllers: [{region}]"))
        assert load_policy(file).policy.controllers == (region,)


@pytest.mark.parametrize(
    "region", ["us-esat-1", "us-east", "us-east-1a", "US-EAST-1", "east-1", "us-east-1 "]
)
def test_a_misspelt_region_is_refused(tmp_path: Path, region: str) -> None:
    text = swapped(CONTROLLERS, f"controllers: ['{region}']")
    assert "such as us-east-1" in refused(tmp_path, text)[0].message


N = MAX_BYTES
HOSTILE = {
    "brackets": "[" * N,
    "braces": "{" * N,
    "dashes": "- " * (N // 2),
    "flow list": "[" + "a," * (N // 2 - 1) + "]",
    "flow map": "{" + "a: b," * (N // 5) + "}",
    "lines": "".join(f"k{number}: 1\n" for number in range(N // 10)),
    "tag": "!" * N,
    "quotes": '"' + "a\n" * (N // 2 - 1) + '"',
    "empty lists": "regions:\n" + "".join(f"  r{n}: {{controls: []}}\n" for n in range(N // 28)),
    "laughs": "a: &a [x,x]\n" + "b: [*a,*a,*a]\n" * (N // 14),
    "documents": "---\n" * (N // 4),
    "long key": "a" * (N - 3) + ": 1",
    "directives": "%a\n" * (N // 3),
    "leaves": swapped(
        "    all:\n", "    all:\n" + "      - {in: source, family: service, is: silent}\n" * 2500
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_file_of_the_largest_size_takes_long(tmp_path: Path, name: str) -> None:
    before = time.process_time()
    problems = refused(tmp_path, HOSTILE[name])
    assert time.process_time() - before < 3.0
    assert len(problems) <= MAX_PROBLEMS + 1
