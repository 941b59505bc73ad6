"""For each conditional write two that write at once, one of which must lose."""

import random
from dataclasses import replace
from pathlib import Path

from botocore.config import Config

from controller import wiring
from controller.aws.audit.locked_store import S3LockedStore
from controller.aws.dynamodb.people import FREE, PAST
from controller.aws.s3_switch import StandbySwitch, Watched
from controller.core.journal.event import Draft, seal
from controller.core.journal.notes import Armed
from controller.core.model import Observation, Sighting, Verdict
from controller.core.person import key_of
from controller.lab.simulate.faults.controllers import call
from controller.lab.simulate.world.weather import CallRule
from controller.ports.storage import Lease
from controller.rehearsal.blueprint import Blueprint
from controller.steps.operator import commands
from tests.mutate.directed import EAST, HOME, WEST, Directed, Scene

APP = "storefront"
BUCKET = "shop-switch"
TWO = (HOME, WEST)


def two_mute(d: Directed) -> None:
    """Two people, through two controllers, in the same moment: the next number of the journal is one."""

    def mute(home: str) -> None:
        commands.mute(d.world.deps[home], EAST, seconds=60.0, who="ana", reason="x")

    d.at_once(0, lambda: mute(HOME))
    d.at_once(60, lambda: mute(HOME), lambda: mute(WEST))


def two_take(d: Directed) -> None:
    leases = [d.world.deps[home].leases for home in TWO]
    d.at_once(
        0,
        *(lambda t=t, h=h: t.take(APP, f"run-{h}", None, region=h) for t, h in zip(leases, TWO, strict=True)),
    )


def two_take_over(d: Directed) -> None:
    leases = [d.world.deps[home].leases for home in TWO]
    dead = Lease(APP, 1, "run", 0, EAST)
    d.at_once(0, lambda: leases[0].take(APP, "run", None, region=EAST))
    d.at_once(
        9,
        *(lambda t=t, h=h: t.take(APP, f"run-{h}", dead, region=h) for t, h in zip(leases, TWO, strict=True)),
    )


def replaced_beats(d: Directed) -> None:
    first, second = (d.world.deps[home].leases for home in TWO)
    mine = Lease(APP, 1, "run", 0, HOME)
    d.at_once(0, lambda: first.take(APP, "run", None, region=HOME))
    d.at_once(5, lambda: second.take(APP, "other", mine, region=WEST))
    d.at_once(10, lambda: first.beat(mine))


def two_see(at: float, d: Directed) -> None:
    """Two batches tell of one signal: both are remembered."""

    def see(number: int, then: float) -> None:
        seen = Observation(then, then, Verdict.BREACHING, "event", f"id{number}")
        d.world.deps[HOME].evidence.record(APP, [Sighting("canary:1:us-east-2:shop", seen)])

    if at:
        d.at_once(0, lambda: see(0, d.world.now - 30))
    d.at_once(at, lambda: see(1, d.world.now - 1), lambda: see(2, d.world.now))


def two_note(application: str, d: Directed) -> None:
    """Two processes of a Region write an assessment each, at the same time."""
    notes = d.world.deps[HOME].assessments
    at = d.world.now
    d.at_once(9, *(lambda n=n: notes.add(application, at, {"n": n}) for n in range(2)))


def note_beside_an_older_version(d: Directed) -> None:
    """A process of the version before the chain wrote at a moment that is this one's too."""
    table = d.clients[HOME]("dynamodb", HOME, None, Config(retries={"total_max_attempts": 1}))
    notes, at = d.world.deps[HOME].assessments, d.world.now + 60.0
    item = {"application": {"S": APP}, "at": {"N": repr(at)}, "record": {"S": "{}"}, "hash": {"S": ""}}
    d.at_once(1, lambda: notes.add(APP, at - 60.0, {}))
    d.at_once(5, lambda: table.put_item(TableName="tidegate-assessments", Item=item))
    d.at_once(9, lambda: notes.add(APP, at, {}))


