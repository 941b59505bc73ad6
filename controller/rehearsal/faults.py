"""Everything that can be broken in the rehearsal cloud, by name. Whoever is affected asks here."""

from dataclasses import dataclass, field
from typing import Literal

ArcFault = Literal["refused", "hung"]


@dataclass
class Faults:
    """What is broken now. Regions by name.

    Attributes
    ----------
    dark: the application and the canaries that run there are dead (connections refused or hanging).
    apis_dark: no AWS API of the Region answers (polls time out).
    deaf: the Region's event bus takes events and delivers nothing; cleared = the backlog is delivered.
    errors: share of the application's requests that fail with HTTP 500, 0..1, by Region.
    bad_network: canaries that run there fail whatever they test.
    no_metrics: the Region's metrics stop, so its alarms have no data; the application is fine.
    arc: ARC data-plane endpoints, by the endpoint's Region: refused at once, or never answering.
    """

    dark: set[str] = field(default_factory=set)
    apis_dark: set[str] = field(default_factory=set)
    deaf: set[str] = field(default_factory=set)
    errors: dict[str, float] = field(default_factory=dict)
    bad_network: set[str] = field(default_factory=set)
    no_metrics: set[str] = field(default_factory=set)
    arc: dict[str, ArcFault] = field(default_factory=dict)
