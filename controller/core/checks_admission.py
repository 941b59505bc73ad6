"""What no single key of a readiness check can know."""

from collections.abc import Iterator, Mapping, Sequence

from controller.core.checks import ArcCheck, AskGate, ReadyCheck, ReplicationCheck

Path = tuple[str | int, ...]


def check_problems(
    ready: Sequence[ReadyCheck], at: Path, gates: Mapping[str, object]
) -> Iterator[tuple[Path, str]]:
    """(path, sentence) of each thing that is wrong with the checks at `at`."""
    known = ", ".join(gates) or "none is there"
    for index, check in enumerate(ready):
        doubts = [("ifUnknown", check.if_unknown)]
        if isinstance(check, ReplicationCheck):
            doubts.append(("aboveOrUnknown", check.above_or_unknown))
            if (check.if_unknown is None) is (check.above_or_unknown is None):
                yield (*at, index), "expected exactly one of `aboveOrUnknown` and `ifUnknown`"
        for key, doubt in doubts:
            if isinstance(doubt, AskGate) and doubt.ask not in gates:
                message = f"no gate is named {doubt.ask!r} under `approvals`; expected one of: {known}"
                yield (*at, index, key, "ask"), message
    if ready and all(isinstance(check, ArcCheck) for check in ready):
        message = "`arcReadiness` may be stale and is not highly available; expected another check beside it"
        yield at, message
