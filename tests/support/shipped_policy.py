"""The policy that is shipped, and the keys of its language."""

from controller.lab.policy_files.json_schema import policy_schema
from tests.support.sources import ROOT

SHIPPED = ROOT / "policies" / "storefront.yaml"


def language_keys() -> set[str]:
    schema = policy_schema()
    models = [schema, *schema["$defs"].values()]
    return {key for model in models for key in model.get("properties", {})}
