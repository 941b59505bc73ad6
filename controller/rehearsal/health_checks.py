"""Route 53's list of health checks: one RECOVERY_CONTROL check for each routing control of the records.

AWS: Route 53 API Reference, ListHealthChecks (REST with XML bodies).
"""

from collections.abc import Callable

from controller.rehearsal.dns.records import RecordTree
from controller.rehearsal.record_sets import check_id
from controller.rehearsal.service import Request, Response

HEALTH_CHECKS = "/2013-04-01/healthcheck"
Handle = Callable[[Request], Response]


def listed_checks(tree: RecordTree, arn: Callable[[str], str], elsewhere: Handle) -> Handle:
    """The list is answered here, in one page; all else by `elsewhere`. arn: of a control by its name."""
    controls = [target.control for piece in tree.slices for target in piece.targets]

    def handle(request: Request) -> Response:
        if request.method != "GET" or request.path != HEALTH_CHECKS:
            return elsewhere(request)
        found = "".join(_check(arn(control)) for control in controls)
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<ListHealthChecksResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/">'
            f"<HealthChecks>{found}</HealthChecks><Marker></Marker><IsTruncated>false</IsTruncated>"
            "<MaxItems>1000</MaxItems></ListHealthChecksResponse>"
        )
        return Response(200, {"Content-Type": "text/xml"}, body.encode())

    return handle


def _check(control: str) -> str:
    number = check_id(control)
    config = f"<Type>RECOVERY_CONTROL</Type><RoutingControlArn>{control}</RoutingControlArn>"
    return (
        f"<HealthCheck><Id>{number}</Id><CallerReference>{number}</CallerReference>"
        f"<HealthCheckConfig>{config}</HealthCheckConfig><HealthCheckVersion>1</HealthCheckVersion></HealthCheck>"
    )
