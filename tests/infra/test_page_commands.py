"""Every command on the pages of a deployment is read by the tool that it is for. None is skipped."""

import json
import re
import subprocess
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
import typer

from controller.core.person import key_of
from controller.entry.cli.main import app
from infra.__main__ import arguments_parser
from infra.project import load
from tests.infra.aws_parser import Refused, parsed
from tests.infra.stack_order import STACKS
from tests.infra.synthesis import Synthesis
from tests.support.config_files import SHIPPED
from tests.support.page_commands import TOOLS, UNREAD, Command, Unknown, commands, of_page, pages
from tests.support.sources import ROOT, existing

EVERY = commands()
CDK = ("bootstrap", "deploy", "destroy", "diff", "ls", "synth")
VARIABLES = {"CODE_BUCKET", "PROFILE_444455556666", "TIDEGATE_CONFIG"}
OF_PAGES = {"ENTRIES", "key"}
"""Those that a page sets itself, for its next lines."""
FILLED = {
    "ARN": "arn:aws:dynamodb:us-east-2:111122223333:table/tidegate-journal/backup/01489602797149-73d8d5bc",
    "TIME": "2026-01-01T09:14:00Z",
}
"""A placeholder that the reader fills in -> something of its kind."""
RECORD = {"Name": "shop.example.com", "Type": "A", "ResourceRecords": [{"Value": "192.0.2.1"}], "TTL": 60}
BEFORE = {
    "Changes": [
        {"Action": "DELETE", "ResourceRecordSet": RECORD},
        {"Action": "CREATE", "ResourceRecordSet": RECORD | {"SetIdentifier": "before", "Weight": 255}},
    ]
}
IN_EVERY_REGION = ("iam", "route53")


def of(tool: str, least: int) -> Any:
    found = [each for each in EVERY if each.tool == tool]
    assert len(found) >= least, f"only {len(found)} of {tool}"
    return pytest.mark.parametrize("command", found, ids=str)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, synthesis: Synthesis, released: Path) -> Path:
    """A folder in which `build` and `infra` are as the pages say."""
    folder = tmp_path_factory.mktemp("built")
    (folder / "build").mkdir()
    # What a page lets the reader write.
    (folder / "before.json").write_text(json.dumps(BEFORE), encoding="utf-8")
    (folder / "address").write_text("https://hc-ping.com/5ecret", encoding="utf-8")
    (folder / "build" / "synth").symlink_to(synthesis.folder.parent)
    (folder / "build" / "release").symlink_to(released)
    return folder


def test_every_command_has_a_tool_that_reads_it() -> None:
    assert len(EVERY) >= 140
    rest = [each for each in EVERY if each.tool not in TOOLS]
    assert [each.line for each in rest if each.tool.partition("=")[0] not in VARIABLES | OF_PAGES] == []


def test_every_page_that_the_guide_leads_to_is_read_or_has_a_reason() -> None:
    found = pages()
    assert len(found) >= 25
    runbooks = existing((ROOT / "docs" / "runbooks").glob("*.md"), least=10)
    assert {f"docs/runbooks/{file.name}" for file in runbooks} <= {*found, *UNREAD}
    assert all((ROOT / page).is_file() for page in [*found, *UNREAD])
    assert all(len(reason) > 20 for reason in UNREAD.values())


def test_a_variable_that_the_shell_computes_is_what_the_code_computes() -> None:
    (command,) = (each for each in EVERY if each.tool == "key=")
    script = f'{command.words[1]}; printf %s "$key"'
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert "ana@example.com" in script
    assert done.stdout == key_of("ana@example.com")


@of("dig", least=1)
def test_dig_asks_for_a_slice(command: Command) -> None:
    assert re.fullmatch(r"dig [a-z]\.NAME", command.line)


