"""The stacks in the order in which they are deployed."""

STACKS = [
    *("foundation", "controller-us-east-1", "controller-us-west-2", "controller-us-east-2"),
    *("application-us-west-2", "application-us-east-1"),
    *("probes-us-east-2", "probes-us-west-2", "probes-us-east-1", "routing"),
]
"""The policy ranks us-east-2 first among the controllers, and moves traffic to us-west-2.

The switch is last, for no arc.json names it yet."""
FOUNDATION = [
    *("keys-us-west-2", "keys-us-east-2", "keys-us-east-1"),
    *("audit-copy", "state"),
]
"""The stacks of the first stage: the home Region's keys, their replicas, what they encrypt."""
REGIONS = {"audit-copy": "us-east-2", "state": "us-west-2", "routing": "us-west-2"}
"""Of the stacks whose name does not say it."""
