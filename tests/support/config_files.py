"""The configuration that is shipped, and copies of it with other members."""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.support.sources import ROOT

SHIPPED = ROOT / "infra" / "config" / "storefront.yaml"
ROUTING = {"name": "shop.example.com", "zone": "Z0123456789EXAMPLE"}
STANDBY = ROOT / "infra" / "config" / "storefront-standby.yaml"
"""The configuration whose switch is objects that health checks watch."""
MOVED = {"routing": ROUTING | {"top_records": True}, "protected": True}
"""The second pass: the public name leads to the record tree, and nothing is deleted by mistake."""

BY_HAND = "arn:aws:iam::111122223333:role/oncall"
OBJECTS_LIVE = {
    "routing": ROUTING | {"switch": "standby", "top_records": True, "by_hand": [BY_HAND]}, "protected": True
}  # fmt: skip
"""The same without an ARC cluster, of `STANDBY`."""


def written(
    folder: Path,
    config: dict[str, Any] | None = None,
    policy: dict[str, Any] | None = None,
    *,
    shipped: Path = SHIPPED,
) -> Path:
    """A shipped configuration and policy with other members, in a folder of their own; None takes one out."""
    yaml = YAML(typ="safe", pure=True)
    mine = yaml.load(shipped.read_text(encoding="utf-8")) | {"policy": "policy.yaml"} | (config or {})
    if mine.get("pipeline"):
        mine["pipeline"] = {"file": "infra/config/storefront.yaml"} | mine["pipeline"]
    theirs = yaml.load((ROOT / "policies" / "storefront.yaml").read_text(encoding="utf-8")) | (policy or {})
    for name, data in (("config.yaml", mine), ("policy.yaml", theirs)):
        with (folder / name).open("w", encoding="utf-8") as file:
            yaml.dump({key: value for key, value in data.items() if value is not None}, file)
    return folder / "config.yaml"
