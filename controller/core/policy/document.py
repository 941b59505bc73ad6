"""The document of a policy: the text whose SHA-256 is the policy's digest.

```
 policy ── document_of ──> text ── SHA-256 ──> digest   <── the journal names it, and its chain holds
                             v                    │
                   a table, by that digest        v
                             └─ policy_of_document: the text's own digest, else DocumentUnreadable
```
A table row proves nothing. What proves a document is that its digest is the one which the journal names.
"""

import hashlib
import json

from controller.core.canonical_json import ascii_json
from controller.core.policy.schema import Policy
from controller.core.policy.validation import PolicyError, parse_policy


class DocumentUnreadable(ValueError):  # noqa: N818
    """The text is another policy than the one asked for, or not readable.

    The message is a sentence.
    """


def document_of(policy: Policy) -> str:
    """Return the policy's document: ASCII, of one spelling."""
    return ascii_json(policy.counted())


def policy_of_document(text: str, digest: str) -> Policy:
    """Return the policy with `digest`, of which `text` must be the document.

    Raises `DocumentUnreadable`, also for keys that only a later version knows: what a part of a policy says
    is not what the policy says.
    """
    short = digest[:8]
    found = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    if found != digest:
        raise DocumentUnreadable(f"what is kept as policy {short} is another text: its digest is {found[:8]}")
    try:
        policy = parse_policy(json.loads(text), in_force=True)
    except PolicyError as error:
        first = error.problems[0]
        where = ".".join(map(str, first.where)) or "the policy"
        raise DocumentUnreadable(f"policy {short} is not one that this version reads: {where}: "
                                 f"{first.message}") from error  # fmt: skip
    except (ValueError, RecursionError) as error:
        raise DocumentUnreadable(f"policy {short} cannot be read: {type(error).__name__}") from error
    if policy.digest != digest:
        raise DocumentUnreadable(f"this version reads policy {short} as another: {policy.digest[:8]}")
    return policy
