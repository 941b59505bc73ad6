"""The error tree: each failure outside, named once.

```
ControllerError
├── SwitchUnavailable     no ARC endpoint answered: retry, then page
├── SwitchRefused         a safety rule said no
├── JournalConflict       somebody wrote this sequence number first: gather again
├── JournalUnreadable     an event that this version does not know, or a broken chain: stop and page
├── PolicyUnreadable      the policy that an incident goes on by is not at hand: hold and page
├── EvidenceUnavailable   becomes the verdict *unknown*
├── TokenClosed           the task token was answered, timed out, or never existed
└── OutsideUnreachable    any other service that did not answer
```

The workflow file matches these class names; a test compares both.
A refusal by the policy is a value (a decision), never an exception.
"""


class ControllerError(Exception):
    """Base of everything that an adapter raises on purpose."""


class SwitchUnavailable(ControllerError):  # noqa: N818
    """No ARC endpoint answered before the deadline. Safe to try again."""


class SwitchRefused(ControllerError):  # noqa: N818
    """ARC refused the change.

    The message names the safety rule where ARC did; `rule` is its ARN.
    """

    def __init__(self, message: str, *, rule: str | None = None) -> None:
        super().__init__(message)
        self.rule = rule


class JournalConflict(ControllerError):  # noqa: N818
    """Another writer holds the next sequence number, or a newer epoch holds the lease."""


class JournalUnreadable(ControllerError, ValueError):  # noqa: N818
    """The journal answers, but this version cannot read it.

    Nothing may move until it can.
    """


class PolicyUnreadable(ControllerError):  # noqa: N818
    """A policy that the journal names cannot be read.

    It is kept nowhere, another text is kept in its place, or it is of a later version.
    Nothing of its incident may move. People can end that by hand.
    """


class EvidenceUnavailable(ControllerError):  # noqa: N818
    """Evidence could not be read. Whoever catches this must treat it as *unknown*.

    refused: somebody answered, or nothing could be sent: it is we who may not or cannot look, and not the
    other side that is silent.
    """

    def __init__(self, message: str, *, refused: bool = False) -> None:
        super().__init__(message)
        self.refused = refused


class TokenClosed(ControllerError):  # noqa: N818
    """The callback was already decided (answered, timed out, unknown)."""


class OutsideUnreachable(ControllerError):  # noqa: N818
    """A service other than ARC did not answer.

    absent: AWS says that what was asked for, such as a table, does not exist.
    """

    absent: bool = False


def reads_journal(error: ControllerError) -> bool:
    """Return True where it was the journal that could not be read."""
    return isinstance(error, JournalUnreadable) or str(error).startswith("reading the journal of ")
