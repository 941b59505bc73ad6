"""`tidegate policy check` and the ground of the command line: what is printed where, and the exit code."""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from controller.core.policy.bounds import CONTROLS
from controller.entry.cli.main import app, main
from controller.entry.cli.output import ExitCode, emit, fail
from controller.lab.policy_files.positions import Located, PolicyRefused
from controller.ports import errors
from tests.entry.deployment_file import DEPLOYMENT
from tests.support.largest_policy import regions

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "policies" / "storefront.yaml"
RUN = "import sys; from controller.entry.cli.main import main; sys.exit(main(sys.argv[1:]))"


def tidegate(
    *words: str, cwd: Path = ROOT, stdout: int = subprocess.PIPE
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", RUN, *words],
        cwd=cwd, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False, timeout=300,
    )  # fmt: skip


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    file = tmp_path / "bad.yaml"
    text = SHIPPED.read_text(encoding="utf-8").replace("enforcement: shadow", "enforcement: '[bold]x[/bold]'")
    file.write_text(text, encoding="utf-8")
    return file


def test_the_shipped_policies_are_checked_by_default() -> None:
    done = tidegate("policy", "check")
    assert (done.returncode, done.stderr) == (0, "")
    (line,) = [line for line in done.stdout.splitlines() if "storefront" in line]
    assert line.startswith("policies/storefront.yaml: ok  ")
    assert "shadow  us-east-1, us-west-2  10 signals" in line


def test_the_document_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "check", str(SHIPPED), "--json"]) == 0
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert err == ""
    assert next(iter(document)) == "schema"
    assert (document["schema"], document["ok"]) == ("tidegate.policy-check/v1", True)
    (file,) = document["files"]
    assert (file["file"], file["ok"], file["problems"]) == (str(SHIPPED), True, [])
    assert len(file["digest"]) == 64
    assert (file["enforcement"], file["regions"], file["signals"]) == (
        "shadow", ["us-east-1", "us-west-2"], 10,
    )  # fmt: skip


def test_controls_at_the_bound_of_an_event_pass_and_one_letter_more_is_refused_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    two = ("us-east-1", "us-west-2")
    file, text = tmp_path / "p.yaml", SHIPPED.read_text(encoding="utf-8")
    place = next(n for n, line in enumerate(text.splitlines(), 1) if line == "regions:")
    for more, code in ((0, 0), (2, 2)):
        for region, entry in regions(CONTROLS + more, two, 50).items():
            old = next(line for line in text.splitlines() if line.startswith(f"  {region}: {{controls"))
            text = text.replace(old, f"  {region}: {{controls: {json.dumps(entry['controls'])}}}")
        file.write_text(text, encoding="utf-8")
        assert main(["policy", "check", str(file)]) == code
    ok, *_, refused = capsys.readouterr().out.splitlines()
    assert ok.startswith(f"{file}: ok")
    assert refused.startswith(f"{file}:{place}:1: 100 controls with names of 63 characters take 146")
    assert refused.endswith(f"at most {CONTROLS} fit: use shorter names, or fewer slices")


def test_a_refused_file_is_located_and_exits_2(bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "check", str(SHIPPED), str(bad)]) == 2
    out, _ = capsys.readouterr()
    ok, *refused = out.splitlines()
    assert ok.startswith(f"{SHIPPED}: ok")
    assert any(line.startswith(f"{bad}:4:14: ") for line in refused)


def test_the_document_locates_too(bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad.write_text(SHIPPED.read_text(encoding="utf-8").replace("cooldown:", "cool_down:"), encoding="utf-8")
    assert main(["policy", "check", str(bad), "--json"]) == 2
    document = json.loads(capsys.readouterr().out)
    (file,) = document["files"]
    assert (document["ok"], file["ok"], file["digest"]) == (False, False, None)
    meant = [problem for problem in file["problems"] if problem["hint"]]
    assert [(p["path"], p["hint"]) for p in meant] == [("limits.cool_down", "did you mean `cooldown`?")]
    assert all(problem["line"] == meant[0]["line"] for problem in file["problems"])


def test_a_file_that_is_not_there_is_a_problem_without_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "check", "no/such.yaml", "--json"]) == 2
    (file,) = json.loads(capsys.readouterr().out)["files"]
    assert file["problems"] == [
        {"line": None, "column": None, "path": "", "message": "no such file", "hint": None}
    ]