def two_keep_a_policy(d: Directed) -> None:
    """A digest stands for one text: what is kept under it stays."""
    kept = d.world.deps[HOME].policies
    d.at_once(1, *(lambda n=n: kept.keep("5e6f", f"text {n}") for n in range(2)))


def restored_over_another(d: Directed) -> None:
    """A backup holds another first event than the one that stands: that one stays."""
    backup = d.world.deps[HOME].recovery.backup("tidegate-journal-restored", HOME)
    draft = Draft("forged", Armed(reason="forged"), d.world.now, "mallory")
    item = backup.item_of(seal(APP, draft, None))
    d.at_once(0, lambda: commands.mute(d.world.deps[HOME], EAST, seconds=60.0, who="ana", reason="x"))
    d.at_once(60, lambda: backup.put(item))


def two_make_a_key(d: Directed) -> None:
    deployment = d.world.deployments[HOME]
    d.at_once(1, *[lambda: wiring.console_key(deployment, d.clients[HOME])] * 2)


def two_are_one_person(d: Directed) -> None:
    """A person acts by two doors at once, in two Regions."""
    d.at_once(1, *(lambda p=d.world.deps[home].people: p.id_of("ana") for home in TWO))


def acts_while_forgotten(d: Directed) -> None:
    """A person acts, and their name is deleted before it is written that they did."""
    first, second = (d.world.deps[home].people for home in TWO)
    d.at_once(1, lambda: first.id_of("ana"))
    d.after(5.0, lambda: aged(d, days=10.0))
    call(d.world, CallRule("slow", home=HOME, service="dynamodb", delay=1.0, operation="UpdateItem"))
    d.at_once(10.0, lambda: first.id_of("ana"))
    d.at_once(10.5, lambda: second.forget("ana"))


def acts_while_it_expires(d: Directed) -> None:
    """A person acts again in the moment in which their name is over, and is about to be deleted."""
    first, second = (d.world.deps[home].people for home in TWO)
    d.at_once(1, lambda: first.id_of("ana"))
    d.after(5.0, lambda: aged(d, days=-1.0))
    call(d.world, CallRule("slow", home=HOME, service="dynamodb", delay=1.0, operation="DeleteItem"))
    d.at_once(10.0, first.expire)
    d.at_once(10.5, lambda: second.id_of("ana"))


def looked_at_while_forgotten(d: Directed) -> None:
    """A name is deleted while the tick looks at what leads to it."""
    first, second = (d.world.deps[home].people for home in TWO)
    d.at_once(1, lambda: first.id_of("ana"))

    def due() -> None:
        table = {"TableName": "tidegate-people"}
        items = d.world.cloud.call("dynamodb", "Scan", HOME, table)["Items"]
        (pointer,) = (item for item in items if item["kind"]["S"] == "id")
        at = {"expires": {"N": str(int(d.world.now))}}
        d.world.cloud.call("dynamodb", "PutItem", HOME, table | {"Item": pointer | at})

    d.after(5.0, due)
    call(d.world, CallRule("slow", home=HOME, service="dynamodb", delay=1.0, operation="UpdateItem"))
    d.at_once(10.0, first.expire)
    d.at_once(10.5, lambda: second.forget("ana"))


def aged(d: Directed, *, days: float) -> None:
    """Let the days of ana's name be over in so many days from now."""
    key = {"kind": {"S": "name"}, "key": {"S": key_of("ana")}}
    item = d.world.cloud.call("dynamodb", "GetItem", HOME, {"TableName": "tidegate-people", "Key": key})[
        "Item"
    ]
    until = int(d.world.now + 86_400 * days)
    put = {"TableName": "tidegate-people", "Item": item | {"expires": {"N": str(until)}}}
    d.world.cloud.call("dynamodb", "PutItem", HOME, put)
    d.world.watch.stored_items.last["", "name", key_of("ana")] = (item["id"]["S"], until)


