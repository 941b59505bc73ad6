"""`deploy.sh` deploys a release: bash and the AWS command line, against AWS's wire on this machine."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.infra.aws_front import Front, front

BIN = Path(sys.executable).parent


SWITCH = "tidegate-routing"


@pytest.fixture(scope="module")
def released(released: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The release as if its packages were complete: libraries are no matter for the script."""
    copy = Path(shutil.copytree(released, tmp_path_factory.mktemp("complete") / "release"))
    script = copy / "deploy.sh"
    text = script.read_text(encoding="utf-8")
    assert text.count("BARE=yes\n") == 1
    script.write_text(text.replace("BARE=yes\n", ""), encoding="utf-8")
    return copy


@pytest.fixture
def aws() -> Iterator[Front]:
    with front() as made:
        yield made


def run(release: Path, aws: Front, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    own = {
        "PATH": f"{BIN}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(release),
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "a",
        "AWS_EC2_METADATA_DISABLED": "true",
        **more,
    }
    return subprocess.run(
        ["bash", str(release / "deploy.sh"), *words], env=own, capture_output=True, text=True, timeout=540,
        check=False, cwd="/",
    )  # fmt: skip


def order(release: Path) -> list[str]:
    return [s["name"] for s in json.loads((release / "order.json").read_text(encoding="utf-8"))["stacks"]]


def test_every_stack_is_made_in_order_and_again_changes_nothing(released: Path, aws: Front) -> None:
    done = run(released, aws)
    assert (done.returncode, aws.refused) == (0, []), done.stderr[-2000:]
    assert order(released)[-1] == SWITCH
    assert [name for _, name in aws.stacks] == order(released)[:-1]
    assert f"left out: {SWITCH} (not needed in shadow; an ARC cluster costs money)" in done.stdout
    told = {s["name"]: s for s in json.loads((released / "order.json").read_text(encoding="utf-8"))["stacks"]}
    for (region, name), stack in aws.stacks.items():
        assert region == told[name]["region"]
        assert stack.template == (released / told[name]["template"]).read_bytes()
        assert stack.tags == told[name]["tags"]
        assert set(stack.parameters.values()) <= {f"tidegate-code-111122223333-{region}"}
    before = dict(aws.stacks)
    some = ("tidegate-controller-us-west-2", "tidegate-keys-us-west-2")
    again = run(released, aws, *some)
    assert (again.returncode, aws.refused) == (0, []), again.stderr[-2000:]
    assert aws.stacks == before
    assert "upload" not in again.stdout
    assert again.stdout.splitlines()[-1] == f"done: {some[0]}", "in the release's order"


def test_the_switch_of_a_shadow_is_deployed_where_it_is_named(released: Path, aws: Front) -> None:
    done = run(released, aws, SWITCH)
    assert (done.returncode, aws.refused) == (0, []), done.stderr[-2000:]
    assert [name for _, name in aws.stacks] == [SWITCH]
    assert "left out" not in done.stdout


def test_a_release_without_libraries_is_not_deployed(released: Path, aws: Front, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(released, tmp_path / "copy"))
    script = copy / "deploy.sh"
    text = script.read_text(encoding="utf-8")
    script.write_text(text.replace("\nPREFIX=", "\nBARE=yes\nPREFIX="), encoding="utf-8")
    done = run(copy, aws)
    assert (done.returncode, aws.calls) == (1, [])
    assert "written by --bare, without libraries" in done.stderr
    assert run(copy, aws, "--list").returncode == 0


def test_a_first_try_that_was_taken_back_can_be_tried_again(released: Path, aws: Front) -> None:
    name = "tidegate-keys-us-west-2"
    aws.fails.add(name)
    assert run(released, aws, name).returncode != 0
    assert aws.stacks["us-west-2", name].status == "ROLLBACK_COMPLETE"
    done = run(released, aws, name)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "deleting what is left of it" in done.stdout
    assert aws.stacks["us-west-2", name].status == "CREATE_COMPLETE"


def test_a_bucket_that_somebody_else_has_is_refused(released: Path, aws: Front) -> None:
    """Names of buckets are the whole world's, and functions run what lies in them."""
    aws.buckets["tidegate-code-111122223333-us-east-2"] = ("444455556666", {})
    done = run(released, aws, "tidegate-controller-us-east-2")
    assert done.returncode != 0
    assert (aws.stacks, aws.pending) == ({}, {})


@pytest.mark.parametrize(
    ("word", "account", "told"),
    [
        ("tidegate-keys-eu-west-1", "111122223333", "tidegate-keys-eu-west-1 is no stack of this release"),
        ("tidegate-keys-us-west-2", "444455556666", "these credentials are of account 444455556666"),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is_made(
    released: Path, aws: Front, word: str, account: str, told: str
) -> None:
    aws.account = account
    done = run(released, aws, word)
    assert done.returncode != 0
    assert told in done.stderr
    assert (aws.stacks, aws.pending, aws.buckets) == ({}, {}, {})


def test_what_was_damaged_on_its_way_is_not_deployed(released: Path, aws: Front, tmp_path: Path) -> None:
    copy = shutil.copytree(released, tmp_path / "copy")
    template = copy / "templates" / "tidegate-keys-us-west-2.json"
    template.write_text(template.read_text(encoding="utf-8") + " ", encoding="utf-8")
    done = run(copy, aws)
    assert done.returncode != 0
    assert "FAILED" in done.stdout + done.stderr
    assert aws.calls == []


def test_another_accounts_stacks_are_deployed_by_its_profile(
    released: Path, aws: Front, tmp_path: Path
) -> None:
    """The credentials at hand are of nobody; the profile's are the account's."""
    file = tmp_path / "credentials"
    file.write_text("[theirs]\naws_access_key_id = b\naws_secret_access_key = b\n", encoding="utf-8")
    aws.accounts["a"] = "444455556666"
    name, words = "tidegate-keys-us-west-2", {"AWS_SHARED_CREDENTIALS_FILE": str(file)}
    assert run(released, aws, name, **words).returncode != 0
    done = run(released, aws, name, PROFILE_111122223333="theirs", **words)
    assert done.returncode == 0, done.stderr[-2000:]
    assert ("us-west-2", name) in aws.stacks


def test_the_list_is_the_order_and_needs_nothing(released: Path, aws: Front) -> None:
    done = run(released, aws, "--list", PATH=os.defpath)
    assert (done.returncode, done.stdout.splitlines()) == (0, order(released))


def test_a_protected_stack_is_protected_once_it_stands(released: Path, aws: Front, tmp_path: Path) -> None:
    copy = shutil.copytree(released, tmp_path / "copy")
    script = copy / "deploy.sh"
    line = "stack tidegate-keys-us-west-2 111122223333 us-west-2 inline"
    text = script.read_text(encoding="utf-8")
    assert f"{line} - " in text
    script.write_text(text.replace(f"{line} - ", f"{line} protect "), encoding="utf-8")
    assert run(copy, aws, "tidegate-keys-us-west-2").returncode == 0
    assert aws.stacks["us-west-2", "tidegate-keys-us-west-2"].protected
