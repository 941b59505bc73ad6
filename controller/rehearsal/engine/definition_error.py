"""The refusal of a definition."""


class DefinitionError(ValueError):
    """A definition that cannot be run; the message says what and where."""
