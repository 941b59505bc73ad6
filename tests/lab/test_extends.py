"""`extends`: what is laid over what, whose line is told, and what leads nowhere."""

import os
from pathlib import Path

import pytest

from controller.core.policy.validation import compiled
from controller.lab.policy_files.loader import load_policy
from controller.lab.policy_files.positions import PolicyRefused
from tests.support.shipped_policy import SHIPPED

SOURCE = SHIPPED.read_text(encoding="utf-8")
OWN = "extends: base.yaml\napplication: shop\nlimits: {cooldown: 2h}\n"


def family(tmp_path: Path, own: str = OWN, **bases: str) -> Path:
    for name, text in ({"base": SOURCE} | bases).items():
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    file = tmp_path / "own.yaml"
    file.write_text(own, encoding="utf-8")
    return file


def refused(file: Path) -> list[str]:
    with pytest.raises(PolicyRefused) as info:
        load_policy(file)
    return [str(problem).replace(f"{file.parent}/", "") for problem in info.value.problems]


def test_tables_are_laid_over_key_by_key_and_what_is_below_is_replaced_whole(tmp_path: Path) -> None:
    own = OWN + "signals:\n  service: [{alarm: x, silentAfter: 5m}]\n"
    own += "evacuate: {when: {in: source, family: customer, is: breaching, observers: 2, for: 9m}}\n"
    loaded = load_policy(family(tmp_path, own))
    base, policy = load_policy(SHIPPED).policy, loaded.policy
    assert policy.application == "shop"
    assert (policy.limits.cooldown, policy.limits.min_regions_on) == (7200.0, base.limits.min_regions_on)
    assert policy.signals["customer"] == base.signals["customer"]
    assert len(policy.signals["service"]) == 1
    assert policy.evacuate.unless == base.evacuate.unless
    assert compiled(policy)["evacuate"]["when"]["for"] == "540s"
    assert "extends" not in compiled(policy)
    assert [file.name for file in loaded.files] == ["own.yaml", "base.yaml"]


def test_a_problem_is_told_in_the_file_that_holds_it(tmp_path: Path) -> None:
    assert refused(family(tmp_path, OWN.replace("2h", "soon"))) == [
        'own.yaml:3:20: expected a duration such as "43s", "3m" or "1h", found \'soon\''
    ]
    bad = SOURCE.replace("minRegionsOn: 1", "minRegionsOn: 7").replace("people: 1", "people: *x")
    told = refused(family(tmp_path, base=bad))
    line = next(n for n, text in enumerate(bad.splitlines(), 1) if "people: *x" in text)
    column = bad.splitlines()[line - 1].index("*x") + 1
    assert told == [f"base.yaml:{line}:{column}: aliases (*) are not read (write the value out)"]
    wide = refused(family(tmp_path, base=SOURCE.replace("minRegionsOn: 1", "minRegionsOn: 7")))
    assert [each.partition(": ")[0].split(":")[0] for each in wide] == ["base.yaml"]
    missing = refused(family(tmp_path, base=SOURCE.replace("tidegate: 1\n", "")))
    assert missing == ["own.yaml:1:1: the key 'tidegate' is missing"]


def test_a_chain_of_five_files_and_no_more(tmp_path: Path) -> None:
    links = {f"b{n}": f"extends: {f'b{n + 1}' if n < 4 else 'base'}.yaml\n" for n in range(2, 5)}
    assert load_policy(family(tmp_path, "extends: b2.yaml\n", **links)).files[-1].name == "base.yaml"
    links["base"] = SOURCE + "extends: end.yaml\n"
    assert "at most 5 files" in refused(family(tmp_path, "extends: b2.yaml\n", **links, end=SOURCE))[0]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("own.yaml", "leads back to a file"),
        ("./own.yaml", "expected a file in this folder"),
        ("../base.yaml", "expected a file in this folder"),
        ("/etc/passwd.yaml", "expected a file in this folder"),
        ("[base.yaml]", "expected a file in this folder"),
        ("1", "expected a file in this folder"),
        ("none.yaml", "no such file"),
        ("out.yaml", "out of the policy's folder"),
        ("sub/pipe.yaml", "no such file"),
    ],
)
def test_what_leads_nowhere_or_astray_is_refused_at_its_line(tmp_path: Path, value: str, words: str) -> None:
    folder = tmp_path / "policies"
    (folder / "sub").mkdir(parents=True)
    (tmp_path / "base.yaml").write_text(SOURCE, encoding="utf-8")
    (folder / "out.yaml").symlink_to(tmp_path / "base.yaml")
    os.mkfifo(folder / "sub" / "pipe.yaml")
    told = refused(family(folder, f"application: a\nextends: {value}\n"))
    assert any(line.startswith("own.yaml:2:10: ") and words in line for line in told), told


def test_two_files_that_extend_each_other(tmp_path: Path) -> None:
    told = refused(family(tmp_path, base="extends: own.yaml\n"))
    assert any("leads back" in line and line.startswith("base.yaml:1:10") for line in told), told


def test_a_base_below_its_policy_and_a_name_that_is_nearly_right(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    family(tmp_path / "shared")
    (tmp_path / "top.yaml").write_text("extends: shared/own.yaml\n", encoding="utf-8")
    assert load_policy(tmp_path / "top.yaml").policy.application == "shop"
    assert any(
        "did you mean `extends`?" in line for line in refused(family(tmp_path, SOURCE + "extend: x\n"))
    )


def test_a_base_that_is_no_mapping_or_too_large(tmp_path: Path) -> None:
    assert "part of a policy" in " ".join(refused(family(tmp_path, base="[]")))
    assert "larger than 256 KiB" in refused(family(tmp_path, base="x" * (257 * 1024)))[0]
