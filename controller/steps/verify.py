"""VerifyShift: the controls stand where they should, and customers of the target stay well."""

from controller.core.assess import View, judge_leaf, view
from controller.core.incident import Incident, Memory, Phase
from controller.core.journal import Kind
from controller.core.model import Node, Truth
from controller.core.plan import plan
from controller.core.policy import Leaf
from controller.steps.carry import Carry
from controller.steps.context import Deps, announce, driven, page, situation, write


def verify_shift(deps: Deps, carry: Carry) -> Carry:
    """`settled` once controls and customers agree, `watch` while that is not known."""
    memory, incident = driven(deps, carry.incident, carry.epoch)
    if incident.phase not in (Phase.SHIFTED, Phase.VERIFIED) or incident.target is None:
        return carry.to("again")
    seen = situation(deps, memory, read_controls=True)
    if seen.controls is None or seen.evidence is None:
        return carry.to("watch", reason="controls or evidence cannot be read")
    left = plan(deps.policy, source=incident.source, target=incident.target, controls=seen.controls).changes
    if left:
        return _drifted(deps, memory, incident, carry, [name for name, _ in left])
    looked = view(deps.policy, deps.account, seen.evidence, seen.now)
    worse = [_breaching(looked, family, incident) for family in _judged(deps)]
    if any(node.value is Truth.TRUE for node in worse):
        reason = next(node.sentence for node in worse if node.value is Truth.TRUE)
        return carry.to("escalate", code="target-failing", reason=reason)
    if incident.phase is Phase.SHIFTED:
        data = {"sentence": f"all controls read back; {incident.target} carries the traffic"}
        memory = write(deps, memory, Kind.SHIFT_VERIFIED, data=data, incident=incident)
        incident = memory.incidents[incident.id]
    write(deps, memory, Kind.SETTLED, data={"target": incident.target}, incident=incident)
    page(deps, f"{incident.id}: settled", f"{incident.source} was left for {incident.target}.")
    announce(deps, {"kind": "Settled", "incident": incident.id})
    return carry.to("settled")


def _judged(deps: Deps) -> list[str]:
    return sorted({check.family for check in deps.policy.target.ready})


def _breaching(looked: View, family: str, incident: Incident) -> Node:
    leaf = Leaf.model_validate({"in": "target", "family": family, "is": "breaching"})
    target = str(incident.target)
    return judge_leaf(leaf, looked, subject=target, source=incident.source, path=f"verify.{family}")


def _drifted(deps: Deps, memory: Memory, incident: Incident, carry: Carry, names: list[str]) -> Carry:
    """Somebody else moved controls after us: journalled and shown, not fought."""
    reason = f"moved by somebody else since: {', '.join(names)}"
    memory = write(deps, memory, Kind.ESCALATED, data={"code": "drift", "reason": reason}, incident=incident)
    write(deps, memory, Kind.SETTLED, data={"target": incident.target, "drift": names}, incident=incident)
    page(deps, f"{incident.id}: drift", reason)
    return carry.to("settled", code="drift", reason=reason)
