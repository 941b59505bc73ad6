"""The faults of the rehearsal cloud, by name: each affected part asks here."""

from dataclasses import dataclass, field
from typing import Literal

ArcFault = Literal["refused", "hung"]
EVERYWHERE = (b'-journal"', b'-people"')
"""The ends of the names of the tables that are strongly consistent in all controllers' Regions: whoever
reaches no other Region reaches none of them."""


@dataclass
class Faults:
    """The faults that are active now.

    Regions are given by name.

    Attributes
    ----------
    dark: the application and the canaries that run there are dead (connections refused or hanging).
    apis_dark: no AWS API of the Region answers (polls time out).
    deaf: the Region's event bus takes events and delivers nothing; cleared = the backlog is delivered.
    errors: share of the application's requests that fail with HTTP 500, 0..1, by Region.
    bad_network: canaries that run there fail whatever they test.
    no_metrics: the Region's metrics stop, so its alarms have no data; the application is fine.
    arc: ARC data-plane endpoints, by the endpoint's Region: refused at once, or never answering.
    controllers_dead: controller Regions whose functions and state machine stand still and whose APIs are
        dark; canaries and the application there live on, unless they are `dark` too.
    controllers_frozen: nothing runs there; once cleared, everything goes on where it was.
    cut_off: controller Regions that nothing from another Region reaches, neither events nor answers to polls.
    journal_unreachable: controller Regions that reach no replica of the journal, nor of the table of names.
    replication_paused: Regions whose writes reach no other Region.
    lag: seconds that a Region's writes take to the other Regions, where it is not the usual.
    mute: services, by signing name, that never answer, in any Region.
    unready: Regions for which plan evaluation, readiness checks and quotas report a problem.
    """

    dark: set[str] = field(default_factory=set)
    apis_dark: set[str] = field(default_factory=set)
    deaf: set[str] = field(default_factory=set)
    errors: dict[str, float] = field(default_factory=dict)
    bad_network: set[str] = field(default_factory=set)
    no_metrics: set[str] = field(default_factory=set)
    arc: dict[str, ArcFault] = field(default_factory=dict)
    replication_paused: set[str] = field(default_factory=set)
    lag: dict[str, float] = field(default_factory=dict)
    mute: set[str] = field(default_factory=set)
    unready: set[str] = field(default_factory=set)
    controllers_dead: set[str] = field(default_factory=set)
    controllers_frozen: set[str] = field(default_factory=set)
    cut_off: set[str] = field(default_factory=set)
    journal_unreachable: set[str] = field(default_factory=set)

    def stopped(self, region: str) -> bool:
        """Return True where the controller of `region` stands still."""
        return region in self.controllers_dead or region in self.controllers_frozen

    def silent(self, region: str) -> bool:
        """Return True where no AWS API of `region` answers."""
        return region in self.apis_dark or region in self.controllers_dead

    def call(self, home: str, service: str, region: str) -> ArcFault | None:
        """Return the fault that a call meets; None where it meets none.

        home: the Region of the controller that calls, or "" for a person. Calls to ARC are not decided here.
        """
        if (
            service in self.mute
            or self.silent(region)
            or (home in self.cut_off and service == "monitoring" and region != home)
        ):
            return "hung"
        return None

    def loses(self, home: str, body: bytes) -> bool:
        """Return True where a DynamoDB request reaches no replica of its table.

        home: the Region of the controller that sends it.
        """
        return home in self.journal_unreachable and any(table in body for table in EVERYWHERE)
