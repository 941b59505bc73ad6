"""A policy that changes: in mid-move, and for a deployment that was rolled back."""

import json
from collections import Counter

from controller.core.journal.kind import Kind
from tests.cases.setting import Lines, Since, on
from tests.support.policy_scene import EAST, WEST
from tests.support.return_scenes import QUICK
from tests.support.world import deploy, executions, failing, redeployed


def e3_policy_drops_a_slice_mid_move() -> Lines:
    """Deploy a policy without the slice that has just moved."""
    policy = QUICK | {"evacuate": QUICK["evacuate"] | {"waves": [1]}}
    w = failing(**policy)
    assert w.until(w.has(Kind.SHIFT_VERIFIED), 300)
    fewer = {
        EAST: {"controls": ["use1-b", "use1-c", "use1-d"]},
        WEST: {"controls": ["usw2-b", "usw2-c", "usw2-d"]},
    }
    deploy(w, redeployed(w, **(policy | {"regions": fewer})))
    since = Since(w)
    w.advance(1800)
    errors = [json.loads(line) for line in w.log.getvalue().splitlines() if '"ERROR"' in line]
    counted = Counter((e.get("handler"), e.get("error"), e.get("why")) for e in errors)
    yield f"\n[E3] errors {counted.most_common(8)}"
    opened = w.state.open
    yield (f"   kinds {w.kinds[-12:]} pages {since.pages} open {opened and (opened.id, opened.phase)}")
    yield f"   on {on(w)} {[(run['name'], run['status']) for run in executions(w)][:5]}"
