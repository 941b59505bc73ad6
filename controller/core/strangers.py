"""Why something that says that it is evidence is none of this policy's."""

from controller.core.policy import Policy
from controller.core.sources import signals_of
from controller.core.text import plain

UNNAMED = "not a signal that the policy names"


def why_unnamed(signal: str, policy: Policy, account: str) -> str:
    """One sentence. signal: the id of a sighting that is not among the expected ones."""
    kind, _, rest = signal.partition(":")
    sender, _, rest = rest.partition(":")
    observer, _, name = rest.partition(":")
    if sender != account:
        return f"it comes from account {plain(sender, 20)}; only {account} counts"
    if kind != "event":
        return UNNAMED
    application, family, subject, called = (*name.split("/", 3), "", "", "")[:4]
    if application != policy.application:
        return f"{plain(application, 64)!r} is not the application that this policy guards"
    if subject not in policy.regions:
        return f"{plain(subject, 40)} is not a Region that the policy guards"
    if family not in policy.signals:
        return f"the policy has no family {plain(family, 64)!r}"
    made = [
        signal
        for source in policy.signals[family]
        for signal in signals_of(
            source, application=application, family=family, subject=subject, account=account
        )
        if signal.kind == kind
    ]
    if called not in {signal.name for signal in made}:
        return f"the family {family!r} has no event {plain(called, 64)!r}"
    return f"the policy does not have {plain(called, 64)!r} of {subject} seen from {plain(observer, 40)}"