def objects(plan: Blueprint) -> Blueprint:
    return replace(plan, standby={f"{EAST}-0": (WEST, BUCKET, f"{EAST}-0")})


def switch(d: Directed, home: str) -> StandbySwitch:
    config = Config(connect_timeout=1, read_timeout=5, retries={"total_max_attempts": 1})
    store = d.clients[home]("s3", WEST, None, config)
    return StandbySwitch(
        {WEST: store}, {f"{EAST}-0": Watched(WEST, BUCKET, f"{EAST}-0")},
        runtime=d.world.machines[home], rng=random.Random(home),
    )  # fmt: skip


def flip(d: Directed, home: str, *, on: bool) -> None:
    deadline = d.world.machines[home].monotonic() + 30.0
    switch(d, home).update([[(f"{EAST}-0", on)]], deadline=deadline, fence=lambda: None)


def two_turn_off(d: Directed) -> None:
    d.at_once(0, lambda: flip(d, HOME, on=False), lambda: flip(d, WEST, on=False))


def turned_off_again(d: Directed) -> None:
    """One is slow to delete an Off that meanwhile has gone and come again."""
    call(d.world, CallRule("slow", home=WEST, service="s3", delay=1.0, operation=f"{EAST}-0"))
    d.at_once(0, lambda: flip(d, HOME, on=False))
    d.at_once(10.0, lambda: flip(d, HOME, on=True), lambda: flip(d, WEST, on=True))
    d.at_once(10.5, lambda: flip(d, HOME, on=False))


def two_keep(d: Directed) -> None:
    """Two export the same: what the first has put stays."""

    def keep(home: str) -> None:
        config = Config(connect_timeout=1, read_timeout=5, retries={"total_max_attempts": 1})
        store = S3LockedStore(client=d.clients[home]("s3", WEST, None, config), bucket=BUCKET)
        store.keep("bundle.zip", Path(__file__))

    d.at_once(0, lambda: keep(HOME))
    d.at_once(10, lambda: keep(WEST))


def short(script: object, **more: object) -> Scene:
    return Scene(script, lasts=90, begins=False, **more)  # type: ignore[arg-type]


WRITES = {
    "write journal attribute_not_exists(#seq)": short(two_mute, homes=TWO),
    "write journal_backup attribute_not_exists(#seq)": short(restored_over_another, homes=TWO),
    "write leases attribute_not_exists(#epoch)": short(two_take, homes=TWO),
    "write leases #epoch = :epoch AND #driver = :driver AND #beats = :beats": short(two_take_over, homes=TWO),
    "write leases #epoch = :epoch AND #driver = :driver": short(replaced_beats, homes=TWO),
    "write evidence attribute_not_exists(#version)": short(lambda d: two_see(0, d)),
    "write evidence #version = :version": short(lambda d: two_see(60, d)),
    "write assessments attribute_not_exists(#at)": short(note_beside_an_older_version),
    "write assessments attribute_not_exists(#count)": short(lambda d: two_note("another", d)),
    "write assessments #count = :count": short(lambda d: two_note(APP, d)),
    "write console_key attribute_not_exists(application)": short(two_make_a_key),
    f"write people {FREE}": short(two_are_one_person, homes=TWO),
    "write people #of = :of": short(looked_at_while_forgotten, homes=TWO),
    "write people #id = :id": short(acts_while_forgotten, homes=TWO),
    f"write people {PAST}": short(acts_while_it_expires, homes=TWO),
    "write policies attribute_not_exists(application)": short(two_keep_a_policy),
    "write locked_store IfNoneMatch": short(two_keep, homes=TWO, redraw=objects),
    "write s3_switch IfNoneMatch": short(two_turn_off, homes=TWO, redraw=objects),
    "write s3_switch IfMatch": short(turned_off_again, homes=TWO, redraw=objects),
}
