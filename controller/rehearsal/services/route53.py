"""The Route 53 reads: the zone, its records, and the health checks on them.

The records are the tree by which the rehearsal's names are answered. There is one RECOVERY_CONTROL check for
each routing control of the records.
AWS: Route 53 API Reference, GetHostedZone, ListResourceRecordSets and ListHealthChecks (REST with XML
bodies).
"""

from collections.abc import Callable, Iterator
from uuid import NAMESPACE_OID, uuid5

from controller.rehearsal.dns.records import RecordTree, Slice, Target
from controller.rehearsal.service import Request, Response

ZONE = "Z0REHEARSAL"
RECORD_SETS = f"/2013-04-01/hostedzone/{ZONE}/rrset"
Handle = Callable[[Request], Response]


def listed_records(tree: RecordTree, arn: Callable[[str], str], elsewhere: Handle) -> Handle:
    """Return a handler that lists the records, in one page.

    elsewhere: answers all other requests. arn: returns the ARN of a control by its name.
    """

    def handle(request: Request) -> Response:
        if request.method != "GET" or request.path != RECORD_SETS:
            return elsewhere(request)
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<ListResourceRecordSetsResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/">'
            f"<ResourceRecordSets>{''.join(_sets(tree, arn))}</ResourceRecordSets>"
            "<IsTruncated>false</IsTruncated><MaxItems>300</MaxItems></ListResourceRecordSetsResponse>"
        )
        return Response(200, {"Content-Type": "text/xml"}, body.encode())

    return handle


def check_id(control: str) -> str:
    """Return the id of the health check on a routing control.

    control: the control's ARN.
    """
    return str(uuid5(NAMESPACE_OID, control))


def _sets(tree: RecordTree, arn: Callable[[str], str]) -> Iterator[str]:
    for piece in tree.slices:
        name = f"{piece.name}.{tree.name}"
        how = f"<SetIdentifier>slice-{piece.name}</SetIdentifier><Weight>{piece.weight}</Weight>"
        yield _set(tree.name, how, _alias(name))
        for rank, target in enumerate(piece.targets):
            yield _set(name, _routed(piece, target, rank), _alias(target.name), check_id(arn(target.control)))
    for target in tree.slices[0].targets if tree.slices else ():
        value = "<ResourceRecord><Value>127.0.0.1</Value></ResourceRecord>"
        yield _set(target.name, "", f"<TTL>{tree.ttl}</TTL><ResourceRecords>{value}</ResourceRecords>")


def _routed(piece: Slice, target: Target, rank: int) -> str:
    known = f"<SetIdentifier>{target.region}</SetIdentifier>"
    if piece.routing == "failover":
        return known + f"<Failover>{'SECONDARY' if rank else 'PRIMARY'}</Failover>"
    return known + f"<Region>{target.region}</Region>"


def _alias(name: str) -> str:
    return (
        f"<AliasTarget><HostedZoneId>{ZONE}</HostedZoneId><DNSName>{name}</DNSName>"
        "<EvaluateTargetHealth>true</EvaluateTargetHealth></AliasTarget>"
    )


def _set(name: str, how: str, leads: str, check: str = "") -> str:
    health = f"<HealthCheckId>{check}</HealthCheckId>" if check else ""
    return f"<ResourceRecordSet><Name>{name}</Name><Type>A</Type>{how}{leads}{health}</ResourceRecordSet>"


HEALTH_CHECKS = "/2013-04-01/healthcheck"


def listed_checks(tree: RecordTree, arn: Callable[[str], str], elsewhere: Handle) -> Handle:
    """Return a handler that lists the health checks, in one page.

    elsewhere: answers all other requests. arn: returns the ARN of a control by its name.
    """
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


HOSTED_ZONE = f"/2013-04-01/hostedzone/{ZONE}"


def described_zone(name: str, elsewhere: Handle, recovery: str = "ENABLED") -> Handle:
    """Return a handler that describes the zone.

    elsewhere: answers all other requests. recovery: the status of accelerated recovery; "": AWS says nothing,
    as where nobody ever asked for it.
    """
    status = f"<AcceleratedRecoveryStatus>{recovery}</AcceleratedRecoveryStatus>" if recovery else ""

    def handle(request: Request) -> Response:
        if request.method != "GET" or request.path != HOSTED_ZONE:
            return elsewhere(request)
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<GetHostedZoneResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/">'
            f"<HostedZone><Id>/hostedzone/{ZONE}</Id><Name>{name}</Name><CallerReference>r</CallerReference>"
            f"<Config><PrivateZone>false</PrivateZone></Config><Features>{status}</Features></HostedZone>"
            "</GetHostedZoneResponse>"
        )
        return Response(200, {"Content-Type": "text/xml"}, body.encode())

    return handle
