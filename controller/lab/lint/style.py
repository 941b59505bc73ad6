"""The checks that can be read off a policy.

They find bounds that are too tight, calls to control planes, and words that nobody uses. They read the
periods of alarms that exist, as `aws cloudwatch describe-alarms` printed them, of one Region or several. They
also look at where tidegate itself runs: what fails together with what it guards cannot help.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from controller.core.policy.readiness_checks import ArcCheck, PlanCheck, QuotaCheck, gate_of
from controller.core.policy.schema import OVERRIDE, HealthSignal, Policy
from controller.core.policy.validation import expected_signals
from controller.lab.cases.play import ACCOUNT
from controller.lab.lint.finding import Finding
from controller.lab.policy_files.leaves import checks, written

MINUTE = 60.0
"""Seconds between two words of a signal, where nobody knows better."""


def own_region_evidence(policy: Policy) -> Iterator[Finding]:
    """Yield families that go silent with the Region they judge.

    These are families where no leaf hears the silence.
    """
    leaves = written(policy)
    for family, sources in policy.signals.items():
        inside = all(s.own for s in expected_signals(policy, ACCOUNT) if s.family == family)
        provider = any(isinstance(source, HealthSignal) for source in sources)
        heard = any(leaf.is_ == "silent" for leaf in leaves.values() if leaf.family in (family, "all"))
        red = [path for path, leaf in leaves.items()
               if (leaf.family, leaf.in_, leaf.is_) == (family, "source", "breaching")]  # fmt: skip
        if inside and red and not provider and not heard:
            message = f"{family} is seen only from the Region it judges: where that is dark, it is silent"
            hint = f"beside it: {{in: source, family: {family}, is: silent, signals: all, for: 2m}}"
            yield Finding("own-house", (*red[0], "family"), message, hint)


def tight(policy: Policy, periods: Mapping[str, float]) -> Iterator[Finding]:
    """Yield bounds that are shorter than what they wait for.

    periods: alarm's name -> its period in seconds, where known.
    """
    pace: dict[str, float] = {}
    for signal in expected_signals(policy, ACCOUNT):
        period = periods.get(signal.name, MINUTE) if signal.kind == "alarm" else MINUTE
        pace[signal.family] = max(pace.get(signal.family, 0.0), period)
    for path, leaf in written(policy).items():
        slowest = max(p for family, p in pace.items() if leaf.family in (family, "all"))
        if leaf.for_ is not None and leaf.for_ < slowest:
            message = f"{leaf.for_:.0f}s is less than the {slowest:.0f}s between two words of {leaf.family}"
            yield Finding("short-for", (*path, "for"), message, f"expected {slowest:.0f}s or more")
    for family, sources in policy.signals.items():
        for index, source in enumerate(sources):
            if source.silent_after < 2 * pace[family]:
                message = f"{source.silent_after:.0f}s: one word that comes late would pass for silence"
                hint = f"expected {2 * pace[family]:.0f}s or more"
                yield Finding("short-silence", ("signals", family, index, "silentAfter"), message, hint)


def control_planes(policy: Policy) -> Iterator[Finding]:
    """Yield checks that stop a move where a control plane does not answer."""
    for path, check in checks(policy):
        if isinstance(check, ArcCheck | QuotaCheck) and gate_of(check, unknown=True) is None:
            arc = isinstance(check, ArcCheck)
            name, who = ("arcReadiness", "us-west-2 alone") if arc else ("quotas", "APIs that describe")
            message = f"{name} is answered by a control plane ({who}), and blocks where it is not"
            yield Finding("control-plane", (*path, "ifUnknown"), message, "let people be asked: {ask: GATE}")


def unconfirmed(policy: Policy) -> Iterator[Finding]:
    """Yield each place by which a live policy goes to a target that ARC did not confirm.

    Customers who are well in a Region say nothing of whether it can take the others too.
    """
    for region, entry in policy.regions.items() if policy.enforcement == "live" else ():
        if any(isinstance(check, PlanCheck | ArcCheck) for check in policy.about(region).target.ready):
            continue
        own = entry.target is not None and entry.target.ready is not None
        path = ("regions", region, "target", "ready") if own else ("target", "ready")
        message = "traffic goes to a target that ARC did not confirm: neither its plan nor a readiness check"
        hint = "expected, for instance: {planEvaluation: PLAN, maxAge: 1h, ifUnknown: {ask: GATE}}"
        yield Finding("no-arc-readiness", path, message, hint)


def unchecked_return(policy: Policy) -> Iterator[Finding]:
    """Yield each return that checks nothing but health: what was written meanwhile may be lost."""
    if policy.restore is not None and not policy.restore.ready:
        message = "a Region comes home without any check that its data has caught up"
        hint = "expected, for instance: ready: [{replication: TABLE, maxLag: 5s, ifUnknown: block}]"
        yield Finding("unchecked-return", ("restore", "ready"), message, hint)
    for region, entry in policy.regions.items():
        own = entry.restore
        if own is not None and own.ready is not None and not own.ready:
            message = f"{region} comes home without any check that its data has caught up"
            hint = "expected a check, or no words of its own"
            yield Finding("unchecked-return", ("regions", region, "restore", "ready"), message, hint)


def unused(policy: Policy) -> Iterator[Finding]:
    """Yield words that nothing refers to."""
    said = policy.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    gates = {OVERRIDE, *_values(said, "approval"), *_values(said, "ask")}
    families = set(_values(said, "family"))
    tables = [
        ("conditions", set(_values(said, "condition")), "no condition refers to"),
        ("approvals", gates, "nobody asks"),
        ("signals", set(policy.signals) if "all" in families else families, "no leaf looks at"),
    ]
    for table, used, words in tables:
        for name in said.get(table, {}):
            if name not in used:
                yield Finding("unused", (table, name), f"{words} {name}", "use it, or remove it")


def _values(data: object, key: str) -> Iterator[str]:
    """Yield every text that stands under `key`, at any depth."""
    if isinstance(data, dict):
        for name, value in data.items():
            if name == key and isinstance(value, str):
                yield value
            yield from _values(value, key)
    elif isinstance(data, list):
        for each in data:
            yield from _values(each, key)


MAX_BYTES = 16 * 1024 * 1024


class NotAlarms(ValueError):  # noqa: N818
    """The file does not hold what `describe-alarms` prints."""


def read_periods(path: Path) -> dict[str, float]:
    """Return alarm's name -> its period in seconds. Raises `NotAlarms`.

    The period is the longest of its metrics.
    """
    try:
        with path.open("rb") as stream:
            text = stream.read(MAX_BYTES + 1)
        if len(text) > MAX_BYTES:
            raise NotAlarms(f"{path}: larger than {MAX_BYTES // 1024 // 1024} MiB")
        found = json.loads(text)
        pages = found if isinstance(found, list) else [found]
        return {
            str(alarm["AlarmName"]): _period(alarm)
            for page in pages
            for alarm in page.get("MetricAlarms", ())
        }
    except OSError as error:
        raise NotAlarms(f"{path}: {error.strerror}") from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        if isinstance(error, NotAlarms):
            raise
        raise NotAlarms(f"{path}: expected what `aws cloudwatch describe-alarms` prints") from error


def _period(alarm: dict[str, object]) -> float:
    metrics = alarm.get("Metrics") or ()
    stats = (
        [m.get("MetricStat", m) for m in metrics if isinstance(m, dict)] if isinstance(metrics, list) else []
    )
    periods = [alarm.get("Period"), *(stat.get("Period") for stat in stats if isinstance(stat, dict))]
    return max((float(period) for period in periods if isinstance(period, int | float)), default=60.0)


@dataclass(frozen=True, slots=True)
class Deployed:
    """Holds what deployments add.

    notices: the Regions of the topics that page people. sign_ins: the Regions of the approvers' sign-in.
    """

    notices: Sequence[str] = ()
    sign_ins: Sequence[str] = ()


def placed(policy: Policy, deployed: Deployed) -> Iterator[Finding]:
    """Yield controllers, notices and sign-ins that all live in guarded Regions."""
    guarded = set(policy.regions)
    where = ", ".join(policy.controllers)
    if guarded.issuperset(policy.controllers):
        message = f"tidegate runs only in Regions that it guards ({where})"
        yield Finding("controllers-inside", ("controllers",), message, "run one outside of them")
    elif len(policy.controllers) == 1:
        message = f"tidegate runs in {where} alone; nobody takes over from it"
        yield Finding("one-controller", ("controllers",), message, "best three, one of them outside")
    for what, regions in (("notices", deployed.notices), ("sign-in", deployed.sign_ins)):
        if regions and guarded.issuperset(regions):
            message = (
                f"{what} for approvers lives only in guarded Regions ({', '.join(sorted(set(regions)))})"
            )
            hint = "people could be neither asked nor heard; put one outside"
            yield Finding(f"guarded-{what}", ("approvals",), message, hint)
