"""The reference of the configuration, from its models: docs/config.md, and a JSON Schema for editors.

An editor reads the schema from a comment in a configuration's first line:
`# yaml-language-server: $schema=../../schemas/tidegate.config.v1.json`. Loading knows more: what spans keys.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from infra import config
from infra.config import Config

SCHEMA = "tidegate.config/v1"
EXAMPLE = Path(__file__).parent / "config" / "eu-orders.yaml"
GLOSSARY: Mapping[str, str] = {
    "tidegate": "The version of this file's language: 1.",
    "prefix": "What all names begin with. Each deployment in an account has its own, and guards another "
    "application.",
    "application": "The policy's `application`.",
    "policy": "The [policy](policy.md), relative to this file; a review beside it is deployed with it.",
    "arc": "ARC's names, relative to this file; `tidegate doctor --write-arc FILE` writes it. Live needs it.",
    "home": "The controller Region that owns the journal's table and the primary keys; never changed later.",
    "accounts": "Who owns what.",
    "accounts.controller": "Where the controllers live.",
    "accounts.application": "Where the application lives; where they differ, `routing.endpoints` is needed.",
    "accounts.arc": "Where cluster, plans and readiness checks live, if not with the controllers.",
    "accounts.desk": "Roles of people who look into the other accounts: [two accounts](two-accounts.md).",
    "routing": "The switch and the records above it. Left out: both are yours, by the policy's names.",
    "routing.cluster": "`new`, or the ARN of a cluster that is there: one costs $1,825 a month.",
    "routing.switch": "`standby`: objects that health checks watch, [without a cluster](standby.md).",
    "routing.by_hand": "Of objects: the roles of people who may write them. Live needs one.",
    "routing.mode": "`active-passive` adds a rule against two Regions On at once, and is of two Regions.",
    "routing.name": "The public name that customers ask for.",
    "routing.zone": "The public hosted zone of that name.",
    "routing.top_records": "Whether to make the records of the name itself "
    "([when](runbooks/moving-a-name.md)). Live needs an answer.",
    "routing.endpoints": "Guarded Region -> what an alias record there points at; of your own application.",
    "routing.endpoints.REGION.name": "The target's name, such as a load balancer's.",
    "routing.endpoints.REGION.zone": "The target's own hosted zone, as AWS lists it for the service.",
    "sample": "The sample storefront. Left out: the application is your own.",
    "sample.certificates": "Guarded Region -> ACM certificate of `routing.name` and of `*.` it.",
    "sample.requests_per_second": "What each Region's API takes.",
    "sample.burst": "What it takes at once.",
    "pipeline": "A pipeline that deploys all of it from a repository. Left out: none.",
    "pipeline.region": "A Region that serves no traffic.",
    "pipeline.connection": "The CodeConnections connection; a person authorises it once.",
    "pipeline.repository": "OWNER/NAME.",
    "pipeline.branch": "What is deployed.",
    "pipeline.file": "This file's path in the repository, where it is not in the working copy.",
    "console": "Where [people approve](console.md). Left out: by the command line alone.",
    "console.issuer": "The OpenID Connect issuer, in no guarded Region.",
    "console.client_id": "The console's id there, as a public client.",
    "console.hosts": "Where the issuer's endpoints are, beside its own host.",
    "console.groups": "The claim that holds a person's groups.",
    "console.person": "The claim that names a person for good.",
    "console.zone": "The public hosted zone of the addresses.",
    "console.addresses": "Controller Region -> the console's address there; exactly the controllers.",
    "console.addresses.REGION.name": "The console's own name.",
    "console.addresses.REGION.certificate": "The ACM certificate of that name, in that Region.",
    "plans": "Name in the policy's `planEvaluation` -> ARN of an ARC Region switch plan of yours; only read.",
    "notify": "Who is paged. Each address must confirm its subscription.",
    "heartbeat": "Somebody [outside](watching.md) whom each controller that is well tells so each minute.",
    "heartbeat.kind": "What is spoken to it.",
    "heartbeat.host": "The only host that is called; a secret of each controller Region says the rest.",
    "reserved_concurrency": "Whether each function may always run, and how many of it, at most.",
    "reserved_concurrency.quota": "The account's quota of concurrent executions in a controller Region.",
    "reserved_concurrency.functions": "Function -> how many, where it is not what `infra/sizes.py` says.",
    "journal_made": "How often the journal's table was made: one more after it [was lost]"
    "(runbooks/journal-lost.md).",
    "protected": "Tables and stacks cannot be deleted by mistake. Left out: from `enforcement: live` on.",
    "audit_days": "For how long nobody can delete audit objects, not even the account's root.",
    "log_days": "For how long logs are kept.",
    "people_days": "For how long the [name of a person](people.md) is kept after their last act.",
}
"""Key -> what it is, where its field has no description. REGION stands for each Region of a table."""

TABLES = ("additionalProperties", "patternProperties")
"""Where a JSON Schema says what a table holds: by any name, or by Region."""
_NAMED = ("Account", "Region", "Domain", "ZoneId", "Arn", "Https", "Email", "Prefix")
_WORDS = {
    "Account": "account, 12 digits in quotes", "Region": "Region", "Domain": "domain name",
    "ZoneId": "id of a hosted zone", "Arn": "ARN", "Https": "https address", "Email": "e-mail address",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Key:
    """One key: its path, its field, and what the JSON Schema of its model says of it."""

    path: str
    field: FieldInfo
    node: Mapping[str, Any]

    @property
    def meaning(self) -> str:
        """Return what it is. Raises `KeyError` where nobody has said it."""
        return self.field.description or GLOSSARY[self.path]


def keys(model: type[BaseModel] = Config, above: str = "") -> Iterator[Key]:
    """Yield each key, those of tables within tables too."""
    nodes = model.model_json_schema()["properties"]
    for name, field in model.model_fields.items():
        path = f"{above}{name}"
        yield Key(path, field, nodes[name])
        for inner, table in _models(field.annotation):
            yield from keys(inner, f"{path}.REGION." if table else f"{path}.")


def _models(annotation: Any, table: bool = False) -> Iterator[tuple[type[BaseModel], bool]]:
    """Yield (model, whether it is the value of a table) within a type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, table
    is_table = getattr(annotation, "__origin__", None) is dict
    for each in get_args(annotation):
        yield from _models(each, table or is_table)


