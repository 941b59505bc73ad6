"""The positions of the Regions: the nearest one, and the travel time between two."""

from collections.abc import Sequence
from math import asin, cos, radians, sin, sqrt

# Degrees north and east, to the nearest degree.
POSITIONS = {
    "us-east-1": (39, -77),
    "us-east-2": (40, -83),
    "us-west-1": (37, -122),
    "us-west-2": (46, -119),
    "ca-central-1": (46, -74),
    "sa-east-1": (-24, -47),
    "eu-west-1": (53, -6),
    "eu-west-2": (52, 0),
    "eu-west-3": (49, 2),
    "eu-central-1": (50, 9),
    "eu-north-1": (59, 18),
    "ap-south-1": (19, 73),
    "ap-southeast-1": (1, 104),
    "ap-southeast-2": (-34, 151),
    "ap-northeast-1": (36, 140),
    "ap-northeast-2": (37, 127),
    "ap-northeast-3": (35, 136),
}
EARTH_DIAMETER_KM = 12_742
UNKNOWN_DISTANCE_KM = 10_000.0


def distance_km(here: str, there: str) -> float:
    """Return the kilometres over the surface between two Regions.

    Return 10,000 where one of them is not in `POSITIONS`.
    """
    if here == there:
        return 0.0
    if here not in POSITIONS or there not in POSITIONS:
        return UNKNOWN_DISTANCE_KM
    (north_a, east_a), (north_b, east_b) = POSITIONS[here], POSITIONS[there]
    a, b = radians(north_a), radians(north_b)
    half_chord = sin((b - a) / 2) ** 2 + cos(a) * cos(b) * sin(radians(east_b - east_a) / 2) ** 2
    return EARTH_DIAMETER_KM * asin(sqrt(half_chord))


def nearest(location: str, regions: Sequence[str]) -> str:
    """Return the one of `regions` that is nearest to `location`.

    Of two equally near ones, the one named first.
    """
    return min(regions, key=lambda region: distance_km(location, region))


def round_trip_seconds(here: str, there: str) -> float:
    """Return the seconds of light in fibre for both ways, plus 4 ms.

    The 4 ms stand for the last mile.
    """
    return 0.004 + distance_km(here, there) / 100_000
