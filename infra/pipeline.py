"""*pipeline*: deploys Region by Region from a Region that serves no traffic, and waits between them.

```
 build ─> foundation ─> controller, last rank first ─> … ─> application, target first ─> …
       ─> routing ─> probes, observers first ─> …            (routing last, until there is an arc.json)
                          each: bake on canaries and alarms, then a person promotes
```
"""

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import pipelines
from constructs import Construct

from controller.lab.environment.estate import PROBE_MISSING
from infra.config import Pipeline as Configured
from infra.project import Project

BAKE_MINUTES = 15


class Pipeline(cdk.Stack):
    def __init__(
        self, scope: Construct, *, project: Project, configured: Configured, stages: Mapping[str, cdk.Stage]
    ) -> None:
        super().__init__(
            scope,
            project.names.stack("pipeline"),
            stack_name=project.names.stack("pipeline"),
            description="tidegate: deploys itself, one Region at a time",
            env=cdk.Environment(account=project.account, region=configured.region),
            termination_protection=project.protected,
            analytics_reporting=False,
        )
        source = pipelines.CodePipelineSource.connection(
            configured.repository, configured.branch, connection_arn=configured.connection
        )
        build = pipelines.ShellStep(
            "Build",
            input=source,
            commands=["make setup", "make test", ".venv/bin/python -m infra --deploy"],
            env={"TIDEGATE_CONFIG": project.file or ""},
            primary_output_directory="build/synth/cdk.out",
        )
        line = pipelines.CodePipeline(
            self,
            "Pipeline",
            pipeline_name=project.names.prefix,
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
        commands=[_watch(project, tuple(regions))],
        role_policy_statements=[
            # DescribeAlarms names several alarms in one call: AWS offers no narrower resource for a prefix.
            # ListMetrics has no resource type.
            iam.PolicyStatement(
                actions=["cloudwatch:DescribeAlarms", "cloudwatch:ListMetrics"], resources=["*"]
            )
        ],
    )


WATCHED = (
    *(
        "dead-letters",
        "oldest-event",
        "executions-",
        "tick-errors",
        "assessments-lost",
        "heartbeat",
        "probe-",
    ),
    "forward-letters",
)
"""Alarms on tidegate itself, by what follows `watch-APPLICATION-`."""


def beginnings(project: Project) -> list[str]:
    """Return the beginnings of the alarms that count; another application's name may begin as ours does."""
    application = project.policy.application
    places = [f"{application}-{region}-" for region in project.policy.regions]
    return [*places, f"{application}-name-", *(f"watch-{application}-{what}" for what in WATCHED)]


def _watch(project: Project, regions: Sequence[str]) -> str:
    """Return the shell's command. The alarm on a probe counts once one has come: the Regions that send them
    are deployed last, and a schedule's first hour passes before its first probe."""
    application = project.policy.application
    probe = f"watch-{application}-probe-"
    heard = (
        f'aws cloudwatch list-metrics --region "$region" --namespace {PROBE_MISSING["Namespace"]} '
        f"--metric-name {PROBE_MISSING['MetricName']} --dimensions Name=region,Value=${{name#{probe}}} "
        f"Name=service,Value={project.names.prefix} "
        '--query "length(Metrics)" --output text'
    )
    return (
        f"for minute in $(seq {BAKE_MINUTES}); do sleep 60; "
        f"for region in {' '.join(regions)}; do for prefix in {' '.join(beginnings(project))}; do "
        'red=$(aws cloudwatch describe-alarms --region "$region" --state-value ALARM '
        '--alarm-name-prefix "$prefix" --query "MetricAlarms[].AlarmName" --output text) || exit 1; '
        f'for name in $red; do case "$name" in {probe}*) heard=$({heard}) || exit 1; '
        '[ "$heard" = 0 ] && continue;; esac; '
        'echo "red in $region: $name"; exit 1; done; done; done; done'
    )
