"""The fleets of docs/fleet.md."""

from controller.lab.fleet.outage import Fleet

SIZES: tuple[Fleet, ...] = (
    Fleet("66 applications, nine controls each", 66, 66),
    Fleet("66, all in the same second", 66, 66, at_once=True),
    Fleet("300 on one cluster, a control each", 300, 300, controls=1, leaves=1, per_cluster=300, named=True),
    Fleet("300 on one cluster, in the same second", 300, 300, controls=1, leaves=1, per_cluster=300,
          named=True, at_once=True),
    Fleet("1,000 in ten cells", 10, 1000, controls=2, leaves=1, per_cluster=10, at_once=True),
    Fleet("1,000 in ten cells, rules by name", 10, 1000, controls=2, leaves=1, per_cluster=10, at_once=True,
          named=True),
)  # fmt: skip
