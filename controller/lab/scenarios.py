"""Every scenario by name, in the order in which people should meet them."""

from controller.lab.consent import CONSENT
from controller.lab.controllers import CONTROLLERS
from controller.lab.drifting import DRIFTING
from controller.lab.homecoming import HOMECOMING
from controller.lab.outages import OUTAGES
from controller.lab.scenario import Scenario
from controller.lab.second import SECOND
from controller.lab.unready import UNREADY

SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario
    for scenario in (*OUTAGES, *SECOND, *UNREADY, *HOMECOMING, *CONSENT, *DRIFTING, *CONTROLLERS)
}
