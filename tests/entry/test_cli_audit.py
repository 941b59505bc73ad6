"""`tidegate audit verify` and `report` from a terminal: exit codes, and what is said to people."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from controller.audit.bundle.manifest import JOURNAL
from controller.audit.bundle.signature import fingerprint, public_key
from controller.audit.bundle.write import Period
from controller.core.policy.validation import parse_policy
from controller.entry.cli.audit_export import wrong_place
from controller.entry.cli.main import main
from controller.lab.environment.last_run import LastRun, write_last_run
from tests.support.audit_bundle import Forger, exported, framed, opened, told
from tests.support.policy_scene import ACCOUNT, policy_data
from tests.support.quarter_journal import END, quarter
from tests.support.running_rehearsal import environment

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    file = tmp_path / "record.tar"
    file.write_bytes(told().bundle)
    return file


@pytest.fixture
def key(tmp_path: Path) -> str:
    file = tmp_path / "key.pem"
    file.write_text(told().signer.public_key().pem)
    return str(file)


def test_a_whole_bundle_says_so_where_its_key_is_vouched_for(bundle: Path, key: str, capsys: Capture) -> None:
    assert main(["audit", "verify", str(bundle), "--key", key]) == 0
    said = capsys.readouterr().out
    assert said.startswith("storefront, 2030-01-01T")
    assert said.endswith("whole\n")
    assert "  signed by arn:aws:kms:" in said


def test_a_fingerprint_is_the_short_way_to_vouch_for_a_key(bundle: Path, capsys: Capture) -> None:
    print_ = fingerprint(public_key(told().signer.public_key().pem.encode()))
    pairs = ":".join(print_[at : at + 2] for at in range(0, 64, 2)).upper()
    for spelled in (print_, pairs):
        assert main(["audit", "verify", str(bundle), "--fingerprint", spelled]) == 0
        assert capsys.readouterr().out.endswith("whole\n")
    assert main(["audit", "verify", str(bundle), "--fingerprint", "0" * 64]) == 1
    assert "another key than the one that must have signed" in capsys.readouterr().out
    assert main(["audit", "verify", str(bundle), "--fingerprint", "not hex"]) == 2
    assert "expected the 64 hex digits" in capsys.readouterr().err


def test_a_key_and_a_fingerprint_must_agree_and_a_key_is_nothing_else(
    bundle: Path, key: str, tmp_path: Path, capsys: Capture
) -> None:
    """Found: of both the fingerprint was left unread, and the bundle itself passed as its key."""
    print_ = fingerprint(public_key(told().signer.public_key().pem.encode()))
    assert main(["audit", "verify", str(bundle), "--key", key, "--fingerprint", print_]) == 0
    capsys.readouterr()
    assert main(["audit", "verify", str(bundle), "--key", key, "--fingerprint", "0" * 64]) == 2
    assert "and not the one that was given" in capsys.readouterr().err
    assert main(["audit", "verify", str(bundle), "--key", str(bundle)]) == 2
    assert "no public key in PEM form" in capsys.readouterr().err
    strange = tmp_path / "strange"
    strange.write_text("nothing")
    assert main(["audit", "verify", str(bundle), "--key", key, "--earlier", str(strange)]) == 2
    assert "strange, the earlier one: this is no bundle" in capsys.readouterr().err.replace("\n", " ")


def test_without_a_key_nothing_is_proven_and_what_the_bundle_says_of_itself_are_claims(
    bundle: Path, capsys: Capture
) -> None:
    """A forger brings a key too."""
    for content in (told().bundle, exported(told().record, told().period, Forger())):
        bundle.write_bytes(content)
        assert main(["audit", "verify", str(bundle)]) == 1
        said = capsys.readouterr().out
        assert said.startswith("says that it is of storefront, ")
        assert "  says it was signed by " in said
        assert "unproven: all of it fits together, and nobody vouches for its key" in said
        assert "whole\n" not in said
        assert main(["audit", "verify", str(bundle), "--json"]) == 1
        found = json.loads(capsys.readouterr().out)
        assert (found["whole"], found["verdict"], found["wrong"]) == (False, "unproven", None)


def test_one_that_is_not_whole_names_the_place(bundle: Path, capsys: Capture) -> None:
    files = opened(told().bundle)
    files[JOURNAL] = files[JOURNAL].replace(b'"by":"ana"', b'"by":"eve"')
    bundle.write_bytes(framed(files))
    assert main(["audit", "verify", str(bundle)]) == 1
    assert "NOT WHOLE: journal.jsonl, event 6: its hash is" in capsys.readouterr().out
    assert main(["audit", "verify", str(bundle), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["schema"], found["whole"], found["wrong"]["at"]) == (
        "tidegate.audit-verify/v1",
        False,
        "event 6",
    )


def test_one_by_another_key_or_none_is_not_whole(bundle: Path, capsys: Capture) -> None:
    other = bundle.with_name("other.pem")
    other.write_text(Forger(9).public_key().pem)
    assert main(["audit", "verify", str(bundle), "--key", str(other)]) == 1
    assert "another key than the one that must have signed" in capsys.readouterr().out
    bundle.write_bytes(exported(told().record, told().period, None))
    assert main(["audit", "verify", str(bundle)]) == 1
    assert "the bundle is not signed" in capsys.readouterr().out


def test_an_earlier_bundle_is_checked_first_and_gone_on_from(bundle: Path, key: str, capsys: Capture) -> None:
    here, before = told(), bundle.with_name("earlier.tar")
    start = here.period.begin
    before.write_bytes(exported(here.record, Period(start, here.record.events[4].at), here.signer))
    words = ["audit", "verify", "--key", key]
    assert main([*words, str(bundle), "--earlier", str(before)]) == 0
    assert main([*words, str(before), "--earlier", str(bundle)]) == 1
    assert "it is missing: the earlier bundle saw it" in capsys.readouterr().out
    before.write_bytes(before.read_bytes()[:-1])
    assert main([*words, str(bundle), "--earlier", str(before)]) == 1
    assert "the earlier one, is not whole" in capsys.readouterr().err
    before.write_bytes(exported(here.record, here.period, Forger()))
    assert main([*words, str(bundle), "--earlier", str(before)]) == 1
    assert "another key than the one" in capsys.readouterr().err


def test_what_was_not_at_hand_is_told_to_whoever_checks(bundle: Path, key: str, capsys: Capture) -> None:
    bundle.write_bytes(exported(replace(told().record, policies={}), told().period, told().signer))
    assert main(["audit", "verify", str(bundle), "--key", key]) == 0
    assert (
        f"the text of policy {told().world.stage.policy.digest[:12]} was not at hand"
        in capsys.readouterr().out
    )


@pytest.mark.parametrize("what", ["no file", "a folder", "no bundle", "no key"])
def test_bad_input_is_two_and_one_line(what: str, bundle: Path, capsys: Capture) -> None:
    words = {
        "no file": ["verify", str(bundle.with_name("none.tar"))],
        "a folder": ["verify", str(bundle.parent)],
        "no bundle": ["verify", __file__],
        "no key": ["verify", str(bundle), "--key", __file__],
    }[what]
    assert main(["audit", *words]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)


def test_a_report_of_the_last_demo(tmp_path: Path, capsys: Capture) -> None:
    policy = parse_policy(policy_data())
    with environment({"XDG_STATE_HOME": str(tmp_path), "TIDEGATE_CONTEXT": ""}):
        file = tmp_path / "tidegate" / "last-demo.json"
        write_last_run(file, LastRun(policy, ACCOUNT, END, quarter(), ()))
        assert main(["audit", "report", "--from", "2030-01-01"]) == 0
        said = capsys.readouterr().out
        assert main(["audit", "report", "--from", "2030-01-01", "--json"]) == 0
        figures = json.loads(capsys.readouterr().out)
        assert main(["audit", "report", "--from", "2040-01-01"]) == 2
        assert main(["audit", "export", "--out", str(tmp_path / "x.tar")]) == 2
    assert "opened to first control                       median 3.3 s" in said
    assert (figures["schema"], figures["evacuations"]["opened"]) == ("tidegate.audit-report/v1", 7)


def test_what_is_wrong_with_a_whole_bundle_has_no_empty_place_before_it() -> None:
    wrong = {"file": "", "at": "", "says": "the bundle says nothing of its policies"}
    assert wrong_place(wrong) == "the bundle says nothing of its policies"
    assert wrong_place(wrong | {"file": "journal.jsonl", "at": "event 6"}).startswith(
        "journal.jsonl, event 6: "
    )