def test_markup_and_escapes_in_a_file_are_shown_as_they_are(
    bad: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    bad.write_text(text.replace("application:", "'[red]\\[link=x]':"), encoding="utf-8")
    named = bad.with_name("[bold]a\x1b[31m\n.yaml")
    named.write_text(bad.read_text(encoding="utf-8"), encoding="utf-8")
    assert main(["policy", "check", str(named)]) == 2
    out, _ = capsys.readouterr()
    assert "\x1b" not in out
    lines = out.splitlines()
    assert all("[bold]a" in line for line in lines)
    assert any("[red]" in line and "[link=x]" in line for line in lines)


def test_a_deployment_says_where_its_notices_and_its_sign_in_live(tmp_path: Path) -> None:
    away = {"topic": "arn:aws:sns:us-east-1:123456789012:t", "console_by_region": {"us-west-2": "https://c"}}
    (tmp_path / "d.json").write_text(json.dumps(DEPLOYMENT | away), encoding="utf-8")
    (tmp_path / "tidegate.toml").write_text('[contexts.live]\ndeployment = "d.json"\n', encoding="utf-8")
    done = tidegate("policy", "check", str(SHIPPED), "--context", "live", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "notices for approvers lives only in guarded Regions (us-east-1)" in done.stdout
    assert "[guarded-sign-in]" in done.stdout


def test_no_policy_here(tmp_path: Path) -> None:
    done = tidegate("policy", "check", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "tidegate: no file is named, and no policies/*.yaml is here\n"
    done = tidegate("policy", "check", "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["schema"] == "tidegate.error/v1"
    assert done.returncode == 2


@pytest.mark.parametrize(
    "words", [["--nope"], ["nope"], ["policy", "nope"], ["policy", "check", "--nope"], ["policy", "--json"]]
)
def test_a_wrong_command_line_is_one_line_and_exits_2(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert err.startswith("tidegate: ")
    assert err.count("\n") == 1
    assert "--help" in err
    assert ("tidegate.error/v1" in out) == ("--json" in words)


def test_version_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("tidegate ")
    assert main(["--help"]) == 0
    assert "policy" in capsys.readouterr().out
    assert main([]) == 2
    assert "Usage: tidegate" in capsys.readouterr().err


@pytest.fixture
def raising() -> Iterator[list[BaseException]]:
    """A command `boom` that raises what the test puts into the list."""
    wanted: list[BaseException] = []

    @app.command("boom")
    def boom(as_json: bool = typer.Option(False, "--json")) -> None:
        raise wanted[0]

    yield wanted
    app.registered_commands.pop()


REFUSED = PolicyRefused((Located("p.yaml", 3, 4, "no"),))


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (errors.SwitchUnavailable("no endpoint"), 3, "SwitchUnavailable: no endpoint"),
        (errors.OutsideUnreachable("sns"), 3, "sns"),
        (errors.EvidenceUnavailable("table"), 3, "table"),
        (errors.JournalConflict("17 is taken"), 1, "17 is taken"),
        (errors.SwitchRefused("rule floor"), 1, "rule floor"),
        (errors.TokenClosed("answered"), 1, "answered"),
        (errors.ControllerError("other"), 4, "other"),
        (REFUSED, 2, "p.yaml:3:4: no"),
        (OSError(errno.ENOSPC, "No space left on device", "journal.db"), 4, "the disk is full (journal.db)"),
        (OSError(errno.EADDRINUSE, "Address already in use"), 4, "tidegate: Address already in use"),
        (ZeroDivisionError("x\ny\x1b[31m"), 4, "internal error: ZeroDivisionError: x y;"),
        (KeyboardInterrupt(), 130, "tidegate: interrupted"),
        (EOFError(), 130, "interrupted"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_whatever_ends_a_command_is_one_line_and_an_exit_code(
    raising: list[BaseException],
    error: BaseException,
    code: int,
    words: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    raising.append(error)
    assert main(["boom"]) == code
    out, err = capsys.readouterr()
    assert (out, err.strip().count("\n")) == ("", 0)
    assert words in err
    assert "\x1b" not in err
    assert main(["boom", "--json"]) == code
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], document["exit_code"]) == ("tidegate.error/v1", code)
    assert words.removeprefix("tidegate: ") in document["error"]


def test_debug_prints_the_traceback_of_an_internal_error(
    raising: list[BaseException], capsys: pytest.CaptureFixture[str]
) -> None:
    raising.append(ZeroDivisionError("x"))
    assert main(["--debug", "boom"]) == 4
    assert "Traceback" in capsys.readouterr().err
    assert main(["boom"]) == 4
    assert "Traceback" not in capsys.readouterr().err


def test_emit_refuses_what_is_not_json_and_fail_ends_the_command(
    capsys: pytest.CaptureFixture[str],
) -> None:
    emit("x", {"name": "\x1b[31m\u202e"}, lambda _: None, as_json=True)
    assert capsys.readouterr().out.isascii()
    with pytest.raises(ValueError, match="Out of range"):
        emit("x", {"seconds": float("nan")}, lambda _: None, as_json=True)
    with pytest.raises(Exception, match="no such Region") as info:
        fail(ExitCode.NO, "no such Region")
    assert type(info.value).__name__ == "Failed"


def test_a_full_disk_under_the_output_is_one_line_and_exits_4() -> None:
    with Path("/dev/full").open("w") as full:
        done = tidegate("policy", "check", "--json", stdout=full.fileno())
    assert (done.returncode, done.stderr) == (
        4, "tidegate: the disk is full; free some space and try again\n",
    )  # fmt: skip


@pytest.mark.parametrize("words", [["policy", "check", "--json"], ["policy", "check"], ["--version"]])
def test_a_reader_that_went_away_is_not_worth_a_line(words: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = tidegate(*words, stdout=writer)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize("words", [["--version"], ["policy", "check"]])
def test_a_quick_command_imports_nothing_heavy(words: list[str]) -> None:
    code = (
        "import sys; from controller.entry.cli.main import main; code = main(sys.argv[1:]);"
        "heavy = {'boto3', 'botocore', 'moto', 'flask', 'controller.rehearsal', 'controller.wiring'};"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "[]\n")
