"""A running `tidegate up`, and the commands that speak to it from another terminal."""

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import dns.message
import dns.query
from awscli.clidriver import create_clidriver

from controller.entry.cli.main import main

BIN = Path(sys.executable).parent
SHIPPED = Path(__file__).parents[2] / "policies" / "storefront.yaml"
SPEED = "40"


class Rehearsal:
    """Commands run in this process: starting Python for each would take most of the time."""

    def __init__(self, home: Path, *options: str) -> None:
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "LOGNAME": "tester",
            "XDG_STATE_HOME": str(home),
            "AWS_ACCESS_KEY_ID": "rehearsal",
            "AWS_SECRET_ACCESS_KEY": "rehearsal",
        }
        command = [str(BIN / "tidegate"), "up", "--json", "--speed", SPEED, *options]
        self.process = subprocess.Popen(
            command, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.told: dict[str, Any] = json.loads(line) if line else {}

    def run(self, *words: str) -> tuple[int, dict[str, Any]]:
        said = io.StringIO()
        with environment(self.env), redirect_stdout(said), redirect_stderr(io.StringIO()):
            code = main([*words, "--json"])
        return code, json.loads(said.getvalue())

    def aws(self, endpoint: str, region: str, *words: str) -> dict[str, Any]:
        """What the AWS CLI prints."""
        where = ["--endpoint-url", endpoint, "--region", region, "--output", "json"]
        said, noted = io.StringIO(), io.StringIO()
        with environment(self.env), redirect_stdout(said), redirect_stderr(noted):
            code = create_clidriver().main([*where, *words])
        assert code == 0, noted.getvalue()
        return dict(json.loads(said.getvalue()))

    def resolve(self) -> str:
        """The Region that a look-up of the public name leads to, from the first Region's resolver."""
        query = dns.message.make_query(self.told["name"] + ".", "A")
        port = int(self.told["dns"].rpartition(":")[2])
        answer = dns.query.udp(query, "127.0.0.1", port=port, timeout=20)
        return next(str(item.target).partition(".")[0] for rrset in answer.answer for item in rrset
                    if rrset.rdtype.name == "CNAME")  # fmt: skip

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.ended()

    def ended(self) -> int:
        """Its exit code, once it has ended."""
        self.process.communicate(timeout=60)
        return self.process.returncode


@contextmanager
def environment(changes: Mapping[str, str]) -> Iterator[None]:
    """These variables in this process's environment while it lasts; then those from before."""
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def policy(folder: Path, **changed: str) -> str:
    """The shipped policy with a target that counts as well after half a minute, and other lines as given.

    changed: a key at the start of a line, and what the rest of that line becomes.
    """
    text = SHIPPED.read_text(encoding="utf-8")
    quick = text.replace("is: healthy, for: 5m", "is: healthy, for: 30s")
    assert quick != text
    lines = [
        f"{key}: {changed[key]}" if (key := line.partition(":")[0]) in changed else line
        for line in quick.splitlines()
    ]
    file = folder / "storefront.yaml"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(file)