def called(command: Command, folder: Path) -> list[tuple[str, ...]]:
    """Return each command that there is: of a loop, what bash makes of it in `folder`."""
    if not command.loop:
        return [command.words]
    told = f'{command.tool}() {{ printf "%s\\n" {command.tool} "$@" ""; }}\n{command.line}'
    done = subprocess.run(
        ["bash", "-euc", told], cwd=folder, capture_output=True, text=True, check=True, timeout=60
    )
    return [tuple(each.split("\n")) for each in done.stdout.removesuffix("\n\n").split("\n\n")]


@of("aws", least=40)
def test_a_line_of_the_aws_command_line_is_taken(command: Command, built: Path) -> None:
    for _, *rest in called(command, built):
        words = [FILLED.get(word, word) for word in rest]
        if words[0] not in IN_EVERY_REGION and words[:2] != ["sts", "assume-role"]:
            assert "--region" in words, "a line without a Region asks whichever is the default"
        assert parsed(words, built)


def test_the_loop_makes_a_policy_of_every_file_of_its_duties(tmp_path: Path) -> None:
    folder = tmp_path / "build" / "synth" / "operators"
    folder.mkdir(parents=True)
    there = ("act", "audit", "break-glass", "break-glass-2", "look", "look-2", "look-10")
    for name in there:
        (folder / f"{name}.json").write_text("{}", encoding="utf-8")
    (loop,) = (command for command in EVERY if command.loop)
    made = [words for words in called(loop, tmp_path) if "create-policy" in words]
    assert {words[words.index("--policy-name") + 1] for words in made} == {
        f"tidegate-{name}" for name in there if name.startswith(("look", "act"))
    }
    for words in made:
        file = words[words.index("--policy-document") + 1].removeprefix("file://")
        assert words[words.index("--policy-name") + 1] == f"tidegate-{Path(file).stem}"
        assert (tmp_path / file).is_file()


def parse(command: Any, name: str, words: Sequence[str], parent: Any = None) -> None:
    """Read a line as click does, without running it."""
    with command.make_context(name, list(words), parent=parent) as context:
        if not hasattr(command, "resolve_command"):
            return
        rest = [*context._protected_args, *context.args]
        if not rest and command.invoke_without_command:
            return
        below, found, left = command.resolve_command(context, rest)
    parse(found, below, left, context)


@of("tidegate", least=15)
def test_a_line_of_tidegate_is_taken_by_the_application(command: Command) -> None:
    parse(typer.main.get_command(app), "tidegate", command.words[1:])


@of("make", least=3)
def test_a_target_of_make_exists(command: Command) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{re.escape(command.words[1])}:", makefile, re.MULTILINE)


def known_to_the_cdk(folder: Path) -> set[str]:
    """Return what `cdk deploy` can be told: the path of each stack, and those that stand alone."""
    found = set()
    for manifest in folder.rglob("manifest.json"):
        for name, artifact in json.loads(manifest.read_text(encoding="utf-8"))["artifacts"].items():
            if artifact["type"] == "aws:cloudformation:stack":
                found.add(artifact.get("displayName", name))
    return found


@of("cdk", least=10)
def test_a_line_of_the_cdk_names_stacks_and_places_that_there_are(
    command: Command, synthesis: Synthesis
) -> None:
    verb, *names = command.words[1:]
    assert verb in CDK
    stacks = known_to_the_cdk(synthesis.folder.parent / "cdk.out")
    assert len(stacks) >= 14
    for name in names:
        if verb == "bootstrap":
            assert re.fullmatch(r"aws://\d{12}/[a-z]{2}-[a-z]+-\d", name)
        else:
            assert any(fnmatchcase(stack.split(" ")[0], name) for stack in stacks), name


def test_the_bootstrap_is_of_every_region_that_is_deployed_to(released: Path) -> None:
    order = json.loads((released / "order.json").read_text(encoding="utf-8"))["stacks"]
    project = load(SHIPPED, deployed=1.0)
    assert project.config.pipeline is not None
    wanted = {f"aws://{s['account']}/{s['region']}" for s in order}
    wanted.add(f"aws://{project.account}/{project.config.pipeline.region}")
    (line,) = (c for c in EVERY if c.words[:2] == ("cdk", "bootstrap") and len(c.words) > 2)
    assert set(line.words[2:]) == wanted


