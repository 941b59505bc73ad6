"""Names and ARNs as Step Functions allows them."""

import re
import unicodedata

from controller.rehearsal.api import AwsError

_BAD = re.compile(r"""[\s<>{}\[\]?*"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]""")


def check_name(name: object) -> str:
    """A machine's or execution's name: 1 to 80 characters, none of AWS's forbidden ones."""
    if not isinstance(name, str) or not 1 <= len(name) <= 80 or _BAD.search(name) or not _assigned(name):
        shown = name[:100] if isinstance(name, str) else ""
        raise AwsError("InvalidName", f"Invalid Name: '{shown}'")
    return name


def _assigned(name: str) -> bool:
    return not any(unicodedata.category(character) in {"Cs", "Co", "Cn"} for character in name)


def check_arn(arn: object, kind: str) -> str:
    """An ARN of the wanted kind (`stateMachine`, `execution`)."""
    parts = arn.split(":", 6) if isinstance(arn, str) else []
    if len(parts) < 7 or parts[0] != "arn" or parts[2] != "states" or parts[5] != kind or not parts[6]:
        shown = arn[:256] if isinstance(arn, str) else ""
        raise AwsError("InvalidArn", f"Invalid Arn: '{shown}'")
    return ":".join(parts)
