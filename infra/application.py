"""*application-REGION*: the sample storefront. HTTP API, Lambda, a DynamoDB global table, a custom domain."""

import aws_cdk as cdk
from aws_cdk import aws_apigatewayv2 as api
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra import names
from infra.bundle import EXECUTABLE
from infra.config import Endpoint, Sample
from infra.functions import STREAMS
from infra.grants import Statement
from infra.placing import Placing
from infra.project import Project
from infra.routing import OUTPUTS, regional_record
from infra.stack import KEPT, Regional

ROUTES = ("GET /health", "GET /catalog", "POST /cart", "POST /checkout", "GET /orders/{id}")


def holds_its_record(project: Project) -> bool:
    """Return whether the sample's stacks have the records of their Regions: the zone is the controllers'."""
    accounts = project.config.accounts
    return project.config.sample is not None and accounts.application == accounts.controller


class Application(Regional):
    """One Region of the shop. The table is declared in the policy's first Region, with a replica in each."""

    def __init__(
        self, scope: Construct, *, project: Project, sample: Sample, region: str, placing: Placing
    ) -> None:
        super().__init__(
            scope, "application", project=project, region=region, placing=placing,
            account=project.config.accounts.application,
            description=f"The sample that tidegate guards: {project.policy.application}",
        )  # fmt: skip
        self.sample = sample
        self.table = f"{project.policy.application}-orders"
        if region == next(iter(project.policy.regions)):
            self._orders()
        self._http(self._shop())

    def log_key(self) -> None:
        """The sample's logs and table are encrypted by AWS's own keys: `keys` are the controllers'."""

    def _orders(self) -> None:
        """Eventually consistent on purpose: each Region takes orders while the other is gone."""
        kind = dynamodb.CfnGlobalTable
        table = kind(
            self,
            "Orders",
            table_name=self.table,
            billing_mode="PAY_PER_REQUEST",
            attribute_definitions=[
                kind.AttributeDefinitionProperty(attribute_name="order", attribute_type="S")
            ],
            key_schema=[kind.KeySchemaProperty(attribute_name="order", key_type="HASH")],
            sse_specification=kind.SSESpecificationProperty(sse_enabled=True, sse_type="KMS"),
            stream_specification=kind.StreamSpecificationProperty(stream_view_type="NEW_AND_OLD_IMAGES"),
            replicas=[
                kind.ReplicaSpecificationProperty(
                    region=region,
                    deletion_protection_enabled=self.project.protected,
                    point_in_time_recovery_specification=kind.PointInTimeRecoverySpecificationProperty(
                        point_in_time_recovery_enabled=True
                    ),
                )
                for region in self.project.policy.regions
            ],
        )
        table.apply_removal_policy(KEPT)

    def _shop(self) -> lambda_.CfnFunction:
        application = self.project.policy.application
        name, group = f"{application}-shop", f"/aws/lambda/{application}-shop"
        log = self.log_group("ShopLog", group)
        table = names.table_arn(self.here, self.account, self.table)
        role = self.role(
            "ShopRole",
            "lambda.amazonaws.com",
            [
                Statement("Orders", ("dynamodb:GetItem", "dynamodb:PutItem"), (table,)),
                Statement("Log", ("logs:CreateLogStream", "logs:PutLogEvents"),
                          (names.arn("logs", self.here, self.account, f"log-group:{group}:*"),), why=STREAMS),
            ],
        )  # fmt: skip
        code = self.placing.code(self, "sample")
        made = lambda_.CfnFunction(
            self,
            "Shop",
            function_name=name,
            runtime=EXECUTABLE,
            architectures=["arm64"],
            handler="shop.handler",
            code=lambda_.CfnFunction.CodeProperty(s3_bucket=code["bucket"], s3_key=code["key"]),
            role=role,
            memory_size=256,
            timeout=5,
            environment=lambda_.CfnFunction.EnvironmentProperty(
                variables={"ORDERS": self.table, "NAMESPACE": application.capitalize()}
            ),
            logging_config=lambda_.CfnFunction.LoggingConfigProperty(log_group=group, log_format="Text"),
        )
        made.add_resource_dependency(log)
        return made

    def _http(self, shop: lambda_.CfnFunction) -> None:
        made = api.CfnApi(
            self,
            "Api",
            name=self.project.policy.application,
            protocol_type="HTTP",
            disable_execute_api_endpoint=True,
        )
        self.invoked_by(made, "ShopInvoked", shop)
        integration = api.CfnIntegration(
            self,
            "ShopIntegration",
            api_id=made.ref,
            integration_type="AWS_PROXY",
            integration_uri=shop.attr_arn,
            payload_format_version="2.0",
            timeout_in_millis=6000,
        )
        for number, route in enumerate(ROUTES):
            api.CfnRoute(
                self, f"Route{number}", api_id=made.ref, route_key=route, authorization_type="NONE",
                target=f"integrations/{integration.ref}",
            )  # fmt: skip
        access = self.log_group("AccessLog", f"/aws/apigateway/{self.project.policy.application}")
        line = '{"at":"$context.requestTimeEpoch","route":"$context.routeKey","status":"$context.status",' \
               '"ms":"$context.responseLatency","id":"$context.requestId"}'  # fmt: skip
        stage = api.CfnStage(
            self,
            "Stage",
            api_id=made.ref,
            stage_name="$default",
            auto_deploy=True,
            access_log_settings=api.CfnStage.AccessLogSettingsProperty(
                destination_arn=access.attr_arn, format=line
            ),
            default_route_settings=api.CfnStage.RouteSettingsProperty(
                throttling_rate_limit=self.sample.requests_per_second,
                throttling_burst_limit=self.sample.burst,
                detailed_metrics_enabled=True,
            ),
        )
        self._domains(made, stage)

    def _domains(self, made: api.CfnApi, stage: api.CfnStage) -> None:
        """The public name, the same in every Region, and the Region's own for its canaries."""
        assert self.project.config.routing is not None
        top = self.project.config.routing.name
        for scope_id, name in (("Public", top), ("Regional", f"{self.here}.{top}")):
            domain = api.CfnDomainName(
                self,
                f"{scope_id}Domain",
                domain_name=name,
                domain_name_configurations=[
                    api.CfnDomainName.DomainNameConfigurationProperty(
                        certificate_arn=self.sample.certificates[self.here],
                        endpoint_type="REGIONAL",
                        security_policy="TLS_1_2",
                    )
                ],
            )
            api.CfnApiMapping(
                self, f"{scope_id}Mapping", api_id=made.ref, domain_name=domain.ref, stage=stage.ref
            )
            found = (domain.attr_regional_domain_name, domain.attr_regional_hosted_zone_id)
            if scope_id == "Public":
                for key, value in zip(OUTPUTS, found, strict=True):
                    cdk.CfnOutput(self, key, value=value)
            elif holds_its_record(self.project):
                target = Endpoint.model_construct(name=found[0], zone=found[1])
                regional_record(self, self.project.config.routing, target)
