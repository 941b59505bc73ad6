"""The templates of a switch of objects: buckets that checkers may read, health checks, the record tree."""

from collections.abc import Callable
from copy import deepcopy
from fnmatch import fnmatchcase
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from controller.aws.s3_switch import CHECKERS
from controller.settings import Bucket
from infra.grants import USES
from infra.standby import MOVES
from tests.infra import lint
from tests.infra.synthesis import Synthesis
from tests.support.config_files import BY_HAND
from tests.support.sources import ROOT

REGIONS = ("us-east-1", "us-west-2")
CONTROLS = {
    region: [f"{side}-{s}" for s in "abcd"] for region, side in zip(REGIONS, ("use1", "usw2"), strict=True)
}
HOME = "tidegate-controller-us-east-2"
CHECKER, STRANGER = "15.177.2.9", "198.51.100.7"


def bucket_of(region: str) -> Bucket:
    return Bucket(name=f"tidegate-switch-{region}-111122223333", region="us-east-2")


def statements(objects: Synthesis, region: str) -> list[dict[str, Any]]:
    resources = objects.templates[HOME]["Resources"]
    (name,) = [
        n for n, r in resources.items() if r.get("Properties", {}).get("BucketName") == bucket_of(region).name
    ]
    (policy,) = [p for _, _, p in objects.of("AWS::S3::BucketPolicy", HOME) if p["Bucket"] == {"Ref": name}]
    return list(policy["PolicyDocument"]["Statement"])


def decided(
    objects: Synthesis, action: str, key: str, *, region: str = "us-east-1", source: str = STRANGER,
    principal: str | None = None, moves: str | None = None, tls: bool = True, sse: str | None = None,
) -> str:  # fmt: skip
    """What the bucket's policy alone says of a request: `allowed`, `denied`, or "" where it says nothing."""
    verdicts = set()
    for each in statements(objects, region):
        if not any(fnmatchcase(action, known) for known in _listed(each["Action"])):
            continue
        parts = [
            r.get("Fn::Join", [0, [0, ""]])[1][1] if "Fn::Join" in r else ""
            for r in _listed(each["Resource"])
        ]
        if not any(fnmatchcase(f"/{key}" if key else "", part) for part in parts):
            continue
        if all(_holds(*at, source, principal, moves, tls, sse) for at in _conditions(each)):
            verdicts.add(each["Effect"])
    return "denied" if "Deny" in verdicts else "allowed" if verdicts else ""


def _conditions(statement: dict[str, Any]) -> list[tuple[str, str, list[str]]]:
    return [
        (operator, key, _listed(value))
        for operator, pairs in statement.get("Condition", {}).items()
        for key, value in pairs.items()
    ]


def _holds(
    operator: str, key: str, values: list[str], source: str, principal: str | None, moves: str | None,
    tls: bool, sse: str | None,
) -> bool:  # fmt: skip
    match operator, key:
        case "Bool", "aws:SecureTransport":
            return values == [str(tls).lower()]
        case "IpAddress", "aws:SourceIp":
            return any(ip_address(source) in ip_network(each) for each in values)
        case "ArnNotLike", "aws:PrincipalArn":
            return principal is None or not any(fnmatchcase(principal, each) for each in values)
        case "StringNotEquals", "aws:PrincipalTag/tidegate-moves":
            return moves not in values
        case "StringNotEquals", "s3:x-amz-server-side-encryption":
            return sse not in values
        case "Null", "s3:x-amz-server-side-encryption":
            return values == [str(sse is None).lower()]
    raise AssertionError(f"this test does not know {operator} of {key}")


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_cdk_nag_finds_nothing(objects: Synthesis) -> None:
    assert objects.exit_code == 0, objects.printed


@pytest.mark.parametrize("stack", [HOME, "tidegate-controller-us-west-2", "tidegate-routing"])
def test_cfn_lint_finds_nothing(objects: Synthesis, stack: str) -> None:
    from cfnlint.api import ManualArgs, lint_file

    found = lint_file(objects.folder / f"{stack}.json", config=ManualArgs(regions=["us-east-2", "us-west-2"]))
    assert [str(match) for match in found] == []


