"""Who may assume which role in another account, and which a function is told of."""

import json
from collections.abc import Iterator
from typing import Any

from controller.aws.assumed_role import PERMISSIONS
from infra import names
from infra.grants import HANDS, Place, away, goes, handlers
from infra.project import Project

TRUST = 2_048
"""Characters of a role's trust policy (IAM User Guide, *IAM and AWS STS quotas*)."""


def hands(project: Project, place: Place) -> list[str]:
    """The roles of a place that any function assumes; none where nothing is asked there."""
    used = {goes(project, handler, place) for handler in handlers(project)}
    return [hand for hand in HANDS[place] if hand in used]


def principals(project: Project, place: Place, region: str, hand: str) -> Iterator[str]:
    """Yield the exact roles that may come in: functions that need it, and people at a desk, who look."""
    account = project.account
    for handler in handlers(project):
        if goes(project, handler, place) == hand:
            yield names.role_arn(account, project.names.function_role(handler, region))
    if hand == "look":
        yield from project.config.accounts.desk


def trust(project: Project, place: Place, region: str, hand: str) -> dict[str, Any]:
    """Return the trust of a role. Raises `ValueError` where IAM would not take it.

    The account and the role's ARN, not the role as principal: IAM turns that into an id when the policy is
    written, refuses a role that is not there yet, and shuts out one that was made anew.
    """
    trusted = list(principals(project, place, region, hand))
    found = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{project.account}:root"},
                "Action": PERMISSIONS[0],
                "Condition": {
                    "StringEquals": {"sts:ExternalId": project.external_id},
                    "ArnEquals": {"aws:PrincipalArn": trusted},
                },
            }
        ],
    }
    if len(json.dumps(found, separators=(",", ":"))) > TRUST:
        raise ValueError(f"the trust of a role would be longer than {TRUST} characters: fewer accounts.desk")
    return found


def roles(project: Project, region: str, handler: str) -> dict[str, str]:
    """The roles in other accounts that a function assumes."""
    found = {}
    for place in HANDS:
        account = away(project, place)
        if account is not None:
            role = project.names.access_role(place, goes(project, handler, place) or "look", region)
            found[f"TIDEGATE_{place.upper()}_ROLE"] = names.role_arn(account, role)
    return found | ({"TIDEGATE_EXTERNAL_ID": project.external_id} if found else {})
