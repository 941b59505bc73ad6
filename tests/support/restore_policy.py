"""Keys of a policy that lets a Region come home soon."""

from typing import Any

from tests.support.policy_scene import policy_data

HOME: dict[str, Any] = {
    "limits": policy_data()["limits"] | {"cooldown": "1m"},
    "restore": {
        "when": {"in": "source", "family": "all", "is": "healthy", "for": "5m"},
        "approval": "none",
        "waves": [4],
    },
}
