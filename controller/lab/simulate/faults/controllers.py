"""The faults in and around the controllers.

They meet processes, clocks, calls, tables, partitions, events and ARC.
"""

from functools import partial

from controller.lab.simulate.faults.regions import Fault, Stop, every, within
from controller.lab.simulate.world.weather import CallRule, EventRule, Fate
from controller.lab.simulate.world.world import World
from controller.rehearsal.services.arc.data_plane import ENDPOINTS, SERVICE
from controller.steps.context.situation import FLEET

LONGEST_SKEW = 600.0
LAG = (3.0, 15.0)
"""Seconds; AWS says 15 at most."""
USUAL_LAG = (1.0, 3.0)
"""Seconds that the rehearsal's ARC takes by itself."""
JOURNAL = "tidegate-journal"
SERVICES = ("dynamodb", "states", "sns", "events", "kms", "monitoring")


def call(world: World, rule: CallRule) -> Stop:
    """Let a rule of the weather hold."""
    world.weather.calls.append(rule)
    return lambda: world.weather.end(rule)


def event(world: World, rule: EventRule) -> Stop:
    world.weather.events.append(rule)
    return lambda: world.weather.end(rule)


def a_home(world: World) -> str:
    """Return a random controller's Region.

    The one that acts just now comes more often than another.
    """
    return world.random.choice((*world.homes, *([world.acts] * 4 if world.acts in world.homes else [])))


def dead(world: World) -> Stop:
    """End a controller's Region for a while; what ran there never goes on."""
    home = a_home(world)
    for process in world.watch.alive:
        process.dead = process.dead or process.region == home
    faults = world.cloud.faults
    ends = (within(world, faults.controllers_dead, home), world.truth.begin("stopped", home))
    return every(*ends, lambda: world.begin_cold(home))


def frozen(world: World) -> Stop:
    """Freeze a controller's Region.

    Once thawed, everything goes on where it was.
    """
    home = a_home(world)
    return every(
        within(world, world.cloud.faults.controllers_frozen, home), world.truth.begin("stopped", home)
    )


def cut_off(world: World) -> Stop:
    home = a_home(world)
    return every(within(world, world.cloud.faults.cut_off, home), world.truth.begin("cut-off", home))


def processes_die(world: World) -> Stop:
    fate: Fate = world.random.choice(("dies", "dies-after"))
    return call(world, CallRule(fate, rate=world.random.choice((0.02, 0.1))))


def calls(fate: Fate, world: World) -> Stop:
    """Let calls meet this fate.

    It meets some or all calls of one service, or of all services, from one home, or from all homes.
    """
    return call(
        world,
        CallRule(
            fate,
            rate=world.random.choice((0.05, 0.3, 1.0)),
            delay=world.random.choice((0.5, 1.5, 4.0, 20.0)),
            home=world.random.choice((None, a_home(world))),
            service=world.random.choice((*SERVICES, SERVICE)),
        ),
    )


def polls(fate: Fate, world: World) -> Stop:
    """Let no controller look at alarms any more, in one Region or in all: throttled, or denied."""
    place = world.random.choice(("", *world.regions))
    rule = CallRule(
        fate, service="monitoring", operation="DescribeAlarms", regions=(place,) if place else None
    )
    return every(call(world, rule), world.truth.begin("no-look", place))


def notices_refused(world: World) -> Stop:
    """Let one controller's notices be refused for good: nothing that heals brings them back."""
    call(world, CallRule("refused", service="sns", home=a_home(world)))
    return lambda: None


def fleet_poisoned(world: World) -> Stop:
    """Write into the fleet's journal what no controller can read.

    Nobody knows then whether all is disarmed.
    """
    home, last = world.homes[0], world.truth.unbroken(("no-fleet",), "") > 0.0
    if last:
        return lambda: None
    asked = {
        "TableName": JOURNAL,
        "KeyConditionExpression": "application = :a",
        "ExpressionAttributeValues": {":a": {"S": FLEET}},
    }
    key = {
        "application": {"S": FLEET},
        "seq": {"N": str(len(world.cloud.call("dynamodb", "Query", home, asked)["Items"]) + 1)},
    }
    world.cloud.call("dynamodb", "PutItem", home, {"TableName": JOURNAL, "Item": key | {"body": {"S": "{}"}}})
    ends = world.truth.begin("no-fleet", "")

    def stop() -> None:
        ends()
        world.cloud.call("dynamodb", "DeleteItem", home, {"TableName": JOURNAL, "Key": key})

    return stop


