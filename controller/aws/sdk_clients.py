"""The maker of botocore clients, with the own credentials or those of a role."""

from collections.abc import Callable
from functools import cache
from typing import Any

from botocore.client import BaseClient
from botocore.config import Config
from botocore.credentials import CredentialResolver
from botocore.session import Session

from controller.aws.assumed_role import RoleCredentials, SessionKeys
from controller.aws.errors import translated
from controller.ports.errors import OutsideUnreachable

Clients = Callable[..., BaseClient]
"""(service, Region, endpoint URL or None, config) -> client. A rehearsal passes its own.

A last argument, where it is given, returns the keys that requests are signed with.
"""
Keys = Callable[[], SessionKeys]


def boto3_clients() -> Clients:
    """Return a function that makes real clients.

    A rehearsal's endpoint needs no account, so it gets credentials that open nothing.
    """
    own = _session()
    by_role: dict[Keys, Session] = {}

    def make(
        service: str, region: str, endpoint_url: str | None, config: Config, keys: Keys | None = None
    ) -> BaseClient:
        session, static = own, {}
        if keys is not None:
            if keys not in by_role:
                by_role[keys] = _session(keys)
            session = by_role[keys]
        elif endpoint_url is not None and endpoint_url.startswith("http://127.0.0.1:"):
            static = {"aws_access_key_id": "rehearsal", "aws_secret_access_key": "rehearsal"}
        client: BaseClient = session.create_client(
            service, region_name=region, endpoint_url=endpoint_url, config=config, **static
        )
        return client

    return make


def access_key() -> str | None:
    """Return the id of the AWS key at hand, as CloudTrail names it.

    It is not the secret. None without credentials.
    """
    with translated(OutsideUnreachable, "reading the AWS credentials"):
        found = Session().get_credentials()
        return None if found is None else str(found.access_key)


class _Provided:
    """A provider of credentials for botocore's resolver: always the same object."""

    METHOD = CANONICAL_NAME = "assumed-role"

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def load(self) -> RoleCredentials:
        return RoleCredentials(self._keys)


def _session(keys: Keys | None = None) -> Session:
    session = Session()
    session.register_component("data_loader", _service_models())
    # The legacy address is one Region's for all the world: STS is asked in the Region that a client names.
    session.set_config_variable("sts_regional_endpoints", "regional")
    if keys is not None:
        session.register_component("credential_provider", CredentialResolver([_Provided(keys)]))
    return session


@cache
def _service_models() -> Any:
    """Return botocore's models of the services, read once for all sessions."""
    return Session().get_component("data_loader")
