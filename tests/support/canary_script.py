"""The canary scripts, loaded as modules of their own."""

from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType

from tests.support.sources import ROOT, existing

SCRIPTS = existing((ROOT / "canaries").glob("*.py"), least=4)


def load(name: str) -> ModuleType:
    (path,) = [script for script in SCRIPTS if script.stem == name]
    spec = spec_from_file_location(f"canary_under_test_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
