"""The stacks in the order in which they are deployed."""

STACKS = [
    *("foundation", "controller-us-east-1", "controller-us-west-2", "controller-us-east-2"),
    *("application-us-west-2", "application-us-east-1", "routing"),
    *("probes-us-east-2", "probes-us-west-2", "probes-us-east-1"),
]
"""The policy ranks us-east-2 first among the controllers, and moves traffic to us-west-2."""