@pytest.mark.parametrize("check", lint.CHECKS, ids=lambda check: check.__name__)
def test_our_own_checks_find_nothing(objects: Synthesis, check: Callable[[Any], Any]) -> None:
    assert list(check(objects.templates)) == []


def test_there_is_no_cluster(objects: Synthesis) -> None:
    kinds = {r["Type"] for t in objects.templates.values() for r in t["Resources"].values()}
    assert not [kind for kind in kinds if "RecoveryControl" in kind]
    assert not objects.templates["tidegate-routing"].get("Outputs")


def test_buckets_keep_every_version_and_are_not_public(objects: Synthesis) -> None:
    made = {p["BucketName"]: p for _, _, p in objects.of("AWS::S3::Bucket", "tidegate-controller-")}
    assert set(made) == {bucket_of(region).name for region in REGIONS}
    for bucket in made.values():
        assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}, (
            "also where the account says so"
        )
        (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}, (
            "nobody anonymous has a key"
        )
    for resource in objects.templates[HOME]["Resources"].values():
        if resource["Type"] == "AWS::S3::Bucket":
            assert resource["DeletionPolicy"] == "RetainExceptOnCreate"


def test_checkers_may_read_exactly_the_objects(objects: Synthesis) -> None:
    for region in REGIONS:
        for control in CONTROLS[region]:
            key = f"{control}.off"
            assert decided(objects, "s3:GetObject", key, region=region, source=CHECKER) == "allowed"
            assert decided(objects, "s3:GetObject", key, region=region) == ""
            assert decided(objects, "s3:GetObject", key, region=region, source=CHECKER, tls=False) == "denied"
        assert decided(objects, "s3:GetObject", "other", region=region, source=CHECKER) == ""
    assert decided(objects, "s3:GetObject", "usw2-a.off", source=CHECKER) == "", "of the other Region"
    assert decided(objects, "s3:ListBucket", "", source=CHECKER) == "allowed", (
        "so that absent is 404, not 403"
    )
    assert decided(objects, "s3:ListBucket", "") == ""


def test_only_those_who_move_traffic_write(objects: Synthesis) -> None:
    for action in ("s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion"):
        stranger = "arn:aws:iam::111122223333:role/admin"
        assert decided(objects, action, "use1-a.off", principal=stranger) == "denied"
        assert decided(objects, action, "use1-a.off", source=CHECKER) == "denied"
        assert decided(objects, action, "use1-a.off", principal=stranger, moves="another") == "denied"
        assert decided(objects, action, "use1-a.off", principal=stranger, moves="storefront") == "", (
            "IAM decides"
        )
        assert decided(objects, action, "use1-a.off", principal=BY_HAND) == "", "IAM decides"
        assert decided(objects, action, "use1-a.off", principal=f"{BY_HAND}2") == "denied"
    keyed = {"principal": BY_HAND, "sse": "aws:kms"}
    assert decided(objects, "s3:PutObject", "use1-a.off", **keyed) == "denied", "no checker could read it"
    assert decided(objects, "s3:DeleteBucket", "", principal=BY_HAND, moves="storefront") == "denied"


def test_the_roles_that_move_traffic_are_told_by_their_tag(objects: Synthesis) -> None:
    tagged = {
        (stack, name)
        for stack, name, role in objects.of("AWS::IAM::Role", "tidegate-")
        if {"Key": "tidegate-moves", "Value": "storefront"} in role.get("Tags", ())
    }
    movers = [handler for handler, ports in USES.items() if "shift" in ports]
    stacks = [f"tidegate-controller-{region}" for region in ("us-east-1", "us-east-2", "us-west-2")]
    assert tagged == {(stack, f"{handler}Role") for stack in stacks for handler in movers}


