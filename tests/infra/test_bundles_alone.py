"""Functions of a release, each started with its zip alone, as Lambda starts it.

```
 release ─ templates ─> name, handler, variables ─┐
         └ zips ──────> read-only folder ─────────┴─> python -I -S ─> one event ─> rehearsal on loopback
```
Here under this machine's Python, with libraries built for it; `make bundle-arm64` does the same with the real
release, in `TIDEGATE_BUNDLES`, under the functions' own Python for arm64.
"""

import base64
import json
import platform
import shutil
import sys
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from controller import wiring
from controller.console.auth.session import Sealer, begun, cookie_of
from controller.core.policy.validation import parse_policy
from controller.entry.demo.rehearsal import parts
from controller.entry.lambdas import HANDLERS, WARMING
from controller.lab.environment.environment import Stage
from controller.lab.environment.virtual import virtual_stage
from controller.rehearsal.faults import Faults
from controller.rehearsal.service import ACCOUNT
from controller.rehearsal.shop.orders import ReplicatedOrders
from controller.rehearsal.shop.server import ShopServer
from controller.rehearsal.shop.shop import Shop
from controller.rehearsal.wire.server import Server
from controller.steps.payload import StepPayload
from infra.bundle import Libraries
from infra.interpreter import PYTHON, unpacked
from infra.project import load
from infra.sizes import SMALL
from infra.writing import packages, zip_packages
from tests.infra.bundles import REAL, Bundles, Function, Report, imports_of, package_of
from tests.infra.conftest import synthesise
from tests.support.config_files import MOVED, written
from tests.support.event_samples import ALARM
from tests.support.policy_scene import policy_data

HERE = "us-east-2"
PAGES = {"/": 200, "/history": 200, "/policy": 200, "/health": 200, "/incidents/none": 404,
         "/static/console.css": 200, "/nothing": 404, "/signin": 503}  # fmt: skip
"""Path -> status for somebody who is signed in. The issuer is outside, where nothing answers."""
STATES = sorted(HANDLERS.keys() - {"Observe", "Tick"})


