"""Commands that need more than the plain installation say so in one line."""

from importlib.util import find_spec

from controller.entry.cli.output import ExitCode, fail


def need(extra: str, *modules: str) -> None:
    """Exit 2 where a module of the optional dependencies `extra` is not installed."""
    missing = [module for module in modules if find_spec(module) is None]
    if missing:
        fail(ExitCode.BAD_INPUT, f"{', '.join(missing)} is not installed: pip install 'tidegate[{extra}]'")
