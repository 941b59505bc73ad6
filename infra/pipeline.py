"""*pipeline*: deploys Region by Region from a Region that serves no traffic, and waits between them.

```
 build ─> foundation ─> controller, last rank first ─> … ─> application, target first ─> … ─> routing
       ─> probes, observers first ─> …
                          each: bake on canaries and alarms, then a person promotes
```
"""

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import pipelines
from constructs import Construct

from infra.config import Pipeline as Configured
from infra.project import Project

BAKE_MINUTES = 15


class Pipeline(cdk.Stack):
    def __init__(
        self, scope: Construct, *, project: Project, configured: Configured, stages: Mapping[str, cdk.Stage]
    ) -> None:
        super().__init__(
            scope,
            "tidegate-pipeline",
            stack_name="tidegate-pipeline",
            description="tidegate: deploys itself, one Region at a time",
            env=cdk.Environment(account=project.account, region=configured.region),
            termination_protection=True,
            analytics_reporting=False,
        )
        source = pipelines.CodePipelineSource.connection(
            configured.repository, configured.branch, connection_arn=configured.connection
        )
        build = pipelines.ShellStep(
            "Build",
            input=source,
            commands=["make setup", "make test", ".venv/bin/python -m infra --deploy"],
            primary_output_directory="build/synth/cdk.out",
        )
        line = pipelines.CodePipeline(
            self,
            "Pipeline",
            pipeline_name="tidegate",
            synth=build,
            cross_account_keys=True,
            enable_key_rotation=True,
            publish_assets_in_parallel=False,
            use_change_sets=True,
        )
        for name, stage in stages.items():
            bake = _bake(project, name)
            promote = pipelines.ManualApprovalStep(
                f"Promote-{name}", comment=f"{name} has baked for {BAKE_MINUTES} minutes: go on to the next?"
            )
            promote.add_step_dependency(bake)
            line.add_stage(stage, post=[bake, promote])
        line.build_pipeline()


def _bake(project: Project, stage: str) -> pipelines.CodeBuildStep:
    """Fail where a canary or an alarm of any guarded Region, or the controller's own, is red meanwhile."""
    regions = dict.fromkeys((*project.policy.regions, *project.policy.controllers))
    return pipelines.CodeBuildStep(
        f"Bake-{stage}",
        commands=[_watch(project.policy.application, tuple(regions))],
        role_policy_statements=[
            # DescribeAlarms names several alarms in one call: AWS offers no narrower resource for a prefix.
            iam.PolicyStatement(actions=["cloudwatch:DescribeAlarms"], resources=["*"])
        ],
    )


def _watch(application: str, regions: Sequence[str]) -> str:
    return (
        f"for minute in $(seq {BAKE_MINUTES}); do sleep 60; "
        f"for region in {' '.join(regions)}; do for prefix in {application}- watch-{application}-; do "
        'red=$(aws cloudwatch describe-alarms --region "$region" --state-value ALARM '
        '--alarm-name-prefix "$prefix" --query "MetricAlarms[].AlarmName" --output text) || exit 1; '
        'if [ -n "$red" ]; then echo "red in $region: $red"; exit 1; fi; done; done; done'
    )
