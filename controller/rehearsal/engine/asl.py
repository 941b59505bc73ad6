"""Definitions: read and judged when a state machine is created, so that nothing surprises at run time.

A field, state type or path that this engine does not act on is refused by name, never ignored.
Source: Amazon States Language (states-language.net); messages follow CreateStateMachine's InvalidDefinition.
"""

from functools import lru_cache
from typing import Any

from controller.rehearsal.engine.asl_states import check_states
from controller.rehearsal.engine.definition_error import DefinitionError
from controller.rehearsal.engine.json_text import from_text

_TOP = frozenset({"Comment", "StartAt", "States", "TimeoutSeconds", "Version", "QueryLanguage"})


@lru_cache(maxsize=256)
def load(text: str, integrations: frozenset[str]) -> dict[str, Any]:
    """The definition as plain data; callers must not change it.

    Parameters
    ----------
    integrations: the known `service:action` names, for example `lambda:invoke`.

    Raises
    ------
    DefinitionError: what is wrong, and where.
    """
    try:
        definition = from_text(text)
    except ValueError as exc:
        raise DefinitionError(f"INVALID_JSON_DESCRIPTION: {exc}") from exc
    if not isinstance(definition, dict):
        raise DefinitionError("INVALID_JSON_DESCRIPTION: a definition is a JSON object")
    for name in definition:
        if name not in _TOP:
            raise DefinitionError(f"SCHEMA_VALIDATION_FAILED: Field {name!r} is not supported at /{name}")
    if definition.get("QueryLanguage", "JSONPath") != "JSONPath":
        raise DefinitionError("SCHEMA_VALIDATION_FAILED: QueryLanguage must be JSONPath at /QueryLanguage")
    if definition.get("Version", "1.0") != "1.0":
        raise DefinitionError("SCHEMA_VALIDATION_FAILED: Version must be 1.0 at /Version")
    timeout = definition.get("TimeoutSeconds", 1)
    if not isinstance(timeout, int) or isinstance(timeout, bool) or timeout < 1:
        raise DefinitionError("SCHEMA_VALIDATION_FAILED: a positive integer is needed at /TimeoutSeconds")
    check_states(definition, "", integrations, set())
    return definition
