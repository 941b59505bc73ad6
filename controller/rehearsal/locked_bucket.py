"""The audit's bucket, with Object Lock: moto's, made when it is first asked for.

Whoever exports nothing does not wait for moto. Its clock is the machine's, not the rehearsal's.
"""

from collections.abc import Callable

from controller.rehearsal.service import ACCOUNT, Request, Response

Handle = Callable[[Request], Response]
DAYS = 3650
NS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


def audit_bucket(region: str) -> str:
    return f"tidegate-audit-{region}-{ACCOUNT}"


def locked(region: str, elsewhere: Handle) -> Handle:
    """What is addressed to the bucket finds it there; everything is answered by `elsewhere`."""
    name, made = audit_bucket(region), False

    def handle(request: Request) -> Response:
        nonlocal made
        addressed = request.path.lstrip("/").partition("/")[0] == name
        if not made and (addressed or request.headers.get("host", "").startswith(f"{name}.")):
            made = True
            for query, headers, body in _creation(region):
                signed = {"host": "127.0.0.1", "authorization": _scope(region), **headers}
                elsewhere(Request("PUT", f"/{name}", query, signed, body.encode()))
        return elsewhere(request)

    return handle


def _creation(region: str) -> tuple[tuple[str, dict[str, str], str], ...]:
    """As `infra/keys.py` declares it: query, headers and body of each request."""
    place = f"<LocationConstraint>{region}</LocationConstraint>"
    rule = f"<DefaultRetention><Mode>COMPLIANCE</Mode><Days>{DAYS}</Days></DefaultRetention>"
    return (
        ("", {"x-amz-bucket-object-lock-enabled": "true"}, f"<CreateBucketConfiguration {NS}>{place}"
         "</CreateBucketConfiguration>"),
        ("object-lock", {}, f"<ObjectLockConfiguration {NS}><ObjectLockEnabled>Enabled</ObjectLockEnabled>"
         f"<Rule>{rule}</Rule></ObjectLockConfiguration>"),
    )  # fmt: skip


def _scope(region: str) -> str:
    """moto reads from it which service is meant, and nothing else."""
    return (
        f"AWS4-HMAC-SHA256 Credential=rehearsal/20300101/{region}/s3/aws4_request, SignedHeaders=host, "
        "Signature=0"
    )
