"""What a Region's failure looks like to us, as a worked case that a policy must be able to answer.

```
                  seen from outside   its own instruments   whoever looks from there   AWS Health
 dark, bus deaf   breaching           silent                silent                     says nothing yet
 dark, bus alive  breaching           breaching             silent                     says nothing yet
 gray             breaching           one a family agrees   well                       says nothing yet
```
"""

from collections.abc import Collection, Mapping

from controller.core.model import Signal
from controller.core.policy.schema import Policy
from controller.core.policy.validation import expected_signals
from controller.lab.cases.evidence import Script
from controller.lab.cases.model import Case, Says
from controller.lab.cases.play import ACCOUNT

DARK_DEAF = "dark with its bus deaf"
DARK = "dark with its bus alive"
GRAY = "gray: customers fail, and one of its own instruments in each family agrees"
SITUATIONS = (DARK_DEAF, DARK, GRAY)


def failing(
    policy: Policy, region: str, situation: str, about: Collection[str] | None = None
) -> dict[str, str]:
    """Signal's id -> what is said from minute 0 on, of every Region or those `about`, where `region` fails
    like this. Of what is not named all is well."""
    found: dict[str, str] = {}
    agreed: set[str] = set()
    for signal in expected_signals(policy, ACCOUNT, about):
        word = _word(signal, region, situation, agreed)
        if word != "healthy":
            found[signal.id] = word
    return found


def steady(words: Mapping[str, str]) -> dict[str, Script]:
    """Signals that say one thing from minute 0 on."""
    return {key: ((0.0, word),) for key, word in words.items()}


def _word(signal: Signal, region: str, situation: str, agreed: set[str]) -> str:
    about, there = signal.subject == region, signal.observer == region
    if signal.kind == "health":
        return "healthy"  # AWS's first post comes a median 78 minutes late
    if about and not there:
        return "breaching"
    if not there:
        return "healthy"
    if situation == GRAY:
        first = about and signal.own and signal.family not in agreed
        agreed |= {signal.family} if first else set()
        return "breaching" if first else "healthy"
    return "breaching" if situation == DARK and about and signal.own else "silent"


def spoken(policy: Policy, words: Mapping[str, str]) -> tuple[Says, ...]:
    """The same, as the author of a case writes it."""
    named = [signal for signal in expected_signals(policy, ACCOUNT) if signal.id in words]
    return tuple(
        Says.model_validate({"at": "0m", "say": words[s.id], "family": s.family, "about": s.subject,
                             "from": s.observer, "signal": s.name})
        for s in named
    )  # fmt: skip


def as_case(name: str, signals: tuple[Says, ...] = (), *, begins: str, lasts: float) -> Case:
    """A case of these signals, in which people say yes."""
    blank = Case.model_validate({"case": "x", "shifts": "nothing", "start": begins})
    return blank.model_copy(update={"case": name, "signals": signals, "until": lasts})
