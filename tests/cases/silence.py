"""Silence without a page: what is left to look at. The rest is asserted in `tests/steps/test_paging.py`."""

from controller.core.journal.kind import Kind
from tests.cases.setting import Lines
from tests.support.return_scenes import QUICK
from tests.support.world import failing


def e8_faults_known() -> Lines:
    """List the faults that a rehearsal has."""
    w = failing(**QUICK)
    assert w.until(w.has(Kind.SHIFT_APPLIED), 200)
    yield f"\nfaults: {[name for name in dir(w.stage.faults) if not name.startswith('_')]}"
