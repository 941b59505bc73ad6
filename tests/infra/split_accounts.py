"""Configurations in which not all lives in one account."""

from typing import Any

from infra.geography import ARC_ENDPOINTS

CONTROLLERS, APPLICATION, ARC = "111122223333", "444455556666", "777788889999"
DESK = f"arn:aws:iam::{CONTROLLERS}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_SRE_0123456789abcdef"
ENDPOINTS = {
    region: {"name": f"{region}.alb.example.net", "zone": "Z35SXDOTRQ7X7K"}
    for region in ("us-east-1", "us-west-2")
}
SPLIT: dict[str, Any] = {
    "accounts": {"controller": CONTROLLERS, "application": APPLICATION, "desk": [DESK]},
    "routing": {"name": "shop.example.com", "zone": "Z0123456789EXAMPLE", "endpoints": ENDPOINTS},
    "sample": None,
    "pipeline": None,
}
"""The application, its alarms and canaries in an account of their own."""
THREE: dict[str, Any] = {
    "accounts": SPLIT["accounts"] | {"arc": ARC},
    "routing": None,
    "sample": None,
    "pipeline": None,
    "plans": {"storefront": f"arn:aws:arc-region-switch::{ARC}:plan/storefront:a1b2c3"},
}
"""ARC in a third one."""


def arc_file(owner: str) -> dict[str, Any]:
    panel = f"arn:aws:route53-recovery-control::{owner}:controlpanel/0f"
    names = [f"{region}-{letter}" for region in ("use1", "usw2") for letter in "abcd"]
    return {
        "endpoints": {region: f"https://{region}.example.com/v1" for region in ARC_ENDPOINTS},
        "panel": panel,
        "controls": {name: f"{panel}/routingcontrol/{number}" for number, name in enumerate(names)},
    }
