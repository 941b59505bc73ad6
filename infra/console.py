"""The console of one controller Region: an HTTP API with its own name, one function behind it."""

import aws_cdk as cdk
from aws_cdk import aws_apigatewayv2 as api
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_route53 as route53

from infra import names
from infra.bundle import EXECUTABLE
from infra.config import Console
from infra.functions import STREAMS, environment, role_name
from infra.grants import CONSOLE, Statement, statements
from infra.sizes import SIZES
from infra.stack import Regional

RATE, BURST = 20, 40
"""Requests a second: people, not machines. A scanner that opens every link is slowed, and changes nothing."""
LINE = (
    '{"at":"$context.requestTimeEpoch","route":"$context.routeKey","status":"$context.status",'
    '"ms":"$context.responseLatency","id":"$context.requestId"}'
)


def console(stack: Regional, configured: Console) -> None:
    """Function, API, name and record. The issuer knows the name: sign-in leads back to it."""
    function = _function(stack)
    made = api.CfnApi(
        stack,
        "ConsoleApi",
        name=stack.names.of("console"),
        protocol_type="HTTP",
        disable_execute_api_endpoint=True,
    )
    stack.invoked_by(made, "ConsoleInvoked", function)
    integration = api.CfnIntegration(
        stack,
        "ConsoleIntegration",
        api_id=made.ref,
        integration_type="AWS_PROXY",
        integration_uri=function.attr_arn,
        payload_format_version="2.0",
    )
    route = api.CfnRoute(
        stack,
        "ConsoleRoute",
        api_id=made.ref,
        route_key="$default",
        authorization_type="NONE",
        target=f"integrations/{integration.ref}",
    )
    reason = "people sign in at the issuer, by OpenID Connect; the console itself checks every request"
    cdk.Validations.of(route).acknowledge(
        cdk.Acknowledgment(id="AwsSolutions::AwsSolutions-APIG4", reason=reason)
    )
    access = stack.log_group("ConsoleAccess", f"/aws/apigateway/{stack.names.of('console')}")
    stage = api.CfnStage(
        stack,
        "ConsoleStage",
        api_id=made.ref,
        stage_name="$default",
        auto_deploy=True,
        access_log_settings=api.CfnStage.AccessLogSettingsProperty(
            destination_arn=access.attr_arn, format=LINE
        ),
        default_route_settings=api.CfnStage.RouteSettingsProperty(
            throttling_rate_limit=RATE, throttling_burst_limit=BURST
        ),
    )
    _named(stack, configured, made, stage)


def _function(stack: Regional) -> lambda_.CfnFunction:
    name = stack.names.function("Console")
    group = f"/aws/lambda/{name}"
    log = stack.log_group("ConsoleLog", group)
    streams = names.arn("logs", stack.here, stack.project.account, f"log-group:{group}:*")
    letters = names.queue_arn(stack.here, stack.project.account, stack.names.dead_letters)
    role = stack.role(
        "ConsoleRole",
        "lambda.amazonaws.com",
        [
            *statements(stack.project, stack.here, CONSOLE),
            Statement("Log", ("logs:CreateLogStream", "logs:PutLogEvents"), (streams,), why=STREAMS),
            Statement("Letters", ("sqs:GetQueueAttributes", "sqs:GetQueueUrl"), (letters,)),
        ],
        name=role_name(stack, CONSOLE),
    )
    code = stack.placing.code(stack, f"console-{stack.here}")
    made = lambda_.CfnFunction(
        stack,
        "Console",
        function_name=name,
        runtime=EXECUTABLE,
        architectures=["arm64"],
        handler="controller.entry.console_lambda.handler",
        code=lambda_.CfnFunction.CodeProperty(s3_bucket=code["bucket"], s3_key=code["key"]),
        role=role,
        memory_size=SIZES[CONSOLE].memory,
        timeout=SIZES[CONSOLE].timeout,
        reserved_concurrent_executions=stack.project.reserved.get(CONSOLE),
        kms_key_arn=stack.log_key(),
        environment=lambda_.CfnFunction.EnvironmentProperty(variables=environment(stack, CONSOLE)),
        logging_config=lambda_.CfnFunction.LoggingConfigProperty(log_group=group, log_format="Text"),
    )
    made.add_resource_dependency(log)
    return made


def _named(stack: Regional, configured: Console, made: api.CfnApi, stage: api.CfnStage) -> None:
    address = configured.addresses[stack.here]
    domain = api.CfnDomainName(
        stack,
        "ConsoleDomain",
        domain_name=address.name,
        domain_name_configurations=[
            api.CfnDomainName.DomainNameConfigurationProperty(
                certificate_arn=address.certificate, endpoint_type="REGIONAL", security_policy="TLS_1_2"
            )
        ],
    )
    api.CfnApiMapping(stack, "ConsoleMapping", api_id=made.ref, domain_name=domain.ref, stage=stage.ref)
    route53.CfnRecordSet(
        stack,
        "ConsoleRecord",
        hosted_zone_id=configured.zone,
        name=f"{address.name}.",
        type="A",
        alias_target=route53.CfnRecordSet.AliasTargetProperty(
            dns_name=domain.attr_regional_domain_name, hosted_zone_id=domain.attr_regional_hosted_zone_id
        ),
    )