def test_each_health_check_asks_for_the_object_of_its_control(objects: Synthesis) -> None:
    checks = {
        p["HealthCheckTags"][0]["Value"]: p["HealthCheckConfig"]
        for _, _, p in objects.of("AWS::Route53::HealthCheck", "tidegate-routing")
    }
    assert set(checks) == {control for column in CONTROLS.values() for control in column}
    for region in REGIONS:
        for control in CONTROLS[region]:
            assert checks[control] == {
                "Type": "HTTPS",
                "FullyQualifiedDomainName": f"{bucket_of(region).name}.s3.us-east-2.amazonaws.com",
                "Port": 443,
                "ResourcePath": f"/{control}.off",
                "Inverted": True,
                "EnableSNI": True,
                "RequestInterval": 10,
                "FailureThreshold": 1,
            }


def test_the_record_tree_is_that_of_a_cluster(objects: Synthesis, moved: Synthesis) -> None:
    def tree(synthesis: Synthesis) -> dict[str, Any]:
        found = synthesis.templates["tidegate-routing"]["Resources"]
        return {n: r for n, r in found.items() if r["Type"] == "AWS::Route53::RecordSet"}

    assert tree(objects) == tree(moved)


def _check(templates: dict[str, Any], **members: Any) -> None:
    _, _, check = next(lint.of(templates, "AWS::Route53::HealthCheck"))
    check["HealthCheckConfig"].update(members)


def _policy(templates: dict[str, Any], sid: str) -> None:
    for _, _, policy in lint.of(templates, "AWS::S3::BucketPolicy"):
        document = policy["PolicyDocument"]
        document["Statement"] = [s for s in document["Statement"] if s["Sid"] != sid]


def _keyed(templates: dict[str, Any]) -> None:
    for _, _, bucket in lint.of({HOME: templates[HOME]}, "AWS::S3::Bucket"):
        (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        rule["ServerSideEncryptionByDefault"] = {"SSEAlgorithm": "aws:kms"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda t: _check(t, ResourcePath="/other"), "nobody may read other of tidegate-switch-us-east-1"),
        (lambda t: _check(t, FullyQualifiedDomainName="b.s3.us-east-2.amazonaws.com"), "b is no bucket"),
        (lambda t: _check(t, FullyQualifiedDomainName="tidegate-switch-us-east-1-111122223333.s3.us-west-2"
                          ".amazonaws.com"), "is no bucket of a stack in us-west-2"),
        (lambda t: _check(t, Inverted=False), "an object would mean On"),
        (lambda t: _policy(t, "CheckersRead"), "nobody may read use1-a.off"),
        (_keyed, "its objects are encrypted by a key that no checker has"),
    ],
)  # fmt: skip
def test_a_check_that_would_see_no_object_is_found(
    objects: Synthesis, change: Callable[[dict[str, Any]], None], told: str
) -> None:
    broken = deepcopy(objects.templates)
    change(broken)
    assert told in "; ".join(lint.checks_of_objects_that_can_be_read(broken))


def test_the_addresses_of_the_checkers_are_no_wide_range() -> None:
    """A policy that names wide ranges is public, and Block Public Access refuses it."""
    assert all(ip_network(each).prefixlen >= 18 for each in CHECKERS)
    assert len(set(CHECKERS)) == len(CHECKERS) == 17


def test_the_page_names_the_quantities_and_the_roles(objects: Synthesis) -> None:
    page = (ROOT / "docs" / "standby.md").read_text(encoding="utf-8")
    checks = len(list(objects.of("AWS::Route53::HealthCheck")))
    buckets = len(list(objects.of("AWS::S3::Bucket", "tidegate-controller-")))
    assert f"| Health checks | {checks}, " in page
    assert f"| Buckets | {buckets}, " in page
    movers = sorted(handler for handler, ports in USES.items() if "shift" in ports)
    assert [handler for handler in movers if f"`{handler}`" not in page] == []
    assert f"`tidegate-{MOVES}`" in page
