"""Zips of a release, and the functions that its templates make of them, each run alone in its own process."""

import ast
import json
import os
import subprocess
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.rehearsal.service import ACCOUNT
from infra.interpreter import PYTHON
from infra.zips import DIGITS
from tests.support.sources import ROOT, existing

CHILD = ROOT / "tests" / "infra" / "function_process.py"
RUNTIMES_OWN = ("boto3", "botocore", "s3transfer", "jmespath", "urllib3", "dateutil", "six.py")
"""What Lambda's image has beside Python itself; the sample carries no library and uses it."""
LAMBDA = {
    "python_version": PYTHON,
    "python_full_version": f"{PYTHON}.0",
    "platform_machine": "aarch64",
    "sys_platform": "linux",
    "platform_system": "Linux",
    "os_name": "posix",
    "platform_python_implementation": "CPython",
    "implementation_name": "cpython",
    "extra": "",
}
"""What the markers of a lock are judged by."""
DEAD_PORT = "http://127.0.0.1:9"
REAL = os.environ.get("TIDEGATE_BUNDLES", "")
"""The folder of a release whose functions run under their own Python: `make bundle-arm64`."""
Imports = list[tuple[str, list[str]]]


@dataclass(frozen=True)
class Function:
    """A function or canary as a template declares it. folder: where its zip is unpacked."""

    name: str
    region: str
    handler: str
    package: str
    folder: Path
    environment: Mapping[str, str]
    runtime: str
    processor: str

    @property
    def module(self) -> str:
        return self.handler.rpartition(".")[0]


@dataclass(frozen=True)
class Report:
    """What `function_process` found. answers: one for each event, `answer` or `error` with `why`.

    started: seconds of a processor until the handler was imported; each answer has its own, `processor`.
    connected: how many connections the events opened. peak: MB of memory.
    """

    answers: list[dict[str, Any]]
    absent: list[str]
    outside: list[str]
    machine: str
    python: str
    started: float
    connected: int
    peak: float

    @property
    def only(self) -> Any:
        (found,) = self.answers
        assert "answer" in found, found
        return found["answer"]


@dataclass(frozen=True)
class Bundles:
    """folder: `templates` and zips. unpacked: where they are laid out. python: the command that runs them."""

    folder: Path
    unpacked: Path
    python: tuple[str, ...]

    def unpack(self) -> None:
        for file in existing(self.folder.glob("*.zip"), least=6):
            with zipfile.ZipFile(file) as archive:
                archive.extractall(self.unpacked / package_of(file.name))
        for path in self.unpacked.rglob("*"):
            path.chmod(0o555 if path.is_dir() else 0o444)

    def functions(self) -> Iterator[Function]:
        """Yield every function and canary that a template makes of a zip."""
        for file in existing((self.folder / "templates").glob("*.json"), least=10):
            region = "-".join(file.stem.split("-")[-3:])
            for resource in json.loads(file.read_text(encoding="utf-8"))["Resources"].values():
                if resource["Type"] in ("AWS::Lambda::Function", "AWS::Synthetics::Canary"):
                    yield self._function(region, resource["Properties"])

    def _function(self, region: str, made: Mapping[str, Any]) -> Function:
        code = made["Code"]
        canary = "Handler" in code
        package = package_of(code["S3Key"])
        variables = made["RunConfig"]["EnvironmentVariables"] if canary else made["Environment"]["Variables"]
        return Function(
            name=made.get("FunctionName") or made["Name"],
            region=region,
            handler=code["Handler"] if canary else made["Handler"],
            package=package,
            folder=self.unpacked / package / ("python" if canary else ""),
            environment=variables,
            runtime="" if canary else made["Runtime"],
            processor="" if canary else made["Architectures"][0],
        )

    def run(
        self,
        function: Function,
        events: Sequence[Any],
        *,
        cloud: str = DEAD_PORT,
        imports: Sequence[tuple[str, list[str]]] = (),
        **environment: str,
    ) -> Report:
        """Start the function anew and give it the events. cloud: where its calls to AWS go."""
        call = {"events": list(events), "imports": list(imports), "folders": self._runtimes_own(function)}
        done = subprocess.run(
            [*self.python, "-I", "-S", str(CHILD)],
            cwd="/", env=_lambda(function, cloud) | environment, input=json.dumps(call),
            capture_output=True, text=True, timeout=900, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return Report(**report)

    def _runtimes_own(self, function: Function) -> list[str]:
        if function.package != "sample":
            return []
        own = self.unpacked / "runtime"
        own.mkdir(exist_ok=True)
        for name in RUNTIMES_OWN:
            if not (own / name).exists():
                (own / name).symlink_to(self.unpacked / "functions" / name)
        return [str(own)]


def _lambda(function: Function, cloud: str) -> dict[str, str]:
    """Return the variables that Lambda sets, and the template's; the account is the rehearsal's."""
    declared = {key: value.replace("111122223333", ACCOUNT) for key, value in function.environment.items()}
    nowhere = str(function.folder / "no-such-file")  # else a developer's own settings would be read
    return declared | {
        "_HANDLER": function.handler,
        "AWS_ACCESS_KEY_ID": "ASIAEXAMPLE",
        "AWS_CONFIG_FILE": nowhere,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_ENDPOINT_URL": cloud,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "2026/11/23/[$LATEST]0123456789abcdef",
        "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9",
        "AWS_REGION": function.region,
        "AWS_SECRET_ACCESS_KEY": "example",
        "AWS_SESSION_TOKEN": "example",
        "AWS_SHARED_CREDENTIALS_FILE": nowhere,
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "LAMBDA_TASK_ROOT": str(function.folder),
        "LANG": "en_US.UTF-8",
        "PATH": "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
        "TZ": ":UTC",
    }


def package_of(key: str) -> str:
    """Return the package that a zip holds, without the digest in its name."""
    return Path(key).stem.removesuffix(f"-{key[-4 - DIGITS : -4]}")


def imports_of(folder: Path) -> Imports:
    """Return all imports of our modules in a package, those within functions too: module -> names."""
    found: dict[str, set[str]] = {}
    files = existing((folder / "controller").rglob("*.py"), least=120)
    for file in files:
        parts = file.relative_to(folder).with_suffix("").parts
        found.setdefault(".".join(parts[:-1] if parts[-1] == "__init__" else parts), set())
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    found.setdefault(alias.name, set())
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.setdefault(node.module, set()).update(alias.name for alias in node.names)
    return [(module, sorted(names)) for module, names in sorted(found.items())]
