"""A deployment as its file describes it."""

from typing import Any

from tests.support.policy_scene import ACCOUNT, storefront

DEPLOYMENT: dict[str, Any] = {
    "account": ACCOUNT,
    "region": "us-east-2",
    "deployed": 1.0,
    "policy": storefront().model_dump(mode="json", by_alias=True, exclude_none=True),
    "journal_table": "j",
    "evidence_table": "e",
    "assessments_table": "a",
    "people_table": "p",
    "dead_letters": "d",
    "topic": "t",
    "state_machine": "m",
    "key": "k",
    "arc": {"endpoints": {"us-east-1": "https://a.example"}, "panel": "p", "controls": {}},
}
