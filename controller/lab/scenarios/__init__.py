"""The catalogue of scenarios, in the order in which people should meet them."""

from controller.lab.scenarios.approvals import CONSENT
from controller.lab.scenarios.controllers import CONTROLLERS
from controller.lab.scenarios.lost_journal import LOST
from controller.lab.scenarios.outages import DRIFTING, OUTAGES
from controller.lab.scenarios.precedence import PRECEDENCE
from controller.lab.scenarios.readiness import UNREADY
from controller.lab.scenarios.restore_and_drill import HOMECOMING
from controller.lab.scenarios.scenario import Scenario
from controller.lab.scenarios.second_region import SECOND

SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        *(*OUTAGES, *SECOND, *PRECEDENCE, *UNREADY, *HOMECOMING, *CONSENT, *DRIFTING, *CONTROLLERS),
        *LOST,
    )
}
