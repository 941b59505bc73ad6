"""The Route 53 reads: the zone, its records, and the health checks on them.

The records are the tree by which the rehearsal's names are answered. There is one RECOVERY_CONTROL check for
each routing control of the records, or an inverted HTTPS check where an object moves it.
AWS: Route 53 API Reference, GetHostedZone, ListResourceRecordSets, ListHealthChecks, GetHealthCheckStatus and
GetCheckerIpRanges (REST with XML bodies).
"""

from collections.abc import Callable, Iterator, Mapping
from uuid import NAMESPACE_OID, uuid5

from controller.rehearsal.dns.records import RecordTree, Slice, Target
from controller.rehearsal.service import Request, Response

ZONE = "Z0REHEARSAL"
RECORD_SETS = f"/2013-04-01/hostedzone/{ZONE}/rrset"
Handle = Callable[[Request], Response]
Place = tuple[str, str, str]
"""Region, bucket and key of an object."""
NO_OBJECTS: Mapping[str, Place] = {}


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


def listed_checks(
    tree: RecordTree, arn: Callable[[str], str], elsewhere: Handle, objects: Mapping[str, Place] = NO_OBJECTS
) -> Handle:
    """Return a handler that lists the health checks, in one page.

    elsewhere: answers all other requests. arn: returns the ARN of a control by its name. objects: control ->
    the object that its check asks for, where no cluster moves traffic.
    """
    controls = [target.control for piece in tree.slices for target in piece.targets]

    def handle(request: Request) -> Response:
        if request.method != "GET" or request.path != HEALTH_CHECKS:
            return elsewhere(request)
        found = "".join(_check(arn(control), objects.get(control)) for control in controls)
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<ListHealthChecksResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/">'
            f"<HealthChecks>{found}</HealthChecks><Marker></Marker><IsTruncated>false</IsTruncated>"
            "<MaxItems>1000</MaxItems></ListHealthChecksResponse>"
        )
        return Response(200, {"Content-Type": "text/xml"}, body.encode())

    return handle


def _check(control: str, place: Place | None) -> str:
    number = check_id(control)
    config = f"<Type>RECOVERY_CONTROL</Type><RoutingControlArn>{control}</RoutingControlArn>"
    if place is not None:
        region, bucket, key = place
        config = (
            f"<Port>443</Port><Type>HTTPS</Type><ResourcePath>/{key}</ResourcePath>"
            f"<FullyQualifiedDomainName>{bucket}.s3.{region}.amazonaws.com</FullyQualifiedDomainName>"
            "<RequestInterval>10</RequestInterval><FailureThreshold>1</FailureThreshold>"
            "<Inverted>true</Inverted><EnableSNI>true</EnableSNI>"
        )
    return (
        f"<HealthCheck><Id>{number}</Id><CallerReference>{number}</CallerReference>"
        f"<HealthCheckConfig>{config}</HealthCheckConfig><HealthCheckVersion>1</HealthCheckVersion></HealthCheck>"
    )


CHECKER_RANGES = "/2013-04-01/checkeripranges"
CHECKED_FROM = {"us-east-1": "54.243.31.200", "us-west-2": "54.244.52.200", "eu-west-1": "54.228.16.10"}
"""Regions of health checkers -> an address there. Real ones report from eight Regions, several in each."""
RANGES = ("54.243.31.192/26", "54.244.52.192/26", "54.228.16.0/26", "2a05:d018:fff:f800::/53")


def reported_checks(
    status: Callable[[str], int | None], arns: Mapping[str, str], elsewhere: Handle
) -> Handle:
    """Return a handler that says what the health checkers saw last, and from which addresses they look.

    status: control -> the HTTP status of its object, None where nothing answers. arns: control -> its ARN.
    """
    asked = {f"{HEALTH_CHECKS}/{check_id(arn)}/status": control for control, arn in arns.items()}

    def handle(request: Request) -> Response:
        if request.method == "GET" and request.path in asked:
            return _reported(status(asked[request.path]))
        if request.method == "GET" and request.path == CHECKER_RANGES:
            members = "".join(f"<member>{each}</member>" for each in RANGES)
            return _answer("GetCheckerIpRanges", f"<CheckerIpRanges>{members}</CheckerIpRanges>")
        return elsewhere(request)

    return handle


def _reported(status: int | None) -> Response:
    """Return each checker's report. An inverted check is reported as it was seen, not as it counts."""
    words = {200: "Success: HTTP Status Code 200, OK", 404: "Failure: HTTP Status Code 404, Not Found"}
    told = "Failure: connection timed out" if status is None else words[status]
    observations = "".join(
        f"<HealthCheckObservation><Region>{region}</Region><IPAddress>{address}</IPAddress>"
        f"<StatusReport><Status>{told}</Status></StatusReport></HealthCheckObservation>"
        for region, address in CHECKED_FROM.items()
    )
    return _answer(
        "GetHealthCheckStatus", f"<HealthCheckObservations>{observations}</HealthCheckObservations>"
    )


def _answer(operation: str, members: str) -> Response:
    space = "https://route53.amazonaws.com/doc/2013-04-01/"
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<{operation}Response xmlns="{space}">{members}'
    return Response(200, {"Content-Type": "text/xml"}, f"{body}</{operation}Response>".encode())


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
