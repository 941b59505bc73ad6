"""Each row of `docs/guidance.md`: what AWS's guidance asks of a multi-Region application, in the sample."""

import re
from pathlib import Path
from typing import Any

from tests.infra.synthesis import Synthesis

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "guidance.md"
REGIONS = ("us-east-1", "us-west-2")
SAMPLE = "tidegate-application-"
IDLE = {
    "AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::ApiMapping", "AWS::ApiGatewayV2::DomainName",
    "AWS::ApiGatewayV2::Integration", "AWS::ApiGatewayV2::Route", "AWS::ApiGatewayV2::Stage",
    "AWS::DynamoDB::GlobalTable", "AWS::IAM::Role", "AWS::Lambda::Function", "AWS::Lambda::Permission",
    "AWS::Logs::LogGroup", "AWS::Route53::RecordSet",
}  # fmt: skip
"""Types that cost nothing, or next to nothing, while nobody asks."""


def orders(synthesis: Synthesis) -> dict[str, Any]:
    ((_, _, table),) = synthesis.of("AWS::DynamoDB::GlobalTable", SAMPLE)
    return table


def test_orders_are_in_a_global_table_of_both_regions(moved: Synthesis) -> None:
    table = orders(moved)
    assert [replica["Region"] for replica in table["Replicas"]] == list(REGIONS)
    assert all(replica["DeletionProtectionEnabled"] for replica in table["Replicas"])
    assert all(r["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] for r in table["Replicas"])
    assert "MultiRegionConsistency" not in table, "each Region takes orders while the other is gone"


def test_each_region_has_its_own_api_over_tls_and_no_other_door(synthesis: Synthesis) -> None:
    for region in REGIONS:
        stack = f"{SAMPLE}{region}"
        ((_, _, made),) = synthesis.of("AWS::ApiGatewayV2::Api", stack)
        assert made["DisableExecuteApiEndpoint"] is True
        domains = {d["DomainName"]: d for _, _, d in synthesis.of("AWS::ApiGatewayV2::DomainName", stack)}
        assert set(domains) == {"shop.example.com", f"{region}.shop.example.com"}
        for domain in domains.values():
            (configured,) = domain["DomainNameConfigurations"]
            assert (configured["EndpointType"], configured["SecurityPolicy"]) == ("REGIONAL", "TLS_1_2")
            assert f":{region}:" in configured["CertificateArn"]


def test_what_one_customer_may_ask_for_is_bounded(synthesis: Synthesis) -> None:
    for _, _, stage in synthesis.of("AWS::ApiGatewayV2::Stage", SAMPLE):
        settings = stage["DefaultRouteSettings"]
        assert (settings["ThrottlingRateLimit"], settings["ThrottlingBurstLimit"]) == (200, 400)


def test_data_and_logs_are_encrypted_and_kept(synthesis: Synthesis) -> None:
    assert orders(synthesis)["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS"}
    for stack, name, group in synthesis.of("AWS::Logs::LogGroup"):
        assert group["RetentionInDays"] == 365, (stack, name)
        if stack.startswith("tidegate-controller-"):
            assert group["KmsKeyId"], (stack, name)


def test_the_shop_may_read_and_write_its_own_table_and_nothing_else(synthesis: Synthesis) -> None:
    for region in REGIONS:
        ((_, _, role),) = synthesis.of("AWS::IAM::Role", f"{SAMPLE}{region}")
        statements = [s for policy in role["Policies"] for s in policy["PolicyDocument"]["Statement"]]
        table, log = statements
        assert (table["Action"], table["Resource"]) == (
            ["dynamodb:GetItem", "dynamodb:PutItem"],
            [f"arn:aws:dynamodb:{region}:111122223333:table/storefront-orders"],
        )
        assert log["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
        assert "ManagedPolicyArns" not in role


def test_nothing_of_it_costs_while_nobody_asks(synthesis: Synthesis) -> None:
    assert orders(synthesis)["BillingMode"] == "PAY_PER_REQUEST"
    for region in REGIONS:
        resources = synthesis.templates[f"{SAMPLE}{region}"]["Resources"].values()
        assert {resource["Type"] for resource in resources} <= IDLE
    for _, _, function in synthesis.of("AWS::Lambda::Function", SAMPLE):
        assert "ReservedConcurrentExecutions" not in function


def test_each_test_that_the_page_names_is_there() -> None:
    named = re.findall(r"`(tests/\S+?\.py)::(\w+)`", PAGE.read_text(encoding="utf-8"))
    assert len(named) >= 10
    for file, name in named:
        assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8"), f"{file}::{name}"


def test_each_row_of_the_page_names_a_test() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")][1:]
    assert len(rows) >= 10
    assert [row for row in rows if "::test_" not in row] == []
