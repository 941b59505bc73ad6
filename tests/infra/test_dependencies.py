"""Order by names: each form of a literal is found, and what is no reference makes no order."""

import pytest

from tests.infra.references import without_an_order

QUEUE = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "orders-queue"}}
ALIAS = "AWS::Route53::RecordSet"


def user(type_: str, **properties: object) -> dict[str, object]:
    return {"Type": type_, "Properties": properties}


@pytest.mark.parametrize(
    "said",
    [
        "orders-queue",
        "arn:aws:sqs:us-east-1:111122223333:orders-queue",
        {"Fn::Sub": "arn:aws:sqs:${AWS::Region}:${AWS::AccountId}:orders-queue"},
        {"Fn::Join": ["", ["arn:aws:sqs:us-east-1:", {"Ref": "AWS::AccountId"}, ":orders-queue"]]},
        [{"deep": {"in": ["it", "https://sqs.us-east-1.amazonaws.com/1/x", "orders-queue"]}}],
    ],
)
def test_a_name_is_a_reference_however_it_is_written(said: object) -> None:
    resources = {"Queue": QUEUE, "User": user("AWS::Events::Rule", Targets=said)}
    assert list(without_an_order(resources)) == [("User", "Queue")]
    resources["User"]["DependsOn"] = ["Queue"]
    assert list(without_an_order(resources)) == []


@pytest.mark.parametrize(
    "said", ["orders-queue-2", "my-orders-queue", "arn:aws:sns:us-east-1:111122223333:orders-queue"]
)
def test_another_name_is_no_reference(said: str) -> None:
    resources = {"Queue": QUEUE, "User": user("AWS::Events::Rule", Targets=said)}
    assert list(without_an_order(resources)) == []


def test_an_alias_waits_for_every_record_of_its_target() -> None:
    resources = {
        "Top": user(ALIAS, Name="shop.example.com.", AliasTarget={"DNSName": "a.shop.example.com"}),
        "East": user(ALIAS, Name="a.shop.example.com.", SetIdentifier="east"),
        "West": user(ALIAS, Name="a.shop.example.com.", SetIdentifier="west"),
    }
    assert list(without_an_order(resources)) == [("Top", "East"), ("Top", "West")]


def test_a_role_may_name_what_is_made_after_it() -> None:
    arn = "arn:aws:sqs:us-east-1:111122223333:orders-queue"
    resources = {
        "Queue": QUEUE | {"DependsOn": "Role"},
        "Role": user("AWS::IAM::Role", Policies=[{"Resource": arn}]),
    }
    assert list(without_an_order(resources)) == []
    resources["Rule"] = user("AWS::Events::Rule", Targets=[{"Arn": arn}])
    assert list(without_an_order(resources)) == [("Rule", "Queue")]