def test_the_pages_deploy_in_the_pipelines_order_and_the_switch_later() -> None:
    lines = [c.words[2] for c in EVERY if c.words[:2] == ("cdk", "deploy") and c.words[2].endswith("/*")]
    assert [line for line in lines if line != "routing/*"] == [f"{s}/*" for s in STACKS if s != "routing"]
    assert "routing/*" in lines


@of("python", least=2)
def test_a_module_that_is_run_takes_its_options(command: Command) -> None:
    assert command.words[1] == "-m"
    module, options = command.words[2], command.words[3:]
    if module == "infra":
        arguments_parser().parse_args(options)
    else:
        assert options == ()
        assert "__main__" in (ROOT / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")


@of("bash", least=3)
def test_a_script_takes_the_stacks_that_it_is_given(command: Command, built: Path) -> None:
    script, *words = command.words[1:]
    assert (built / script).is_file()
    listed = subprocess.run(
        ["bash", str(built / script), "--list"], capture_output=True, text=True, check=True, timeout=60
    )
    assert set(words) <= {"--list", *listed.stdout.splitlines()}


@of("npm", least=1)
def test_what_npm_installs_has_one_version(command: Command) -> None:
    """The newest on npm is older than the library."""
    assert re.fullmatch(r"npm install -g aws-cdk@2\.\d+\.\d+", " ".join(command.words))


@of("export", least=1)
def test_what_is_exported_leads_to_a_file(command: Command) -> None:
    name, _, value = command.words[1].partition("=")
    assert name in VARIABLES
    assert (ROOT / value).is_file()


def test_variables_before_a_command_are_those_of_the_script(released: Path) -> None:
    text = (released / "deploy.sh").read_text(encoding="utf-8")
    assert all(name.partition("_4444")[0] in text for name in VARIABLES if name != "TIDEGATE_CONFIG")


@pytest.mark.parametrize(
    "line",
    [
        "aws dynamodb delete-tables --region us-east-1 --table-name t",
        "aws dynamodb delete-table --region us-east-1 --name t",
        "aws dynamodb delete-table --region us-east-1",
        "aws dynamodb describe-table --region us-east-1 --table-name t --query Tables.Status",
        "aws cloudformation wait stack-gone --region us-east-1 --stack-name s",
        "aws cloudformation deploy --region us-east-1 --stack-name s",
        "aws s3 rm --region us-east-1 --recursively s3://b",
        "aws kms schedule-key-deletion --region us-east-1 --key-id k --pending-window-in-days soon",
        "aws iam create-policy --policy-name p --policy-document file://build/nowhere.json",
    ],
)
def test_a_wrong_line_is_found_out(line: str, built: Path) -> None:
    with pytest.raises(Refused):
        parsed(line.split()[1:], built)


LOOPED = "```sh\nfor f in x*; do\n  aws s3 ls --region r\n  terraform $f\ndone\n```\n"


@pytest.mark.parametrize(
    "text",
    [
        "```sh\nterraform apply\n```\n",
        "run `terraform apply` now\n",
        LOOPED,
        "```console\n$ x\n```\n",
        "`rm -r x`\n",
        "`rm\n-r x`\n",
    ],
)
def test_a_command_that_nobody_checks_is_found_out(text: str) -> None:
    with pytest.raises(Unknown):
        list(of_page("page", text))


def test_a_wrong_line_of_tidegate_is_found_out() -> None:
    for words in (["doctor", "--write"], ["evacuate"], ["audit", "exports"]):
        with pytest.raises(Exception, match=r"(?i)option|parameter|command"):
            parse(typer.main.get_command(app), "tidegate", words)
