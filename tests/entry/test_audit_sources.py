"""Which key signs, and where bundles are locked away, for the deployment that a command names."""

import json
import random
import threading
from typing import Any

import pytest

from controller.core.canonical_json import ascii_digest
from controller.core.policy.validation import compiled
from controller.entry.audit_sources import signer_of, store_of, text_of
from controller.entry.context import Context
from controller.ports.errors import OutsideUnreachable
from controller.rehearsal.services.kms import Keys, Vault
from controller.rehearsal.wire.dispatch import Wire
from controller.rehearsal.wire.server import Server
from controller.settings import Arc, Deployment
from tests.entry.loopback import closed_port
from tests.support.policy_scene import ACCOUNT, storefront


def deployment(region: str, port: int, **changes: Any) -> Deployment:
    told: dict[str, Any] = {
        "account": ACCOUNT, "region": region, "deployed": 1.0, "policy": compiled(storefront()),
        "journal_table": "j", "evidence_table": "e", "assessments_table": "a", "topic": "t",
        "people_table": "p", "dead_letters": "d",
        "state_machine": "m", "key": "k", "endpoint_url": f"http://127.0.0.1:{port}",
        "arc": Arc(endpoints={"us-west-2": "http://127.0.0.1:1"}, panel="p", controls={}),
    }  # fmt: skip
    return Deployment.model_validate(told | changes)


def nowhere(request: Any) -> Any:
    raise AssertionError(request)


def test_a_region_that_is_gone_keeps_nobody_from_signing_with_the_same_key_elsewhere() -> None:
    vault = Vault("us-west-2", random.Random(4))
    wire = Wire({("kms", "us-west-2"): Keys("us-west-2", vault, vault)}, nowhere, threading.RLock())
    with Server(wire.handle) as server:
        gone, here = deployment("us-east-2", closed_port()), deployment("us-west-2", server.serve())
        found = signer_of(Context("storefront", gone, (here,)))
        assert ":us-west-2:" in found.public_key().name
        assert found.sign(b"a seal") == found.sign(b"a seal")
    with pytest.raises(OutsideUnreachable, match="alias/tidegate-signing"):
        signer_of(Context("storefront", gone))


def test_without_a_bucket_there_is_nowhere_to_lock_a_bundle_away() -> None:
    assert store_of(deployment("us-east-2", 1)) is None
    bucket = {"name": "tidegate-audit-us-east-2-123456789012", "region": "us-east-2"}
    assert store_of(deployment("us-west-2", 1, audit_bucket=bucket)) is not None


def test_the_text_of_a_policy_hashes_to_its_digest() -> None:
    policy = storefront()
    assert ascii_digest(json.loads(text_of(policy))) == policy.digest
