"""CloudFormation as far as a deployment leans on it: stacks made, changed, rolled back and deleted.

```
 template ─ Ref, GetAtt, GetStackOutput, DependsOn ─> one resource after another, of those that may come next
                                                      in an order that CloudFormation does not promise
            a resource fails ─> what it had changed is changed back, what it had made is taken away
```
Of what a name belongs to, a retained resource included, there is one. A changed zip under the same key is
not seen. AWS: CloudFormation User Guide, DeletionPolicy, UpdateReplacePolicy, stack failure options.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from controller.rehearsal.service import ACCOUNT
from tests.infra.deployed.stack_template import NAMED, UNNAMED, Name, arn_of, names_of, needed
from tests.infra.references import paths

KEPT = ("Retain", "RetainExceptOnCreate")
Template = Mapping[str, Any]


class StackFailed(Exception):  # noqa: N818
    """The stack could not be made or changed; `rolled_back` says whether all is as before."""

    def __init__(self, stack: str, logical: str, why: str, *, rolled_back: bool = True) -> None:
        super().__init__(f"{stack}: {logical}: {why}")
        self.logical, self.why, self.rolled_back = logical, why, rolled_back


class Refused(Exception):  # noqa: N818
    """AWS refuses one resource."""


@dataclass(frozen=True)
class Made:
    """A resource as it is now; all references in its properties are filled in."""

    stack: str
    region: str
    logical: str
    type: str
    properties: Mapping[str, Any]
    policy: str
    replaced: str

    @property
    def names(self) -> tuple[Name, ...]:
        return names_of(self.type, self.region, self.properties)


class Drive(Protocol):
    """What makes resources real; raises `Refused`."""

    def create(self, made: Made) -> None: ...

    def update(self, old: Made, new: Made) -> None: ...

    def delete(self, made: Made) -> None: ...


@dataclass
class Stack:
    name: str
    region: str
    template: Template
    made: dict[str, Made] = field(default_factory=dict)
    replaced: list[Made] = field(default_factory=list)


class CloudFormation:
    """The stacks of an account in all Regions. owners: name -> its stack; "" for what was retained."""

    def __init__(self, drive: Drive, seed: int = 1) -> None:
        self._drive, self._rng = drive, random.Random(seed)
        self.stacks: dict[str, Stack] = {}
        self.owners: dict[Name, str] = {}

    def draw_anew(self, seed: int) -> None:
        """Let the order within the next stacks be that of another seed."""
        self._rng.seed(seed)

    def deploy(self, name: str, region: str, template: Template, parameters: Mapping[str, str]) -> list[str]:
        """Create or update a stack; return the logical ids that were touched. Raises `StackFailed`."""
        before = self.stacks.get(name)
        stack = Stack(name, region, template, dict(before.made) if before else {})
        self.stacks[name] = stack
        undo: list[tuple[Made | None, Made | None]] = []
        try:
            for logical in self._turns(template["Resources"]):
                self._turn(stack, logical, parameters, undo)
            self._clean_up(stack)
        except StackFailed as failed:
            lost = self._rolled_back(undo)
            if before is None:
                del self.stacks[name]
            else:
                self.stacks[name] = before
            raise StackFailed(name, failed.logical, failed.why, rolled_back=not lost) from failed
        return [each.logical for _, each in undo if each is not None]

    def delete(self, name: str) -> None:
        """Delete a stack; what its policies retain keeps its name. Raises `StackFailed`."""
        stack = self.stacks[name]
        for logical, made in reversed(tuple(stack.made.items())):
            self._leave(stack, made, kept=made.policy in KEPT)
            del stack.made[logical]
        del self.stacks[name]

    def _turns(self, resources: Mapping[str, Any]) -> Iterator[str]:
        """Yield each once all that it waits for is made; which comes next is drawn."""
        before, left, done = paths(resources), dict(resources), set[str]()
        while left:
            ready = [name for name in left if not (before[name] & set(left)) - {name}]
            if not ready:
                raise StackFailed("", min(left), "Circular dependency between resources")
            turn = self._rng.choice(ready)
            done.add(turn)
            del left[turn]
            yield turn

    def _turn(
        self, stack: Stack, logical: str, parameters: Mapping[str, str],
        undo: list[tuple[Made | None, Made | None]],
    ) -> None:  # fmt: skip
        declared, old = stack.template["Resources"][logical], stack.made.get(logical)
        try:
            new = Made(
                stack.name, stack.region, logical, self._known(declared["Type"]),
                self._filled(stack, declared.get("Properties", {}), parameters),
                declared.get("DeletionPolicy", "Delete"), declared.get("UpdateReplacePolicy", "Delete"),
            )  # fmt: skip
            if old is not None and old.type == new.type and old.names == new.names:
                if old.properties != new.properties:
                    self._require(new)
                    self._drive.update(old, new)
                    undo.append((old, new))
            else:
                self._create(new)
                undo.append((None, new))
                stack.replaced += [] if old is None else [old]
        except Refused as refused:
            raise StackFailed(stack.name, logical, str(refused)) from refused
        stack.made[logical] = new

    def _known(self, type_: str) -> str:
        if type_ not in NAMED and type_ not in UNNAMED:
            raise Refused(f"the replay does not know {type_}")
        return str(type_)

    def _require(self, made: Made) -> None:
        for name in needed(made.type, made.region, made.properties):
            if not self._is_there(name) and name not in made.names:
                raise Refused(f"{name} does not exist")

    def _is_there(self, name: Name) -> bool:
        if name.service != "route53":
            return name in self.owners
        records = (each.name for each in self.owners if each.service == "route53")
        return any(each.partition(" ")[0] == name.name for each in records)

    def _create(self, made: Made) -> None:
        self._require(made)
        for name in made.names:
            if name in self.owners:
                raise Refused(f"{name} already exists" + ("" if self.owners[name] else ", retained"))
        self._drive.create(made)
        self.owners.update(dict.fromkeys(made.names, made.stack))

    def _leave(self, stack: Stack, made: Made, *, kept: bool) -> None:
        if kept:
            self.owners.update(dict.fromkeys(made.names, ""))
            return
        try:
            self._drive.delete(made)
        except Refused as refused:
            raise StackFailed(stack.name, made.logical, str(refused)) from refused
        for name in made.names:
            del self.owners[name]

    def _clean_up(self, stack: Stack) -> None:
        """Take away what the template has no longer, and what was replaced under another name."""
        declared = stack.template["Resources"]
        for logical in [each for each in stack.made if each not in declared]:
            made = stack.made.pop(logical)
            self._leave(stack, made, kept=made.policy in KEPT)
        for made in stack.replaced:
            self._leave(stack, made, kept=made.replaced in KEPT)
        stack.replaced = []

    def _rolled_back(self, undo: list[tuple[Made | None, Made | None]]) -> list[str]:
        """Undo, the last first; return what could not be undone."""
        lost = []
        for old, new in reversed(undo):
            assert new is not None
            try:
                if old is not None:
                    self._drive.update(new, old)
                elif new.policy == "Retain":
                    self.owners.update(dict.fromkeys(new.names, ""))
                else:
                    self._drive.delete(new)
                    for name in new.names:
                        del self.owners[name]
            except Refused:
                self.owners.update(dict.fromkeys(new.names, ""))
                lost.append(new.logical)
        return lost

    def _filled(self, stack: Stack, value: Any, parameters: Mapping[str, str]) -> Any:
        """Return a value with its references filled in."""
        if isinstance(value, list):
            return [self._filled(stack, each, parameters) for each in value]
        if not isinstance(value, Mapping):
            return value
        if set(value) == {"Ref"}:
            found = value["Ref"]
            return parameters[found] if found in parameters else _reference(stack.made[found])
        if set(value) == {"Fn::GetAtt"}:
            logical, attribute = value["Fn::GetAtt"]
            return attribute_of(stack.made[logical], attribute)
        if set(value) == {"Fn::GetStackOutput"}:
            return self._output(parameters, **value["Fn::GetStackOutput"])
        if set(value) == {"Fn::Join"}:
            glue, parts = value["Fn::Join"]
            return str(glue).join(str(self._filled(stack, part, parameters)) for part in parts)
        if set(value) == {"Fn::Sub"}:
            return (
                str(value["Fn::Sub"])
                .replace("${AWS::AccountId}", ACCOUNT)
                .replace("${AWS::Region}", stack.region)
            )
        strange = [key for key in value if key.startswith("Fn::")]
        if strange:
            raise Refused(f"the replay does not know {strange[0]}")
        return {key: self._filled(stack, each, parameters) for key, each in value.items()}

    def _output(self, parameters: Mapping[str, str], StackName: str, Region: str, OutputName: str) -> Any:  # noqa: N803
        there = self.stacks.get(StackName)
        if there is None or there.region != Region:
            raise Refused(f"stack {StackName} does not exist in {Region}")
        outputs = there.template.get("Outputs", {})
        if OutputName not in outputs:
            raise Refused(f"stack {StackName} has no output {OutputName}")
        return self._filled(there, outputs[OutputName]["Value"], parameters)


def _reference(made: Made) -> str:
    names = made.names
    if made.type == "AWS::Lambda::Alias":
        function = Name("lambda", made.region, made.properties["FunctionName"])
        return f"{arn_of(function)}:{made.properties['Name']}"
    if names and made.type == "AWS::SNS::Topic":
        return arn_of(names[0])
    return names[0].name if names else f"{made.stack}-{made.logical}"


def attribute_of(made: Made, attribute: str) -> str:
    """Return what `GetAtt` gives: an ARN where it may be looked at, else a text that nothing else has."""
    names = made.names
    if (
        attribute == "Arn"
        and names
        and names[0].service in ("dynamodb", "lambda", "s3", "sns", "sqs", "states")
    ):
        return arn_of(names[0])
    return f"{made.stack}.{made.logical}.{attribute}"