def native() -> Libraries:
    """Return this machine's processor and Python."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return Libraries(f"{platform.machine()}-manylinux2014", version)


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Bundles:
    folder = tmp_path_factory.mktemp("bundles")
    if REAL:
        python = unpacked(PYTHON)
        assert python is not None, "`make bundle-arm64` unpacks it"
        made = Bundles(Path(REAL).absolute(), folder / "unpacked", python)
    else:
        config = written(tmp_path_factory.mktemp("moved"), MOVED)  # it has each canary
        synthesised = synthesise(folder, "--config", str(config), "--release", "--bare")
        assert synthesised.exit_code == 0, synthesised.printed
        packages(load(config, deployed=1.9e9), folder / "packages", native())
        zip_packages(folder)
        made = Bundles(folder, folder / "unpacked", (sys.executable,))
    made.unpack()
    return made


@dataclass(frozen=True)
class World:
    """url: where the rehearsal answers for AWS. shop: Region -> address of the storefront there."""

    stage: Stage
    url: str
    shop: Mapping[str, str]

    def run(self, bundles: Bundles, name: str, events: Sequence[Any], region: str = HERE) -> Report:
        """Run one function against the rehearsal; nothing may be looked for outside its zip."""
        key = self.stage.deployments[region].key
        report = bundles.run(_of(bundles, name, region), events, cloud=self.url, TIDEGATE_KEY=key)
        assert report.outside == []
        return report

    def cookie(self, region: str) -> str:
        """Return the cookie of somebody who signed in a moment ago."""
        make = wiring.boto3_clients()

        def at_hand(service: str, there: str, _: str | None, config: Any) -> Any:
            return make(service, there, self.url, config)

        key, now = wiring.console_key(self.stage.deployments[region], clients=at_hand), time.time()
        session = begun("ana@example.com", ("sre-oncall",), now, issuer="https://id.example.com", subject="a")
        return cookie_of(session, Sealer(key), now).partition(";")[0]


@pytest.fixture(scope="module")
def world(bundles: Bundles) -> Iterator[World]:
    stage = virtual_stage(parse_policy(policy_data()), parts(bundles.folder / "templates"), 1)
    stage.cloud.start()
    regions = list(stage.cloud.plan.controls)
    shop = Shop(regions=regions, faults=Faults(), orders=ReplicatedOrders(time.monotonic))
    shops = {region: ShopServer(shop, region) for region in regions}
    for each in shops.values():
        each.start()
    with Server(stage.cloud.wire.handle) as server:
        addresses = {region: f"http://127.0.0.1:{each.port}" for region, each in shops.items()}
        yield World(stage, f"http://127.0.0.1:{server.serve()}", addresses)
    for each in shops.values():
        each.close()


def _of(bundles: Bundles, name: str, region: str) -> Function:
    (found,) = [each for each in bundles.functions() if (each.name, each.region) == (name, region)]
    return found


def _page(bundles: Bundles, path: str, cookie: str = "", region: str = HERE) -> dict[str, Any]:
    """Return what the HTTP API sends for a page, to the name at which the console is found."""
    file = bundles.unpacked / f"console-{region}" / "sign-in.json"
    host = json.loads(file.read_text(encoding="utf-8"))["origin"].partition("://")[2]
    return {
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "",
        "headers": {"host": host}, "cookies": [cookie] if cookie else [], "isBase64Encoded": False,
        "requestContext": {"http": {"method": "GET", "path": path, "sourceIp": "192.0.2.1"}},
    }  # fmt: skip


def test_every_handler_and_every_console_is_declared_once_a_region(bundles: Bundles) -> None:
    names = [(each.region, each.name) for each in bundles.functions() if each.runtime]
    assert len(names) == len(set(names)) >= 32
    assert {name for _, name in names} >= {f"tidegate-{each}" for each in (*HANDLERS, "Console")}
    made_for = {(each.runtime, each.processor) for each in bundles.functions() if each.runtime}
    assert made_for == {(f"python{PYTHON}", "arm64")}
    assert {each.package for each in bundles.functions()} == {
        package_of(file.name) for file in bundles.folder.glob("*.zip")
    }, "each zip is somebody's"


def test_a_tick_decides(bundles: Bundles, world: World) -> None:
    report = world.run(bundles, "tidegate-Tick", [{}])
    assert report.only["decisions"] == {"us-east-1": "unknown", "us-west-2": "unknown"}
    assert report.only["refused_regions"] == []
    if REAL:
        assert (report.python, report.machine) == (f"python{PYTHON}", "aarch64"), "as the templates say"


def test_an_alarm_is_observed(bundles: Bundles, world: World) -> None:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    name = "storefront-us-east-1-5xx"
    arn = f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:{name}"
    state = {"value": "ALARM", "reason": "Threshold Crossed", "timestamp": now}
    detail = ALARM["detail"] | {"alarmName": name, "state": state}
    event = ALARM | {"account": ACCOUNT, "time": now, "resources": [arn], "detail": detail}
    record = {"messageId": "1", "body": json.dumps(event)}
    report = world.run(bundles, "tidegate-Observe", [event, {"Records": [record]}])
    direct, queued = (each["answer"] for each in report.answers)
    assert (direct["used"], direct["ignored"]) == (1, [])
    assert queued["batchItemFailures"] == []


@pytest.mark.parametrize("state", STATES)
def test_a_state_of_the_workflow_answers_in_its_own_words(bundles: Bundles, world: World, state: str) -> None:
    """No such incident is in the journal: a state says so, or the next one is named."""
    carry = StepPayload(schema="tidegate.incident/v1", application="storefront", incident="none", epoch=1)
    payload = carry.model_dump(mode="json", by_alias=True)
    event = {"carry": payload, "token": "t"} if state == "RequestApproval" else payload
    (found,) = world.run(bundles, f"tidegate-{state}", [event]).answers
    assert found.get("error", "controller.").startswith("controller."), found


@pytest.mark.parametrize("name", sorted(HANDLERS))
def test_a_function_that_is_kept_warm_opens_no_connection(bundles: Bundles, name: str) -> None:
    """No cloud answers here: whoever asked one would fail, or wait."""
    report = bundles.run(_of(bundles, f"tidegate-{name}", HERE), [WARMING, WARMING])
    assert [each.get("answer") for each in report.answers] == [{"warm": True}] * 2, report.answers
    assert (report.connected, report.outside) == (0, [])
    assert report.peak < SMALL / 2, "the smallest of them is big enough"


def test_the_console_shows_its_pages_and_files(bundles: Bundles, world: World) -> None:
    cookie = world.cookie(HERE)
    report = world.run(bundles, "tidegate-Console", [_page(bundles, path, cookie) for path in PAGES])
    answers = [each["answer"] for each in report.answers]
    shown = {path: answer["statusCode"] for path, answer in zip(PAGES, answers, strict=True)}
    assert shown == PAGES
    bodies = [base64.b64decode(answer["body"]).decode() for answer in answers]
    assert "storefront" in bodies[0]
    assert all("</html>" in body for path, body in zip(PAGES, bodies, strict=True) if ".css" not in path)


@pytest.mark.parametrize("region", ["us-east-1", "us-west-2"])
def test_each_regions_console_knows_its_own_name(bundles: Bundles, world: World, region: str) -> None:
    report = world.run(bundles, "tidegate-Console", [_page(bundles, "/", region=region)], region)
    assert (report.only["statusCode"], report.only["headers"]["location"]) == (303, "/signin?to=%2F")


def test_without_aws_each_says_so_in_its_own_words(bundles: Bundles) -> None:
    tick = bundles.run(_of(bundles, "tidegate-Tick", HERE), [{}])
    assert set(tick.only["decisions"].values()) == {"journal-unreadable"}
    (console,) = bundles.run(_of(bundles, "tidegate-Console", HERE), [_page(bundles, "/")]).answers
    assert console["error"] == "controller.ports.errors.OutsideUnreachable"
    assert "reading the console's key: Could not connect" in console["why"]


def test_a_live_deployment_finds_its_switch_in_the_zip(
    bundles: Bundles, live_config: Path, tmp_path: Path
) -> None:
    stack = f"tidegate-controller-{HERE}"
    made = synthesise(tmp_path, "--config", str(live_config), "--release", "--bare", f"--only={stack}")
    template = json.loads((made.folder / f"{stack}.json").read_text(encoding="utf-8"))
    variables = template["Resources"]["Tick"]["Properties"]["Environment"]["Variables"]
    folder = tmp_path / "functions"
    shutil.copytree(bundles.unpacked / "functions", folder, copy_function=shutil.copyfile)
    folder.chmod(0o755)
    (folder / "standby.json").unlink()
    (file,) = tmp_path.glob("functions-*.zip")
    with zipfile.ZipFile(file) as archive:
        for name in ("policy.json", "arc.json"):
            (folder / name).write_bytes(archive.read(name))
    tick = replace(_of(bundles, "tidegate-Tick", HERE), folder=folder, environment=variables)
    report = bundles.run(tick, [{}])
    assert (variables["TIDEGATE_ARC"], "TIDEGATE_STANDBY" in variables) == ("arc.json", False)
    assert set(report.only["decisions"].values()) == {"journal-unreadable"}
    assert report.outside == []


@pytest.mark.parametrize("name", ["checkout", "heartbeat", "replication", "name"])
def test_a_canary_passes_where_the_shop_is_well(bundles: Bundles, world: World, name: str) -> None:
    found = [each for each in bundles.functions() if each.name.endswith(f"-{name}")]
    if REAL and not found:
        pytest.skip("this release leaves the public name alone, and has no canary that asks by it")
    canary = found[0]
    there = {
        variable: next((at for region, at in world.shop.items() if region in url), world.shop["us-east-1"])
        for variable, url in canary.environment.items()
    }
    assert there.keys() >= {"BASE_URL"}
    report = bundles.run(canary, [{}], **there)
    assert report.outside == []
    assert report.only
    dark = bundles.run(canary, [{}], **dict.fromkeys(there, "http://127.0.0.1:9"))
    assert dark.answers[0]["error"] in ("builtins.ConnectionRefusedError", f"{canary.module}.CheckFailed")


def test_the_sample_serves_with_the_sdk_of_lambda(bundles: Bundles, world: World) -> None:
    report = bundles.run(_of(bundles, "storefront-shop", "us-east-1"), [_health()], cloud=world.url)
    assert (report.only["statusCode"], report.outside) == (200, [])


def _health() -> dict[str, Any]:
    return {"rawPath": "/health", "requestContext": {"http": {"method": "GET", "path": "/health"}}}


@pytest.mark.parametrize("name", ["Tick", "Console"])
def test_all_that_is_imported_at_any_time_is_in_the_zip(bundles: Bundles, name: str) -> None:
    """Some imports stand in functions, and one event does not meet them all."""
    function = _of(bundles, f"tidegate-{name}", HERE)
    wanted = imports_of(function.folder)
    assert len(wanted) >= 150
    report = bundles.run(function, [], imports=[*wanted, ("tzdata.zoneinfo.Europe", [])])
    assert (report.absent, report.outside) == ([], [])
