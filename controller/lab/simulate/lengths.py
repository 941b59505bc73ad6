"""How long a seed plays. Most are short, so that a night sees many; each sixteenth is long.

```
 long        long periods in the policy    25 min of storm, then a core heals
 converging  short periods                  6 min of storm, then a core heals
 short       short periods                  7 min of storm
```
"""

from dataclasses import dataclass
from typing import Literal

Name = Literal["long", "converging", "short"]


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
}


def usual(seed: int) -> Length:
    """What a seed plays where nobody says otherwise."""
    return LENGTHS["long" if seed % 16 == 0 else "converging" if seed % 4 == 0 else "short"]
