"""What does not go together where not all lives in one account, as sentences."""

from collections.abc import Iterator

from controller.settings import Arc
from infra.config import Config


def odd_accounts(config: Config) -> Iterator[str]:
    """What does not go together where not all lives in one account."""
    accounts = config.accounts
    arc = accounts.arc or accounts.controller
    split = accounts.application != accounts.controller
    if split and config.routing and not config.routing.endpoints:
        yield "routing.endpoints: needed where the application lives in another account"
    if arc != accounts.controller and config.routing:
        yield (
            f"accounts.arc: {arc} is not the controllers' account, where the stack `routing` makes the "
            "switch; leave `routing` out, and make the switch there yourself, with its names and canaries"
        )
    for name, arn in config.plans.items():
        owner = arn.split(":")[4]
        if accounts.arc not in (None, owner):
            yield (
                f"plans.{name}: the plan lives in account {owner}, and `accounts.arc` is {arc}: nobody would "
                "ever know its answer"
            )
    if accounts.desk and not split and arc == accounts.controller:
        yield "accounts.desk: all lives in one account, so nobody needs a role to look into another"
    for arn in accounts.desk:
        if arn.split(":")[4] != accounts.controller:
            yield f"accounts.desk: {arn} is no role of the controllers' account, {accounts.controller}"


def other_owner(config: Config, arc: Arc) -> list[str]:
    """A panel that is not of the account that `accounts.arc` names.

    Where it names none, ARC is reached from the controllers' account: its own, or shared with it.
    """
    named, parts = config.accounts.arc, arc.panel.split(":")
    owner = parts[4] if len(parts) > 5 else named
    if named in (None, owner):
        return []
    return [f"arc: the control panel of {config.arc} lives in account {owner}, and `accounts.arc` is {named}"]