def schema() -> dict[str, Any]:
    """Return the JSON Schema, with the meaning of each key."""
    made = Config.model_json_schema()
    definitions = made["$defs"]

    def describe(model: Mapping[str, Any], above: str) -> None:
        for name, node in model["properties"].items():
            path = f"{above}{name}"
            node["description"] = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", found[path])
            for reference, table in _references(node):
                describe(definitions[reference], f"{path}.REGION." if table else f"{path}.")

    found = {key.path: key.meaning for key in keys()}
    describe(made, "")
    return {"$id": SCHEMA, "$schema": "https://json-schema.org/draft/2020-12/schema"} | made


def _references(node: Any, table: bool = False) -> Iterator[tuple[str, bool]]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"].rpartition("/")[2], table
        for key, value in node.items():
            yield from _references(value, table or key in TABLES)
    elif isinstance(node, list):
        for each in node:
            yield from _references(each, table)


def _kind(node: Mapping[str, Any]) -> str:
    """Return a key's type and bounds in words."""
    if "$ref" in node:
        return "the keys below"
    if "anyOf" in node:
        parts = [_kind(each) for each in node["anyOf"] if each.get("type") != "null"]
        return " or ".join(dict.fromkeys(parts))
    if "const" in node:
        return _code(node["const"])
    if "enum" in node:
        return ", ".join(_code(each) for each in node["enum"])
    if node["type"] == "object":
        (key,) = (key for key in TABLES if key in node)
        value = node[key] if key == TABLES[0] else next(iter(node[key].values()))
        return f"{'name' if key == TABLES[0] else 'Region'} -> {_kind(value)}"
    if node["type"] == "array":
        most = f", at most {node['maxItems']}" if "maxItems" in node else ""
        return f"list of: {_kind(node['items'])}{most}"
    if node["type"] == "integer":
        return f"{node['minimum']} to {node['maximum']:,}"
    return "`true`, `false`" if node["type"] == "boolean" else _text(node)


def _text(node: Mapping[str, Any]) -> str:
    for name in _NAMED:
        if node.get("pattern") == _pattern(name) and name in _WORDS:
            return _WORDS[name]
    if "pattern" in node:
        pattern = node["pattern"].replace("|", "\\|")
        return f"text as `{pattern}`"
    return f"text, at most {node['maxLength']}" if "maxLength" in node else "text"


def _pattern(name: str) -> str | None:
    """Return the pattern of a type of `infra.config` by its name."""
    every = get_args(getattr(config, name))
    return next((str(each.pattern) for each in every if hasattr(each, "pattern")), None)


def _code(value: object) -> str:
    return f"`{value}`"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is None or value in ({}, []):
        return "none"
    return _code(str(value).lower() if isinstance(value, bool) else value)


def table() -> str:
    """Return the table of docs/config.md."""
    lines = ["| key | value | if left out | means |", "|---|---|---|---|"]
    for key in keys():
        value, default = _kind(key.node), _default(key.field)
        lines.append(f"| `{key.path}` | {value} | {default} | {key.meaning} |")
    return "\n".join(lines) + "\n"


def example() -> str:
    """Return the block of docs/config.md that shows a whole configuration."""
    return f"```text\n{EXAMPLE.read_text(encoding='utf-8')}```\n"
