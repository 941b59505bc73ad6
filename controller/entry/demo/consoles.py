"""The consoles of a rehearsal, and the provider that people sign in with.

Each controller has a console on a port of 127.0.0.1. Nothing of this is deployed.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from controller import wiring
from controller.console.app import log_line
from controller.console.http.wsgi import Loopback
from controller.entry.console_lambda import console
from controller.entry.demo.files import LogFile
from controller.rehearsal.oidc.provider import Oidc
from controller.rehearsal.oidc.server import OidcServer
from controller.rehearsal.wire.server import PortInUse
from controller.settings import Deployment, SignIn
from controller.steps.context.deps import Deps


class Consoles:
    """One console for each controller, each on its own port.

    addresses: controller Region -> its console's address, known before anything is served.
    """

    def __init__(self, regions: tuple[str, ...], first_port: int) -> None:
        self._doors: dict[str, Loopback] = {}
        self._provider = OidcServer()
        try:
            for number, region in enumerate(regions):
                self._doors[region] = Loopback(first_port if not number else 0)
        except OSError as error:
            self.close()
            raise PortInUse(f"Port {first_port} on 127.0.0.1 is taken: {error.strerror}") from error
        self.addresses = {region: door.origin for region, door in self._doors.items()}

    def serve(
        self, deployments: Mapping[str, Deployment], deps: Mapping[str, Deps], log: Callable[[str], None]
    ) -> None:
        """Begin to answer requests."""
        clients = {f"tidegate-{region}": f"{origin}/signed-in" for region, origin in self.addresses.items()}
        self._provider.provide(Oidc(self._provider.issuer, clients, time.time))
        for region, door in self._doors.items():
            sign_in = SignIn(issuer=self._provider.issuer, client_id=f"tidegate-{region}", origin=door.origin)
            deployment = deployments[region]

            def write(line: Mapping[str, Any], region: str = region) -> None:
                log(log_line({"region": region, **line}) + "\n")

            key = wiring.console_key(deployment)
            door.serve(console(deps[region], deployment, sign_in, key=key, log=write).handle)

    def close(self) -> None:
        for door in self._doors.values():
            door.close()
        self._provider.close()


@contextmanager
def consoles(regions: tuple[str, ...], first_port: int = 0) -> Iterator[Consoles]:
    """Open the ports, and close them at the end of the context.

    Raises `PortInUse`.
    """
    opened = Consoles(regions, first_port)
    try:
        yield opened
    finally:
        opened.close()


@contextmanager
def console_log() -> Iterator[Callable[[str], None]]:
    """Yield a writer of lines to `console.log` in the state folder."""
    folder = wiring.state_home()
    folder.mkdir(parents=True, exist_ok=True)
    with LogFile(folder / "console.log") as log:

        def write(line: str) -> None:
            log.write(line)

        yield write
