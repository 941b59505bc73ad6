"""The policies that one process has read and verified, by digest.

A digest stands for one text for ever, so what was verified once is never read again. What could not be read
is asked for again each time: it may be kept by then.
"""

from collections.abc import Callable

from controller.core.policy.document import DocumentUnreadable, policy_of_document
from controller.core.policy.schema import Policy
from controller.ports.errors import OutsideUnreachable, PolicyUnreadable

Read = Callable[[str], str | None]
"""A digest -> the text that is kept under it, if any. Raises `OutsideUnreachable`."""


class PolicyLibrary:
    """The verified policies of one process, and the digests that it has kept."""

    def __init__(self) -> None:
        self._verified: dict[str, Policy] = {}
        self._kept: set[str] = set()

    def find(self, digest: str, read: Read) -> Policy:
        """Return the policy with that digest.

        Raises `PolicyUnreadable` with a sentence: nothing is kept, it is another text, it is of a later
        version, or the table does not answer.
        """
        known = self._verified.get(digest)
        if known is not None:
            return known
        try:
            text = read(digest)
            if text is None:
                raise PolicyUnreadable(f"policy {digest[:8]} is kept nowhere; deploy it once more")
            policy = policy_of_document(text, digest)
        except (DocumentUnreadable, OutsideUnreachable) as error:
            raise PolicyUnreadable(str(error)) from error
        self._verified[digest] = policy
        return policy

    def keep_once(
        self, policy: Policy, keep: Callable[[str], None], document: Callable[[Policy], str]
    ) -> None:
        """Keep the policy's document by `keep`, unless this process has done so.

        Raises what `keep` raises.
        """
        if policy.digest not in self._kept:
            keep(document(policy))
            self._kept.add(policy.digest)
