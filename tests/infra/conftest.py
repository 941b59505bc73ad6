"""One synthesis a run: it costs seconds."""

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra.geography import ARC_ENDPOINTS
from infra.project import Project, load
from tests.infra.split_accounts import SPLIT
from tests.infra.synthesis import Synthesis
from tests.support.config_files import MOVED, OBJECTS_LIVE, STANDBY, written

PANEL = "arn:aws:route53-recovery-control::111122223333:controlpanel/0f"
CONTROLS = [f"{region}-{letter}" for region in ("use1", "usw2") for letter in "abcd"]
PATH = "/usr/local/bin:/usr/bin:/bin"
ROOT = Path(__file__).parents[2]


def synthesise(folder: Path, *arguments: str) -> Synthesis:
    """Run the command as `make synth` does, in its own process: Node stays out of the tests'."""
    done = subprocess.run(
        [sys.executable, "-m", "infra", "--out", str(folder), *arguments],
        cwd=ROOT,
        env={"PATH": PATH, "SOURCE_DATE_EPOCH": "1900000000", "HOME": str(Path.home())},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    return Synthesis(folder / "templates", done.stdout + done.stderr[-2000:], done.returncode)


@pytest.fixture(scope="session")
def live_config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The configuration of a live deployment with ARC."""
    folder = tmp_path_factory.mktemp("live")
    controls = {c: f"{PANEL}/routingcontrol/{n}" for n, c in enumerate(CONTROLS)}
    endpoints = {region: f"https://{region}.example.com/v1" for region in ARC_ENDPOINTS}
    arc = {"endpoints": endpoints, "panel": PANEL, "controls": controls}
    (folder / "storefront.arc.json").write_text(json.dumps(arc), encoding="utf-8")
    return written(folder, {}, {"enforcement": "live"})


@pytest.fixture(scope="session")
def live(live_config: Path) -> Project:
    return load(live_config, deployed=1.0)


@pytest.fixture(scope="session")
def synthesis(tmp_path_factory: pytest.TempPathFactory) -> Synthesis:
    """Every stack, checked by cdk-nag."""
    return _once(tmp_path_factory, "synthesis", "--check")


@pytest.fixture(scope="session")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Synthesis:
    """The same where the public name has moved onto the record tree."""
    config = written(tmp_path_factory.mktemp("moved"), MOVED)
    return _once(tmp_path_factory, "moved", "--config", str(config))


@pytest.fixture(scope="session")
def objects(tmp_path_factory: pytest.TempPathFactory) -> Synthesis:
    """A live deployment without an ARC cluster: objects move its traffic. Checked by cdk-nag."""
    folder = tmp_path_factory.mktemp("objects")
    config = written(folder, OBJECTS_LIVE, {"enforcement": "live"}, shipped=STANDBY)
    return _once(tmp_path_factory, "objects", "--check", "--config", str(config))


@pytest.fixture(scope="session")
def split_synthesis(tmp_path_factory: pytest.TempPathFactory) -> Synthesis:
    """The application in an account of its own, checked by cdk-nag."""
    config = written(tmp_path_factory.mktemp("split"), SPLIT)
    return _once(tmp_path_factory, "split", "--check", "--config", str(config))


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a whole release, its packages without libraries."""
    return _once(tmp_path_factory, "released", "--release", "--bare").folder.parent


def _once(factory: pytest.TempPathFactory, name: str, *arguments: str) -> Synthesis:
    """Several workers share one: whoever comes first makes it."""
    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        kept = folder / "said.json"
        if kept.is_file():
            return Synthesis(folder / "templates", *json.loads(kept.read_text(encoding="utf-8")))
        made = synthesise(folder, *arguments)
        assert made.folder.is_dir(), made.printed
        kept.write_text(json.dumps([made.printed, made.exit_code]), encoding="utf-8")
    return made
