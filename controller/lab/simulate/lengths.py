"""How long a seed plays. Most are short, so that a night sees many; some are long.

```
 long        long periods in the policy    25 min of storm, then a core heals
 converging  short periods                  6 min of storm, then a core heals
 short       short periods                  7 min of storm
 aimed       short periods                 calm until what it aims at is met, then 2 min of storm
 brief       the same, and ten seconds of storm
```
"""

from dataclasses import dataclass
from typing import Literal

Name = Literal["long", "converging", "short", "aimed", "brief"]


@dataclass(frozen=True, slots=True)
class Length:
    """Seconds. held: for how long customers must have been failing before a Region is left."""

    name: Name
    warm_up: float
    storm: float
    converges: bool
    held: float


LENGTHS: dict[Name, Length] = {
    "long": Length("long", 270.0, 1500.0, converges=True, held=180.0),
    "converging": Length("converging", 130.0, 360.0, converges=True, held=60.0),
    "short": Length("short", 130.0, 420.0, converges=False, held=60.0),
    "aimed": Length("aimed", 75.0, 120.0, converges=False, held=60.0),
    "brief": Length("brief", 75.0, 10.0, converges=False, held=60.0),
}


def usual(seed: int) -> Length:
    """What a seed plays where nobody says otherwise: the even ones aim, see `aims`."""
    number, odd = divmod(seed, 2)
    if not odd:
        return LENGTHS["aimed"]
    return LENGTHS["long" if number % 16 == 0 else "converging" if number % 3 == 1 else "short"]
