"""*evidence-access*, *arc-access*: roles by which the controllers look, and move, in another account.

```
 controllers' account                               the other account
 Tick in us-east-2 ─ sts:AssumeRole, external id ─> tidegate-evidence-us-east-2 ─> DescribeAlarms, …
 Tick in us-west-2 ───────────────────────────────> tidegate-evidence-us-west-2
```
One role a controller Region: a trust takes 2,048 characters, too few for every function of three Regions.
IAM is one for all Regions, so each stack is deployed once, in the home Region.
"""

from constructs import Construct

from controller.aws.assumed_role import LIFE
from infra import names
from infra.grants import Place, away_statements
from infra.placing import Placing
from infra.project import Project
from infra.stack import Regional
from infra.trust import hands, trust


class Away(Regional):
    """The roles of one place that lies in another account."""

    def __init__(self, scope: Construct, place: Place, *, project: Project, placing: Placing) -> None:
        super().__init__(
            scope, f"{place}-access", project=project, region=project.config.home, placing=placing,
            account=project.account_of(place), single=True,
            description=f"tidegate: what the controllers of {project.policy.application} may do here",
        )  # fmt: skip
        for region in project.policy.controllers:
            for hand in hands(project, place):
                self._let_in(place, region, hand)

    def _let_in(self, place: Place, region: str, hand: str) -> None:
        scope_id = names.capital(f"{place}-{hand}-{region}")
        self.trusted(
            scope_id,
            trust(self.project, place, region, hand),
            away_statements(self.project, region, place, hand),
            role_name=self.project.names.access_role(place, hand, region),
            description=f"tidegate in {region}, from account {self.project.account}",
            max_session_duration=LIFE,
        )
