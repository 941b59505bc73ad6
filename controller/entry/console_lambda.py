"""The console as a Lambda function behind an HTTP API.

It also hands the console what other packages make: pictures, probes, drills, dead letters.
"""

import sys
import time
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any

from controller import wiring
from controller.audit.report.markup import sheet
from controller.audit.report.timeline_svg import timeline
from controller.console.app import Console, log_line
from controller.console.auth.identity_provider import Issuer
from controller.console.auth.outbound import https_fetch
from controller.console.http.api_gateway import answer_of, request_of
from controller.console.view_data import Instruments
from controller.entry.lambdas import Environment
from controller.entry.status import drills_data, last_probes
from controller.settings import Deployment, SignIn
from controller.steps.context.deps import Deps


def instruments(dead_letters: Callable[[], int | None]) -> Instruments:
    picture = partial(timeline, since="since it began")
    return Instruments(picture, str(sheet("timeline.css")), last_probes, drills_data, dead_letters)


def console(
    deps: Deps,
    deployment: Deployment,
    sign_in: SignIn,
    *,
    key: bytes,
    log: Callable[[Mapping[str, Any]], None],
) -> Console:
    """Build a console that calls the issuer and uses this machine's clock."""
    return Console(
        deps,
        issuer=Issuer(sign_in, https_fetch(sign_in.allowed), time.monotonic),
        key=key,
        now=time.time,
        instruments=instruments(lambda: wiring.dead_letters(deployment)),
        log=log,
    )


@cache
def _deployed() -> Console:
    environment = Environment.model_validate(wiring.lambda_environment())
    deployment = environment.deployment()
    sign_in = SignIn.model_validate(wiring.packaged("sign-in.json"))
    deps = wiring.build(deployment)
    return console(deps, deployment, sign_in, key=wiring.console_key(deployment), log=_write)


def _write(line: Mapping[str, Any]) -> None:
    sys.stdout.write(log_line(line) + "\n")


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Answer one request of the HTTP API (payload 2.0).

    The console's Lambda function runs this.
    """
    return answer_of(_deployed().handle(request_of(event)))
