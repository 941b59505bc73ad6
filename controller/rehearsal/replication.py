"""How late the orders arrive in the other Regions, and the metric that DynamoDB publishes about it."""

from functools import partial
from math import inf

from controller.rehearsal.blueprint import Blueprint
from controller.rehearsal.faults import Faults
from controller.rehearsal.kernel import Kernel
from controller.rehearsal.orders import ReplicatedOrders
from controller.rehearsal.shop import PutMetric

USUAL = 0.8
"""Seconds that a write takes to the other Regions."""


def lag_from(faults: Faults, region: str) -> float:
    """Seconds until what is written in `region` shows elsewhere; infinite while nothing is replicated."""
    return inf if region in faults.replication_paused else faults.lag.get(region, USUAL)


def replicated(kernel: Kernel, faults: Faults) -> ReplicatedOrders:
    return ReplicatedOrders(kernel.now, lag_from=partial(lag_from, faults))


def publish_each_minute(kernel: Kernel, faults: Faults, plan: Blueprint, put_metric: PutMetric) -> None:
    """ReplicationLatency of each Region towards each other, at the end of each scenario minute.

    It drops to zero where replication stands still. A dark Region writes nothing, so nothing is measured.
    """

    def emit() -> None:
        minute = kernel.now() // 60 * 60 - 60
        for source in plan.controls:
            if source in faults.dark or source in faults.no_metrics:
                continue
            lag = lag_from(faults, source)
            value = 0.0 if lag == inf else lag * 1000.0
            for target in plan.controls:
                if target != source:
                    names = {"TableName": plan.application, "ReceivingRegion": target}
                    put_metric(
                        source, "AWS/DynamoDB", "ReplicationLatency", value, "Milliseconds", minute, names
                    )

    kernel.every(60, emit, first_after=60 - kernel.now() % 60)