def arc_lags(world: World) -> Stop:
    """Let each change take up to 15 s until all endpoints of ARC tell of it."""
    ends = within(world, world.gone, "ARC's haste")
    world.cloud.arc.lag = LAG

    def stop() -> None:
        ends()
        if "ARC's haste" not in world.gone:
            world.cloud.arc.lag = USUAL_LAG

    return stop


def partition(world: World) -> Stop:
    """Cut two controller Regions from each other, both ways."""
    one, other = world.random.sample(world.homes, 2)
    rules = [CallRule("hung", home=a, regions=(b,)) for a, b in ((one, other), (other, one))]
    return every(*(call(world, rule) for rule in rules))


def deafness(world: World) -> Stop:
    """Cut the answers from one controller Region to another.

    What `deaf` asks of the other arrives there, but no answer comes back.
    """
    deaf, other = world.random.sample(world.homes, 2)
    return call(world, CallRule("lost", home=deaf, regions=(other,)))


def journal_unreachable(world: World) -> Stop:
    return within(world, world.cloud.faults.journal_unreachable, a_home(world))


def quorum_lost(world: World) -> Stop:
    """Let the strongly consistent table answer nobody."""
    faults = world.cloud.faults
    ends = [world.truth.begin("no-quorum", "")]
    return every(*ends, *(within(world, faults.journal_unreachable, home) for home in world.homes))


def table_down(world: World) -> Stop:
    """Stop one Region's own table, of evidence or of assessments."""
    name = world.random.choice((b"tidegate-evidence", b"tidegate-assessments"))
    return call(world, CallRule("hung", service="dynamodb", regions=(a_home(world),), part=name))


def clock_skewed(world: World) -> Stop:
    machine = world.machines[a_home(world)]
    machine.skew = world.random.uniform(-LONGEST_SKEW, LONGEST_SKEW)
    world.trace.note("clock", "", f"off by {machine.skew:.0f} s")

    def stop() -> None:
        machine.skew = 0.0

    return stop


def clock_steps(world: World) -> Stop:
    """Let a clock be right, wrong, right again, in steps of some minutes."""
    machine, on = world.machines[a_home(world)], [True]

    def step() -> None:
        machine.skew = world.random.uniform(-LONGEST_SKEW, LONGEST_SKEW) if on[0] else 0.0
        if on[0]:
            world.kernel.after(world.random.uniform(20.0, 300.0), step)

    def stop() -> None:
        on[0], machine.skew = False, 0.0

    step()
    return stop


def events(what: str, world: World) -> Stop:
    rate, delay = world.random.choice((0.1, 0.5, 1.0)), world.random.choice((5.0, 120.0, 1800.0))
    region = world.random.choice((None, *world.cloud.plan.regions))
    rules = [EventRule(what, rate if what != "dropped" else min(rate, 0.5), region, delay)]  # type: ignore[arg-type]
    return every(*(event(world, rule) for rule in rules))


def arc_endpoints(how: Fate, world: World) -> Stop:
    """Let one to five of the cluster's endpoints meet this fate."""
    ill = world.random.sample(ENDPOINTS, world.random.randint(1, 5))
    if how in ("refused", "hung"):
        fresh = [endpoint for endpoint in ill if endpoint not in world.cloud.faults.arc]
        world.cloud.faults.arc.update(dict.fromkeys(fresh, how))
        return every(*(partial(_clear, world, endpoint) for endpoint in fresh))
    delay = world.random.choice((0.3, 1.0, 3.0, 15.0, 40.0))
    return call(world, CallRule(how, rate=0.7, delay=delay, service=SERVICE, regions=tuple(ill)))


def _clear(world: World, endpoint: str) -> None:
    world.cloud.faults.arc.pop(endpoint, None)


BREAKAGE: dict[str, Fault] = {
    "controller-dead": dead,
    "controller-frozen": frozen,
    "cut-off": cut_off,
    "processes-die": processes_die,
    **{f"calls-{fate}": partial(calls, fate) for fate in ("refused", "hung", "lost", "throttled", "slow")},
    "partition": partition,
    "one-way-deafness": deafness,
    "journal-unreachable": journal_unreachable,
    "quorum-lost": quorum_lost,
    "table-down": table_down,
    "clock-skewed": clock_skewed,
    "clock-steps": clock_steps,
    **{f"events-{what}": partial(events, what) for what in ("late", "doubled", "dropped")},
    "polls-throttled": partial(polls, "throttled"),
    "polls-denied": partial(polls, "denied"),
    "notices-refused": notices_refused,
    "fleet-poisoned": fleet_poisoned,
    "arc-lags": arc_lags,
    **{f"arc-{how}": partial(arc_endpoints, how) for how in ("refused", "hung", "slow", "lost")},
}
