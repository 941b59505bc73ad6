"""The controllers' functions in a rehearsal: which code each of them runs now.

```
 function ── published as ──> version ──< alias     whoever calls by the alias gets that version
    └─ without an alias, whoever calls it gets what was deployed last
```
"""

import base64
import hashlib
import io
import itertools
import json
import random
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from controller.lab.environment.environment import Stage
from controller.rehearsal.wire.botocore_client import virtual_clients
from tests.infra.deployed.cloudformation import Made, attribute_of
from tests.infra.deployed.code_version import Codes

PREFIX = "tidegate-"
_numbers = itertools.count()


class MetricLines(io.StringIO):
    """The log of one function: CloudWatch takes its metrics out of the lines, in that Region."""

    def __init__(self, put: Callable[[str, str, float, str, dict[str, str]], None]) -> None:
        super().__init__()
        self._put = put

    def write(self, text: str) -> int:
        for line in text.splitlines():
            if '"_aws"' in line:
                self._take(json.loads(line))
        return len(text)

    def _take(self, told: Mapping[str, Any]) -> None:
        for each in told["_aws"]["CloudWatchMetrics"]:
            (names,) = each["Dimensions"]
            dimensions = {name: str(told[name]) for name in names}
            for metric in each["Metrics"]:
                for value in told[metric["Name"]]:
                    self._put(each["Namespace"], metric["Name"], value, metric["Unit"], dimensions)


class ServedFunctions:
    """running: (Region, function) -> the function whose code and variables it runs by."""

    def __init__(self, stage: Stage, codes: Codes, seed: int) -> None:
        self._stage, self._cloud, self._codes, self._seed = stage, stage.cloud, codes, seed
        self.running: dict[tuple[str, str], Made] = {}
        self._latest: dict[tuple[str, str], Made] = {}
        self._versions: dict[str, Made] = {}
        self._aliased: set[tuple[str, str]] = set()
        self._cloud.built.builds.clear()
        self._cloud.built.latest.clear()

    def deploy(self, made: Made) -> None:
        """Take the code and variables of a function; with an alias nobody gets them yet."""
        place = made.region, made.properties["FunctionName"]
        self.hold(made)
        self._latest[place] = made
        if place not in self._aliased:
            self._run(made)

    def hold(self, made: Made) -> None:
        """Let Lambda describe a function, whether or not this rehearsal ever runs it."""
        place = made.region, made.properties["FunctionName"]
        self._cloud.built.latest[place] = self._checksum(made)

    def publish(self, made: Made) -> None:
        """Make a version of what the function is now."""
        place = made.region, made.properties["FunctionName"]
        if place in self._latest:
            self._versions[attribute_of(made, "Version")] = self._latest[place]

    def point(self, made: Made) -> None:
        """Let an alias name a version: this is when callers get other code."""
        place, version = (made.region, made.properties["FunctionName"]), made.properties["FunctionVersion"]
        if version in self._versions:
            self._aliased.add(place)
            self._run(self._versions[version])

    def delete(self, made: Made) -> None:
        name, here = made.properties["FunctionName"], made.region
        self._cloud.built.latest.pop((here, name), None)
        if self.running.pop((here, name), None) is not None:
            del self._cloud.built.builds[here, name]
            del self._cloud.controller_regions[here].functions[name.removeprefix(PREFIX)]

    def agree(self, region: str) -> None:
        """Let people agree where they are asked, through the version that runs in a Region."""
        made = self.running[region, f"{PREFIX}Tick"]
        self._codes.code(made.properties["Code"]["S3Key"]).agree(self._deps(made))

    def _run(self, made: Made) -> None:
        """Start it anew, as a fresh process."""
        key, name, here = made.properties["Code"]["S3Key"], made.properties["FunctionName"], made.region
        place, short = (here, name), name.removeprefix(PREFIX)
        if self.running.get(place) == made:
            return
        log, service = MetricLines(partial(self._metric, here)), f"{here}-{short}-{next(_numbers)}"
        handler = self._codes.code(key).handler(short, self._deps(made, home=here), log, service)
        self._cloud.controller_regions[here].functions[short] = handler
        self.running[place] = made
        self._cloud.built.builds[place] = self._checksum(made)

    def _checksum(self, made: Made) -> str:
        content = self._codes.zips[made.properties["Code"]["S3Key"]].read_bytes()
        return base64.b64encode(hashlib.sha256(content).digest()).decode()

    def _deps(self, made: Made, home: str = "") -> Any:
        """Return the ports of a function. home: the Region that its calls come from; "" for a person's."""
        key, here = made.properties["Code"]["S3Key"], made.region
        controller = self._cloud.controller_regions[here]
        runtime = controller.runtime if home else self._stage.runtime
        own = {"TIDEGATE_KEY": controller.vault.arn}
        return self._codes.code(key).deps(
            made.properties["Environment"]["Variables"] | own, here, runtime=runtime,
            clients=virtual_clients(self._cloud.wire, runtime, self._stage.faults, home=home),
            rng=random.Random(f"{self._seed}/{home}/{made.properties['FunctionName']}/{key}"),
        )  # fmt: skip

    def _metric(
        self, region: str, space: str, name: str, value: float, unit: str, by: dict[str, str]
    ) -> None:
        self._cloud.put_metric(region, space, name, value, unit, self._stage.kernel.now(), by)
